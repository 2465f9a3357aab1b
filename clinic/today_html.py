"""
The rows of the worklist as HTML: every visit of the day has one with twenty values, and a template takes five times as long to write
them. What anybody typed goes through `escape`; the rest are numbers, clock times, addresses and names of classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from .today import Do, Row, Worklist

OPEN = gettext_noop('Open<span class="vh"> the booking of %(patient)s</span>')


@dataclass(frozen=True)
class Page:
    """What is the same for every row. own: only the reader's visits. csrf_token: of its forms. next_url: where a press comes back to."""

    own: bool
    sprite: str
    csrf_token: str
    next_url: str


def rows_of(work: Worklist, request) -> dict[str, SafeString]:
    """The rows of each part of *work* as the reader gets them."""
    page = Page(work.own, escape(static("img/icons.svg")), get_token(request), work.address)
    return {"now": rows_html(work.now, page), "next": rows_html(work.next, page), "over": rows_html(work.over, page)}


def rows_html(rows: Iterable[Row], page: Page) -> SafeString:
    return mark_safe("\n".join(_row(row, page) for row in rows))  # noqa: S308 - each row escapes what anybody typed


def _row(row: Row, page: Page) -> str:
    given = f", <span>{escape(row.given)}</span>" if row.given else ""
    beside = "" if page.own else f'<span class="with">{escape(row.clinician)}</span>'
    icon = f'<svg class="i s" aria-hidden="true"><use href="{page.sprite}#{row.icon}"/></svg>' if row.icon else ""
    flags = "".join(f'<span class="tag {flag.tone}">{escape(flag.text)}</span>' for flag in row.flags)
    return (
        f'<li id="b{row.id}" class="{row.tone}" data-row><time class="num" datetime="{row.at}">{row.clock}</time>'
        f'<a class="name" href="{row.patient_url}" data-open><bdi>{escape(row.surname)}{given}</bdi></a>'
        f'<span class="kind">{escape(row.kind)}{beside}</span><span class="room">{escape(row.room)}</span>'
        f'<span class="state">{icon}{escape(row.status)}</span><span class="flags">{flags}</span>'
        f'<span class="do">{_do(row.do, row, page)}</span></li>'
    )


def _do(do: Do | None, row: Row, page: Page) -> str:
    """The one next action of *row*."""
    patient = escape(row.patient)
    if do is None:
        return f'<a class="btn q" href="{row.url}">{gettext(OPEN) % {"patient": patient}}</a>'
    look, words = "btn p" if do.primary else "btn", escape(do.label)
    if not do.post:
        return f'<a class="{look}" href="{do.url}">{words}<span class="vh">: {patient}</span></a>'
    arrived, key = (" data-arrived", ' <kbd aria-hidden="true">A</kbd>') if do.arrived else ("", "")
    version = f'<input type="hidden" name="version" value="{do.version}">' if do.version is not None else ""
    return (
        f'<form method="post" action="{do.url}"{arrived}><input type="hidden" name="csrfmiddlewaretoken" value="{escape(page.csrf_token)}">'
        f'{version}<input type="hidden" name="next" value="{escape(page.next_url)}">'
        f'<button class="{look}">{words}{key}<span class="vh">: {patient}</span></button></form>'
    )
