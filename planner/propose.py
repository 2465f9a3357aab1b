"""
The order in which the rules speak: what is asked for, what was found, what is left out, then what is proposed.

`propose(case, knowledge)` answers refuse, defer, ask, caution or plan; no clock, no I/O, the same input gives the same output.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from . import adjuvants, advice, alternatives, competence, course, depth, devices, earlier, requests, technique, wording
from .alternatives import Alternative, Parameters
from .case import Case
from .context import Context, Wanted, chosen_policies
from .dates import judge_dates
from .devices import Candidate
from .downtime import downtime, worst_band
from .hits import gather
from .knowledge import Knowledge
from .knowledge.entries import Source, WholeSpan
from .labs import judge_labs
from .medicines import Taken, recognise
from .order import in_order
from .records import record
from .screening import ask_open_questions, judge, merged
from .terms import OTHER_DAY, RANK, STATUS_RANK, AdjuvantVerdict, Ask, Decision, ExcludedZone, Finding, Traced, ZonePlan, plain, sourced

PLANNER_VERSION = "1.2.1"
LEAVING_OUT = ("refuse", "exclude_zone", "defer")  # worst first: waiting does not free a zone that is left out for another reason


@record(frozen=True, slots=True)
class Proposal:
    """
    What is proposed, and everything behind it. `parameters` is None under ask, defer and refuse.

    `as_mapping()` gives the case format's "Out" as plain JSON types. "sourced" below means refs, evidence, unverified,
    no_study (the pack marks it as its own, or every reference behind it is marked unverified);
    a trace is a list of {rule, before, after, why, sourced, and range_before, range_after where the value has a range}.

    always:
        status, earliest, condition, approved, notice, protocol {version, status, sha256}, planner, today, policies
        findings[] {id, label, short_label, action, scope, zones, until, condition, modifications, reason, sourced; where they
            apply sign_off, refer, max_depth_mm, policy, lab, cleared_by, overridden_by}, worst first
        asks[] {id, what, about, focus, question}
        zones_excluded[] {zone, label, action, until, because, reason, sourced}
        decisions[] {id, what, who, because, sourced}
        medicines[] {name, ingredient, classes, stopped, notes, sourced}
        adjuvants {home_only[], refused[]} of {id, label, role, asked_as, reason, sourced, because, indications; unless refused
            route, handling, sign_off, home_from_day, prescriber_decides}
        advice {precare[] {id, day, date, text}, aftercare[] {id, when, from_hour, to_hour, do, avoid}, review[], phototype[]}
    with parameters (plan and caution):
        device {id, brand, label, why, label_status, label_text, label_refs, dial_step_mm, needle_lengths_mm, max_set_mm, trace}
        zones[] {zone, label, indication, level, indications, depth_mm {min, typical, max}, sourced, main_reason, ceiling_mm,
            ceiling_rule, step_mm, sign_off_above_mm, operator_max_mm, label_status, passes {min, typical, max, unit, trace}, endpoint,
            endpoint_trace, stop_rule, limits[] {rule, mm, why}, trace}
        sessions, interval_weeks {min, typical, max, sourced, trace}
        downtime_days {the same, band, band_label, worst_band, worst_days, measures, resume}
        course {dates, review, fits_event, last_session_latest, sourced, trace}
        summary {visits, total_downtime_days, finish, deepest_mm}
        adjuvants.use[], adjuvants.offered[]
        alternatives[] {id: fewer_visits | gentler | before_event, label, possible, reason, sourced, and where possible the keys above}
        advice {levels[], test_areas[], numbing {allowed, text, who, because, facts, contact_minutes ...}}
    """

    status: str
    earliest: dt.date | None
    condition: str | None
    today: dt.date
    protocol: Mapping[str, str]
    policies: Mapping[str, str]
    findings: tuple[Finding, ...]
    asks: tuple[Ask, ...]
    zones_excluded: tuple[ExcludedZone, ...]
    decisions: tuple[Decision, ...]
    medicines: tuple[Mapping[str, Any], ...]
    adjuvants: tuple[AdjuvantVerdict, ...]
    parameters: Parameters | None
    alternatives: tuple[Alternative, ...]
    advice: Mapping[str, Any]

    @property
    def approved(self) -> bool:
        """Whether the protocol version it comes from is approved; only then may a plan be accepted."""
        return self.protocol["status"] == "approved"

    def as_mapping(self) -> dict[str, Any]:
        """The case format's "Out": plain JSON types, numbers for millimetres, ISO text for dates."""
        out: dict[str, Any] = {
            "status": self.status,
            "earliest": plain(self.earliest),
            "condition": self.condition,
            "approved": self.approved,
            "notice": None if self.approved else f"Not approved: protocol {self.protocol['version']} is {self.protocol['status']}.",
            "protocol": dict(self.protocol),
            "planner": PLANNER_VERSION,
            "today": self.today.isoformat(),
            "policies": dict(self.policies),
            "findings": [finding.as_mapping() for finding in self.findings],
            "asks": [ask.as_mapping() for ask in self.asks],
            "zones_excluded": [zone.as_mapping() for zone in self.zones_excluded],
        }
        if self.parameters is not None:
            out |= self.parameters.as_mapping()
        out["adjuvants"] = self._adjuvants()
        if self.parameters is not None:
            out["alternatives"] = [alternative.as_mapping(self.parameters, out) for alternative in self.alternatives]
        out["decisions"] = [decision.as_mapping() for decision in self.decisions]
        out["medicines"] = [dict(medicine) for medicine in self.medicines]
        out["advice"] = dict(self.advice)
        return out

    def _adjuvants(self) -> dict[str, list[dict[str, Any]]]:
        lists = ("use", "offered", "home_only", "refused") if self.parameters is not None else ("home_only", "refused")
        return {name: [verdict.as_mapping() for verdict in self.adjuvants if verdict.verdict == name] for name in lists}


