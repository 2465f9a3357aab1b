"""A hit: some part of the case says that a rule applies. Screening judges every hit of every rule."""

import datetime as dt
from dataclasses import replace

from .case import Answer, Override
from .context import Context
from .knowledge.entries import Rule
from .medicines import Taken, below_dose
from .records import record
from .terms import Finding
from .words import fold, tokens


@record(frozen=True, slots=True)
class Hit:
    """
    `origin`: which part of the case says so, in words. `zones` are zone ids (every requested zone where none was named).
    `still_taken`: a medicine that has not been stopped. `dose_below`: a steroid below the rule's dose.
    `within_course`: an earlier session of the same course, healed and without marks.
    """

    rule: str
    origin: str
    zones: tuple[str, ...] = ()
    date: dt.date | None = None
    stopped: dt.date | None = None
    seen: dt.date | None = None
    healed: dt.date | None = None
    treated: dt.date | None = None
    still_taken: bool = False
    kind: str = ""
    amount: str = ""
    note: str = ""
    cleared_by: str = ""
    override: Override | None = None
    dose_below: bool = False
    explicit: bool = False
    within_course: bool = False


def from_answer(ctx: Context, rule_id: str, answer: Answer) -> Hit:
    zones = _zones(ctx, rule_id, answer.zones, f"screening.{rule_id}")
    return Hit(
        rule=rule_id,
        origin="answered yes",
        zones=zones,
        date=answer.date,
        stopped=answer.stopped,
        seen=answer.seen,
        healed=answer.healed,
        treated=answer.treated,
        kind=fold(answer.kind),
        amount=answer.amount,
        note=answer.note,
        cleared_by=answer.cleared_by,
        override=answer.override,
        explicit=True,
    )


def _zones(ctx: Context, rule_id: str, names: tuple[str, ...], focus: str) -> tuple[str, ...]:
    """The zones of a finding; about the whole person the place is only a note ("earlobe") and is never asked about."""
    if ctx.knowledge.rules[rule_id].scope == "patient":
        return ()
    return ctx.resolve_zones(names, focus)[0]


def gather(ctx: Context, medicines: list[Taken]) -> dict[str, list[Hit]]:
    """Every hit of the case by rule id, in the order of the pack's rules."""
    hits: dict[str, list[Hit]] = {}

    def note(hit: Hit) -> None:
        hits.setdefault(hit.rule, []).append(hit)

    for rule_id, answer in ctx.case.screening.items():
        if rule_id not in ctx.knowledge.rules:
            ident = fold(rule_id).replace(" ", "_") or rule_id
            what = f"{rule_id}: the protocol has no such screening rule"
            ctx.ask(ident, what, "screening", f"screening.{rule_id}", label=f"Unknown screening rule: {rule_id}")
        elif answer.answer:
            note(from_answer(ctx, rule_id, answer))
    for hit in (*_patient(ctx), *_findings_today(ctx), *_medicines(ctx, medicines), *_procedures(ctx), *_allergies(ctx)):
        note(hit)
    for hit in (*_requests(ctx), *_history(ctx), *_defaults(ctx, hits)):
        note(hit)
    return {
        rule_id: [part for hit in hits[rule_id] for part in _by_course(ctx, _with_papers(ctx, hit))]
        for rule_id in ctx.knowledge.rules
        if rule_id in hits
    }


def _with_papers(ctx: Context, hit: Hit) -> Hit:
    """Clearance and override recorded with the answer hold for what follows from data too; a "no" beside data is said."""
    answer = ctx.case.screening.get(hit.rule)
    if answer is None or hit.explicit:
        return hit
    origin = f"{hit.origin}, though answered no" if answer.answer is False else hit.origin
    return replace(hit, origin=origin, cleared_by=answer.cleared_by, override=answer.override)


def _by_course(ctx: Context, hit: Hit) -> list[Hit]:
    """A session of this very course apart from needling of another kind: only the first waits no longer than the plan itself."""
    if not ctx.knowledge.rules[hit.rule].within_course or hit.date is None:
        return [hit]
    inside = tuple(zone for zone in hit.zones if _same_course(ctx, hit.date, zone))
    outside = tuple(zone for zone in hit.zones if zone not in inside)
    if not inside:
        return [hit]
    return [replace(hit, zones=inside, within_course=True), *([replace(hit, zones=outside)] if outside else [])]


def _same_course(ctx: Context, day: dt.date, zone: str) -> bool:
    """Whether all that was done here on *day* is recorded, healed, left no marks and was no deeper than what is asked for now."""
    sessions = [s for s in ctx.case.history if s.date == day and any(zone in (ctx.zones_named(name) or ()) for name in s.places)]
    rows = [row for w in ctx.wanted if w.zone == zone and (row := ctx.knowledge.depth_rows.get((w.indication, w.level, zone)))]
    if not sessions or not rows:
        return False
    most = min(row.depth_mm.max for row in rows)
    for session in sessions:
        depths = [mm for name, mm in session.depth_mm.items() if zone in (ctx.zones_named(name) or ())]
        if session.healed is not True or session.pigmentation is not False or not depths or max(depths) > most:
            return False
    return True


def _patient(ctx: Context) -> list[Hit]:
    """Age, phototype and pregnancy settle their rules."""
    case, found = ctx.case, []
    for rule in ctx.knowledge.names.rules_from_data:
        derived = rule.derived
        if case.pregnancy in derived.pregnancy:
            found.append(Hit(rule.id, "recorded with the patient"))
        if case.phototype in derived.phototypes:
            found.append(Hit(rule.id, f"phototype {case.phototype}"))
        if case.age is None:
            continue
        if derived.age_below is not None and case.age < derived.age_below:
            found.append(Hit(rule.id, f"{case.age} years old"))
        if derived.age_from is not None and derived.age_to is not None and derived.age_from <= case.age <= derived.age_to:
            found.append(Hit(rule.id, f"{case.age} years old"))
    return found


