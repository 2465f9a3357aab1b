from django import template
from django.utils.safestring import mark_safe

from sessions.visit_sections import sections_of

register = template.Library()


@register.simple_tag(takes_context=True)
def visit_sections(context, booking):
    """What apps above add to a visit; each part was escaped by its own template."""
    return mark_safe("".join(sections_of(booking, context["request"])))  # noqa: S308
