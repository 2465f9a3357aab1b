"""The words of the paper before a visit: each entry of "Before the session", as the patient reads it."""

from collections.abc import Mapping
from typing import Any

from ..before_visit import DAY, FILLED, SECTION
from ..comparison import join
from .fields import Entry, Field, Group, Making, Page

SLUG, TITLE = "before-visit", "Before a visit"
ABOUT = "What the paper says that a patient is given when a session is booked."
_ONE = "One sentence per line."
_NONE = "This version has no words for the paper before a visit, so none is printed for its plans."
_INTRO = "What to do and on which day before stands under Care. No figure is typed here: {}."
_TOP = (("title", "Title", FILLED), ("intro", "Introduction", FILLED))
_HEADS = (("since", "A day to come", DAY), ("over", "A day that is over", DAY), ("on_the_day", "The day itself", DAY))


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    section = document.get(SECTION)
    if not isinstance(section, Mapping):
        return Page(TITLE, [], intro=_NONE)
    make = Making(document)
    said = {row["id"]: (row, section["lines"].get(row["id"])) for row in document.get("precare", ())}
    groups = [
        Group("Head", [Entry("Head", [_text(make, section, *one) for one in _TOP])]),
        Group("Headings", [Entry("Headings", [_text(make, section, *one) for one in _HEADS])]),
        Group("Entries", [_entry(said[name]) for name in said if name in section["lines"]]),
        Group("At the end", [Entry("At the end", [make.one(SECTION, section, "closing", "At the end", "lines", hint=_ONE)])]),
    ]
    return Page(TITLE, groups, intro=_INTRO.format(f"write {', '.join(f'{{{name}}}' for name in FILLED)}, or {{day}} in a heading"))


def _text(make: Making, section: Mapping[str, Any], key: str, label: str, names: tuple[str, ...]) -> Field:
    return make.one(SECTION, section, key, label, "text", full=label, hint=f"Can fill: {', '.join(f'{{{name}}}' for name in names)}")


def _entry(found: tuple[Mapping[str, Any], list[str]]) -> Entry:
    row, say = found
    name, label = row["instruction"][:70], "In the patient's words"
    return Entry(name, [Field(join(f"{SECTION}.lines", row["id"]), label, "lines", say, full=f"{name}: {label.lower()}", hint=_ONE)])
