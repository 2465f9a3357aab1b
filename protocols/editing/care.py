"""What the protocol says about care: before, after, with an adjuvant, what is normal, when to call."""

from collections.abc import Mapping
from typing import Any

from .changes import row_name
from .fields import Entry, Group, Making, Page

SLUG, TITLE = "care", "Care before and after"
ABOUT = "Instructions before and after, what is normal, red flags, and what stands behind each."
_AUDIENCE = (("patient", "The patient"), ("clinic", "The clinic"))
_URGENCY = (("emergency", "Emergency"), ("same_day", "Same day"), ("within_24h", "Within 24 hours"), ("within_week", "Within a week"))
_SECTIONS = (
    ("precare", "Before the session", (("instruction", "Instruction", "text"),)),
    ("aftercare", "After the session", (("when", "When", "line"), ("do", "Do", "text"), ("avoid", "Avoid", "text"))),
    ("normal_course", "What is normal", (("when", "When", "line"), ("what", "What", "text"))),
    ("red_flags", "When to call", (("signs", "Signs", "text"), ("do", "What to do", "text"))),
)


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
            path = row_name(section, row["id"])
            name = row.get("when") or row.get("instruction") or row.get("signs") or row["id"]
            name = (name[:1].upper() + name[1:])[:70]
            fields = [make.one(path, row, key, label, kind, full=f"{name}: {label.lower()}") for key, label, kind in keys]
            if section == "red_flags":
                fields.append(make.one(path, row, "urgency", "How soon", "choice", options=_URGENCY, width="m", full=f"{name}: how soon"))
                fields.append(make.one(path, row, "audience", "Read by", "choice", options=_AUDIENCE, width="m", full=f"{name}: read by"))
            entries.append(Entry(name, fields, make.source(path, row, name)))
        groups.append(Group(title, entries))
    labels = dict(make.labels("adjuvants"))
    entries = []
    for row in document["aftercare_by_adjuvant"]:
        path, name = row_name("aftercare_by_adjuvant", row["adjuvant"]), labels.get(row["adjuvant"], row["adjuvant"])
        entries.append(Entry(name, [make.one(path, row, "text", "Do", "text", full=f"{name}: do")], make.source(path, row, name)))
    groups.append(Group("With an adjuvant", entries))
    sun = document.get("sun_protection")
    if sun:
        factor = make.one("sun_protection", sun, "spf_min", "Sun protection factor at least", "whole", width="m")
        groups.append(Group("Sun protection", [Entry("Sun protection", [factor], make.source("sun_protection", sun, "Sun protection"))]))
    return Page(TITLE, groups, intro="The windows of hours stand under Days and hours; the words a patient reads under Words of the sheet.")
