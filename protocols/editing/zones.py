"""The ceiling of each zone: no depth of any indication goes above it."""

from collections.abc import Mapping
from typing import Any

from planner.reading import as_decimal
from planner.wording import mm, number

from ..reading import words
from .changes import row_name
from .fields import Entry, Group, Making, Page

SLUG, TITLE = "zones", "Zones and their ceilings"
ABOUT = "The greatest depth of each zone, whatever the indication, with its sources."


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    make = Making(document)
    deepest: dict[str, Any] = {}
    for row in document["depth_ranges"]:
        deepest[row["zone"]] = max(deepest.get(row["zone"], 0), row["max"])
    groups: dict[str, list[Entry]] = {}
    for zone in document["zones"]:
        path = row_name("zones", zone["id"])
        top = deepest.get(zone["id"])
        ceiling = make.one(path, zone, "max_depth_mm", "Ceiling", "number", unit="mm", full=f"{zone['label']}: ceiling", width="s")
        ceiling.hint = f"Deepest depth of an indication: {mm(top)}" if top else "No indication has a depth here"
        fields = [
            ceiling,
            make.one(path, zone, "short_reason", "Reason in a few words", full=f"{zone['label']}: reason", width="m"),
            make.one(path, zone, "note", "Note", "text", blank="drop", full=f"{zone['label']}: note"),
        ]
        groups.setdefault(zone["region"], []).append(Entry(zone["label"], fields, make.source(path, zone, zone["label"])))
    return Page(TITLE, [Group(words(region), entries) for region, entries in groups.items()])


def check(document: Mapping[str, Any], page: Page, values: Mapping[str, Any]) -> dict[str, str]:
    """A ceiling below a depth that stands in the protocol."""
    wrong = {}
    for zone in document["zones"]:
        path = f"{row_name('zones', zone['id'])}.max_depth_mm"
        ceiling = as_decimal(values.get(path))
        above = [row for row in document["depth_ranges"] if row["zone"] == zone["id"]]
        top = max((as_decimal(row["max"]) for row in above), default=None)
        if ceiling is not None and top is not None and ceiling < top:
            wrong[path] = (
                f"{zone['label']}: ceiling must be {number(top)} or more, because a depth of that zone reaches {mm(top)}. Lower that first."
            )
    return wrong
