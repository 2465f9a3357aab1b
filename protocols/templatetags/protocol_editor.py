"""Small words of the editor's templates."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

register = template.Library()


@register.filter
def of(mapping: dict, key: str) -> str:
    """The value of *key*."""
    return mapping.get(key, "")


@register.filter
def grade(name: str) -> str:
    """`CEBM 4`, with a space that does not break."""
    return name.replace("CEBM-", "CEBM\u00a0")


@register.simple_tag
def compare_url(before: str, after: str) -> str:
    """Where two versions are compared value by value."""
    return f"{reverse('protocols:compare')}?{urlencode({'from': before, 'to': after})}"


@register.simple_tag
def described(field) -> str:
    """The attributes that tie a control to its message, warning and hint."""
    there = [f"{field.ident}-{end}" for end, text in (("e", field.error), ("w", field.warning), ("h", field.hint)) if text]
    by = format_html(' aria-describedby="{}"', " ".join(there)) if there else ""
    return format_html("{}{}", by, mark_safe(' aria-invalid="true"') if field.error else "")
