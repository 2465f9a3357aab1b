"""Days and hours: downtime by depth, when each activity begins again, care before and after, red flags, the course."""

from collections.abc import Mapping
from typing import Any

from planner.knowledge.entries import MEASURES, RESUMES

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page

SLUG, TITLE = "times", "Days and hours"
ABOUT = "Downtime bands, when each activity begins again, the windows of care and red flags, the course."
_MEASURES = {"erythema": "Redness", "oedema": "Swelling", "flaking": "Flaking", "visible_downtime": "Visible downtime"}
_RESUMES = {
    "makeup_hours": ("Make-up", "hours"),
    "sunscreen_hours": ("Sunscreen", "hours"),
    "strenuous_exercise_hours": ("Strenuous exercise", "hours"),
    "sauna_pool_hours": ("Sauna, pool", "hours"),
    "retinoid_and_acid_days": ("Retinoids, acids", "days"),
    "avoid_strong_sun_days": ("Strong sun", "days"),
}


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    make = Making(document)
    groups = [Group(f"Downtime: {band['label'].lower()}", _band(make, band)) for band in document["downtime_bands"]]
    before = [_days(make, row) for row in document["precare"]]
    groups.append(
        Group("Before the session", [Entry("Day of each instruction", before, note="0 is the day of treatment, -7 a week before.")])
    )
    for section, title, words_key in (
        ("aftercare", "Aftercare", "when"),
        ("normal_course", "Normal course", "what"),
        ("red_flags", "Red flags", "signs"),
    ):
        entries = [_hours(make, section, row, row[words_key]) for row in document[section]]
        groups.append(Group(f"{title}: hours after the session", entries))
    groups.append(Group("Course", [_course(make, document["course_rules"])]))
    return Page(TITLE, groups)


def _band(make: Making, band: Mapping[str, Any]) -> list[Entry]:
    path = row_name("downtime_bands", band["id"])
    depth, resume = band["depth_mm"], band["resume"]
    head = [
        make.one(path, band, "label", "Name", width="m", full=f"{band['label']}: name"),
        make.one(f"{path}.depth_mm", depth, "above", "Deeper than", "number", unit="mm", width="s", full=f"{band['label']}: deeper than"),
        make.one(f"{path}.depth_mm", depth, "up_to_and_including", "Up to", "number", unit="mm", width="s", full=f"{band['label']}: up to"),
    ]
    entries = [Entry("Depth", head)]
    for name in MEASURES:
        full = f"{band['label']}, {_MEASURES[name].lower()}"
        there = f"{path}.{name}"
        entries.append(Entry(_MEASURES[name], make.span(there, band[name], "number", "days", full), make.source(there, band[name], full)))
    there = f"{path}.resume"
    again = []
    for name in RESUMES:
        label, unit = _RESUMES[name]
        again.append(make.one(there, resume, name, label, "whole", unit=unit, width="s", full=f"{band['label']}, {label.lower()} after"))
    again.append(make.one(there, resume, "note", "Note", "text", blank="drop", full=f"{band['label']}: note"))
    entries.append(Entry("Again after", again, make.source(there, resume, f"{band['label']}, again after")))
    return entries


def _days(make: Making, row: Mapping[str, Any]) -> Field:
    path = row_name("precare", row["id"])
    return make.one(
        path, row, "day", row["instruction"], "whole", unit="day", signed=True, width="m", full=f"Day of “{row['instruction'][:60]}”"
    )


def _hours(make: Making, section: str, row: Mapping[str, Any], title: str) -> Entry:
    path = row_name(section, row["id"])
    full = title[:60]
    fields = [
        make.one(path, row, "from_hour", "From hour", "whole", unit="h", signed=True, width="s", full=f"{full}: from hour"),
        make.one(path, row, "to_hour", "To hour", "whole", unit="h", signed=True, width="s", full=f"{full}: to hour"),
    ]
    return Entry(title[:1].upper() + title[1:], fields)


def _course(make: Making, row: Mapping[str, Any]) -> Entry:
    fields = [
        make.one("course_rules", row, "first_session_after_days", "First session at the earliest after", "whole", unit="days", width="m"),
        make.one("course_rules", row, "review_weeks_after_last", "Review after the last session", "whole", unit="weeks", width="m"),
        make.one("course_rules", row, "first_session_text", "Why the first session waits", "text"),
        make.one("course_rules", row, "review_text", "About the review", "text"),
        make.one("course_rules", row, "test_area_text", "About the test area", "text"),
    ]
    return Entry("Course", fields, make.source("course_rules", row, "Course"))
