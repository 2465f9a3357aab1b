"""Depths of one indication: a grid of zones by levels, and a page for each zone with what stands behind its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from planner.reading import as_decimal
from planner.wording import mm, number

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page, within

SPAN = ("min", "typical", "max")
SLUG, TITLE = "depth", gettext_noop("Depths, sessions and intervals")
ABOUT = gettext_noop("For each indication a grid of zones and levels, then how many sessions and how far apart.")


@dataclass(frozen=True)
class Cell:
    """One zone at one level. `entry` None: the protocol proposes nothing there."""

    entry: Entry | None
    level: str
    refs: int = 0
    grade: str = ""
    unverified: bool = False


@dataclass(frozen=True)
class Row:
    zone: str
    label: str
    ceiling: str
    item: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    levels: tuple[str, ...]
    rows: tuple[Row, ...]
    missing: tuple[tuple[str, str], ...]  # (item, label) of the zones without a depth
    step: str

    @property
    def entries(self):
        return [cell.entry for row in self.rows for cell in row.cells if cell.entry is not None]


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["id"], row["short_label"]) for row in document["indications"]]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    """`acne_scars` or `acne_scars/cheeks`; None where the protocol has neither."""
    if not item:
        rows = [{"item": row["id"], "label": row["label"], "note": _extent(document, row)} for row in document["indications"]]
        return Page(_(TITLE), [], links=[{"title": "", "rows": rows}])
    name, _sep, zone = item.partition("/")
    indication = next((row for row in document["indications"] if row["id"] == name), None)
    if indication is None:
        return None
    return _zone(document, indication, zone) if zone else _grid(document, indication)


def _extent(document: Mapping[str, Any], indication: Mapping[str, Any]) -> str:
    zones = {zone for _level, zone in _rows(document, indication["id"])}
    return f"{_levels(len(indication['levels']))}, {_zones(len(zones))}"


def _levels(number: int) -> str:
    return ngettext("%(n)s level", "%(n)s levels", number) % {"n": number}


def _zones(number: int) -> str:
    return ngettext("%(n)s zone", "%(n)s zones", number) % {"n": number}


def _rows(document: Mapping[str, Any], indication: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(row["level"], row["zone"]): row for row in document["depth_ranges"] if row["indication"] == indication}


def _step(document: Mapping[str, Any]) -> Decimal | None:
    """What the dial of the preferred device can do."""
    steps = [as_decimal(row.get("dial_step_mm")) for row in document["devices"] if row.get("preferred") and row.get("allowed")]
    return next((step for step in steps if step), None)


def _figures(make: Making, path: str, row: Mapping[str, Any], full: str, ceiling: Decimal | None, step: Decimal | None) -> list[Field]:
    fields = make.span(path, row, "number", "mm", full)
    for one in fields:
        one.warning = _warning(one.value, ceiling, step, top=one.path.endswith(".max"))
    return fields


def _warning(value: Any, ceiling: Decimal | None, step: Decimal | None, *, top: bool) -> str:
    figure = as_decimal(value)
    if figure is None:
        return ""
    if step and figure % step:
        return _("the dial goes in steps of %(step)s: %(depth)s is rounded down") % {"step": mm(step), "depth": mm(figure)}
    return _("at the zone's ceiling") if top and ceiling is not None and figure == ceiling else ""


def _grid(document: Mapping[str, Any], indication: Mapping[str, Any]) -> Page:
    make, rows, step = Making(document), _rows(document, indication["id"]), _step(document)
    levels = indication["levels"]
    shown, missing = [], []
    for zone in document["zones"]:
        item = f"{indication['id']}/{zone['id']}"
        if not any((level["id"], zone["id"]) in rows for level in levels):
            missing.append((item, zone["short_label"]))
            continue
        cells = []
        for level in levels:
            row = rows.get((level["id"], zone["id"]))
            if row is None:
                cells.append(Cell(None, level["short_label"]))
                continue
            path = row_name("depth_ranges", indication["id"], level["id"], zone["id"])
            full = f"{zone['short_label']}, {level['short_label']}"
            fields = _figures(make, path, row, full, as_decimal(zone["max_depth_mm"]), step)
            entry = Entry(full, fields, row=path)
            cells.append(
                Cell(entry, level["short_label"], len(row.get("refs", ())), str(row.get("evidence", "")), row.get("unverified") is True)
            )
        shown.append(Row(zone["id"], zone["short_label"], number(zone["max_depth_mm"]), item, tuple(cells)))
    groups = [
        Group(_("Number of sessions"), [_course(make, indication, level, "sessions", "sessions") for level in levels]),
        Group(_("Weeks between sessions"), [_course(make, indication, level, "interval", "weeks") for level in levels]),
    ]
    grid = Grid(tuple(level["short_label"] for level in levels), tuple(shown), tuple(missing), mm(step) if step else "")
    return Page(indication["label"], groups, grid=grid)


def _course(make: Making, indication: Mapping[str, Any], level: Mapping[str, Any], key: str, unit: str) -> Entry:
    path = f"{row_name('indications', indication['id'])}.{row_name('levels', level['id'])}.{key}"
    what = _("Sessions") if key == "sessions" else _("Interval")
    full = f"{what}, {level['short_label']}"
    return Entry(level["short_label"], make.span(path, level[key], "whole", unit, full), make.source(path, level[key], full))


def _zone(document: Mapping[str, Any], indication: Mapping[str, Any], zone_id: str) -> Page | None:
    zone = next((row for row in document["zones"] if row["id"] == zone_id), None)
    if zone is None:
        return None
    make, rows, step = Making(document), _rows(document, indication["id"]), _step(document)
    ceiling = as_decimal(zone["max_depth_mm"])
    entries = []
    for level in indication["levels"]:
        path = row_name("depth_ranges", indication["id"], level["id"], zone_id)
        row = rows.get((level["id"], zone_id))
        full = f"{zone['short_label']}, {level['short_label']}"
        fields = _figures(make, path, row or {}, full, ceiling, step)
        fields.append(make.one(path, row or {}, "note", _("Note"), "text", blank="drop", full=within(full, _("note"))))
        ids = {"indication": indication["id"], "level": level["id"], "zone": zone_id, "unit": "mm"}
        entries.append(
            Entry(
                level["short_label"],
                fields,
                make.source(path, row or {}, full),
                row=path,
                note="" if row else _("The protocol proposes nothing here. Fill in the three depths to add it."),
                removable=full if row else "",
                fresh=None if row else ("depth_ranges", ids),
                made_by=(*SPAN, "note"),
            )
        )
    return Page(
        f"{zone['label']}: {indication['short_label'].lower()}",
        [Group(_("Depth at each level"), entries, note=_("No depth may be above the zone's ceiling, %(depth)s.") % {"depth": mm(ceiling)})],
        back=(indication["id"], _("All zones")),
    )


def sources(document: Mapping[str, Any], page: Page, item: str) -> list[tuple[str, str]]:
    """From where the empty levels of a zone can be filled in: (`cheeks` or `cheeks/grade_1`, words). Nothing where none is empty."""
    name, _sep, zone_id = item.partition("/")
    indication = next((row for row in document["indications"] if row["id"] == name), None)
    if not zone_id or indication is None or not any(entry.fresh for entry in page.entries):
        return []
    rows = _rows(document, name)
    have = [zone for zone in document["zones"] if any(key[1] == zone["id"] for key in rows)]
    found = [(zone["id"], _("%(zone)s, each level as there") % {"zone": zone["short_label"]}) for zone in have if zone["id"] != zone_id]
    here = [level for level in indication["levels"] if (level["id"], zone_id) in rows]
    return found + [(f"{zone_id}/{level['id']}", _("This zone, %(level)s") % {"level": level["short_label"]}) for level in here]


def fill(document: Mapping[str, Any], page: Page, item: str, source: str) -> str:
    """Fill the empty levels of a zone in from *source*, to be looked at and saved. Returns where they came from, in words."""
    name = item.partition("/")[0]
    known = dict(sources(document, page, item))
    if source not in known:
        return ""
    rows = _rows(document, name)
    zone, _sep, level = source.partition("/")
    for entry in page.entries:
        if entry.fresh is None:
            continue
        row = rows.get((level or entry.fresh[1]["level"], zone))
        for one in entry.everything if row else ():
            value = row.get(one.path.rpartition(".")[2])
            one.shown = one.written(value)
    return known[source].partition(", ")[0] if not level else known[source]


def check(document: Mapping[str, Any], page: Page, values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the figures as typed, by field: min, typical and max must rise, max must not be above the ceiling."""
    ceilings = {row["id"]: as_decimal(row["max_depth_mm"]) for row in document["zones"]}
    wrong: dict[str, str] = {}
    for entry in page.entries:
        by_key = {one.path.rpartition(".")[2]: one for one in entry.fields}
        if not set(SPAN) <= set(by_key) or not any(by_key[key].path in values for key in SPAN):
            continue
        low, typical, high = (as_decimal(values.get(by_key[key].path, by_key[key].value)) for key in SPAN)
        name = entry.row.rpartition("[")[2].rstrip("]").split(",")[-1] if entry.row.startswith("depth_ranges") else ""
        ceiling = ceilings.get(name)
        if ceiling is not None and high is not None and high > ceiling:
            wrong[by_key["max"].path] = _("%(name)s must be %(depth)s or less, the zone's ceiling.") % {
                "name": by_key["max"].full,
                "depth": mm(ceiling),
            }
        if low is not None and typical is not None and low > typical:
            wrong[by_key["min"].path] = _("%(name)s must not be above typical, %(n)s.") % {"name": by_key["min"].full, "n": number(typical)}
        if high is not None and typical is not None and high < typical and by_key["max"].path not in wrong:
            wrong[by_key["max"].path] = _("%(name)s must not be below typical, %(n)s.") % {"name": by_key["max"].full, "n": number(typical)}
    return wrong
