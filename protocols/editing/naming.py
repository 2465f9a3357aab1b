"""What a value of a protocol is called in a sentence, and where in the editor it is changed."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.wording import number

from ..comparison import NoSuchValue, steps, value_at
from ..reading import words

_PARTS = {
    "depth_ranges": gettext_noop("Depth"),
    "contraindications": gettext_noop("Screening rule"),
    "zones": gettext_noop("Zone"),
    "adjuvants": gettext_noop("Adjuvant"),
    "indications": gettext_noop("Indication"),
    "medicines": gettext_noop("Medicines"),
    "references": gettext_noop("Reference"),
    "questions": gettext_noop("Question"),
    "precare": gettext_noop("Before the session"),
    "aftercare": gettext_noop("Aftercare"),
    "normal_course": gettext_noop("Normal course"),
    "red_flags": gettext_noop("Red flag"),
    "downtime_bands": gettext_noop("Downtime"),
    "course_rules": gettext_noop("Course"),
    "aftercare_by_adjuvant": gettext_noop("Aftercare with"),
    "patient_wording": gettext_noop("Words of the sheet"),
    "follow_up": gettext_noop("Follow-up calls"),
    "before_visit": gettext_noop("Before a visit"),
}
_FIELDS = {
    "min": gettext_noop("min"),
    "typical": gettext_noop("typical"),
    "max": gettext_noop("max"),
    "refs": gettext_noop("sources"),
    "max_depth_mm": gettext_noop("greatest depth"),
    "valid_days": gettext_noop("valid for, days"),
    "unverified": gettext_noop("no study was read"),
    "evidence": gettext_noop("evidence grade"),
    "oedema": gettext_noop("swelling"),
    "erythema": gettext_noop("redness"),
}
_SILENT = frozenset({"list", "levels", "covers", "use"})
CARE = frozenset({"precare", "aftercare", "aftercare_by_adjuvant", "normal_course", "red_flags", "sun_protection"})


def _field(name: str) -> str:
    return _(_FIELDS[name]) if name in _FIELDS else words(name).lower()


class Naming:
    def __init__(self, document: Mapping[str, Any]):
        self.document = document

    @cached_property
    def _labels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for section in ("settings", "devices", "questions", "contraindications", "adjuvants", "excluded_zones", "zones", "indications"):
            for row in self.document.get(section, ()):
                if isinstance(row, Mapping) and "id" in row:
                    found[row["id"]] = row.get("short_label") or row.get("label") or words(row["id"])
        return found

    def _level(self, indication: str, level: str) -> str:
        for row in self.document.get("indications", ()):
            for one in row["levels"] if row["id"] == indication else ():
                if one["id"] == level:
                    return one["short_label"]
        return words(level)

    def label(self, name: str) -> str:
        return self._labels.get(name, words(name))

    def __call__(self, path: str) -> str:
        """`Depth: Acne scars, Flat marks, Cheeks: max`; a path that is none stays as it is."""
        try:
            names = steps(path)
        except NoSuchValue:
            return path
        said, section = [], names[0][1] if names else ""
        for place, (kind, text) in enumerate(names):
            if kind == "row":
                said.append(self._row(section, names[:place], text))
            elif place == 0:
                said.append(_(_PARTS[text]) if text in _PARTS else words(text))
            elif text not in _SILENT:
                said.append(_field(text))
        return ": ".join(said)

    def _row(self, section: str, before: list[tuple[str, str]], text: str) -> str:
        ids = [part.strip('"') for part in text.split(",")]
        if section == "depth_ranges" and len(ids) == 3:
            return f"{self.label(ids[0])}, {self._level(ids[0], ids[1])}, {self.label(ids[2])}"
        if before[-1][1] == "levels" and len(before) > 1:
            return self._level(before[1][1], text)
        return ", ".join(
            self.label(one) if one in self._labels else one if section in ("medicines", "references") else words(one) for one in ids
        )

    def value(self, value: Any) -> str:
        """A value of the document in words, for "before → after"."""
        if value is None or value in ("", [], {}):
            return _("nothing")
        if value is True or value is False:
            return _("yes") if value else _("no")
        if isinstance(value, (int, float)):
            return number(value)
        if isinstance(value, str):
            return self._labels.get(value, value)
        if isinstance(value, list):
            return ", ".join(self.value(item) for item in value)
        return "; ".join(f"{_field(key)} {self.value(item)}" for key, item in value.items())


def address(document: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The section of the editor and the page of it on which the value called *path* is changed."""
    try:
        names = steps(path)
    except NoSuchValue:
        return "", ""
    if not names:
        return "", ""
    top = names[0][1]
    row = names[1][1] if len(names) > 1 and names[1][0] == "row" else ""
    if top == "depth_ranges" and row.count(",") == 2:
        indication, _level, zone = row.split(",")
        return "depth", f"{indication}/{zone}"
    if (
        top == "indications"
        and row
        and len(names) > 2
        and names[2][1] == "levels"
        and {"sessions", "interval"} & {text for _, text in names}
    ):
        return "depth", row
    if top == "zones":
        return "zones", ""
    if top in ("contraindications", "adjuvants", "references") and row:
        return {"contraindications": "rules"}.get(top, top), _id(document, f"{top}[{row}]", row)
    if top == "medicines" and len(names) > 2 and names[1][1] == "list":
        return "medicines", _id(document, f"medicines.list[{names[2][1]}]", names[2][1])
    if top == "follow_up":
        return "follow-up", ""
    if top == "before_visit":
        return "before-visit", ""
    if top == "questions":
        return "questions", ""
    if top in ("downtime_bands", "course_rules"):
        return "times", ""
    if top in CARE:
        return "care", ""
    if top == "patient_wording":
        return "wording", ""
    if top in document and top not in ("schema", "pack_version", "status", "status_text", "vocabulary"):
        return "more", top
    return "", ""


def _id(document: Mapping[str, Any], path: str, row: str) -> str:
    try:
        found = value_at(document, path)
    except NoSuchValue:
        return row
    return str(found.get("id") or found.get("ingredient") or row)


PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
