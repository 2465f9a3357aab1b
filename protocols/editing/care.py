"""What the protocol says about care: before, after, with an adjuvant, what is normal, when to call."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..reading import words
from .changes import row_name
from .fields import Entry, Field, Group, Making, Page, told, within
from .rows import NEW, Rows, beside_entry, sheet_group

SLUG, TITLE = "care", gettext_noop("Care before and after")
ABOUT = gettext_noop("Instructions before and after, what is normal, red flags, and what stands behind each.")
_AUDIENCE = (("patient", gettext_noop("The patient")), ("clinic", gettext_noop("The clinic")))
_URGENCY = (
    ("emergency", gettext_noop("Emergency")),
    ("same_day", gettext_noop("Same day")),
    ("within_24h", gettext_noop("Within 24 hours")),
    ("within_week", gettext_noop("Within a week")),
)
_SECTIONS = (
    ("precare", gettext_noop("Before the session"), (("instruction", gettext_noop("Instruction"), "text"),)),
    (
        "aftercare",
        gettext_noop("After the session"),
        (("when", gettext_noop("When"), "line"), ("do", gettext_noop("Do"), "text"), ("avoid", gettext_noop("Avoid"), "text")),
    ),
    ("normal_course", gettext_noop("What is normal"), (("when", gettext_noop("When"), "line"), ("what", gettext_noop("What"), "text"))),
    ("red_flags", gettext_noop("When to call"), (("signs", gettext_noop("Signs"), "text"), ("do", gettext_noop("What to do"), "text"))),
)
_WITH = "aftercare_by_adjuvant"


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    make = Making(document)
    groups = []
    for section, title, keys in _SECTIONS:
        entries = []
        for row in document[section]:
            name = row.get("when") or row.get("instruction") or row.get("signs") or row["id"]
            name = (name[:1].upper() + name[1:])[:70]
            entry = Entry(name, _words(make, section, row, keys, name), make.source(row_name(section, row["id"]), row, name))
            entry.copied = (_slug(section), row["id"])
            entries.append(entry)
        groups.append(Group(_(title), entries, adds=(_slug(section), _adds(section))))
    labels = dict(make.labels("adjuvants"))
    entries = []
    for row in document[_WITH]:
        path, name = row_name(_WITH, row["adjuvant"]), labels.get(row["adjuvant"], row["adjuvant"])
        do = make.one(path, row, "text", _("Do"), "text", full=within(name, _("do")))
        entries.append(Entry(name, [do], make.source(path, row, name), copied=(_slug(_WITH), row["adjuvant"])))
    groups.append(Group(_("With an adjuvant"), entries, adds=(_slug(_WITH), _adds(_WITH))))
    sun = document.get("sun_protection")
    if sun:
        factor = make.one("sun_protection", sun, "spf_min", _("Sun protection factor at least"), "whole", width="m")
        groups.append(
            Group(_("Sun protection"), [Entry(_("Sun protection"), [factor], make.source("sun_protection", sun, _("Sun protection")))])
        )
    return Page(
        _(TITLE), groups, intro=_("The windows of hours stand under Days and hours; the words a patient reads under Words of the sheet.")
    )


def _adds(section: str) -> str:
    return _("Add %(noun)s") % {"noun": _(_NOUN[section])}


def _slug(section: str) -> str:
    return section.replace("_", "-")


def _words(make: Making, section: str, row: Mapping[str, Any], keys: Any, name: str) -> list[Field]:
    path = row_name(section, row["id"])
    fields = [make.one(path, row, key, _(label), kind, full=f"{name}: {_(label).lower()}") for key, label, kind in keys]
    if section == "red_flags":
        fields.append(
            make.one(path, row, "urgency", _("How soon"), "choice", options=told(_URGENCY), width="m", full=within(name, _("how soon")))
        )
        fields.append(
            make.one(path, row, "audience", _("Read by"), "choice", options=told(_AUDIENCE), width="m", full=within(name, _("read by")))
        )
    return fields


# One row, with all it holds: what is said, when it holds, and the words on the patient's sheet.


def _row_page(section: str, document: Mapping[str, Any], item: str) -> Page | None:
    row = next((one for one in document[section] if one["id"] == item), None)
    if row is None:
        return None
    make, path = Making(document), row_name(section, item)
    fields = _words(make, section, row, next(keys for name, _title, keys in _SECTIONS if name == section), _("New"))
    for one in fields:
        one.full = one.label
    if section == "precare":
        fields.append(make.one(path, row, "day", _("Day"), "whole", unit="day", signed=True, width="m", hint=_(_DAY)))
    else:
        fields.append(make.one(path, row, "from_hour", _("From hour"), "whole", unit="h", signed=True, width="s"))
        fields.append(make.one(path, row, "to_hour", _("To hour"), "whole", unit="h", signed=True, width="s"))
    if section == "normal_course":
        bands = [(band["id"], band["label"]) for band in document["downtime_bands"]]
        fields.append(make.one(path, row, "bands", _("Only after these depths"), "picks", options=bands, blank="drop", width="m"))
    entry = Entry(_("In the protocol"), fields, make.source(path, row, _("New")))
    return Page(item, [Group(_("In the protocol"), [entry]), *_sheet(make, section, item)], back=("", _(TITLE)))


_DAY = gettext_noop("0 is the day of treatment, -7 a week before.")
_LINES = {"hint": gettext_noop("One per line."), "blank": "drop"}
_LINE = {"width": "m", "blank": "drop"}
_DATES = gettext_noop("No figure is typed here: the paper works the date out from the visit.")
_SHEET: dict[str, list[tuple[str, str, str, dict]]] = {
    "precare": [("", gettext_noop("In the patient's words"), "lines", _LINES)],
    "aftercare": [("see", gettext_noop("What is seen"), "line", _LINE), ("do", gettext_noop("What to do"), "lines", _LINES)],
    "normal_course": [("feel", gettext_noop("How it feels"), "line", _LINE)],
    "red_flags": [("lines", gettext_noop("When to call, one line each"), "lines", _LINES)],
    _WITH: [("name", gettext_noop("What the patient knows it as"), "line", _LINE), ("lines", gettext_noop("What to do"), "lines", _LINES)],
}


def _sheet(make: Making, section: str, item: str) -> list[Group]:
    if section not in _SHEET or item != NEW:
        return []
    if section == "precare":
        entry = beside_entry(make, _beside(section)[0], item, _SHEET[section])
        return [Group(_("Before a visit"), [entry], note=_(_DATES))] if entry else []
    return sheet_group(beside_entry(make, _beside(section)[0], item, _SHEET[section]))


def _beside(section: str) -> tuple[str, ...]:
    if section == "precare":
        return ("before_visit.lines",)
    named = {"aftercare": "aftercare", "normal_course": "normal_course", "red_flags": "red_flags", _WITH: "adjuvants"}
    return (f"patient_wording.{named[section]}",) if section in named else ()


def _with_page(document: Mapping[str, Any], item: str) -> Page | None:
    row = next((one for one in document[_WITH] if one["adjuvant"] == item), None)
    if row is None:
        return None
    make, path = Making(document), row_name(_WITH, item)
    entry = Entry(_("In the protocol"), [make.one(path, row, "text", _("Do"), "text")], make.source(path, row, _("New")))
    return Page(item, [Group(_("In the protocol"), [entry]), *_sheet(make, _WITH, item)], back=("", _(TITLE)))


def _without_care(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Adjuvants that have no aftercare of their own yet."""
    have = {row["adjuvant"] for row in document[_WITH]}
    return [(row["id"], row.get("label") or words(row["id"])) for row in document["adjuvants"] if row["id"] not in have]


