"""
What must hold for every answer of the engine, whatever the case and whatever the protocol. Each check gives what is wrong, in words.

never_bolder     an answer beside the answer to the same case with one reason more for caution
asks_for         no parameters where something became unknown
within_limits    no depth above ceiling, device, operator, phototype, finding or row; what is left out stays out
same_in_any_order  the same answer, byte for byte, however the case was typed
parts_present    no parameters under ask, defer and refuse, nothing missing under plan and caution
barred_stays_barred  no zone and no adjuvant in the plan that a finding leaves out
countersigned    nothing beyond what the operator is signed off for without a countersignature
within_visits    no other way has more visits than wished, where the protocol's least allows
no_deeper_for_fewer_days  who accepts fewer days of downtime is offered no deeper way for it
traced           every value has its steps, and the last one ends at the value
referenced       every reference named stands in the protocol
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .case import Case, Cover
from .competence import ON_THE_DAY
from .knowledge import Knowledge
from .knowledge.entries import Device
from .propose import Proposal
from .terms import OTHER_DAY, STATUS_RANK, ExcludedZone, ZonePlan

PARAMETERS = ("device", "zones", "sessions", "interval_weeks", "downtime_days", "course", "summary", "alternatives")
_PLACE = re.compile(r"\[\d+\]")
SIDES = ("min", "typical", "max")


def canonical(said: Mapping[str, Any]) -> str:
    """The whole answer as text: the same answer is the same text, byte for byte."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def same_in_any_order(one: Mapping[str, Any], two: Mapping[str, Any], *, to_the_byte: bool = True) -> list[str]:
    """
    The answers to one case typed in two orders. `focus` names a field by its place, so the place in it is left out.

    Not *to_the_byte*: value by value, which is several times quicker and lets only the order of names in a mapping pass.
    """
    one, two = ({**said, "asks": [{**ask, "focus": _PLACE.sub("", ask["focus"])} for ask in said["asks"]]} for said in (one, two))
    if not to_the_byte and one == two:
        return []
    first, second = canonical(one), canonical(two)
    if first == second:
        return []
    at = next((place for place, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), min(len(first), len(second)))
    return [f"another order gives {second[max(0, at - 60) : at + 60]!r} instead of {first[max(0, at - 60) : at + 60]!r}"]


def never_bolder(before: Proposal, after: Proposal) -> list[str]:
    """In what *after*, which had one reason more for caution, is bolder than *before*."""
    found = []
    if STATUS_RANK[after.status] > STATUS_RANK[before.status] and not _heals_before_the_event(before, after):
        found.append(f"status {before.status} to {after.status}")
    if before.status == after.status:
        found += _sooner(before, after)
    was, now = _zones_of(before), _zones_of(after)
    if after.parameters is None:
        return found
    if before.parameters is None:
        return [*found, "parameters where there were none"]
    if len(now) > len(was):
        found.append(f"{len(now)} zones instead of {len(was)}")
    one_device, other_device = before.parameters.device, after.parameters.device
    same_device = (one_device.kind, one_device.brand) == (other_device.kind, other_device.brand)
    for name, zone in now.items():
        if name in was:
            found += _deeper(was[name], zone, same_device=same_device)
        else:
            found.append(f"{name} was left out")
    for one, two in zip(before.parameters.course.dates, after.parameters.course.dates, strict=False):
        if two < one:
            found.append(f"session on {two} instead of {one}")
    for side in SIDES:
        one_weeks, two_weeks = (getattr(p.interval.value, side) for p in (before.parameters, after.parameters))
        if two_weeks < one_weeks:
            found.append(f"{side} interval {two_weeks} instead of {one_weeks} weeks")
    used = _used(after) - _used(before)
    if used:
        found.append(f"adjuvants {', '.join(sorted(used))} added")
    return found


def asks_for(ident: str, before: Proposal, after: Proposal) -> list[str]:
    """
    What is wrong where something became unknown: no parameters may stand. A rule that data settled before (*before* has a
    finding of it) is settled still.
    """
    if any(finding.id == ident for finding in before.findings):
        return []
    if after.parameters is not None or STATUS_RANK[after.status] > STATUS_RANK["ask"]:
        return [f"{after.status} although nobody knows: {ident}"]
    return []


