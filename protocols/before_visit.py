"""
`before_visit`, an optional section of a protocol version: the words of the paper that a patient is given when a session is booked. What
to do and on which day before is the planner's (`precare`); the section says each of its entries in the patient's words, and nothing
else. Stands beside the planner, which neither reads nor needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.errors import Fault
from planner.reading import Reader, type_name

from . import filled

SECTION = "before_visit"
LANGUAGES = ("en",)
FILLED = ("phone", "clinic", "emergency_number")
DAY = ("day",)  # what the paper fills into the heading of an entry: its date


@dataclass(frozen=True, slots=True)
class BeforeVisit:
    """since, until_now, on_the_day: headings for a day to come, for one that is over, and for the day itself. lines: by id of `precare`."""

    language: str
    title: str
    intro: str
    since: str
    over: str
    on_the_day: str
    lines: Mapping[str, tuple[str, ...]]
    closing: tuple[str, ...]


def read(mapping: Mapping[str, Any], faults: list[Fault]) -> BeforeVisit | None:
    """The section of the pack *mapping*; every fault of it goes to *faults*."""
    raw = mapping.get(SECTION)
    if not isinstance(raw, Mapping):
        faults.append(Fault(SECTION, f"must be a mapping, not {type_name(raw)}"))
        return None
    top = Reader(raw, SECTION, faults)

    def text(key: str, names=FILLED) -> str:
        found = top.text(key)
        if found:
            filled.check(top.at(key), found, names, faults)
        return found or ""

    found = BeforeVisit(
        language=top.choice("language", LANGUAGES) or "",
        title=text("title"),
        intro=text("intro"),
        since=text("since", DAY),
        over=text("over", DAY),
        on_the_day=text("on_the_day", DAY),
        lines=_lines(top, faults),
        closing=_words(top, "closing", faults),
    )
    top.done()
    for key in ("since", "over", "on_the_day"):
        if "{day}" not in str(raw.get(key, "{day}")):
            top.fault(key, "must hold {day}, which becomes the date")
    _fits(top, mapping, found)
    return found


def _lines(top: Reader, faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    raw = top.take("lines")
    if not isinstance(raw, Mapping):
        if raw is not None:
            top.fault("lines", f"must be a mapping, not {type_name(raw)}")
        return {}
    held = Reader(raw, top.at("lines"), faults)
    return {str(name): _words(held, str(name), faults) for name in raw}


def _words(reader: Reader, key: str, faults: list[Fault]) -> tuple[str, ...]:
    found = reader.words(key, required=True)
    if not found:
        reader.fault(key, "must hold at least one line")
    for index, one in enumerate(found):
        filled.check(reader.at(f"{key}[{index}]"), one, FILLED, faults)
    return found


def _fits(top: Reader, mapping: Mapping[str, Any], found: BeforeVisit) -> None:
    """Each entry of `precare` is said and nothing that is none: a paper that leaves one out would be silent about it."""
    rows = mapping.get("precare")
    known = [row["id"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("id"), str)] if isinstance(rows, list) else []
    for name in known:
        if name not in found.lines:
            top.fault("lines", f"needs words for {name}, which stands under precare")
    for name in found.lines:
        if name not in known:
            top.fault("lines", f"there is no {name} under precare")
