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

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from accounts.templatetags.clinic_format import in_words
from planner import wording

from .reading import said_span, unit_word

Said = Mapping[str, Any]
ACTIONS = {
    "refuse": gettext_noop("stop"),
    "defer": gettext_noop("wait"),
    "ask": gettext_noop("ask"),
    "exclude_zone": gettext_noop("leave out"),
    "caution": gettext_noop("caution"),
    "none": gettext_noop("no effect"),
}
NOT_COMPARED = ("protocol", "approved", "notice", "planner", "policies")  # of the version, not of the case
VERDICTS = {
    "use": gettext_noop("used"),
    "offered": gettext_noop("offered"),
    "home_only": gettext_noop("home only"),
    "refused": gettext_noop("refused"),
}


@dataclass(frozen=True)
class Difference:
    """One value in words. None: it is not there before, or after."""

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            new = _("(new)")
            return f"{self.what}: {self.after} {new}" if self.after else f"{self.what} {new}"
        if self.after is None:
            gone = _("(gone)")
            return f"{self.what}: {self.before} {gone}" if self.before else f"{self.what} {gone}"
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
    return in_words(dt.date.fromisoformat(text)) if text else ""


def _days(number: Any) -> str:
    text = _("%(n)s day") if number == 1 else _("%(n)s days")
    return text % {"n": wording.number(number)}


def _range(span: Mapping[str, Any], unit: str = "") -> str:
    return said_span(span["min"], span["max"], unit)


def _words(ident: str) -> str:
    return ident.replace("_", " ")


def _acts(action: str) -> str:
    return _(ACTIONS[action])


def _values(said: Said, *, brief: bool) -> Iterable[tuple[str, str]]:
    """
    Each thing that is proposed, with the name a clinician gives it. *brief*: only one of the two has a plan at all, so
    that the depths stand for everything that goes with it.
    """
    yield _("Status"), said["status"]
    if said["earliest"]:
        yield _("Earliest date"), _day(said["earliest"])
    if said["condition"]:
        yield _("Condition"), said["condition"]
    yield from _of_findings(said)
    for ask in said["asks"]:
        yield _("Asked: %(what)s") % {"what": _words(ask["id"])}, ""
    for zone in said["zones_excluded"]:
        parts = [_acts(zone["action"])]
        if zone["until"]:
            parts.append(_("until %(day)s") % {"day": _day(zone["until"])})
        parts.append(_("because of %(names)s") % {"names": ", ".join(map(_words, zone["because"]))})
        yield _("%(zone)s left out") % {"zone": zone["label"]}, ", ".join(parts)
    for medicine in said["medicines"]:
        parts = [", ".join(map(_words, medicine["classes"]))]
        if medicine["stopped"]:
            parts.append(_("stopped %(day)s") % {"day": _day(medicine["stopped"])})
        yield _("Medicine %(name)s (%(ingredient)s)") % {"name": medicine["name"], "ingredient": medicine["ingredient"]}, ", ".join(parts)
    if brief:
        for zone in said.get("zones", []):
            yield zone["label"], wording.mm(zone["depth_mm"]["typical"])
        return
    if "device" in said:
        yield from _of_parameters(said)
    for verdict, rows in said["adjuvants"].items():
        for row in rows:
            asked = f" ({row['asked_as']})" if row["asked_as"] and row["asked_as"] != row["id"] else ""
            parts = [_(VERDICTS[verdict])]
            if row.get("sign_off"):
                parts.append(_("signed by %(names)s") % {"names": ", ".join(map(_words, row["sign_off"]))})
            yield f"{row['label']}{asked}", ", ".join(parts)
    for other in said.get("alternatives", []):
        yield other["label"], _alternative(other)
    for decision in said["decisions"]:
        yield _("Decision: %(what)s") % {"what": decision["what"]}, ", ".join(map(_words, decision["who"]))
    yield from _of_advice(said["advice"])


def _of_findings(said: Said) -> Iterable[tuple[str, str]]:
    for finding in said["findings"]:
        if finding["action"] == "ask":
            continue  # listed as what is asked
        parts = [_acts(finding["action"])]
        if finding["zones"]:
            parts.append(", ".join(map(_words, finding["zones"])))
        if finding["until"]:
            parts.append(_("until %(day)s") % {"day": _day(finding["until"])})
        if finding.get("max_depth_mm") is not None:
            parts.append(_("at most %(depth)s") % {"depth": wording.mm(finding["max_depth_mm"])})
        if finding.get("sign_off"):
            parts.append(_("signed by %(names)s") % {"names": ", ".join(map(_words, finding["sign_off"]))})
        if finding.get("refer"):
            parts.append(_("refer to %(names)s") % {"names": ", ".join(map(_words, finding["refer"]))})
        yield finding["label"], ", ".join(parts)


