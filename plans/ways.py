"""
The ways to the same end, side by side: the recommended plan, fewer visits, gentler, before the event. Choosing one writes its
values as the clinician's own, with the way as the reason, so that the plan records what was proposed and why it was not taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from accounts.templatetags.clinic_format import in_words
from planner.wording import number

from .overrides import WAYS
from .references import References
from .said import span
from .traces import iso

RECOMMENDED = "recommended"
HEADS = (
    gettext_lazy("Visits"),
    gettext_lazy("Weeks apart"),
    gettext_lazy("Downtime days, all visits"),
    gettext_lazy("Last session"),
    gettext_lazy("Deepest proposed"),
    gettext_lazy("Depths"),
    gettext_lazy("Evidence"),
)


@dataclass
class Cell:
    """One value of one way, with the markers of its sources."""

    text: str
    marks: SafeString


@dataclass
class Way:
    id: str
    title: str
    why: str
    possible: bool
    chosen: bool = False
    same: bool = False  # sets what stands there already, as the way before it does
    marks: SafeString = field(default_factory=SafeString)  # of what is said about it
    cells: list[Cell] = field(default_factory=list)
    no_study: bool = False


def side_by_side(proposal: Mapping, chosen: Mapping, references: References) -> list[Way]:
    """The recommended plan and every other way; empty where the planner offers no other."""
    others = proposal.get("alternatives") or []
    if not others or not proposal.get("zones"):
        return []
    current = values_now(proposal, chosen)
    ways = [_way(RECOMMENDED, gettext("Recommended"), "", proposal, current, references)]
    for entry in others:
        if entry.get("possible", True):
            ways.append(_way(entry["id"], entry["label"], entry.get("reason", ""), entry, current, references))
        else:
            marks = references.marks(entry.get("refs") or [])
            ways.append(Way(entry["id"], entry["label"], entry["reason"], possible=False, marks=marks))
    for later in [way for way in ways if way.chosen][1:]:
        later.chosen, later.same = False, True
    return ways


def _way(name: str, title: str, why: str, entry: Mapping, current: dict[str, str], references: References) -> Way:
    sessions, interval, downtime, course = (entry[key] for key in ("sessions", "interval_weeks", "downtime_days", "course"))
    summary, zones = entry["summary"], entry["zones"]
    depth_refs = [ref for zone in zones for ref in zone["refs"]]
    depths = [zone["depth_mm"]["typical"] for zone in zones]
    days = summary["total_downtime_days"]
    total = span(days["typical"], days["max"])
    deepest = [ref for zone in zones if zone["depth_mm"]["typical"] == summary["deepest_mm"] for ref in zone["refs"]]

    def cell(text: str, *refs: str) -> Cell:
        return Cell(text, references.marks(refs, "references"))

    return Way(
        name,
        title,
        why,
        possible=True,
        chosen=values_of(entry) == current,
        marks=references.marks(entry.get("refs") or []),
        cells=[
            cell(number(summary["visits"]), *sessions["refs"]),
            cell(number(interval["typical"]), *interval["refs"]),
            cell(total, *downtime["refs"]),
            cell(in_words(iso(summary["finish"])), *course["refs"]),
            cell(f"{number(summary['deepest_mm'])}\u00a0mm", *deepest),
            cell(span(min(depths), max(depths), "mm"), *depth_refs),
            cell(gettext("%(grade)s, for the deepest") % {"grade": summary["evidence"]}, *deepest),
        ],
        no_study=bool(summary["no_study"]),
    )


def values_of(entry: Mapping) -> dict[str, str]:
    """The values a way sets, by the names of the screen's fields."""
    depths = {f"depth.{zone['zone']}": number(zone["depth_mm"]["typical"]) for zone in entry["zones"]}
    sessions = number(len(entry["course"]["dates"]))
    return {**depths, "sessions": sessions, "interval_weeks": number(entry["interval_weeks"]["typical"])}


def values_now(proposal: Mapping, chosen: Mapping) -> dict[str, str]:
    """What stands on the screen: the clinician's value where there is one, else the proposed one."""
    proposed = _proposed(proposal)
    mine = {name: entry.get("value", "") for name, entry in (chosen.get("values") or {}).items() if name in proposed}
    return {**proposed, **{name: value for name, value in mine.items() if value}}


def _proposed(proposal: Mapping) -> dict[str, str]:
    depths = {f"depth.{zone['zone']}": number(zone["depth_mm"]["typical"]) for zone in proposal["zones"]}
    return {
        **depths,
        "sessions": number(proposal["sessions"]["typical"]),
        "interval_weeks": number(proposal["interval_weeks"]["typical"]),
    }


def choose(chosen: dict, proposal: Mapping, name: str) -> dict:
    """
    *chosen* with the values of the way *name* as the clinician's, each with the way as its reason. The recommended way takes
    all of them back. A way that is not offered, or not possible, changes nothing.
    """
    if not proposal.get("zones"):
        return chosen
    proposed = _proposed(proposal)
    kept = {key: value for key, value in (chosen.get("values") or {}).items() if key not in proposed}
    if name == RECOMMENDED:
        return {**chosen, "values": kept}
    way = next((entry for entry in proposal.get("alternatives") or [] if entry["id"] == name and entry.get("possible")), None)
    if way is None or name not in WAYS:
        return chosen
    taken = {
        field: {"value": value, "reason": name, "reason_text": "", "told": False, "meant": ""}
        for field, value in values_of(way).items()
        if field in proposed and value != proposed[field]
    }
    return {**chosen, "values": {**kept, **taken}}
