"""The ceiling of each zone: no depth of any indication goes above it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.reading import as_decimal
from planner.wording import mm, number

from ..reading import words
from .changes import row_name
from .fields import Entry, Group, Making, Page, within
from .rows import Rows, Takes, beside_entry, sheet_group

SLUG, TITLE = "zones", gettext_noop("Zones and their ceilings")
ABOUT = gettext_noop("The greatest depth of each zone, whatever the indication, with its sources.")


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
        ceiling = make.one(
            path, zone, "max_depth_mm", _("Ceiling"), "number", unit="mm", full=within(zone["label"], _("ceiling")), width="s"
        )
        ceiling.hint = _("Deepest depth of an indication: %(depth)s") % {"depth": mm(top)} if top else _("No indication has a depth here")
        fields = [
            ceiling,
            make.one(path, zone, "short_reason", _("Reason in a few words"), full=within(zone["label"], _("reason")), width="m"),
            make.one(path, zone, "note", _("Note"), "text", blank="drop", full=within(zone["label"], _("note"))),
        ]
        entry = Entry(zone["label"], fields, make.source(path, zone, zone["label"]), copied=("", zone["id"]), link=zone["id"])
        groups.setdefault(zone["region"], []).append(entry)
    return Page(_(TITLE), [Group(words(region), entries) for region, entries in groups.items()])


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
        one("label", _("Name")),
        one("short_label", _("Short name"), hint=_("For narrow columns.")),
        one("words", _("Also called"), "lines", hint=_("One per line.")),
        one("region", _("Region"), "choice", options=regions),
        one("max_depth_mm", _("Ceiling"), "number", unit="mm", width="s", hint=_("No depth of any indication goes above it.")),
        one("short_reason", _("Reason in a few words")),
        one("note", _("Note"), "text", blank="drop", width="l"),
        one("paired", _("Left and right"), "flag", blank="drop"),
        one("keloid_prone", _("Prone to keloids"), "flag", blank="drop"),
    ]
    groups = [Group(_("Zone"), [Entry(_("Zone"), fields, make.source(path, zone, _("Zone")))])]
    called = [("", _("What the patient knows it as"), "line", {"blank": "drop", "width": "m", "hint": _("For example: Tummy.")})]
    groups += sheet_group(beside_entry(make, _NAMES, item, called))
    return Page(zone.get("label", item), groups, back=("", _(TITLE)), copied=("", item))


_NAMES = "patient_wording.zones"
ROWS = (
    Rows(
        path="zones",
        noun=gettext_noop("a zone"),
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
            text = _("%(zone)s: ceiling must be %(n)s or more, because a depth of that zone reaches %(depth)s. Lower that first.")
            wrong[path] = text % {"zone": zone["label"], "n": number(top), "depth": mm(top)}
    return wrong
