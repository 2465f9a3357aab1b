"""Days and hours: downtime by depth, when each activity begins again, care before and after, red flags, the course."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.knowledge.entries import MEASURES, RESUMES

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page, within
from .rows import Rows, Takes

SLUG, TITLE = "times", gettext_noop("Days and hours")
ABOUT = gettext_noop("Downtime bands, when each activity begins again, the windows of care and red flags, the course.")
_MEASURES = {
    "erythema": gettext_noop("Redness"),
    "oedema": gettext_noop("Swelling"),
    "flaking": gettext_noop("Flaking"),
    "visible_downtime": gettext_noop("Visible downtime"),
}
_RESUMES = {
    "makeup_hours": (gettext_noop("Make-up"), "hours"),
    "sunscreen_hours": (gettext_noop("Sunscreen"), "hours"),
    "strenuous_exercise_hours": (gettext_noop("Strenuous exercise"), "hours"),
    "sauna_pool_hours": (gettext_noop("Sauna, pool"), "hours"),
    "retinoid_and_acid_days": (gettext_noop("Retinoids, acids"), "days"),
    "avoid_strong_sun_days": (gettext_noop("Strong sun"), "days"),
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
        groups.append(Group(_("Downtime: %(band)s") % {"band": band["label"].lower()}, entries))
    groups[-1].adds = ("bands", _("Add a band of depth"))
    before = [_days(make, row) for row in document["precare"]]
    groups.append(
        Group(
            _("Before the session"), [Entry(_("Day of each instruction"), before, note=_("0 is the day of treatment, -7 a week before."))]
        )
    )
    for section, title, words_key in (
        ("aftercare", _("Aftercare: hours after the session"), "when"),
        ("normal_course", _("Normal course: hours after the session"), "what"),
        ("red_flags", _("Red flags: hours after the session"), "signs"),
    ):
        entries = [_hours(make, section, row, row[words_key]) for row in document[section]]
        groups.append(Group(title, entries))
    groups.append(Group(_("Course"), [_course(make, document["course_rules"])]))
    return Page(_(TITLE), groups)


def _band(make: Making, band: Mapping[str, Any]) -> list[Entry]:
    path, name = row_name("downtime_bands", band["id"]), band.get("label") or _("New band")
    depth, resume = band.get("depth_mm") or {}, band.get("resume") or {}
    head = [
        make.one(path, band, "label", _("Name"), width="m", full=within(name, _("name"))),
        make.one(f"{path}.depth_mm", depth, "above", _("Deeper than"), "number", unit="mm", width="s", full=within(name, _("deeper than"))),
        make.one(
            f"{path}.depth_mm", depth, "up_to_and_including", _("Up to"), "number", unit="mm", width="s", full=within(name, _("up to"))
        ),
    ]
    head_name, entries = name, [Entry(_("Depth"), head)]
    for name in MEASURES:
        full = f"{head_name}, {_(_MEASURES[name]).lower()}"
        there, held = f"{path}.{name}", band.get(name) or {}
        entries.append(Entry(_(_MEASURES[name]), make.span(there, held, "number", "days", full), make.source(there, held, full)))
    there = f"{path}.resume"
    again = []
    for name in RESUMES:
        label, unit = _(_RESUMES[name][0]), _RESUMES[name][1]
        again.append(
            make.one(
                there,
                resume,
                name,
                label,
                "whole",
                unit=unit,
                width="s",
                full=_("%(band)s, %(what)s after") % {"band": head_name, "what": label.lower()},
            )
        )
    again.append(make.one(there, resume, "note", _("Note"), "text", blank="drop", full=within(head_name, _("note"))))
    entries.append(Entry(_("Again after"), again, make.source(there, resume, _("%(band)s, again after") % {"band": head_name})))
    return entries


def _band_page(document: Mapping[str, Any], item: str) -> Page | None:
    band = next((row for row in document["downtime_bands"] if row["id"] == item), None)
    if band is None:
        return None
    intro = _("A band takes its depths from the band they stood in so far: that one then begins, or ends, where this one does.")
    return Page(item, [Group(_("Downtime"), _band(Making(document), band))], intro=intro, back=("", _(TITLE)))


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
        noun=gettext_noop("a band of depth"),
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
        path,
        row,
        "day",
        row["instruction"],
        "whole",
        unit="day",
        signed=True,
        width="m",
        full=_("Day of “%(instruction)s”") % {"instruction": row["instruction"][:60]},
    )


def _hours(make: Making, section: str, row: Mapping[str, Any], title: str) -> Entry:
    path = row_name(section, row["id"])
    full = title[:60]
    fields = [
        make.one(path, row, "from_hour", _("From hour"), "whole", unit="h", signed=True, width="s", full=within(full, _("from hour"))),
        make.one(path, row, "to_hour", _("To hour"), "whole", unit="h", signed=True, width="s", full=within(full, _("to hour"))),
    ]
    return Entry(title[:1].upper() + title[1:], fields)


def _course(make: Making, row: Mapping[str, Any]) -> Entry:
    fields = [
        make.one(
            "course_rules", row, "first_session_after_days", _("First session at the earliest after"), "whole", unit="days", width="m"
        ),
        make.one("course_rules", row, "review_weeks_after_last", _("Review after the last session"), "whole", unit="weeks", width="m"),
        make.one("course_rules", row, "first_session_text", _("Why the first session waits"), "text"),
        make.one("course_rules", row, "review_text", _("About the review"), "text"),
        make.one("course_rules", row, "test_area_text", _("About the test area"), "text"),
    ]
    return Entry(_("Course"), fields, make.source("course_rules", row, _("Course")))
