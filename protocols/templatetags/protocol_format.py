"""Sources beside values, written in one place: some pages carry several hundred."""

from collections.abc import Iterable
from datetime import date, timedelta

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from protocols.fault_words import said
from protocols.reading import Source

register = template.Library()


@register.simple_tag
def source(value: Source | None) -> str:
    """Reference numbers that lead to the list below, the evidence grade, and "No study" where none was read."""
    if value is None:
        return ""
    links = format_html_join(" ", '<a href="#ref-{}">{}</a>', ((number, number) for number in value.numbers))
    grade = format_html(' <span class="grade">{}</span>', value.grade.replace("CEBM-", "CEBM\u00a0")) if value.grade else ""
    study = format_html(' <span class="uv">{}</span>', _("No study")) if value.unverified else ""
    own = format_html(' <span class="uv">{}</span>', _("No study for %(parts)s") % {"parts": ", ".join(value.own)}) if value.own else ""
    return format_html('<span class="src">{}{}{}{}</span>', links, grade, study, own)


@register.filter
def review_state(due: date, today: date) -> str:
    """`overdue` from the day after, `soon` in the 30 days before, else nothing."""
    if due < today:
        return "overdue"
    return "soon" if due - today <= timedelta(days=30) else ""


@register.filter
def fault_said(text: str) -> str:
    """What is wrong, in the language of the page."""
    return said(str(text))


@register.filter
def faults_said(texts: Iterable[str]) -> list[str]:
    return [said(str(text)) for text in texts]
