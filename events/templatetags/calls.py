"""`{% load calls %}{% call_banner %}`: alerts of follow-up calls that no clinician has in hand yet."""

from django import template
from django.utils.translation import ngettext

from planner.wording import number

from ..banner import banner_of

register = template.Library()


@register.filter
def days(value) -> str:
    """ "2 days", "0.5 days", "1 day"."""
    words = ngettext("%(n)s day", "%(n)s days", 1 if value == 1 else 2) % {"n": number(value)}
    return words.replace(" ", "\u00a0")


@register.inclusion_tag("events/banner.html", takes_context=True)
def call_banner(context):
    request = context.get("request")
    user = getattr(request, "user", None)
    return banner_of(user) if user is not None and user.is_authenticated else {}
