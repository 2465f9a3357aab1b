"""What a person typed, read without guessing: depths, counts and dates. Each raises ValueError with the words to show."""

import re
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from planner.reading import FIRST_YEAR, LAST_YEAR

_NUMBER = re.compile(r"^\d{1,4}([.,]\d{1,2})?$|^[.,]\d{1,2}$", re.ASCII)
_COUNT = re.compile(r"^\d{1,3}$", re.ASCII)
_UNIT = re.compile(r"\s*mm$", re.IGNORECASE)
_DATES = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y")


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def depth_mm(text: str, label: str) -> Decimal:
    """
    Return a depth in mm. A comma is a decimal mark, `.5` is 0.5; two marks, letters and more than 2 decimals are refused.
    """
    stripped = _UNIT.sub("", text.replace("\u00a0", " ").strip())
    if not stripped:
        raise ValueError(_("Enter the %(label)s in mm") % {"label": label})
    if not _NUMBER.match(stripped):
        raise ValueError(_("%(label)s must be a number of mm with at most 2 decimals, such as 0.75") % {"label": _capital(label)})
    value = Decimal(stripped.replace(",", "."))
    if value <= 0:
        raise ValueError(_("%(label)s must be more than 0 mm") % {"label": _capital(label)})
    return value


def amount(text: str, label: str) -> Decimal:
    """Return a measured value, for example of a laboratory."""
    stripped = text.strip()
    if not re.match(r"^\d{1,7}([.,]\d{1,3})?$|^[.,]\d{1,3}$", stripped, re.ASCII):
        raise ValueError(_("%(label)s must be a number, such as 6.5") % {"label": label})
    return Decimal(stripped.replace(",", "."))


def count(text: str, label: str, *, low: int, high: int) -> int:
    """Return a whole number between *low* and *high*."""
    stripped = text.strip()
    if not _COUNT.match(stripped) or not low <= int(stripped) <= high:
        raise ValueError(_("%(label)s must be a whole number from %(low)s to %(high)s") % {"label": label, "low": low, "high": high})
    return int(stripped)


def day(text: str, label: str, *, earliest: date | None = None, latest: date | None = None, born: date | None = None) -> date:
    """
    Return a date typed as 2026-11-17 or 17 Nov 2026, not before *earliest* or the day the patient was *born*, nor after *latest*.
    """
    stripped = " ".join(text.replace("\u00a0", " ").split())
    for form in _DATES:
        try:
            value = datetime.strptime(stripped, form).date()  # noqa: DTZ007 - a date has no zone
            break
        except ValueError:
            continue
    else:
        raise ValueError(_("%(label)s must be a date, such as 17 Nov 2026") % {"label": label})
    if latest and value > latest:
        raise ValueError(_("%(label)s must not be in the future") % {"label": label})
    if born and value < born:
        raise ValueError(_("%(label)s must be after the patient was born, %(day)s") % {"label": label, "day": in_words(born)})
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(_("%(label)s must be between %(low)s and %(high)s") % {"label": label, "low": FIRST_YEAR, "high": LAST_YEAR})
    if earliest and value < earliest:
        raise ValueError(_("%(label)s must be in the future") % {"label": label})
    return value