def _heals_before_the_event(before: Proposal, after: Proposal) -> bool:
    """Shallower needling shows for less long: an event that was too near for all else to go ahead may then be kept."""
    if before.parameters is None or after.parameters is None or before.zones_excluded:
        return False
    cautions = {finding.id for finding in before.findings if finding.action == "caution"}
    depths = {name: zone.span.max for name, zone in _zones_of(before).items()}
    shallower = any(zone.span.max < depths.get(name, zone.span.max) for name, zone in _zones_of(after).items())
    return cautions == {"event_date"} and shallower


def _zones_of(proposal: Proposal) -> dict[str, ZonePlan]:
    return {zone.zone: zone for zone in proposal.parameters.zones} if proposal.parameters else {}


def _used(proposal: Proposal) -> set[str]:
    return {verdict.id for verdict in proposal.adjuvants if verdict.verdict == "use"}


def _sooner(before: Proposal, after: Proposal) -> list[str]:
    """An earlier date, a condition that is forgotten, or a zone that is freed earlier."""
    found = []
    if before.status == "defer":
        if before.earliest and after.earliest and after.earliest < before.earliest:
            found.append(f"earliest {after.earliest} instead of {before.earliest}")
        lost = set((before.condition or "").split("; ")) - set((after.condition or "").split("; ")) - {""}
        if lost and before.earliest is None and after.earliest is not None:
            found.append(f"condition {', '.join(sorted(lost))} became a date")
    now = {zone.zone: zone for zone in after.zones_excluded}
    for zone in before.zones_excluded:
        other = now.get(zone.zone)
        if other is not None and zone.because != (OTHER_DAY,) and _freed_earlier(zone, other):
            found.append(f"{zone.zone} free from {other.until} instead of {zone.until or 'no known day'}")
    return found


def _freed_earlier(one: ExcludedZone, two: ExcludedZone) -> bool:
    return two.until is not None and (one.until is None or two.until < one.until)


def _deeper(one: ZonePlan, two: ZonePlan, *, same_device: bool) -> list[str]:
    """
    Another device, taken because of what the operator may do, can be set deeper: that may raise how far a clinician can go, where
    a countersignature is asked for above what was the ceiling or less.
    """
    found = [
        f"{one.zone} {side} {getattr(two.span, side)} instead of {getattr(one.span, side)} mm"
        for side in SIDES
        if getattr(two.span, side) > getattr(one.span, side)
    ]
    guarded = not same_device and two.operator_max_mm is not None and two.operator_max_mm <= one.ceiling_mm
    if two.ceiling_mm > one.ceiling_mm and not guarded:
        found.append(f"{one.zone} ceiling {two.ceiling_mm} instead of {one.ceiling_mm} mm")
    if one.sign_off_above_mm is not None and (two.sign_off_above_mm is None or two.sign_off_above_mm > one.sign_off_above_mm):
        most = two.span.max if two.sign_off_above_mm is None else two.sign_off_above_mm
        if most > one.sign_off_above_mm:
            found.append(f"{one.zone} to {most} mm without the sign-off asked above {one.sign_off_above_mm} mm")
    return found


