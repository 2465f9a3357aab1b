"""Template filters for values; the words themselves are in planner.wording. Built into every template."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from planner import wording

register = template.Library()


def _local(value: datetime, site) -> datetime:
    """On the clock of *site*, else on that of the page."""
    return site.local(value) if site else timezone.localtime(value)


def _day(value: date | datetime, site) -> date:
    return _local(value, site).date() if isinstance(value, datetime) else value


@register.filter
def mm(value):
    return wording.mm(value)


@register.filter
def number(value):
    return "" if value is None else wording.number(value)


@register.filter
def day(value, site=None):
    """17 Nov 2026"""
    return wording.day(_day(value, site)) if value else "Not asked"


@register.filter
def weekday(value, site=None):
    """Tue 17 Nov 2026"""
    return wording.day(_day(value, site), weekday=True) if value else "Not booked"


@register.filter
def clock(value, site=None):
    """09:00, on the clock of *site*, else of the page"""
    return f"{_local(value, site):%H:%M}" if value else ""


@register.filter
def phototype(value):
    return wording.phototype(value)
