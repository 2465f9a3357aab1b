"""
What a case of the library expects of its proposal, and everything in which a proposal does not meet it.

`check(expect, proposal)` reads the `expect:` beside a `case:` (see docs/bench.md) and answers in words; an empty list
is a case that holds. What an expectation does not name, it does not judge. The words that protect (`status_at_least`,
`depth_at_most`, `left_out`, `earliest_from` ...) let a protocol be more careful than the case; the others want exactly this.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .reading import as_day, as_decimal
from .terms import STATUS_RANK

PARAMETERS = ("device", "zones", "sessions", "interval_weeks", "downtime_days", "course", "alternatives")
Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One word of the vocabulary. `shape` names what it must look like; `meaning` says it to whoever writes a case."""

    shape: str
    meaning: str
    judge: Callable[[Any, Said], list[str]]


def check(expect: Mapping[str, Any], proposal: Said) -> list[str]:
    """Everything of *expect* that *proposal* (its `as_mapping()`) does not give, in words; a faulty expectation never holds."""
    faults = expectation_faults(expect)
    if faults:
        return faults
    return [fault for key, want in expect.items() if key != "policies" for fault in VOCABULARY[key].judge(want, proposal)]


def expectation_faults(expect: object) -> list[str]:
    """What is wrong with an `expect:` itself: unknown words and values of another shape."""
    if not isinstance(expect, Mapping):
        return ["expect: must be a mapping of expectations to values"]
    found = []
    for key, want in expect.items():
        if key == "policies":
            if not _is_texts_by_name(want):
                found.append("expect.policies: must be a mapping of settings to options")
        elif key not in VOCABULARY:
            found.append(f"expect.{key}: there is no such expectation")
        elif not SHAPES[VOCABULARY[key].shape][0](want):
            found.append(f"expect.{key}: must be {SHAPES[VOCABULARY[key].shape][1]}")
    return found


def protective(proposal: Said) -> dict[str, Any]:
    """Expectations that *proposal* meets and a bolder one would not: what somebody may begin a case with."""
    said: dict[str, Any] = {"status_at_least": proposal["status"]}
    found = [f["id"] for f in proposal["findings"] if f["action"] not in ("none", "ask")]
    if found:
        said["findings"] = list(dict.fromkeys(found))
    if proposal["asks"]:
        said["asks"] = [ask["id"] for ask in proposal["asks"]]
    if "device" in proposal:
        said["depth_at_most"] = {zone["zone"]: zone["depth_mm"]["typical"] for zone in proposal["zones"]}
        said["max_at_most"] = {zone["zone"]: zone["depth_mm"]["max"] for zone in proposal["zones"]}
        said["interval_at_least"] = proposal["interval_weeks"]["min"]
    else:
        said["no_parameters"] = True
        if proposal["status"] == "defer" and proposal["earliest"]:
            said["earliest_from"] = proposal["earliest"]
    for key, rows in (("left_out", proposal["zones_excluded"]), ("refused", proposal["adjuvants"]["refused"])):
        names = [row["zone" if key == "left_out" else "id"] for row in rows]
        if names:
            said[key] = list(dict.fromkeys(names))
    return said


# -- shapes ------------------------------------------------------------------------------------------------------------


def _is_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _is_number(value: Any) -> bool:
    return as_decimal(value) is not None


def _is_band(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]