def within_limits(case: Case, knowledge: Knowledge, proposal: Proposal) -> list[str]:
    """Every depth, worked out again from the case and the protocol without the engine's steps."""
    found: list[str] = []
    if proposal.parameters is None:
        return found
    out = {zone.zone for zone in proposal.zones_excluded}
    model = knowledge.device_models.get(proposal.parameters.device.brand or "")
    device = knowledge.devices[proposal.parameters.device.kind]
    for zone in proposal.parameters.zones:
        span, name = zone.span, zone.zone
        limits = {"its ceiling as said": zone.ceiling_mm, "the zone's ceiling": knowledge.zones[name].max_depth_mm}
        limits |= _limits_of_the_case(case, knowledge, proposal, name)
        if model is not None:
            limits["what the device can be set to"] = model.max_set_mm
        rows = [row for row in knowledge.depth_rows.values() if row.zone == name and row.indication in zone.indications]
        limits["every row of the zone"] = max(row.depth_mm.max for row in rows)
        found += [f"{name}: {span.max} mm is above {what} ({mm} mm)" for what, mm in limits.items() if span.max > mm]
        if not Decimal(0) < span.min <= span.typical <= span.max:
            found.append(f"{name}: {span.min}, {span.typical}, {span.max} mm is no range")
        if not all(_can_be_set(device, mm) for mm in (span.typical, span.max)):
            found.append(f"{name}: {span.typical} or {span.max} mm cannot be set on {device.short_label}")
        if model is not None:
            lines = [
                line.max_evaluated_mm
                for line in knowledge.device_limits
                if line.device == model.brand and line.indication in zone.indications and name in line.zones
            ]
            if lines and span.typical > min(lines):
                found.append(f"{name}: {span.typical} mm is above what was evaluated ({min(lines)} mm)")
        if name in knowledge.excluded_zones or name in out or name in device.not_in_zones:
            found.append(f"{name} is left out and planned")
    depths = {zone.zone: zone.span for zone in proposal.parameters.zones}
    for other in proposal.alternatives:
        for zone in other.parameters.zones if other.parameters else ():
            if zone.zone not in depths or any(getattr(zone.span, side) > getattr(depths[zone.zone], side) for side in SIDES):
                found.append(f"{other.id}: {zone.zone} is deeper than in the plan")
    return found


def _can_be_set(device: Device, mm: Decimal) -> bool:
    if device.needle_lengths_mm:
        return mm in device.needle_lengths_mm
    return device.dial_step_mm is not None and mm % device.dial_step_mm == 0


def barred_stays_barred(case: Case, knowledge: Knowledge, proposal: Proposal) -> list[str]:
    """What a finding leaves out, zone or adjuvant, is not in the plan."""
    if proposal.parameters is None:
        return []
    planned = {zone.zone for zone in proposal.parameters.zones}
    used = [knowledge.adjuvants[name] for name in sorted(_used(proposal))]
    found = [f"{adjuvant.id} is used in phototype {case.phototype}" for adjuvant in used if case.phototype in adjuvant.exclude_phototypes]
    for finding in proposal.findings:
        if finding.scope == "zone" and finding.action in ("refuse", "defer", "exclude_zone"):
            found += [f"{zone} is planned in spite of {finding.id}" for zone in finding.zones if zone in planned]
        rule = finding.rule
        if rule is None or finding.action not in ("refuse", "defer", "exclude_zone", "caution"):
            continue
        if finding.action == "caution":
            found += [f"{zone} is planned in spite of {finding.id}" for zone in rule.avoid_zones if zone in planned]
        barred = [adjuvant for adjuvant in used if rule.id in adjuvant.exclude_if or adjuvant.id in rule.no_adjuvants]
        found += [f"{adjuvant.id} is used in spite of {finding.id}" for adjuvant in barred]
    return found


def within_visits(case: Case, proposal: Proposal) -> list[str]:
    """No other way has more visits than the patient wishes, or than the protocol's least where that is more."""
    visits = case.wishes.visits
    if visits is None or proposal.parameters is None:
        return []
    most = max(visits, proposal.parameters.sessions.value.min)
    ways = [(other.id, other.parameters) for other in proposal.alternatives if other.parameters is not None]
    return [f"{name}: {len(way.course.dates)} visits, {visits} are wished" for name, way in ways if len(way.course.dates) > most]


def no_deeper_for_fewer_days(before: Proposal, after: Proposal) -> list[str]:
    """*after* is the answer to the same case with fewer days of downtime accepted: its gentler way is no deeper."""
    was, now = (next((other.parameters for other in said.alternatives if other.id == "gentler"), None) for said in (before, after))
    if was is None or now is None:
        return []
    depths = {zone.zone: zone.span for zone in was.zones}
    return [
        f"gentler: {zone.zone} {side} {getattr(zone.span, side)} instead of {getattr(depths[zone.zone], side)} mm"
        for zone in now.zones
        for side in SIDES
        if getattr(zone.span, side) > getattr(depths[zone.zone], side)
    ]


