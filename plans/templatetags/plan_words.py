"""Small words for the plan templates."""

from datetime import datetime

from django import template
from django.utils import timezone

from accounts.templatetags.clinic_format import in_words
from planner import wording
from plans import decisions, said
from plans.traces import in_order

register = template.Library()


@register.filter
def moment(value):
    """`17 Nov 2026, 10:41` in the clinic's zone, from an ISO moment of a JSON column."""
    local = timezone.localtime(datetime.fromisoformat(value))
    return f"{in_words(local.date())}, {local:%H:%M}"


@register.filter
def may_be_made_by(decision, user):
    return decision.may(user)


@register.filter
def rule_of(rule_id, catalogue):
    return catalogue.rules.get(rule_id)


register.filter("in_order", in_order)
register.filter("said", said.said)
register.filter("subject_said", decisions.subject_said)


@register.filter
def two_lines(words):
    """`0.75 mm` as its two words, for a narrow place of a picture."""
    return words.replace(wording.NBSP, " ").split(" ")