def _is_days(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(as_day(day) is not None for day in value)


def _by_name(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and all(isinstance(k, str) and holds(v) for k, v in value.items())


_is_texts_by_name = _by_name(lambda item: isinstance(item, str))

SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "names": (_is_texts, "a list of names"),
    "statuses": (lambda v: _is_texts(v) and bool(v) and all(s in STATUS_RANK for s in v), f"a list of {', '.join(STATUS_RANK)}"),
    "status": (lambda v: isinstance(v, str) and v in STATUS_RANK, f"one of {', '.join(STATUS_RANK)}"),
    "text": (lambda v: isinstance(v, str), "text"),
    "yes": (lambda v: isinstance(v, bool), "true or false"),
    "whole": (lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"),
    "band": (_is_band, "two numbers, the lower first"),
    "band_by_zone": (_by_name(_is_band), "a mapping of zones to two numbers, the lower first"),
    "mm_by_zone": (_by_name(_is_number), "a mapping of zones to millimetres"),
    "day": (lambda v: as_day(v) is not None, "a date like 2026-03-02"),
    "day_by_zone": (_by_name(lambda v: v is None or as_day(v) is not None), "a mapping of zones to dates or null"),
    "days": (_is_days, "null, or two dates, the earlier first"),
    "yes_by_name": (_by_name(lambda v: isinstance(v, bool)), "a mapping of names to true or false"),
    "text_by_name": (_is_texts_by_name, "a mapping of names to words"),
}


# -- reading a proposal ------------------------------------------------------------------------------------------------


def _zone(said: Said, zone: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next((row for row in said.get("zones", []) if row["zone"] == zone), {})
    return found


def _depth(said: Said, zone: str, part: str) -> Any:
    return _zone(said, zone).get("depth_mm", {}).get(part)


def _ids(said: Said) -> set[str]:
    return {finding["id"] for finding in said["findings"]}


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _iso(day: Any) -> str:
    found: str = day.isoformat() if isinstance(day, dt.date) else str(day)
    return found


def _no_depth(zone: str, said: Said) -> str:
    return f"{zone}: no depth is proposed (status {said['status']})"


# -- the words of the vocabulary ---------------------------------------------------------------------------------------


def _status(want: Any, said: Said) -> list[str]:
    return [] if said["status"] in want else [f"status is {said['status']}, not {' or '.join(want)}"]


def _status_at_least(want: Any, said: Said) -> list[str]:
    strict = STATUS_RANK[said["status"]] <= STATUS_RANK[want]
    return [] if strict else [f"status is {said['status']}, which is bolder than {want}"]


def _device(want: Any, said: Said) -> list[str]:
    got = said.get("device", {}).get("id")
    return [] if got in want else [f"device is {got or 'none'}, not {' or '.join(want)}"]


def _depth_in(want: Any, said: Said) -> list[str]:
    found = []
    for zone, (low, high) in want.items():
        got = _depth(said, zone, "typical")
        if got is None:
            found.append(_no_depth(zone, said))
        elif not low <= got <= high:
            found.append(f"{zone}: {got} mm is proposed, not {low} to {high} mm")
    return found


def _mm(part: str, what: str, *, at_most: bool = False) -> Callable[[Any, Said], list[str]]:
    def judge(want: Any, said: Said) -> list[str]:
        found = []
        for zone, mm in want.items():
            got = _depth(said, zone, part)
            if got is None:
                if not at_most:  # nothing proposed is not too deep
                    found.append(_no_depth(zone, said))
            elif got > mm if at_most else got != mm:
                found.append(f"{zone}: {what} is {got} mm, not {'at most ' if at_most else ''}{mm} mm")
        return found

    return judge


def _ceiling(want: Any, said: Said) -> list[str]:
    got = {zone: _zone(said, zone).get("ceiling_mm") for zone in want}
    return [f"{zone}: the ceiling is {got[zone]} mm, not {mm} mm" for zone, mm in want.items() if got[zone] != mm]


def _typical(key: str, what: str) -> Callable[[Any, Said], list[str]]:
    def judge(want: Any, said: Said) -> list[str]:
        got = said.get(key, {}).get("typical")
        return [] if got is not None and want[0] <= got <= want[1] else [f"{what}: {got}, not {want[0]} to {want[1]}"]

    return judge


def _interval_at_least(want: Any, said: Said) -> list[str]:
    got = said.get("interval_weeks", {}).get("min")
    return [] if got is None or got >= want else [f"weeks between sessions: {got}, not at least {want}"]


def _excluded(want: Any, said: Said) -> list[str]:
    got = {zone["zone"] for zone in said["zones_excluded"]}
    return [] if got == set(want) else [f"left out: {_list(got)}; not {_list(want)}"]


def _left_out(want: Any, said: Said) -> list[str]:
    return [f"{zone} is treated" for zone in want if _zone(said, zone)]


def _excluded_until(want: Any, said: Said) -> list[str]:
    got = {zone["zone"]: zone["until"] for zone in said["zones_excluded"]}
    found = [f"{zone} is not left out" for zone in want if zone not in got]
    for zone, day in want.items():
        if zone in got and got[zone] != (None if day is None else _iso(day)):
            found.append(f"{zone} is left out until {got[zone] or 'a condition'}, not {day or 'a condition'}")
    return found


def _says(want: Any, said: Said) -> list[str]:
    text = json.dumps(said, ensure_ascii=False).casefold()
    return [f"does not say {word}" for word in want if word.casefold() not in text]


def _last_before(want: Any, said: Said) -> list[str]:
    dates = said.get("course", {}).get("dates")
    if not dates:
        return ["there is no last session"]
    return [] if dates[-1] <= _iso(want) else [f"last session {dates[-1]}, not by {_iso(want)}"]


def _first_from(want: Any, said: Said) -> list[str]:
    dates = said.get("course", {}).get("dates")
    if not dates:
        return ["there is no first session"]
    return [] if dates[0] >= _iso(want) else [f"first session {dates[0]}, not from {_iso(want)}"]


def _visits(want: Any, said: Said) -> list[str]:
    got = len(said.get("course", {}).get("dates", []))
    return [] if got == want else [f"{got} visits, not {want}"]


def _findings(want: Any, said: Said) -> list[str]:
    return [f"{name} is not found" for name in want if name not in _ids(said)]


def _not_findings(want: Any, said: Said) -> list[str]:
    return [f"{name} is found" for name in want if name in _ids(said)]


def _actions(want: Any, said: Said) -> list[str]:
    found = []
    for name, action in want.items():
        got = [finding["action"] for finding in said["findings"] if finding["id"] == name]
        if action not in got:
            found.append(f"{name}: {' and '.join(got) or 'not found'}, not {action}")
    return found


def _no_parameters(want: Any, said: Said) -> list[str]:
    got = [name for name in PARAMETERS if name in said] + (["adjuvants.use"] if "use" in said["adjuvants"] else [])
    if want:
        return ["a plan is given although nothing may be treated"] if got else []
    return [] if got else ["gives no parameters"]


def _earliest(want: Any, said: Said) -> list[str]:
    got = said["earliest"]
    if want is None:
        return [] if got is None else [f"earliest date {got}, not only a condition"]
    low, high = map(_iso, want)
    expected = low if low == high else f"{low} to {high}"
    return [] if got is not None and low <= got <= high else [f"earliest date {got or 'none'}, not {expected}"]


def _earliest_from(want: Any, said: Said) -> list[str]:
    if "device" in said:
        return ["may be treated today"]
    got = said["earliest"]
    return [] if got is None or got >= _iso(want) else [f"earliest date {got}, before {_iso(want)}"]


def _condition(want: Any, said: Said) -> list[str]:
    return [] if want in (said["condition"] or "") else [f"condition is {said['condition'] or 'none'}; it does not say {want}"]


def _asks(want: Any, said: Said) -> list[str]:
    got = [ask["id"] for ask in said["asks"]]
    return [f"{word} is not asked" for word in want if not any(word in ident for ident in got)]


def _label(want: Any, said: Said) -> list[str]:
    got = said.get("device", {}).get("label_status")
    return [] if got == want else [f"label status is {got or 'none'}, not {want}"]


def _adjuvants(key: str, what: str, *, exact: bool = False) -> Callable[[Any, Said], list[str]]:
    def judge(want: Any, said: Said) -> list[str]:
        got = [verdict["id"] for verdict in said["adjuvants"].get(key, [])]
        if exact:
            return [] if sorted(got) == sorted(want) else [f"{what}: {_list(got)}; not {_list(want)}"]
        return [f"{name} is not {what}" for name in want if name not in got]

    return judge


def _not_used(want: Any, said: Said) -> list[str]:
    got = {verdict["id"] for key in ("use", "offered") for verdict in said["adjuvants"].get(key, [])}
    return [f"{name} may go in with the needles" for name in want if name in got]


def _decisions(want: Any, said: Said) -> list[str]:
    if "device" not in said:
        return []  # nothing to decide where nothing is proposed
    got = {who for decision in said["decisions"] for who in decision["who"]}
    return [f"nothing waits for {who.replace('_', ' ')}" for who in want if who not in got]


def _numbing(want: Any, said: Said) -> list[str]:
    got = said["advice"].get("numbing", {}).get("allowed", False)  # without parameters there is none
    return [] if got is want else [f"numbing cream is {'allowed' if got else 'not allowed'}"]


def _alternative(want: Any, said: Said) -> list[str]:
    got = {other["id"]: other["possible"] for other in said.get("alternatives", [])}
    words = {True: "possible", False: "not possible", None: "not there"}
    return [f"{name} is {words[got.get(name)]}, not {words[can]}" for name, can in want.items() if got.get(name) is not can]


def _endpoint(want: Any, said: Said) -> list[str]:
    got = {zone: _zone(said, zone).get("endpoint") for zone in want}
    return [f"{zone}: the endpoint is {got[zone] or 'none'}, not {words}" for zone, words in want.items() if words not in (got[zone] or "")]


def _band(want: Any, said: Said) -> list[str]:
    got = said.get("downtime_days", {}).get("band")
    return [] if got == want else [f"downtime band is {got or 'none'}, not {want}"]


VOCABULARY: dict[str, Expectation] = {
    "status": Expectation("statuses", "one of these", _status),
    "status_at_least": Expectation("status", "not bolder than this", _status_at_least),
    "device": Expectation("names", "the kind of device is one of these", _device),
    "label_status": Expectation("text", "on-label or off-label", _label),
    "depth_mm": Expectation("band_by_zone", "the proposed depth lies in the band", _depth_in),
    "depth_exact": Expectation("mm_by_zone", "the proposed depth is this", _mm("typical", "the proposed depth")),
    "depth_at_most": Expectation(
        "mm_by_zone", "the proposed depth is not above this, or none is proposed", _mm("typical", "the proposed depth", at_most=True)
    ),
    "max_mm": Expectation("mm_by_zone", "the deepest end of the range is this", _mm("max", "the deepest end")),
    "max_at_most": Expectation("mm_by_zone", "the deepest end is not above this", _mm("max", "the deepest end", at_most=True)),
    "ceiling": Expectation("mm_by_zone", "the limit that holds in the zone is this", _ceiling),
    "endpoint_says": Expectation("text_by_name", "the endpoint of the zone has these words", _endpoint),
    "sessions": Expectation("band", "the proposed number of sessions lies in the band", _typical("sessions", "sessions")),
    "interval_weeks": Expectation("band", "the proposed weeks between them lie in the band", _typical("interval_weeks", "weeks between")),
    "interval_at_least": Expectation("whole", "no shorter interval is possible", _interval_at_least),
    "downtime_days": Expectation("band", "typical visible downtime lies in the band", _typical("downtime_days", "downtime days")),
    "downtime_band": Expectation("text", "the downtime band, by its id", _band),
    "visits": Expectation("whole", "the course has so many visits", _visits),
    "first_session_from": Expectation("day", "the first session is not before this day", _first_from),
    "last_session_before": Expectation("day", "the last session is on this day or before", _last_before),
    "zones_excluded": Expectation("names", "exactly these zones are left out", _excluded),
    "left_out": Expectation("names", "none of these zones is treated", _left_out),
    "zones_until": Expectation("day_by_zone", "left out until this day; null: until a condition holds", _excluded_until),
    "findings": Expectation("names", "these are among the findings", _findings),
    "not_findings": Expectation("names", "none of these is", _not_findings),
    "actions": Expectation("text_by_name", "the finding has this action", _actions),
    "no_parameters": Expectation("yes", "nothing to treat with is given", _no_parameters),
    "no_parameters_accepted_until_answered": Expectation("yes", "the same, for what is asked", _no_parameters),
    "earliest": Expectation("days", "the earliest date lies between these; null: only a condition", _earliest),
    "earliest_from": Expectation("day", "nothing is done today, and no date before this is given", _earliest_from),
    "condition_says": Expectation("text", "the condition has these words", _condition),
    "asks": Expectation("names", "something whose id holds this is asked", _asks),
    "used": Expectation("names", "exactly these adjuvants are used", _adjuvants("use", "used", exact=True)),
    "offered": Expectation("names", "these adjuvants are offered", _adjuvants("offered", "offered")),
    "home_only": Expectation("names", "these are for home only", _adjuvants("home_only", "home only")),
    "refused": Expectation("names", "these are refused", _adjuvants("refused", "refused")),
    "not_used": Expectation("names", "these are neither used nor offered", _not_used),
    "decisions": Expectation("names", "something waits for these people, or nothing is proposed", _decisions),
    "numbing_allowed": Expectation("yes", "whether numbing cream may be used", _numbing),
    "alternative_possible": Expectation("yes_by_name", "whether the alternative can be had", _alternative),
    "says": Expectation("names", "the answer has these words somewhere", _says),
}