def propose(
    case: Case,
    knowledge: Knowledge,
    *,
    on: dt.date | None = None,
    policies: Mapping[str, str] | None = None,
    protocol: Mapping[str, str] | None = None,
) -> Proposal:
    """
    Judge *case* by *knowledge* on the visit date, or on *on*.

    *policies*: the clinic's settings, id to option; what is not named follows the protocol's default.
    *protocol*: version, status and sha256 of the stored version, where they differ from the document's own.

    Raises:
        PolicyFaults: a setting or option the protocol does not have.
    """
    ctx = Context(in_order(case), knowledge, on or case.visit_date, chosen_policies(knowledge, policies))
    medicines = _look(ctx)
    at_hand = devices.candidates(ctx)
    candidate = competence.choose(ctx, at_hand, [w for w in ctx.wanted if w.zone in knowledge.zones])
    if candidate is not None:
        devices.exclude_zones(ctx, candidate)
    findings = _again(ctx, ())
    excluded = _excluded(ctx, findings)
    planned = [w for w in ctx.wanted if w.zone not in excluded and (w.indication, w.level, w.zone) in knowledge.depth_rows]
    planned = _fewer_zones(ctx, findings, excluded, planned)
    zones = _zones(ctx, candidate, planned, findings) if candidate is not None else []
    if candidate is not None:
        waiting = {zone for zone, out in excluded.items() if out.action == "defer" or out.until is not None}
        _too_shallow_anyway(ctx, candidate, [w for w in ctx.wanted if w.zone in waiting], findings)
    findings = _again(ctx, findings)
    excluded = _excluded(ctx, findings)
    kept = {zone.zone for zone in zones}
    planned = [w for w in planned if w.zone in kept]
    if candidate is not None:
        competence.judge(ctx, candidate, (w.zone for w in planned))
    verdicts = adjuvants.verdicts(ctx, planned or ctx.wanted, findings)
    findings = _again(ctx, findings)

    status = _status(ctx, findings, excluded)
    parameters: Parameters | None = None
    to_decide: tuple[Decision, ...] = ()
    others: list[Alternative] = []
    if status in ("caution", "plan") and candidate is not None and zones:
        parameters, others = _plan(ctx, candidate, at_hand, planned, zones, findings)
        competence.judge_end(ctx, candidate, (zone.zone for zone in zones), parameters.course.dates[-1])
        findings = _again(ctx, findings)
        to_decide = tuple(advice.decisions(ctx, findings, [v for v in verdicts if v.verdict == "use"], zones))
        to_decide = competence.for_prescriber(ctx, to_decide, verdicts)
        findings = _again(ctx, findings)
        status = _status(ctx, findings, excluded)
    earliest, condition = _when(ctx, status, findings, excluded)
    used = [verdict for verdict in verdicts if verdict.verdict == "use"] if parameters else []
    return Proposal(
        status=status,
        earliest=earliest,
        condition=condition,
        today=ctx.today,
        protocol=_protocol(knowledge, protocol),
        policies=ctx.policies,
        findings=findings,
        asks=tuple(sorted(ctx.asks.values(), key=_ask_order(ctx))),
        zones_excluded=tuple(excluded.values()),
        decisions=to_decide,
        medicines=tuple(_medicine(ctx, taken) for taken in sorted(medicines, key=lambda t: (t.ingredient, t.typed, t.now))),
        adjuvants=verdicts,
        parameters=parameters,
        alternatives=tuple(others),
        advice=_advice(ctx, parameters, planned, findings, used),
    )


