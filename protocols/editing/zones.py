"""The ceiling of each zone: no depth of any indication goes above it."""

from collections.abc import Mapping
from typing import Any

from planner.reading import as_decimal
from planner.wording import mm, number

from ..reading import words
from .changes import row_name
from .fields import Entry, Group, Making, Page
from .rows import Rows, Takes, beside_entry, sheet_group

SLUG, TITLE = "zones", "Zones and their ceilings"
ABOUT = "The greatest depth of each zone, whatever the indication, with its sources."


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return row_page(document, item)
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
        entry = Entry(zone["label"], fields, make.source(path, zone, zone["label"]), copied=("", zone["id"]), link=zone["id"])
        groups.setdefault(zone["region"], []).append(entry)
    return Page(TITLE, [Group(words(region), entries) for region, entries in groups.items()])


def row_page(document: Mapping[str, Any], item: str) -> Page | None:
    """One zone with all that a zone holds."""
    zone = next((row for row in document["zones"] if row["id"] == item), None)
    if zone is None:
        return None
    make, path = Making(document), row_name("zones", item)
    regions = [(name, words(name)) for name in dict.fromkeys(row["region"] for row in document["zones"] if row.get("region"))]

    def one(key: str, label: str, kind: str = "line", **more: Any):
        return make.one(path, zone, key, label, kind, **({"width": "m"} | more))

    fields = [
        one("label", "Name"),
        one("short_label", "Short name", hint="For narrow columns."),
        one("words", "Also called", "lines", hint="One per line."),
        one("region", "Region", "choice", options=regions),
        one("max_depth_mm", "Ceiling", "number", unit="mm", width="s", hint="No depth of any indication goes above it."),
        one("short_reason", "Reason in a few words"),
        one("note", "Note", "text", blank="drop", width="l"),
        one("paired", "Left and right", "flag", blank="drop"),
        one("keloid_prone", "Prone to keloids", "flag", blank="drop"),
    ]
    groups = [Group("Zone", [Entry("Zone", fields, make.source(path, zone, "Zone"))])]
    called = [("", "What the patient knows it as", "line", {"blank": "drop", "width": "m", "hint": "For example: Tummy."})]
    groups += sheet_group(beside_entry(make, _NAMES, item, called))
    return Page(zone.get("label", item), groups, back=("", TITLE), copied=("", item))


_NAMES = "patient_wording.zones"
ROWS = (
    Rows(
        path="zones",
        noun="a zone",
        page=row_page,
        own=("label", "short_label", "words"),
        named_by="label",
        begins=lambda document: {"words": []},
        beside=(_NAMES,),
        takes=Takes(
            words=frozenset({"zones", "not_in_zones", "avoid_zones"}),
            rows=(("depth_ranges", "zone"),),
        ),
    ),
)


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