def _limit_of_the_covers(covers: tuple[Cover, ...], knowledge: Knowledge, proposal: Proposal, zone: str) -> dict[str, Decimal]:
    """The farthest of what may cover the zone today with whatever device; the shallowest of all where nothing does."""
    known_zones = set(knowledge.zones)
    valid = [cover for cover in covers if cover.holds_on(proposal.today)]
    here = [cover for cover in valid if cover.zones is None or zone in cover.zones or not set(cover.zones) <= known_zones]
    depths = [cover.max_depth_mm for cover in here or covers]
    known = [mm for mm in depths if mm is not None]
    if here and len(known) == len(depths):
        return {"the operator's covers": max(known)}
    return {"every cover of the operator": min(known)} if not here and known else {}


def countersigned(case: Case, knowledge: Knowledge, proposal: Proposal) -> list[str]:
    """What the operator is not signed off for is in the plan only with a finding that asks for a countersignature."""
    operator, rules = case.operator, knowledge.operator_rules
    if operator is None or proposal.parameters is None:
        return []
    said: dict[str, set[str]] = {}
    for finding in proposal.findings:
        if finding.sign_off:
            said.setdefault(finding.id, set()).update(finding.zones or ("",))
    known = set(knowledge.zones)
    found = []
    for zone in proposal.parameters.zones:
        allowed = operator.zones is None or zone.zone in operator.zones or not set(operator.zones) <= known
        asked = any(zone.zone in said.get(rule.id, ()) for rule in (rules.beyond_zone, rules.certificate_expired))
        if not allowed and not asked and rules.beyond_device.id not in said:
            found.append(f"{zone.zone} is beyond the operator's zones and nobody countersigns")
    if operator.devices == () and not {rules.beyond_device.id, rules.certificate_expired.id} & said.keys():
        found.append("no device is the operator's and nobody countersigns")
    if operator.covers == () and not {rules.beyond_device.id, rules.beyond_zone.id} & said.keys():
        found.append("nothing is the operator's and nobody countersigns")
    prescribed = any("prescriber" in decision.who and decision.id not in ON_THE_DAY for decision in proposal.decisions)
    if operator.prescriber is False and prescribed and rules.not_prescriber.id not in {finding.id for finding in proposal.findings}:
        found.append("a prescription by an operator who is no prescriber, and nothing says so")
    return found


def _limits_of_the_case(case: Case, knowledge: Knowledge, proposal: Proposal, zone: str) -> dict[str, Decimal]:
    limits: dict[str, Decimal] = {}
    operator = case.operator
    if operator is not None and operator.max_depth_mm is not None:
        limits["the operator's limit"] = operator.max_depth_mm
    if operator is not None and zone in operator.max_depth_by_zone:
        limits["the operator's limit in this zone"] = operator.max_depth_by_zone[zone]
    if operator is not None and operator.covers:
        limits |= _limit_of_the_covers(operator.covers, knowledge, proposal, zone)
    if case.phototype is not None:
        most = knowledge.phototype_rule(case.phototype).max_depth_mm
        if most is not None:
            limits[f"the limit of phototype {case.phototype}"] = most
    for finding in proposal.findings:
        if finding.max_depth_mm is not None and finding.action == "caution" and (finding.scope == "patient" or zone in finding.zones):
            limits[f"the limit of {finding.id}"] = finding.max_depth_mm
    return limits


