"""How one line of a sheet's wording becomes markup."""

from django import template
from django.utils.html import format_html_join

register = template.Library()


@register.filter
def line(value):
    """A Line with its strong parts in `<b>`; everything in it is escaped."""
    return format_html_join("", "{}{}{}", (((_B if strong else ""), text, (_END if strong else "")) for text, strong in value.parts))


class _Tag(str):
    def __html__(self):
        return self


_B, _END = _Tag("<b>"), _Tag("</b>")
