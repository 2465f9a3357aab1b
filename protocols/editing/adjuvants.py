"""What may go with the needling: role per indication, route, handling, what bars it, who signs."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.knowledge.entries import PHOTOTYPES

from ..reading import words
from .changes import row_name
from .fields import Entry, Group, Making, Page, within
from .rows import NEW, Rows, Takes, beside_entry, sheet_group

SLUG, TITLE = "adjuvants", gettext_noop("Adjuvants")
ABOUT = gettext_noop("Role for each indication, route, handling, what bars it and who signs it off.")
_PLACES = (
    ("during", gettext_noop("During the session")),
    ("home", gettext_noop("At home")),
    ("never", gettext_noop("Never")),
)


def _places() -> dict[str, str]:
    return {name: _(text) for name, text in _PLACES}


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["id"], row["label"]) for row in document["adjuvants"]]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if not item:
        rows = [
            {"item": row["id"], "label": row["label"], "note": _places().get(row["place"], ""), "refs": len(row.get("refs", ()))}
            for row in document["adjuvants"]
        ]
        return Page(_(TITLE), [], links=[{"title": "", "rows": rows}])
    row = next((one for one in document["adjuvants"] if one["id"] == item), None)
    if row is None:
        return None
    make, path = Making(document), row_name("adjuvants", item)
    name = row.get("label") or _("New adjuvant")

    def one(key: str, label: str, kind: str = "line", **more: Any):
        return make.one(path, row, key, label, kind, **more)

    rules, classes = make.labels("contraindications"), [(entry["id"], entry["label"]) for entry in document["medicines"]["classes"]]
    said = [
        one("label", _("Name")),
        one("short_label", _("Short name"), width="m"),
        one("words", _("Also called"), "lines", hint=_("One per line."), width="m"),
        one("place", _("Used"), "choice", options=list(_places().items()), width="m"),
        one("home_from_day", _("At home from day"), "whole", unit="days", blank="drop", width="s"),
        one("route", _("Route"), "text"),
        one("handling", _("Handling"), "text"),
        one("risks", _("Risks"), "text"),
        one("note", _("Note"), "text", blank="drop"),
        one("prescriber_decides", _("What a prescriber decides"), "text", blank="drop"),
        one("sterile_only", _("Sterile product only"), "flag", width="m"),
        one("counts_as_active", _("Counts as an active"), "flag", width="m"),
        one("own_blood", _("The patient's own blood"), "flag", blank="drop", width="m", hint=_("Two people check patient against tube.")),
    ]
    bars = [
        one("exclude_if", _("Left out with these findings"), "picks", options=rules),
        one("exclude_phototypes", _("Left out in these phototypes"), "picks", options=[(name, name) for name in PHOTOTYPES], blank="drop"),
        one("sign_off_if", _("Signed off with these findings"), "picks", options=rules, blank="drop"),
        one("sign_off_if_medicine", _("Signed off with these medicines"), "picks", options=classes, blank="drop"),
        one("sign_off", _("Signed off by"), "lines", blank="drop", hint=_("One per line, as the protocol names the role."), width="m"),
    ]
    roles = [(name, words(name)) for name in document["adjuvant_rules"]["role_order"]]
    uses = {use["indication"]: use for use in row.get("use", ())}
    entries = []
    for indication in document["indications"]:
        use = uses.get(indication["id"])
        there = f"{path}.{row_name('use', indication['id'])}"
        full = f"{indication.get('short_label') or indication['label']}"
        fields = [make.one(there, use or {}, "role", _("Role"), "choice", options=roles, width="m", full=within(full, _("role")))]
        fields.append(
            make.one(
                there,
                use or {},
                "levels",
                _("Only at these levels"),
                "picks",
                options=[(level["id"], level["short_label"]) for level in indication["levels"]],
                blank="drop",
                full=within(full, _("levels")),
            )
        )
        entries.append(
            Entry(
                indication["label"],
                fields,
                make.source(there, use or {}, full),
                row=there,
                note="" if use else _("No use in this indication. Choose a role to add one."),
                removable=full if use else "",
                fresh=None if use else (f"{path}.use", {"indication": indication["id"]}),
                made_by=("role",),
            )
        )
    groups = [
        Group(_("In words"), [Entry(_("In words"), said, make.source(path, row, name))]),
        Group(_("What bars it, and who signs"), [Entry(_("Bars"), bars)]),
        Group(_("Role for each indication"), entries),
    ]
    if item == NEW:
        called = [("", _("What the patient knows it as"), "line", {"blank": "drop", "width": "m", "hint": _("For example: vitamin C.")})]
        groups += sheet_group(beside_entry(make, _NAMES, item, called))
    return Page(name, groups, back=("", _(TITLE)), copied=("", item))


_NAMES = "patient_wording.adjuvant_names"
ROWS = (
    Rows(
        path="adjuvants",
        noun=gettext_noop("an adjuvant"),
        page=page,
        own=("label", "short_label", "words"),
        named_by="label",
        begins=lambda document: {"use": [], "words": [], "exclude_if": []},
        beside=(_NAMES,),
        beside_too=("patient_wording.adjuvants",),
        takes=Takes(
            words=frozenset({"no_adjuvants", "adjuvants_need_sign_off", "requires_home_care"}),
            rows=(("aftercare_by_adjuvant", "adjuvant"),),
        ),
    ),
)
