"""
The references behind a proposal: those it names, by their numbers in the protocol, listed on the same page as the values.
A value carries markers; each leads to its entry in that list, and the entry to its place in the protocol.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from .catalogue import Catalogue

REGISTER = re.compile(r"(nct|k|den)\d{5,}$")  # trial and device registers
AUTHOR_YEAR = re.compile(r"([a-z_]+?)((?:19|20)\d{2})(.*)$")
MARKERS = 1  # a value shows so many; the others stand in its reasons
KEYS = ("refs", "label_refs")


@dataclass(frozen=True)
class Entry:
    """One reference as it stands in the list."""

    id: str
    number: int
    citation: str
    kind: str
    grade: str
    unverified: bool
    url: str


class References:
    """The list for one proposal, and the markers that lead to it. Their HTML is put together here: a plan has hundreds."""

    def __init__(self, proposal: Mapping, catalogue: Catalogue, protocol_url: str):
        self.named = refs_in(proposal)
        self.known = catalogue.references
        self.meanings = catalogue.knowledge.grades
        self.protocol_url = protocol_url
        self._kept: dict[tuple, SafeString] = {}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The same numbers as on the protocol's own pages: the place in its list."""
        return {ref: place for place, ref in enumerate(self.known, start=1)}

    @cached_property
    def entries(self) -> list[Entry]:
        return [
            Entry(ref, self.numbers[ref], found.citation, found.type, found.evidence, found.unverified, f"{self.protocol_url}#ref-{ref}")
            for ref, found in self.known.items()
            if ref in self.named
        ]

    @property
    def listed(self) -> SafeString:
        """The entries of the list."""
        return SafeString("".join(entry_html(entry, get_language()) for entry in self.entries))

    @property
    def grades(self) -> list[tuple[str, str]]:
        """Every grade of the protocol, since a value may have another than its references."""
        return list(self.meanings.items())

    def marks(self, refs: Iterable[str], rest: str = "") -> SafeString:
        """Small numbers that lead to the list; *rest* is the element where those beyond the first stand."""
        key = (rest, *dict.fromkeys(refs))
        if key not in self._kept:
            self._kept[key] = self._marks([ref for ref in key[1:] if ref in self.numbers], rest)
        return self._kept[key]

    def _marks(self, found: list[str], rest: str) -> SafeString:
        if not found:
            return SafeString("")
        shown = found if not rest or len(found) <= MARKERS + 1 else found[:MARKERS]
        source = gettext("Source")
        pieces = [numbered(ref, self.numbers[ref], source) for ref in shown]
        if len(shown) < len(found):
            more = gettext("more sources")
            pieces.append(format_html('<a href="#{}">+{}<span class="vh"> {}</span></a>', rest, len(found) - len(shown), more))
        return SafeString(f'<span class="marks">{" ".join(pieces)}</span>')

    def links(self, refs: Iterable[str]) -> SafeString:
        """The references by name, for a line that has room."""
        return SafeString(", ".join(named(ref) for ref in refs if ref in self.numbers))


@lru_cache(maxsize=4096)
def named(ref: str) -> SafeString:
    return format_html('<a class="ref" href="#ref-{}">{}</a>', ref, source_word(ref))


@lru_cache(maxsize=4096)
def numbered(ref: str, number: int, source: str) -> SafeString:
    """source: the word for it in the language of the page."""
    return format_html('<a class="ref" href="#ref-{}"><span class="vh">{} </span>{}</a>', ref, source, number)


@lru_cache(maxsize=4096)
def entry_html(entry: Entry, language: str | None) -> SafeString:
    """language: of the page, for what is kept."""
    return format_html(
        '<li id="ref-{}" tabindex="-1"><span class="no">{}</span><span>{} <span class="note">{}</span>{} '
        '<a href="{}">{}<span class="vh">, {} {}</span></a></span></li>',
        entry.id,
        entry.number,
        entry.citation,
        f"{entry.kind} · {entry.grade}" if entry.grade else entry.kind,
        format_html(' <span class="uv">{}</span>', gettext("Not read")) if entry.unverified else "",
        entry.url,
        gettext("In the protocol"),
        gettext("source"),
        entry.number,
    )


def refs_in(value) -> set[str]:
    """Every reference a proposal names, however deep. A proposal is plain JSON, and long: it is walked without recursion."""
    found: set[str] = set()
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            for key, part in item.items():
                if key in KEYS:
                    found.update(part or ())
                elif isinstance(part, (dict, list)):
                    todo.append(part)
        else:
            todo += [part for part in item if isinstance(part, (dict, list))]
    return found


def source_word(ref: str) -> str:
    """`alster2018_body` as `Alster 2018 body`: short enough to stand in a line; the link leads to the whole citation."""
    if REGISTER.match(ref):
        return ref.upper()
    head, year, tail = AUTHOR_YEAR.match(ref).groups() if AUTHOR_YEAR.match(ref) else (ref, "", "")
    words = " ".join(part for part in (head.replace("_", " ").strip(), year, tail.replace("_", " ").strip()) if part)
    return words[:1].upper() + words[1:]