def parts_present(proposal: Proposal, said: Mapping[str, Any]) -> list[str]:
    """Parameters under plan and caution, none of them otherwise; a date only where something waits for it."""
    found = []
    planned = proposal.status in ("plan", "caution")
    if planned == (proposal.parameters is None):
        found.append(f"{proposal.status} with{'out' if planned else ''} parameters")
    there = [key for key in PARAMETERS if key in said] + [f"adjuvants.{key}" for key in ("use", "offered") if key in said["adjuvants"]]
    if there and not planned:
        found.append(f"{proposal.status} with {', '.join(there)}")
    if planned and (len(there) != len(PARAMETERS) + 2 or not said["zones"] or not said["course"]["dates"]):
        found.append(f"{proposal.status} with only {', '.join(there)}")
    if planned and proposal.asks:
        found.append(f"{proposal.status} while {', '.join(ask.id for ask in proposal.asks)} stands open")
    if proposal.status == "ask" and not said["asks"]:
        found.append("ask without a question")
    if proposal.earliest is not None and (proposal.status != "defer" or proposal.earliest <= proposal.today):
        found.append(f"{proposal.status} until {proposal.earliest}, seen on {proposal.today}")
    actions = {finding.action for finding in proposal.findings if finding.scope == "patient"}
    worst = min((STATUS_RANK[action] for action in actions & set(STATUS_RANK)), default=STATUS_RANK["plan"])
    if STATUS_RANK[proposal.status] > worst:
        found.append(f"{proposal.status} although something says {', '.join(sorted(actions))}")
    return found


def traced(said: Mapping[str, Any]) -> list[str]:
    """Every value with its steps: the first starts from nothing, each goes on where the last one ended, the last is the value."""
    if "zones" not in said:
        return []
    found: list[str] = []
    for path, way in _ways(said):
        for zone in way["zones"]:
            here = f"{path}{zone['zone']}"
            found += _ends_at(f"{here}: depth", zone["trace"], zone["depth_mm"])
            found += _ends_at(f"{here}: passes", zone["passes"]["trace"], zone["passes"])
            if "endpoint_trace" in zone:
                found += _ends_at(f"{here}: endpoint", zone["endpoint_trace"], zone["endpoint"])
        for key in ("sessions", "interval_weeks", "downtime_days"):
            found += _ends_at(f"{path}{key}", way[key]["trace"], way[key])
        found += _ends_at(f"{path}device", way["device"]["trace"], way["device"]["id"])
        found += _course(path, way["course"])
    return found


def _ways(said: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", said
    for other in said["alternatives"]:
        if other["possible"]:
            yield f"{other['id']}: ", other


def _ends_at(path: str, steps: list[Mapping[str, Any]], value: Any) -> list[str]:
    if not steps:
        return [f"{path} has no trace"]
    found = []
    span = {side: value[side] for side in SIDES} if isinstance(value, Mapping) else None
    typical = span["typical"] if span else value
    if steps[-1]["after"] != typical or (span and steps[-1]["range_after"] != span):
        found.append(f"{path}: the trace ends at {steps[-1]['after']}, the value is {typical}")
    for one, two in itertools.pairwise(steps):
        if two["before"] != one["after"] or two.get("range_before") != one.get("range_after"):
            found.append(f"{path}: {two['rule']} starts from {two['before']}, {one['rule']} ended at {one['after']}")
    if any(not step["why"] for step in steps):
        found.append(f"{path}: a step without a why")
    return found


def _course(path: str, course: Mapping[str, Any]) -> list[str]:
    ends = {step["rule"]: step["after"] for step in course["trace"]}
    found = []
    if ends.get("course") != course["dates"][-1] or ends.get("review") != course["review"]:
        found.append(f"{path}course: the trace ends at {ends.get('course')} and {ends.get('review')}")
    if course["last_session_latest"] is not None and ends.get("event_date") != course["last_session_latest"]:
        found.append(f"{path}course: no step for the latest last session")
    if course["dates"] != sorted(course["dates"]):
        found.append(f"{path}course: the dates are not in order")
    return found


def referenced(said: Any, knowledge: Knowledge) -> list[str]:
    """Every reference anywhere in the answer stands in the protocol, every grade in its vocabulary."""
    found: list[str] = []
    references, grades = knowledge.references.keys(), knowledge.grades
    inside: list[Any] = [said]  # plain JSON types, as an answer is
    while inside:
        value = inside.pop()
        if type(value) is list:
            inside += [item for item in value if type(item) is not str]
        elif type(value) is dict:
            for key, item in value.items():
                if key == "evidence":
                    if item not in grades:
                        found.append(f"there is no evidence grade {item}")
                elif key == "refs" or key == "label_refs":
                    if not references >= set(item):
                        found += [f"there is no reference {ref}" for ref in item if ref not in references]
                elif type(item) is dict or type(item) is list:
                    inside.append(item)
    return found
