"""Template filters for values; the words themselves are in planner.wording. Built into every template."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from planner import wording

register = template.Library()


def _day(value: date | datetime) -> date:
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


@register.filter
def mm(value):
    return wording.mm(value)


@register.filter
def number(value):
    return "" if value is None else wording.number(value)


@register.filter
def day(value):
    """17 Nov 2026"""
    return wording.day(_day(value)) if value else "Not asked"


@register.filter
def weekday(value):
    """Tue 17 Nov 2026"""
    return wording.day(_day(value), weekday=True) if value else "Not booked"


@register.filter
def clock(value):
    """09:00, in the clinic's zone"""
    return f"{timezone.localtime(value):%H:%M}" if value else ""


@register.filter
def phototype(value):
    return wording.phototype(value)
