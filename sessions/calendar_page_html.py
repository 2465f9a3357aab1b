"""
The blocks of a calendar's columns as HTML. A large site's day has hundreds, each with a dozen values: written here they take a fifth
of the time that a template takes for them. What anybody typed goes through `escape`; the rest are numbers, clock times and classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from .calendar_page import Block, Column, Grid


@dataclass(frozen=True)
class Page:
    """What is the same for every block. slug: the site's, where the reader has several. bookable: whether free time can be taken."""

    by: str
    slug: str
    bookable: bool
    book: str
    sprite: str
    free: str  # `Free 10:00 to 10:30`, with places for both clocks

    def icon(self, name: str) -> str:
        return f'<svg class="i s" aria-hidden="true"><use href="{self.sprite}#{name}"/></svg>'


def draw(grid: Grid, *, by: str, slug: str, bookable: bool) -> None:
    """Write down what stands in each column of *grid*."""
    free = gettext('Free <span class="num">{start} to {end}</span>')
    page = Page(by, slug, bookable, reverse("sessions:book"), escape(static("img/icons.svg")), free)
    for column in grid.columns:
        column.drawn = _column(column, page)


def _column(column: Column, page: Page) -> SafeString:
    blocks = (_DRAWN[block.look](block, column, page) for block in column.blocks if block.look != "free" or page.bookable)
    return mark_safe("\n".join(blocks))  # noqa: S308 - each block escapes what anybody typed


def _visit(block: Block, column: Column, page: Page) -> str:
    icon = page.icon(block.icon) if block.icon else ""
    status = f'<span class="st">{icon}{escape(block.status)}</span>' if block.status else ""
    where = f", {escape(block.where)}" if block.where else ""
    flag = f'<span class="fl">{page.icon("i-caut")}{escape(block.flag)}</span>' if block.flag else ""
    return (
        f'<li{block.attributes}><a href="{block.url}" aria-describedby="h-{column.key} day-h">'
        f'<span class="l1"><span class="t num">{block.starts}</span>{status}</span>'
        f'<b><bdi>{escape(block.who)}</bdi></b><span class="w">{escape(block.words)}{where}</span>{flag}</a></li>'
    )


def _numbing(block: Block, column: Column, page: Page) -> str:
    return (
        f'<li{block.attributes}><a href="{block.url}" aria-describedby="h-{column.key}"><span class="t num only-list">{block.starts}</span>'
        f"<b><bdi>{escape(block.who)}</bdi></b><span>{escape(block.words)}</span></a></li>"
    )


def _clean(block: Block, column: Column, page: Page) -> str:
    return f'<li{block.attributes}><span class="t num only-list">{block.starts}</span>{escape(block.words)}</li>'


def _closed(block: Block, column: Column, page: Page) -> str:
    return f"<li{block.attributes}><span>{escape(block.words)}</span></li>"


def _free(block: Block, column: Column, page: Page) -> str:
    resource = "room" if page.by == "rooms" else "clinician"
    site = f"&amp;site={page.slug}" if page.slug else ""
    address = f"{page.book}?day={column.day.isoformat()}&amp;time={block.starts}&amp;{resource}={column.resource.pk}{site}"
    return (
        f'<li{block.attributes} data-free><a href="{address}" aria-describedby="h-{column.key} day-h">{page.icon("i-plus")}'
        f"<span>{page.free.format(start=block.starts, end=block.ends)}</span></a></li>"
    )


_DRAWN: dict[str, Callable[[Block, Column, Page], str]] = {
    "visit": _visit,
    "numbing": _numbing,
    "clean": _clean,
    "closed": _closed,
    "free": _free,
}
