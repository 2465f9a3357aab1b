"""Small words of the editor's templates."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse

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
