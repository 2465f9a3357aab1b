"""One generated case put through the engine and through everything that must hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from planner import properties
from planner.case import Case
from planner.propose import propose

from .cases import CaseMapping, Words, case_of, shuffled
from .lines import plain_and_worded
from .worse import Change, worsened

PROPERTIES = ("answers", "limits", "parts", "barred", "traces", "references", "order", "caution", "unknown", "wishes", "lines")
DAYS = ("0.5", "1", "2", "3", "4", "5", "7")  # of downtime accepted

TO_THE_BYTE = 8  # one case in so many is compared byte for byte in its two orders, the others value by value


def to_the_byte(seed: int) -> bool:
    return seed % TO_THE_BYTE == 0


@dataclass(frozen=True)
class Broken:
    """A property that does not hold for the case of *seed*."""

    seed: int
    property: str
    what: str
    case: CaseMapping
    change: Change | None = None


def trial(seed: int, words: Words, only: tuple[str, ...] = PROPERTIES) -> list[Broken]:
    """What does not hold for the case of *seed* and for its change for the worse; nothing where all holds."""
    case = case_of(seed, words)
    change = worsened(case, words, seed) if {"caution", "unknown", "limits"} & set(only) else None
    return judged(seed, case, change, words, only)


def judged(seed: int, case: CaseMapping, change: Change | None, words: Words, only: tuple[str, ...] = PROPERTIES) -> list[Broken]:
    try:
        return [Broken(seed, name, what, case, change) for name, what in _faults(seed, case, change, words, only)]
    except Exception as error:  # whatever it is, the engine must answer
        return [Broken(seed, "answers", f"{type(error).__name__}: {error}", case, change)]


def _faults(seed: int, mapping: CaseMapping, change: Change | None, words: Words, only: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    knowledge = words.knowledge
    case = Case.parse(mapping)
    answer = propose(case, knowledge)
    needed = {"answers", "parts", "traces", "references", "order"} & set(only)
    said: dict[str, Any] = answer.as_mapping() if needed else {}
    checks: dict[str, Callable[[], list[str]]] = {
        "limits": lambda: properties.within_limits(case, knowledge, answer),
        "parts": lambda: properties.parts_present(answer, said),
        "barred": lambda: [
            *properties.barred_stays_barred(case, knowledge, answer),
            *properties.countersigned(case, knowledge, answer),
        ],
        "traces": lambda: properties.traced(said),
        "references": lambda: properties.referenced(said, knowledge),
        "order": lambda: properties.same_in_any_order(
            said, propose(Case.parse(shuffled(mapping, seed)), knowledge).as_mapping(), to_the_byte=to_the_byte(seed)
        ),
    }
    for name in only:
        if name in checks:
            yield from ((name, what) for what in checks[name]())
    if "wishes" in only:
        yield from (("wishes", what) for what in properties.within_visits(case, answer))
        fewer = _fewer_days(seed, mapping)
        if fewer is not None and answer.parameters is not None:
            yield from (("wishes", what) for what in properties.no_deeper_for_fewer_days(answer, propose(fewer, knowledge)))
    if "lines" in only:
        plain, worded = plain_and_worded(seed, knowledge)
        before, after = (propose(_with_line(mapping, line), knowledge) for line in (plain, worded))
        yield from (("lines", f"{worded} beside {plain}: {what}") for what in properties.never_bolder(before, after))
    if change is None:
        return
    worse, stricter = Case.parse(change.of_case(mapping)), change.of_protocol(knowledge)
    after = propose(worse, stricter)
    if "limits" in only:
        yield from (("limits", f"{change.said}: {what}") for what in properties.within_limits(worse, stricter, after))
    if "unknown" in only and change.opens:
        yield from (("unknown", f"{change.said}: {what}") for what in properties.asks_for(change.opens, answer, after))
    if "caution" in only and not change.takes_away:
        yield from (("caution", f"{change.kind}, {change.said}: {what}") for what in properties.never_bolder(answer, after))


def _fewer_days(seed: int, mapping: CaseMapping) -> Case | None:
    """The same case with fewer days of downtime accepted than now; None where there are no fewer."""
    wishes = mapping.get("wishes") or {}
    accepted = wishes.get("downtime_days")
    fewer = [float(days) for days in DAYS if accepted is None or float(days) < float(accepted)]
    if not fewer:
        return None
    return Case.parse({**mapping, "wishes": {**wishes, "downtime_days": fewer[seed % len(fewer)]}})


def _with_line(mapping: CaseMapping, line: str) -> Case:
    return Case.parse({**mapping, "medications": [*(mapping.get("medications") or ()), {"name": line, "stopped": None}]})


def smallest(broken: Broken, words: Words) -> Broken:
    """The same property broken by less: what is not needed for it is taken out of the case, part by part."""
    best = broken
    while True:
        for fewer in _fewer(best.case):
            found = judged(best.seed, fewer, best.change, words, (best.property,))
            if found and found[0].property == best.property:
                best = found[0]
                break
        else:
            return best


def _fewer(case: CaseMapping) -> Iterator[CaseMapping]:
    """The case without one of its parts, big parts first; what tells what was asked stays."""
    for key in ("medications", "recent_procedures", "findings_today", "allergies", "labs", "history", "adjuvants_requested", "wishes"):
        if case.get(key):
            yield {name: value for name, value in case.items() if name != key}
    for key, value in case.items():
        if isinstance(value, list) and len(value) > 1:
            for place in range(len(value)):
                yield {**case, key: [*value[:place], *value[place + 1 :]]}
    screening = case.get("screening") or {}
    for name, answer in screening.items():
        if answer.get("answer"):
            yield {**case, "screening": {**screening, name: {"answer": False}}}
    for place, request in enumerate(case["requests"]):
        for zone in request["zones"] if len(request["zones"]) > 1 else ():
            smaller = {**request, "zones": [name for name in request["zones"] if name != zone]}
            yield {**case, "requests": [*case["requests"][:place], smaller, *case["requests"][place + 1 :]]}
