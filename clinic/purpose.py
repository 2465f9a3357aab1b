"""
`docs/intended-purpose.md` as a page: one text for the repository and for the app. Reads headings, paragraphs, lists and bold
text only; everything is escaped, so that the file cannot bring anything else into a page.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

FILE = Path("docs") / "intended-purpose.md"
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITEM = re.compile(r"(?:-|\d+\.) ")


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    body: SafeString


@dataclass(frozen=True)
class Page:
    title: str
    opening: SafeString
    sections: tuple[Section, ...]


@lru_cache
def intended_purpose() -> Page:
    return page_of((Path(settings.BASE_DIR) / FILE).read_text(encoding="utf-8"))


def page_of(text: str) -> Page:
    """The text as a title, an opening and sections, each with an id made of its heading."""
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    title, _, opening = head.removeprefix("# ").partition("\n")
    sections = []
    for part in parts:
        name, _, body = part.partition("\n")
        sections.append(Section(slugify(name), name.strip(), _html(body)))
    return Page(title.strip(), _html(opening), tuple(sections))


def _html(text: str) -> SafeString:
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return mark_safe("".join(_block(block) for block in blocks))  # noqa: S308 - every piece is escaped in _inline


def _block(block: str) -> str:
    lines = block.splitlines()
    if not _ITEM.match(lines[0]):
        return f"<p>{_inline(' '.join(lines))}</p>"
    items: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            items.append(_ITEM.sub("", line, count=1))
        else:
            items[-1] += f" {line.strip()}"
    rows = "".join(f"<li>{_inline(item)}</li>" for item in items)
    return f"<ol>{rows}</ol>" if lines[0][0].isdigit() else f'<ul class="bullets">{rows}</ul>'


def _inline(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", escape(text))
