"""What the page of the sheet's words shows of one block."""

from django import template

register = template.Library()


@register.filter
def lines_of(pair, typed=None):
    """(place, English, translated, name of its field) for each text; what was typed takes the place of what is stored."""
    typed = typed or {}
    return [(place, english, typed.get(place, said), f"text.{place}") for place, english, said in pair.lines()]


@register.filter
def where(pair) -> str:
    """`eye` of `red_flags.eye`, in words."""
    return pair.id.rpartition(".")[2].replace("_", " ")
