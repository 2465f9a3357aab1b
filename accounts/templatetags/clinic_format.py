"""Template filters for values; the words themselves are in planner.wording. Built into every template."""

from datetime import date, datetime

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import get_language, get_supported_language_variant, pgettext

from planner import wording

register = template.Library()


def _local(value: datetime, site) -> datetime:
    """On the clock of *site*, else on that of the page."""
    return site.local(value) if site else timezone.localtime(value)


def _day(value: date | datetime, site) -> date:
    return _local(value, site).date() if isinstance(value, datetime) else value


def in_words(value: date, *, weekday: bool = False) -> str:
    """17 Nov 2026 or Tue 17 Nov 2026, in the language of the page."""
    if (get_language() or "en").startswith("en"):
        return wording.day(value, weekday=weekday)
    text = f"{value.day}{wording.NBSP}{MONTHS_3[value.month]}{wording.NBSP}{value.year}"
    return f"{WEEKDAYS_ABBR[value.weekday()]} {text}" if weekday else text


@register.simple_tag
def words_script(language: str = "") -> str:
    """Where the words of the scripts stand in the language of the page; language: another one, for a page that patients read."""
    try:
        code = get_supported_language_variant(language or get_language() or settings.LANGUAGE_CODE)
    except LookupError:
        code = settings.LANGUAGE_CODE
    return static(f"js/words/{code}.js")


@register.simple_tag
def languages_of_the_screens() -> list[tuple[str, str]]:
    """(code, name), each named in itself: Django's own tag says every name in the language of the page."""
    return settings.LANGUAGES


@register.filter
def mm(value):
    return wording.mm(value)


@register.filter
def number(value):
    return "" if value is None else wording.number(value)


@register.filter
def day(value, site=None):
    """17 Nov 2026"""
    return in_words(_day(value, site)) if value else pgettext("date", "Not asked")


@register.filter
def weekday(value, site=None):
    """Tue 17 Nov 2026"""
    return in_words(_day(value, site), weekday=True) if value else pgettext("date", "Not booked")


@register.filter
def clock(value, site=None):
    """09:00, on the clock of *site*, else of the page"""
    return f"{_local(value, site):%H:%M}" if value else ""


@register.filter
def phototype(value):
    return wording.phototype(value)
