"""`{% load storyboard %}{% storyboard patient %}`: the patient header; `compact=True` inside a drawer or dialog."""

from django import template

from patients.storyboard import facts_of, identity_of, tags_of

register = template.Library()


@register.inclusion_tag("patients/partials/storyboard.html", takes_context=True)
def storyboard(context, patient, compact=False):
    user = context["request"].user
    shown = {**identity_of(patient), "compact": compact, "tags": tags_of(patient, user), "request": context["request"]}
    if not compact:
        shown["facts"] = facts_of(patient, user)
    return shown