def _findings_today(ctx: Context) -> list[Hit]:
    found = []
    for finding in ctx.case.findings:
        rule_id = finding.id if finding.id in ctx.knowledge.rules else ctx.knowledge.names.rules.exact(finding.id)
        if rule_id is None:
            what = f"{finding.id}: does this bar treatment, and where?"
            ctx.ask(fold(finding.id) or finding.id, what, "finding", "findings_today", label=f"Finding not known: {finding.id}")
            continue
        zones = _zones(ctx, rule_id, finding.zones, "findings_today")
        found.append(Hit(rule_id, "seen today", zones, seen=ctx.today, date=ctx.today, note=finding.note))
    return found


def _medicines(ctx: Context, medicines: list[Taken]) -> list[Hit]:
    found = []
    for taken in medicines:
        if taken.now:
            ctx.classes_now.update(taken.classes)
        leads_to = ctx.knowledge.names.rules_of_class
        for rule in [ctx.knowledge.rules[ident] for ident in dict.fromkeys(i for group in taken.classes for i in leads_to[group])]:
            when = rule.derived.medicine_taken or "now"
            if when == "now" and not taken.now:
                continue
            if when == "stopped" and taken.now:
                continue
            recently = taken.stopped is None or ctx.today < taken.stopped + dt.timedelta(days=_days_after(rule))
            if when in ("stopped", "within_interval") and not recently:
                continue
            below = False
            if rule.dose_rule and taken.classes == (rule.dose_rule.medicine_class,):
                below = below_dose(rule.dose_rule, medicines)
            zones = ctx.zones if rule.scope == "zone" else ()
            found.append(
                Hit(rule.id, taken.origin, zones, stopped=taken.stopped or taken.stops_on, still_taken=taken.now, dose_below=below),
            )
    return found


def _days_after(rule: Rule) -> int:
    """How long a stopped medicine still counts; where a clearance is needed besides the time, as long as the interval can be."""
    if rule.interval_days is None:
        return 0
    return rule.interval_days.max if rule.lifted_by == "interval_and_clearance" else getattr(rule.interval_days, rule.interval_used)


def _procedures(ctx: Context) -> list[Hit]:
    found = []
    for index, procedure in sorted(enumerate(ctx.case.procedures), key=lambda named: repr(named[1])) if ctx.case.procedures else ():
        matches = ctx.knowledge.names.procedures.find(tokens(procedure.what))
        if not matches:
            ident = fold(procedure.what) or procedure.what
            what = f"{procedure.what}: what was done, and does the skin have to rest?"
            ctx.ask(ident, what, "procedure", "recent_procedures", label=f"Procedure not known: {procedure.what}")
            continue
        zones, _ = ctx.resolve_zones(procedure.zones, f"recent_procedures[{index}].zone")
        for match in matches:
            found.append(
                Hit(
                    match.value.leads_to,
                    procedure.what,
                    zones,
                    date=procedure.date,
                    kind=match.value.filler_kind or "",
                    explicit=False,
                )
            )
    return found


def _allergies(ctx: Context) -> list[Hit]:
    found = []
    for allergy in ctx.case.allergies:
        matches = ctx.knowledge.names.allergens.find(tokens(allergy))
        if not matches:
            what = f"{allergy}: is it a metal, an anaesthetic, skin care, or none of these?"
            ctx.ask(fold(allergy) or allergy, what, "allergy", "allergies", label=f"Allergy not known: {allergy}")
        for match in matches:
            allergen = match.value
            found += [Hit(rule_id, f"allergy: {allergy}") for rule_id in allergen.leads_to]
            if allergen.advice:
                source = ctx.knowledge.allergen_source
                ident, label = f"allergy_{allergen.id}", f"Allergy: {allergy}"
                ctx.add(Finding(ident, label, "none", "patient", f"{allergy}: {allergen.advice}", source, modifications=(allergen.advice,)))
    return found


def _requests(ctx: Context) -> list[Hit]:
    """A rule that follows from what is asked for (melasma, whatever else is treated in that zone)."""
    found = []
    for rule in ctx.knowledge.names.rules_from_data:
        for pair in rule.derived.requests:
            zones = tuple(w.zone for w in ctx.wanted if (w.indication, w.level) == pair)
            if zones:
                found.append(Hit(rule.id, "asked for", tuple(dict.fromkeys(zones))))
    return found


def _history(ctx: Context) -> list[Hit]:
    """Earlier needling: the zone rests as long as the rule for recent needling says."""
    found = []
    for session in ctx.case.history:
        zones, _ = ctx.resolve_zones(session.places, "history.zones")
        for rule in ctx.knowledge.rules.values():
            if rule.never_shorter_than_plan_interval:
                found.append(Hit(rule.id, "needled here before", zones, date=session.date))
    return found


def _defaults(ctx: Context, hits: dict[str, list[Hit]]) -> list[Hit]:
    """`screening_default: true`: every rule that was not asked counts as yes, unless data settle it."""
    if ctx.case.screening_default is not True:
        return []
    found = []
    for rule in ctx.knowledge.rules.values():
        answer = ctx.case.screening.get(rule.id)
        if rule.id in hits or rule.question is None or (answer and answer.answer is not None) or _settled(ctx, rule.id):
            continue
        found.append(Hit(rule.id, "counts as yes by default", ctx.zones, explicit=True))
    return found


def _settled(ctx: Context, rule_id: str) -> bool:
    derived = ctx.knowledge.rules[rule_id].derived
    return bool(derived.pregnancy) and ctx.case.pregnancy in ("none", "pregnant", "breastfeeding")