def _of_parameters(said: Said) -> Iterable[tuple[str, str]]:
    yield _("Device"), f"{said['device']['label']}, {said['device']['label_status']}"
    several = len({zone["indication"] for zone in said["zones"]}) > 1
    for zone in said["zones"]:
        name = f"{zone['label']}, {_words(zone['indication'])}" if several else zone["label"]
        yield name, wording.mm(zone["depth_mm"]["typical"])
        yield _("%(zone)s, range") % {"zone": name}, _range(zone["depth_mm"], "mm")
        yield _("%(zone)s, most allowed") % {"zone": name}, wording.mm(zone["ceiling_mm"])
        if zone["sign_off_above_mm"] is not None:
            yield _("%(zone)s, signed above") % {"zone": name}, wording.mm(zone["sign_off_above_mm"])
        yield (
            _("%(zone)s, passes") % {"zone": name},
            f"{wording.number(zone['passes']['typical'])} ({_range(zone['passes'], zone['passes']['unit'])})",
        )
        yield _("%(zone)s, endpoint") % {"zone": name}, zone["endpoint"]
        yield _("%(zone)s, label") % {"zone": name}, zone["label_status"]
    for key, what, unit in (
        ("sessions", _("Sessions"), ""),
        ("interval_weeks", _("Weeks between sessions"), ""),
        ("downtime_days", _("Downtime"), "days"),
    ):
        span = said[key]
        typical = wording.number(span["typical"])
        yield what, f"{typical} ({_range(span, unit)})"
    yield _("Longest downtime"), _days(said["downtime_days"]["worst_days"])
    for name, hours in said["downtime_days"]["resume"].items():
        if isinstance(hours, int) and not isinstance(hours, bool):
            unit = unit_word("days") if name.endswith("_days") else "h"
            yield _("%(what)s, again after") % {"what": _words(name.removesuffix("_days")).capitalize()}, f"{hours} {unit}"
    yield _("Sessions on"), ", ".join(_day(day) for day in said["course"]["dates"])
    yield _("Review"), _day(said["course"]["review"])
    if said["course"]["fits_event"] is not None:
        yield _("Before the event date"), _("yes") if said["course"]["fits_event"] else _("no")


def _alternative(other: Said) -> str:
    if not other["possible"]:
        return _("not possible")
    summary = other["summary"]
    days = summary["total_downtime_days"]["typical"]
    named = {
        "visits": ngettext("%(n)s visit", "%(n)s visits", summary["visits"]) % {"n": wording.number(summary["visits"])},
        "days": _days(days),
        "day": _day(summary["finish"]),
        "depth": wording.mm(summary["deepest_mm"]),
    }
    return _("%(visits)s, %(days)s of downtime, done %(day)s, deepest %(depth)s") % named


def _of_advice(advice: Said) -> Iterable[tuple[str, str]]:
    numbing = advice.get("numbing")
    if numbing:
        minutes = numbing["contact_minutes"]
        used = _("may be used, %(minutes)s minutes") % {"minutes": _range(minutes)} if minutes else _("may be used")
        not_used = _("not to be used (%(names)s)") % {"names": ", ".join(map(_words, numbing.get("because", ())))}
        yield _("Numbing cream"), used if numbing["allowed"] else not_used
    for area in advice.get("test_areas", []):
        parts = [pgettext("test area", "required") if area["required"] else pgettext("test area", "offered")]
        if area["wait_weeks"]:
            parts.append(_("then %(n)s weeks") % {"n": area["wait_weeks"]})
        yield _("Test area, %(why)s") % {"why": _words(area["because"])}, ", ".join(parts)
    for item in advice["precare"]:
        yield _("Before, %(what)s") % {"what": _words(item["id"])}, _("day %(n)s: %(text)s") % {"n": item["day"], "text": item["text"]}
    for item in advice["aftercare"]:
        text = item["text"] if "text" in item else _("%(when)s: %(do)s Avoid: %(avoid)s") % item
        yield _("After, %(what)s") % {"what": _words(item["id"])}, text
    for row in advice["review"]:
        yield _("Review, %(what)s") % {"what": _words(row["id"])}, row["text"]


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
        found[_("Device")] = said["device"]["trace"]
        for zone in said["zones"]:
            found[_("%(zone)s, depth") % {"zone": zone["label"]}] = zone["trace"]
            found[_("%(zone)s, passes") % {"zone": zone["label"]}] = zone["passes"]["trace"]
            found[_("%(zone)s, endpoint") % {"zone": zone["label"]}] = zone["endpoint_trace"]
        for key, what in (("sessions", _("Sessions")), ("interval_weeks", _("Weeks between sessions")), ("downtime_days", _("Downtime"))):
            found[what] = said[key]["trace"]
        found[_("Dates")] = said["course"]["trace"]
    steps = {what: [f"{step['why']} ({_words(step['rule'])})" for step in trace] for what, trace in found.items()}
    for finding in said["findings"]:
        steps.setdefault(_("Finding: %(finding)s") % {"finding": finding["label"]}, []).append(finding["reason"])
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
