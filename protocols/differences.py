"""
Two proposals for one case, value by value and in words: what a change of the protocol does to somebody.

`values` is what would be done otherwise, as a clinician says it. `leaves` is everything that differs by its path in the
proposal, reasons, references and grades included, so that nothing that differs is left out.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from planner import wording

Said = Mapping[str, Any]
ACTIONS = {"refuse": "stop", "defer": "wait", "ask": "ask", "exclude_zone": "leave out", "caution": "caution", "none": "no effect"}
NOT_COMPARED = ("protocol", "approved", "notice", "planner", "policies")  # of the version, not of the case
VERDICTS = {"use": "used", "offered": "offered", "home_only": "home only", "refused": "refused"}


@dataclass(frozen=True)
class Difference:
    """One value in words. None: it is not there before, or after."""

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.what}: {self.after} (new)" if self.after else f"{self.what} (new)"
        if self.after is None:
            return f"{self.what}: {self.before} (gone)" if self.before else f"{self.what} (gone)"
        return f"{self.what}: {self.before} → {self.after}"

    def as_mapping(self) -> dict[str, Any]:
        return {"what": self.what, "before": self.before, "after": self.after, "words": str(self)}


@dataclass(frozen=True)
class TraceDifference:
    """The steps behind one value that are not the same: `before` are gone, `after` are new."""

    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def as_mapping(self) -> dict[str, Any]:
        return {"what": self.what, "before": list(self.before), "after": list(self.after)}


@dataclass(frozen=True)
class Comparison:
    values: tuple[Difference, ...] = ()
    leaves: tuple[Difference, ...] = ()
    traces: tuple[TraceDifference, ...] = ()

    @property
    def is_same(self) -> bool:
        return not self.leaves

    @property
    def in_words_only(self) -> bool:
        """The same is done; only a reason, a text, a reference or a grade is another."""
        return bool(self.leaves) and not self.values


def compare(before: Said, after: Said) -> Comparison:
    """What differs from *before* to *after* (both `Proposal.as_mapping()`)."""
    one = {key: value for key, value in before.items() if key not in NOT_COMPARED}
    two = {key: value for key, value in after.items() if key not in NOT_COMPARED}
    if one == two:
        return Comparison()
    brief = ("device" in before) != ("device" in after)
    return Comparison(
        _between(_numbered(_values(before, brief=brief)), _numbered(_values(after, brief=brief))),
        _between(_numbered(_leaves(one)), _numbered(_leaves(two))),
        tuple(_traces(before, after)),
    )


def _numbered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names that stand twice get a number, so that no value hides another."""
    found: dict[str, str] = {}
    times: dict[str, int] = {}
    for name, value in pairs:
        times[name] = times.get(name, 0) + 1
        found[name if times[name] == 1 else f"{name} ({times[name]})"] = value
    return found


def _between(one: Mapping[str, str], two: Mapping[str, str]) -> tuple[Difference, ...]:
    names = [*two, *(name for name in one if name not in two)]
    return tuple(Difference(name, one.get(name), two.get(name)) for name in names if one.get(name) != two.get(name))


# -- values in words ---------------------------------------------------------------------------------------------------


def _day(text: str | None) -> str:
    return wording.day(dt.date.fromisoformat(text)) if text else ""


def _range(span: Mapping[str, Any], unit: str = "") -> str:
    return wording.span(span["min"], span["max"], unit)


def _words(ident: str) -> str:
    return ident.replace("_", " ")


def _values(said: Said, *, brief: bool) -> Iterable[tuple[str, str]]:
    """
    Each thing that is proposed, with the name a clinician gives it. *brief*: only one of the two has a plan at all, so
    that the depths stand for everything that goes with it.
    """
    yield "Status", said["status"]
    if said["earliest"]:
        yield "Earliest date", _day(said["earliest"])
    if said["condition"]:
        yield "Condition", said["condition"]
    yield from _of_findings(said)
    for ask in said["asks"]:
        yield f"Asked: {_words(ask['id'])}", ""
    for zone in said["zones_excluded"]:
        until = f", until {_day(zone['until'])}" if zone["until"] else ""
        yield f"{zone['label']} left out", f"{ACTIONS[zone['action']]}{until}, because of {', '.join(map(_words, zone['because']))}"
    for medicine in said["medicines"]:
        stopped = f", stopped {_day(medicine['stopped'])}" if medicine["stopped"] else ""
        yield f"Medicine {medicine['name']} ({medicine['ingredient']})", f"{', '.join(map(_words, medicine['classes']))}{stopped}"
    if brief:
        for zone in said.get("zones", []):
            yield zone["label"], wording.mm(zone["depth_mm"]["typical"])
        return
    if "device" in said:
        yield from _of_parameters(said)
    for verdict, rows in said["adjuvants"].items():
        for row in rows:
            asked = f" ({row['asked_as']})" if row["asked_as"] and row["asked_as"] != row["id"] else ""
            signed = f", signed by {', '.join(map(_words, row['sign_off']))}" if row.get("sign_off") else ""
            yield f"{row['label']}{asked}", f"{VERDICTS[verdict]}{signed}"
    for other in said.get("alternatives", []):
        yield other["label"], _alternative(other)
    for decision in said["decisions"]:
        yield f"Decision: {decision['what']}", ", ".join(map(_words, decision["who"]))
    yield from _of_advice(said["advice"])