def _keep_name(document: Mapping[str, Any], ident: str) -> Iterator[dict[str, Any]]:
    """An adjuvant without aftercare of its own is still called by its name on the sheet."""
    wording = document.get("patient_wording") or {}
    name = wording.get("adjuvants", {}).get(ident, {}).get("name")
    if name and ident not in wording.get("adjuvant_names", {}):
        yield {"path": f"patient_wording.adjuvant_names.{ident}", "before": None, "after": name}


_NOUN = {
    "precare": gettext_noop("an instruction before the session"),
    "aftercare": gettext_noop("an instruction after the session"),
    "normal_course": gettext_noop("what is normal"),
    "red_flags": gettext_noop("a red flag"),
    _WITH: gettext_noop("aftercare with an adjuvant"),
}
_NAMED_BY = {"precare": "instruction", "aftercare": "when", "normal_course": "what", "red_flags": "signs"}
ROWS = (
    *(
        Rows(
            path=section,
            slug=_slug(section),
            noun=_NOUN[section],
            page=partial(_row_page, section),
            named_by=_NAMED_BY[section],
            beside=_beside(section),
        )
        for section, _title, _keys in _SECTIONS
    ),
    Rows(
        path=_WITH,
        slug=_slug(_WITH),
        noun=_NOUN[_WITH],
        page=_with_page,
        ident="adjuvant",
        id_label=gettext_noop("Adjuvant"),
        id_hint=gettext_noop("One that has no aftercare of its own yet."),
        among=_without_care,
        gone=_keep_name,
        beside=_beside(_WITH),
    ),
)