def _again(ctx: Context, before: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings worst first; worked out anew only where something was added."""
    if ctx.merged_upto != len(ctx.findings):
        ctx.merged_upto = len(ctx.findings)
        return merged(ctx)
    return before


def _look(ctx: Context) -> list[Taken]:
    """Everything the case says, judged: requests, medicines, screening, laboratory values, history, operator."""
    requests.resolve(ctx)
    requests.exclude_unknown_combinations(ctx)
    if ctx.wanted:
        ctx.interval = course.interval(ctx, ctx.wanted)
        span: WholeSpan = ctx.interval.value
        ctx.plan_interval_min_weeks = span.min
    medicines = recognise(ctx)
    hits = gather(ctx, medicines)
    for hit in judge_labs(ctx, medicines):
        hits.setdefault(hit.rule, []).append(hit)
    hits = {rule_id: hits[rule_id] for rule_id in ctx.knowledge.rules if rule_id in hits}
    judge(ctx, hits)
    earlier.judge(ctx)
    competence.judge_certificate(ctx)
    ask_open_questions(ctx, hits, medicines)
    judge_dates(ctx)
    return medicines


def _excluded(ctx: Context, findings: tuple[Finding, ...]) -> dict[str, ExcludedZone]:
    """Each requested zone that is left out, with every finding that does it; the worst one decides, the latest date counts."""
    found: dict[str, list[tuple[str, Finding]]] = {}
    for finding in findings:
        if finding.scope == "zone" and finding.action in LEAVING_OUT:
            for zone in finding.zones:
                found.setdefault(zone, []).append((finding.action, finding))
        elif finding.action == "caution" and finding.rule is not None:
            for zone in finding.rule.avoid_zones:
                if zone in ctx.zones:
                    found.setdefault(zone, []).append(("exclude_zone", finding))
    excluded = {}
    for zone in ctx.zones:
        if zone not in found:
            continue
        reasons = found[zone]
        # What waits for its turn as well is judged, and dated, by what stands against the zone itself.
        own = [(name, f) for name, f in reasons if f.id != OTHER_DAY] or reasons
        action = min((name for name, _ in own), key=LEAVING_OUT.index)
        dates = [f.until for _, f in own if f.until is not None]
        open_ended = any(f.until is None for _, f in own)
        first = reasons[0][1].source
        source = Source(first.refs, first.evidence, first.unverified, unread=first.unread)
        if len(reasons) > 1:
            refs = tuple(dict.fromkeys([ref for _, f in reasons for ref in f.source.refs]))
            unverified = any(f.source.unverified for _, f in reasons)
            source = Source(refs, first.evidence, unverified, unread=all(f.source.unread for _, f in reasons))
        excluded[zone] = ExcludedZone(
            zone,
            ctx.zone(zone).short_label,
            action,
            None if open_ended or not dates else max(dates),
            tuple(dict.fromkeys(f.id for _, f in reasons)),
            " ".join(dict.fromkeys(f.reason for _, f in reasons)),
            source,
        )
    return excluded


def _fewer_zones(ctx: Context, findings: tuple[Finding, ...], excluded: Mapping[str, ExcludedZone], planned: list[Wanted]) -> list[Wanted]:
    """
    A finding that allows only so many zones a session: the first of the request, in the protocol's order, stay and the rest wait for
    another day. A zone that is left out today keeps its place: a reason against one zone never brings another one forward. Who means the
    other one takes the first out of the request.
    """
    limiting = [f for f in findings if f.action == "caution" and f.rule is not None and f.rule.max_zones_per_session is not None]
    if not limiting:
        return planned
    finding = min(limiting, key=lambda f: (f.rule.max_zones_per_session if f.rule else 0) or 0)
    most = finding.rule.max_zones_per_session if finding.rule is not None else None
    zones = list(dict.fromkeys(w.zone for w in ctx.wanted if (w.indication, w.level, w.zone) in ctx.knowledge.depth_rows))
    if most is None or len(zones) <= most:
        return planned
    first = ctx.zone_words(tuple(zones[:most]))
    reason = f"{finding.label}: {most} {'zone' if most == 1 else 'zones'} a session. "
    if all(zone in excluded for zone in zones[:most]):
        them = "it" if most == 1 else "them"
        reason += f"{first.capitalize()} first, and not today: take {them} out of the request to plan this one instead."
    else:
        reason += f"{first.capitalize()} first; this one on another day, or instead."
    for zone in zones[most:]:
        if zone in excluded and excluded[zone].action != "defer":
            continue  # for good, not for another day
        ctx.add(
            Finding(
                OTHER_DAY,
                "Another day",
                "exclude_zone",
                "zone",
                reason,
                finding.source,
                zones=(zone,),
                order=finding.order,
                details={"because": finding.id},
            )
        )
    return [w for w in planned if w.zone in zones[:most]]


def _zones(ctx: Context, candidate: Candidate, planned: list[Wanted], findings: tuple[Finding, ...]) -> list[ZonePlan]:
    zones = []
    for z, here in _depths(ctx, candidate, planned, findings):
        if z.span.typical == 0:
            _leave_out_shallow(ctx, z)
            continue
        collapse = depth.caution_for_collapse(z)
        if collapse is not None:
            ctx.add(collapse)
        zones.append(_zone_plan(ctx, z, here))
    return zones


def _too_shallow_anyway(ctx: Context, candidate: Candidate, waiting: list[Wanted], findings: tuple[Finding, ...]) -> None:
    """A zone that must wait and could not be treated after it either: no date is promised."""
    known = [w for w in waiting if (w.indication, w.level, w.zone) in ctx.knowledge.depth_rows]
    for z, _ in _depths(ctx, candidate, known, findings):
        if z.span.typical == 0:
            _leave_out_shallow(ctx, z)


def _depths(
    ctx: Context, candidate: Candidate, wanted: list[Wanted], findings: tuple[Finding, ...]
) -> list[tuple[depth.ZoneDepth, tuple[Finding, ...]]]:
    """The depth of each zone, with the findings that bear on it."""
    cautions = tuple(f for f in findings if f.action in ("caution", "defer", "refuse"))
    by_zone: dict[str, list[Wanted]] = {}
    for want in wanted:
        by_zone.setdefault(want.zone, []).append(want)
    found = []
    for zone, wants in by_zone.items():
        here = tuple(f for f in cautions if f.scope == "patient" or zone in f.zones)
        z = depth.ZoneDepth(ctx, zone, wants, candidate, here)
        z.work_out()
        found.append((z, here))
    return found


def _leave_out_shallow(ctx: Context, z: depth.ZoneDepth) -> None:
    why = " ".join(dict.fromkeys([*z.collapsed, z.steps[-1].why]))
    label = f"Too shallow to set on {ctx.zone(z.zone).short_label.lower()}"
    source = ctx.knowledge.limits.source
    ctx.add(Finding("too_shallow", label, "exclude_zone", "zone", why, source, zones=(z.zone,), order=3_001))


def _zone_plan(ctx: Context, z: depth.ZoneDepth, here: tuple[Finding, ...]) -> ZonePlan:
    passes, unit = technique.passes(ctx, z.zone, z.wants)
    endpoint, stop, stop_source = technique.endpoint(ctx, z.zone, z.wants, z.span.typical, here)
    lines = [devices.label_line(ctx, z.device, want) for want in z.wants]
    return ZonePlan(
        zone=z.zone,
        label=ctx.zone(z.zone).short_label,
        indication=z.wants[0].indication,
        level=z.wants[0].level,
        indications=tuple(dict.fromkeys(want.indication for want in z.wants)),
        depth=z.traced,
        ceiling_mm=z.ceiling[0],
        ceiling_rule=z.ceiling[1],
        step_mm=devices.step_mm(z.device.device),
        row_min_mm=z.row_min,
        limits=tuple(z.limits),
        main_reason=depth.main_reason(z),
        passes=passes,
        passes_unit=unit,
        endpoint=endpoint,
        stop_rule=stop,
        stop_source=stop_source,
        label_status=devices.OFF_LABEL if any(line is None for line in lines) else devices.ON_LABEL,
        sign_off_above_mm=z.sign_off_above,
        operator_max_mm=z.operator_most,
    )


def _plan(
    ctx: Context,
    candidate: Candidate,
    at_hand: list[Candidate],
    planned: list[Wanted],
    zones: list[ZonePlan],
    findings: tuple[Finding, ...],
) -> tuple[Parameters, list[Alternative]]:
    sessions = course.sessions(ctx, planned)
    interval: Traced = ctx.interval
    start, steps = course.first_session(ctx, findings)
    event = course.before_event(ctx, sessions.value, interval.value, start, worst_band(ctx, zones))
    count, weeks = sessions.value.typical, interval.value.typical
    source = ctx.knowledge.alternatives.source
    if event is not None and event.possible and event.weeks == weeks:
        if event.sessions != count:
            sessions = alternatives.at(sessions, event.sessions, "event_date", event.reason, source)
        count = event.sessions
    elif event is not None:
        closer = f" Only {event.weeks} weeks apart: see the alternative before the event." if event.possible else ""
        ctx.add(Finding("event_date", "Not before the event", "caution", "patient", f"{event.reason}{closer}", source, order=4_000))
    visits = ctx.case.wishes.visits
    if visits is not None and visits < count:
        if visits >= sessions.value.min:
            sessions = alternatives.at(sessions, visits, "visits", f"At most {wording.counted(visits, 'visit')} wished.", source)
            count = visits
        else:
            reason = f"At most {wording.counted(visits, 'visit')} wished; the protocol needs at least {sessions.value.min}."
            ctx.add(Finding("visits", "More visits than wished", "caution", "patient", reason, source, order=4_001))
    found = downtime(ctx, zones, findings)
    accepted = ctx.case.wishes.downtime_days
    if accepted is not None and found.days.value.max > accepted:
        longest = wording.counted(found.days.value.max, "day")
        reason = (
            f"It can show for {longest}; the patient accepts {wording.number(accepted)}. The gentler alternative says what can be done."
        )
        ctx.add(
            Finding("downtime_wish", "Longer downtime than accepted", "none", "patient", reason, found.days.steps[0].source, order=4_002)
        )
    plan = Parameters(
        device=devices.describe(ctx, candidate, at_hand, planned),
        zones=zones,
        sessions=sessions,
        interval=interval,
        downtime=found,
        course=course.dates(ctx, start, count, weeks, steps, event),
    )
    return plan, alternatives.alternatives(ctx, plan, candidate, start, steps, findings)


def _status(ctx: Context, findings: tuple[Finding, ...], excluded: Mapping[str, ExcludedZone]) -> str:
    """Refuse beats defer beats ask beats caution beats plan. No zone left: the worst of the zones."""
    said = {"plan"}
    for finding in findings:
        if (finding.scope == "patient" and finding.action in STATUS_RANK) or finding.action in ("caution", "ask"):
            said.add(finding.action)
    if excluded:
        said.add("caution")
    if ctx.zones and len(excluded) == len(ctx.zones) and not ctx.unresolved:
        # What waits for its turn says nothing of the visit, also where it must wait for itself: those before it do.
        speak = (zone.action for zone in excluded.values() if OTHER_DAY not in zone.because or zone.action == "refuse")
        worst = min(speak, key=RANK.__getitem__)
        said.add("refuse" if worst == "exclude_zone" else worst)
    return min(said, key=STATUS_RANK.__getitem__)


def _when(
    ctx: Context, status: str, findings: tuple[Finding, ...], excluded: Mapping[str, ExcludedZone]
) -> tuple[dt.date | None, str | None]:
    """The latest date of everything that defers, and the conditions that have no date or must be seen to hold."""
    nothing_left = bool(ctx.zones) and len(excluded) == len(ctx.zones)
    if status not in ("defer", "refuse"):
        return None, None
    # Every zone left out counts as a refusal: what would free them is its condition.
    actions = ("refuse", "exclude_zone") if status == "refuse" and nothing_left else (status,)
    barring = [f for f in findings if f.action in actions and (f.scope == "patient" or nothing_left)]
    dates = [f.until for f in barring if f.until is not None]
    conditions = list(dict.fromkeys(f.condition for f in barring if f.condition))
    return (max(dates) if dates and status == "defer" else None), "; ".join(conditions) or None


def _ask_order(ctx: Context) -> Callable[[Ask], tuple[object, ...]]:
    """What the clinician must look up first, then the questions in the order they are asked."""
    places = ctx.knowledge.question_places

    def order(ask: Ask) -> tuple[object, ...]:
        return (ask.about == "screening", places.get(ask.id, -1), ask.about, ask.id)

    return order


def _protocol(knowledge: Knowledge, given: Mapping[str, str] | None) -> dict[str, str]:
    own = {"version": knowledge.version, "status": knowledge.status, "sha256": knowledge.sha256}
    return own | {name: str(value) for name, value in (given or {}).items() if name in own}


def _medicine(ctx: Context, taken: Taken) -> dict[str, Any]:
    classes = ctx.knowledge.medicine_classes
    notes = [note for group in taken.classes if (note := classes[group].note)]
    return {
        "name": taken.typed,
        "ingredient": taken.ingredient,
        "classes": list(taken.classes),
        "stopped": plain(taken.stopped),
        "notes": [*notes, *([taken.note] if taken.note else [])],
        **({"said": {"by": taken.said.by, "on": taken.said.on.isoformat()}} if taken.said else {}),
        **sourced(ctx.knowledge.medicine_source),
    }


def _advice(
    ctx: Context, parameters: Parameters | None, planned: list[Wanted], findings: tuple[Finding, ...], used: list[AdjuvantVerdict]
) -> dict[str, Any]:
    if parameters is None:
        return {"precare": [], "aftercare": [], "review": [], "phototype": advice.about_phototype(ctx)}
    pairs = list(dict.fromkeys((w.indication, w.level) for w in planned))
    return {
        **advice.care(ctx, parameters.course.dates[0], used, findings),
        "technique": advice.technique(ctx, parameters.zones),
        "phototype": advice.about_phototype(ctx),
        "levels": advice.about_levels(ctx, pairs),
        "test_areas": advice.test_areas(ctx, findings),
        "numbing": advice.numbing(ctx, parameters.zones, findings),
    }