def _of_findings(said: Said) -> Iterable[tuple[str, str]]:
    for finding in said["findings"]:
        if finding["action"] == "ask":
            continue  # listed as what is asked
        parts = [ACTIONS[finding["action"]]]
        if finding["zones"]:
            parts.append(", ".join(map(_words, finding["zones"])))
        if finding["until"]:
            parts.append(f"until {_day(finding['until'])}")
        if finding.get("max_depth_mm") is not None:
            parts.append(f"at most {wording.mm(finding['max_depth_mm'])}")
        if finding.get("sign_off"):
            parts.append(f"signed by {', '.join(map(_words, finding['sign_off']))}")
        if finding.get("refer"):
            parts.append(f"refer to {', '.join(map(_words, finding['refer']))}")
        yield finding["label"], ", ".join(parts)


def _of_parameters(said: Said) -> Iterable[tuple[str, str]]:
    yield "Device", f"{said['device']['label']}, {said['device']['label_status']}"
    several = len({zone["indication"] for zone in said["zones"]}) > 1
    for zone in said["zones"]:
        name = f"{zone['label']}, {_words(zone['indication'])}" if several else zone["label"]
        yield name, wording.mm(zone["depth_mm"]["typical"])
        yield f"{name}, range", _range(zone["depth_mm"], "mm")
        yield f"{name}, most allowed", wording.mm(zone["ceiling_mm"])
        if zone["sign_off_above_mm"] is not None:
            yield f"{name}, signed above", wording.mm(zone["sign_off_above_mm"])
        yield f"{name}, passes", f"{wording.number(zone['passes']['typical'])} ({_range(zone['passes'], zone['passes']['unit'])})"
        yield f"{name}, endpoint", zone["endpoint"]
        yield f"{name}, label", zone["label_status"]
    for key, what, unit in (
        ("sessions", "Sessions", ""),
        ("interval_weeks", "Weeks between sessions", ""),
        ("downtime_days", "Downtime", "days"),
    ):
        span = said[key]
        typical = wording.number(span["typical"])
        yield what, f"{typical} ({_range(span, unit)})"
    yield "Longest downtime", wording.counted(said["downtime_days"]["worst_days"], "day")
    for name, hours in said["downtime_days"]["resume"].items():
        if isinstance(hours, int) and not isinstance(hours, bool):
            unit = "days" if name.endswith("_days") else "h"
            yield f"{_words(name.removesuffix('_days')).capitalize()}, again after", f"{hours} {unit}"
    yield "Sessions on", ", ".join(_day(day) for day in said["course"]["dates"])
    yield "Review", _day(said["course"]["review"])
    if said["course"]["fits_event"] is not None:
        yield "Before the event date", "yes" if said["course"]["fits_event"] else "no"


def _alternative(other: Said) -> str:
    if not other["possible"]:
        return "not possible"
    summary = other["summary"]
    days = summary["total_downtime_days"]["typical"]
    visits = wording.counted(summary["visits"], "visit")
    return (
        f"{visits}, {wording.counted(days, 'day')} of downtime, done {_day(summary['finish'])}, deepest {wording.mm(summary['deepest_mm'])}"
    )


def _of_advice(advice: Said) -> Iterable[tuple[str, str]]:
    numbing = advice.get("numbing")
    if numbing:
        minutes = numbing["contact_minutes"]
        time = f", {_range(minutes)} minutes" if minutes else ""
        yield (
            "Numbing cream",
            f"may be used{time}" if numbing["allowed"] else f"not to be used ({', '.join(map(_words, numbing['because']))})",
        )
    for area in advice.get("test_areas", []):
        weeks = f", then {area['wait_weeks']} weeks" if area["wait_weeks"] else ""
        yield f"Test area, {_words(area['because'])}", f"{'required' if area['required'] else 'offered'}{weeks}"
    for item in advice["precare"]:
        yield f"Before, {_words(item['id'])}", f"day {item['day']}: {item['text']}"
    for item in advice["aftercare"]:
        text = item["text"] if "text" in item else f"{item['when']}: {item['do']} Avoid: {item['avoid']}"
        yield f"After, {_words(item['id'])}", text
    for row in advice["review"]:
        yield f"Review, {_words(row['id'])}", row["text"]


# -- everything, as leaves ---------------------------------------------------------------------------------------------


def _name_of(item: Any, index: int) -> str:
    if isinstance(item, Mapping):
        named = [str(item[key]) for key in ("zone", "id", "name", "rule", "asked_as", "action") if item.get(key)]
        return ",".join(named[:2]) or str(index)
    return str(index)


def _leaves(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{_name_of(item, index)}]")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, "" if value is None else str(value)


# -- why: the steps that differ ----------------------------------------------------------------------------------------


def _traced(said: Said) -> dict[str, list[str]]:
    """Each traced value of the proposal with its steps in words."""
    found: dict[str, list[Any]] = {}
    if "device" in said:
        found["Device"] = said["device"]["trace"]
        for zone in said["zones"]:
            found[f"{zone['label']}, depth"] = zone["trace"]
            found[f"{zone['label']}, passes"] = zone["passes"]["trace"]
            found[f"{zone['label']}, endpoint"] = zone["endpoint_trace"]
        for key, what in (("sessions", "Sessions"), ("interval_weeks", "Weeks between sessions"), ("downtime_days", "Downtime")):
            found[what] = said[key]["trace"]
        found["Dates"] = said["course"]["trace"]
    steps = {what: [f"{step['why']} ({_words(step['rule'])})" for step in trace] for what, trace in found.items()}
    for finding in said["findings"]:
        steps.setdefault(f"Finding: {finding['label']}", []).append(finding["reason"])
    return steps


def _traces(before: Said, after: Said) -> Iterable[TraceDifference]:
    one, two = _traced(before), _traced(after)
    for what in [*two, *(name for name in one if name not in two)]:
        old, new = one.get(what, []), two.get(what, [])
        if old == new:
            continue
        gone: list[str] = []
        added: list[str] = []
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                gone += old[i:j]
                added += new[k:m]
        yield TraceDifference(what, tuple(gone), tuple(added))
