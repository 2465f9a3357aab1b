"""Days and hours: downtime by depth, when each activity begins again, care before and after, red flags, the course."""

from collections.abc import Iterator, Mapping
from typing import Any

from planner.knowledge.entries import MEASURES, RESUMES

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page
from .rows import Rows, Takes

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
    groups = []
    for band in document["downtime_bands"]:
        entries = _band(make, band)
        entries[0].copied = ("bands", band["id"])
        groups.append(Group(f"Downtime: {band['label'].lower()}", entries))
    groups[-1].adds = ("bands", "Add a band of depth")
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
    path, name = row_name("downtime_bands", band["id"]), band.get("label") or "New band"
    depth, resume = band.get("depth_mm") or {}, band.get("resume") or {}
    head = [
        make.one(path, band, "label", "Name", width="m", full=f"{name}: name"),
        make.one(f"{path}.depth_mm", depth, "above", "Deeper than", "number", unit="mm", width="s", full=f"{name}: deeper than"),
        make.one(f"{path}.depth_mm", depth, "up_to_and_including", "Up to", "number", unit="mm", width="s", full=f"{name}: up to"),
    ]
    head_name, entries = name, [Entry("Depth", head)]
    for name in MEASURES:
        full = f"{band.get('label') or 'New band'}, {_MEASURES[name].lower()}"
        there, held = f"{path}.{name}", band.get(name) or {}
        entries.append(Entry(_MEASURES[name], make.span(there, held, "number", "days", full), make.source(there, held, full)))
    there = f"{path}.resume"
    again = []
    for name in RESUMES:
        label, unit = _RESUMES[name]
        again.append(make.one(there, resume, name, label, "whole", unit=unit, width="s", full=f"{head_name}, {label.lower()} after"))
    again.append(make.one(there, resume, "note", "Note", "text", blank="drop", full=f"{head_name}: note"))
    entries.append(Entry("Again after", again, make.source(there, resume, f"{head_name}, again after")))
    return entries


def _band_page(document: Mapping[str, Any], item: str) -> Page | None:
    band = next((row for row in document["downtime_bands"] if row["id"] == item), None)
    if band is None:
        return None
    intro = "A band takes its depths from the band they stood in so far: that one then begins, or ends, where this one does."
    return Page(item, [Group("Downtime", _band(Making(document), band))], intro=intro, back=("", TITLE))


def _make_room(document: Mapping[str, Any], ident: str, page: Page, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The band whose depths the new one takes ends where that begins, or begins where it ends."""
    path = next((entry.fields[0].path for entry in page.entries), "").removesuffix(".label")
    low, high = (values.get(f"{path}.depth_mm.{key}") for key in ("above", "up_to_and_including"))
    if not path.endswith("[new]") or low is None or high is None:
        return
    for band in document["downtime_bands"]:
        depth = band["depth_mm"]
        there = f"{row_name('downtime_bands', band['id'])}.depth_mm"
        if band["id"] == "new" or not depth["above"] <= low < high <= depth["up_to_and_including"]:
            continue
        if low == depth["above"] and high < depth["up_to_and_including"]:
            yield {"path": f"{there}.above", "before": depth["above"], "after": high}
        elif high == depth["up_to_and_including"] and low > depth["above"]:
            yield {"path": f"{there}.up_to_and_including", "before": high, "after": low}


def _close_gap(document: Mapping[str, Any], ident: str) -> Iterator[dict[str, Any]]:
    """The depths of a band that goes join the deeper one, which heals more slowly. The deepest has none: its depths stay uncovered."""
    bands = document["downtime_bands"]
    places = [place for place, band in enumerate(bands) if band["id"] == ident]
    for deeper in bands[places[0] + 1 : places[0] + 2] if places else ():
        path = f"{row_name('downtime_bands', deeper['id'])}.depth_mm.above"
        yield {"path": path, "before": deeper["depth_mm"]["above"], "after": bands[places[0]]["depth_mm"]["above"]}


def _units(row: dict[str, Any]) -> None:
    for name in MEASURES:
        if isinstance(row.get(name), dict):
            row[name].setdefault("unit", "days")


ROWS = (
    Rows(
        path="downtime_bands",
        slug="bands",
        noun="a band of depth",
        page=_band_page,
        own=("label",),
        named_by="label",
        also=_make_room,
        finish=_units,
        gone=_close_gap,
        takes=Takes(words=frozenset({"bands"})),
    ),
)


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
