"""Who must not be treated, who must wait and until when, which zones stay out. All findings, never only the first."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

from . import pointing, wording
from .case import read_number
from .context import Context, own
from .hits import Hit
from .knowledge.entries import Rule, Source, asked_of
from .labs import newest_value_on
from .medicines import Taken
from .terms import RANK, Finding
from .words import fold

_A_DAY = re.compile(r"(?:about |ca\.? ?|up to )?(\d{1,3}(?:[.,]\d+)?) ?(?:cigarettes?)? ?(?:a day|per day|/ ?day|daily)?", re.IGNORECASE)


def judge(ctx: Context, hits: dict[str, list[Hit]]) -> None:
    """Turn every hit into findings, then add what findings add."""
    added: set[str] = set()
    for rule_id, found in hits.items():
        rule = ctx.knowledge.rules[rule_id]
        for hit in found:
            _ask_about_override(ctx, rule, hit)
            for finding in findings_of(ctx, rule, hit):
                ctx.add(finding)
                if finding.action != "none" or finding.zones:  # healed by now, it was in a zone that is treated all the same
                    added.update(rule.adds)
    for rule_id in ctx.knowledge.rules if added else ():
        if rule_id in added and rule_id not in hits:
            rule = ctx.knowledge.rules[rule_id]
            for finding in findings_of(ctx, rule, Hit(rule_id, "follows from another finding")):
                ctx.add(finding)


def findings_of(ctx: Context, rule: Rule, hit: Hit) -> list[Finding]:
    """What one hit of one rule means today."""
    concerns = rule.scope == "patient" or rule.other_zones is not None or bool(blocked_zones(ctx, rule, hit.zones))
    late = _date_to_check(ctx, rule, hit) if concerns else None
    if late is not None:
        ctx.ask(f"{rule.id}.date", late, "date", f"screening.{rule.id}", label=f"Date: {rule.label}", order=rule.order)
    if rule.applies_to_regions and not any(ctx.region(zone) in rule.applies_to_regions for zone in ctx.zones):
        return [_free(rule, hit, "No zone it concerns is to be treated.")]
    if rule.heavy_from_cigarettes_per_day is not None and (hit.amount or hit.note):
        number = a_day(hit.amount or hit.note)
        if number is not None and number < rule.heavy_from_cigarettes_per_day:
            return [_free(rule, hit, f"{wording.number(number)} a day is below {rule.heavy_from_cigarettes_per_day}.")]
    if rule.other_zones is not None:
        return _with_other_zones(ctx, rule, hit)
    finding = _timed(ctx, rule, hit)
    if rule.scope == "zone":
        return _in_zones(ctx, rule, hit, finding)
    return [finding]


def a_day(text: str) -> Decimal | None:
    """`15`, `about 15 a day`, `15 cigarettes/day`: the number; None where the text says more than that."""
    found = _A_DAY.fullmatch(text.strip())
    return read_number(found[1]) if found else None


def _in_zones(ctx: Context, rule: Rule, hit: Hit, finding: Finding) -> list[Finding]:
    zones = blocked_zones(ctx, rule, hit.zones)
    if not zones:
        where = ctx.zone_words(hit.zones) or "elsewhere"
        return [_free(rule, hit, f"In {where}, which is not to be treated.")]
    return [replace(finding, zones=zones)]


def blocked_zones(ctx: Context, rule: Rule, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The requested zones a finding in *zones* concerns: that zone, its region, or every one."""
    if rule.blocks == "all":
        return ctx.zones
    if rule.blocks == "region":
        regions = {ctx.region(zone) for zone in zones}
        return tuple(zone for zone in ctx.zones if ctx.region(zone) in regions)
    return tuple(zone for zone in ctx.zones if zone in zones)


def _reason(rule: Rule, hit: Hit) -> str:
    said = f" ({hit.note})" if hit.note else ""
    return f"{rule.label}: {hit.origin}{said}. {rule.rationale}"


def _finding(rule: Rule, hit: Hit, action: str, **changes: object) -> Finding:
    finding = Finding(
        id=rule.id,
        label=rule.label,
        action=action,
        scope=rule.scope,
        reason=_reason(rule, hit),
        source=rule.source,
        condition=rule.until if action in ("refuse", "defer", "exclude_zone") else None,
        modifications=rule.modifications,
        rule=rule,
        order=rule.order,
        max_depth_mm=rule.max_depth_mm,
        sign_off=rule.sign_off,
        prescriber=rule.prescriber_decides,
        refer=rule.refer,
    )
    return replace(finding, **changes) if changes else finding  # type: ignore[arg-type]


def _free(rule: Rule, hit: Hit, why: str) -> Finding:
    """Found, and without effect today: said, never dropped."""
    return replace(
        _finding(rule, hit, "none"),
        reason=f"{rule.label}: {hit.origin}. {why}",
        modifications=(),
        max_depth_mm=None,
        sign_off=(),
        prescriber=None,
        refer=(),
    )


def _date_to_check(ctx: Context, rule: Rule, hit: Hit) -> str | None:
    """A date after the visit, or none where the rule counts from one: asked."""
    named = {
        "procedure_date": hit.date or hit.stopped,
        "application_date": hit.date or hit.stopped,
        "seen_date": hit.seen or hit.date,
        "treated_date": hit.treated or hit.date,
        "end_date": hit.date or hit.stopped,
        "stop_date": hit.stopped or hit.date,
    }.get(rule.counts_from or "")
    if rule.counts_from == "stop_date":
        if named is None and not hit.still_taken and rule.derived.medicine_taken == "stopped":
            return f"{rule.label}: when was the last dose?"
        return None
    if named is not None and named > ctx.today:
        return f"{rule.label}: the date {wording.day(named)} is after the visit. When was it?"
    if named is None and rule.counts_from in ("procedure_date", "application_date", "end_date") and rule.action != "none":
        return f"{rule.label}: on which day?"
    return None


def _timed(ctx: Context, rule: Rule, hit: Hit) -> Finding:
    """The rule's action with its date, after policy, clearance, dose and override have spoken."""
    override = _overridden(rule, hit)
    if override is not None:
        return override
    if rule.policy is not None:
        return _by_policy(ctx, rule, hit)
    if rule.dose_rule is not None and hit.dose_below:
        milder = rule.dose_rule.below
        finding = _finding(rule, hit, milder)
        return replace(finding, reason=f"{finding.reason} Below {wording.number(rule.dose_rule.from_mg)} mg prednisolone a day.")
    if rule.lifted_by == "written_clearance" and hit.cleared_by:
        return _lifted(rule, hit)
    if rule.interval_days is None or rule.interval_is_advice_only:
        return _finding(rule, hit, rule.action)
    until, bars = _until(ctx, rule, hit, getattr(rule.interval_days, rule.interval_used))
    if rule.lifted_by == "interval_and_clearance":
        return _after_interval_and_clearance(ctx, rule, hit, until)
    if bars:
        finding = _finding(rule, hit, rule.action, until=until)
        if until is not None and not rule.recheck:
            finding = replace(finding, condition=None)
        return _with_kind(ctx, rule, hit, finding)
    return _with_kind(ctx, rule, hit, _free(rule, hit, "The waiting time is over."))


def _until(ctx: Context, rule: Rule, hit: Hit, days: int) -> tuple[dt.date | None, bool]:
    """The first free day (None: only the condition is known) and whether it still bars today."""
    if rule.never_shorter_than_plan_interval:
        least = rule.interval_days.min if hit.within_course and rule.interval_days else days
        days = max(least, ctx.plan_interval_min_weeks * 7)
    wait = dt.timedelta(days=days)
    base = _base(ctx, rule, hit)
    if base is None:
        return None, True
    if rule.recheck:
        return _seen_again(ctx, rule, hit, base, wait)
    free = base + wait
    return free, ctx.today < free


def _seen_again(ctx: Context, rule: Rule, hit: Hit, base: dt.date, wait: dt.timedelta) -> tuple[dt.date | None, bool]:
    """
    The date is the first day to look again, and the condition must be seen to hold: `healed` says it was. Still there
    after the date: look again after another wait, counted from today; a treated lesion has only its condition then.
    """
    healed = hit.healed if hit.healed and hit.healed <= ctx.today else None
    if healed and rule.interval_after_healed:
        base = max(base, healed)
    free = base + wait
    if ctx.today < free:
        return free, True
    if healed:
        return free, False
    return (None if rule.counts_from == "treated_date" else ctx.today + wait), True


def _base(ctx: Context, rule: Rule, hit: Hit) -> dt.date | None:
    """The date the interval counts from; the visit where none is known; None where only the condition is."""
    kind = rule.counts_from

    def past(*days: dt.date | None) -> dt.date | None:
        return next((day for day in days if day is not None and day <= ctx.today), None)

    if kind == "stop_date":
        stopped = None if hit.still_taken else past(hit.stopped, hit.date)
        if stopped is not None:
            return stopped
        if rule.still_used_counts_from_visit or rule.derived.medicine_taken == "stopped":
            return max(ctx.today, hit.stopped or ctx.today)  # to be stopped later: not before
        return None
    if kind == "seen_date":
        return past(hit.seen, hit.date, hit.healed) or ctx.today
    if kind == "treated_date":
        # What is seen today is not treated yet, whatever was answered: its date is the day of the visit.
        return past(hit.treated, None if hit.origin.startswith("seen today") else hit.date)
    if kind in ("procedure_date", "application_date"):
        return past(hit.date, hit.stopped) or ctx.today
    return past(hit.date, hit.stopped)


def _entitled(rule: Rule, hit: Hit) -> str | None:
    """The role that signed the override, where the rule names it."""
    if hit.override is None:
        return None
    role = fold(hit.override.by).replace(" ", "_")
    return role if role in rule.overridable_by else None


def _ask_about_override(ctx: Context, rule: Rule, hit: Hit) -> None:
    """An override by somebody who may not sign it lifts nothing, and is never passed over in silence."""
    if hit.override is None or _entitled(rule, hit) is not None:
        return
    who = " or ".join(role.replace("_", " ") for role in rule.overridable_by)
    may = f"Only the {who} can sign it." if who else "The protocol lets nobody override it."
    what = f"{rule.label}: the override by {hit.override.by.replace('_', ' ')} does not count. {may} Have it signed, or take it out."
    ctx.ask(f"{rule.id}.override", what, "screening", f"screening.{rule.id}", label=f"Override: {rule.label}", order=rule.order)


def _overridden(rule: Rule, hit: Hit) -> Finding | None:
    """A signed override by somebody the rule names turns a deferral into a caution with its own depth."""
    role = _entitled(rule, hit)
    if hit.override is None or role is None:
        return None
    finding = _finding(rule, hit, "caution", until=None, condition=None, max_depth_mm=rule.override_max_depth_mm, sign_off=(role,))
    said = f"Overridden by {role.replace('_', ' ')}: {hit.override.reason}."
    return replace(finding, reason=f"{finding.reason} {said}", source=own(rule.source), details={"overridden_by": role})


def _by_policy(ctx: Context, rule: Rule, hit: Hit) -> Finding:
    """Isotretinoin: while taken it bars under every policy; afterwards the clinic's policy says how long and what then."""
    if rule.policy is None or rule.interval_days is None:
        return _finding(rule, hit, rule.action)
    base = _base(ctx, rule, hit)
    if base is None:
        return _finding(rule, hit, rule.action)
    name = ctx.policies[rule.policy.setting]
    policy = rule.policy.rules[name]
    full = base + dt.timedelta(days=getattr(rule.interval_days, rule.interval_used))
    free = base + dt.timedelta(days=policy.defer_days)
    if ctx.today < free:
        return _finding(rule, hit, rule.action, until=free, condition=None, details={"policy": name})
    if policy.then and ctx.today < full:
        finding = _finding(
            rule, hit, policy.then, condition=None, max_depth_mm=policy.max_depth_mm, sign_off=policy.sign_off, details={"policy": name}
        )
        return replace(finding, reason=f"{finding.reason} Policy of the clinic: {name}.")
    return _free(rule, hit, "The waiting time is over.")


def _lifted(rule: Rule, hit: Hit) -> Finding:
    said = f"Cleared in writing by {hit.cleared_by}."
    lifted = rule.when_lifted
    finding = _finding(
        rule,
        hit,
        lifted.action if lifted else "caution",
        until=None,
        condition=None,
        max_depth_mm=lifted.max_depth_mm if lifted else rule.max_depth_mm,
        prescriber="antiviral" if lifted and lifted.antiviral_on_face else rule.prescriber_decides,
        details={"cleared_by": hit.cleared_by, "antiviral_on_face": bool(lifted and lifted.antiviral_on_face)},
    )
    return replace(finding, reason=f"{finding.reason} {said}")


def _after_interval_and_clearance(ctx: Context, rule: Rule, hit: Hit, until: dt.date | None) -> Finding:
    """Both the waiting time and a written clearance are needed."""
    if until is None or ctx.today < until:
        return _finding(rule, hit, rule.action, until=until)
    if hit.cleared_by:
        return _lifted(rule, hit)
    who = ", ".join(name.replace("_", " ") for name in rule.clearance_from)
    return _finding(rule, hit, rule.action, until=None, condition=f"written clearance from the {who}")


def _with_kind(ctx: Context, rule: Rule, hit: Hit, finding: Finding) -> Finding:
    """A filler that stays for years needs a sign-off after its waiting time too."""
    if not rule.sign_off_kinds or rule.interval_days is None:
        return finding
    kind = hit.kind or "unknown"
    if kind not in rule.sign_off_kinds:
        return finding
    who = rule.kind_sign_off
    if finding.action != "none":
        return replace(finding, sign_off=who, reason=f"{finding.reason} Kind of filler: {kind}.")
    base = _base(ctx, rule, hit) or ctx.today
    if kind in rule.kinds_beyond_interval or ctx.today < base + dt.timedelta(days=rule.interval_days.max):
        again = _finding(rule, hit, "caution", condition=None, sign_off=who)
        return replace(again, reason=f"{again.reason} Kind of filler: {kind}; the waiting time is over, the sign-off is not.")
    return finding


def _with_other_zones(ctx: Context, rule: Rule, hit: Hit) -> list[Finding]:
    """Refused where it was, and the other zones wait (radiotherapy)."""
    other = rule.other_zones
    inside = blocked_zones(ctx, rule, hit.zones)
    found = [_finding(rule, hit, rule.action, zones=inside)] if inside else []
    outside = tuple(zone for zone in ctx.zones if zone not in inside)
    if other is None or not outside:
        return found
    base = _base(ctx, rule, hit)
    until = None if base is None else base + dt.timedelta(days=other.interval_days)
    who = ", ".join(name.replace("_", " ") for name in other.clearance_from)
    condition = f"written clearance from the {who}"
    why = f"{rule.label}, elsewhere: {wording.number(other.interval_days)} days and a clearance from the {who}. {rule.rationale}"
    if until is not None and ctx.today >= until and hit.cleared_by:
        cleared = _finding(rule, hit, "caution", zones=outside, condition=None)
        found.append(replace(cleared, reason=f"{rule.label}, elsewhere. Cleared in writing by {hit.cleared_by}.", refer=()))
    else:
        date = until if until is not None and ctx.today < until else None
        found.append(replace(_finding(rule, hit, other.action, zones=outside, until=date, condition=condition), reason=why))
    return found or [_free(rule, hit, "No zone is to be treated.")]


def ask_open_questions(ctx: Context, hits: dict[str, list[Hit]], medicines: list[Taken]) -> None:
    """Everything the protocol asks and nobody has answered; unknown means ask."""
    _ask_patient(ctx)
    screening, default = ctx.case.screening, ctx.case.screening_default
    for rule in ctx.knowledge.asked_rules:
        answer = screening.get(rule.id)
        said = answer.answer if answer is not None else default
        about_pregnancy = rule.derived.pregnancy
        if (said is not None and not about_pregnancy) or rule.id in hits or rule.question is None:
            continue
        if about_pregnancy:
            said = _pregnancy_answer(ctx, rule, answer.answer if answer is not None else None)
        if said is not None or not asked_of(rule.question.ask_sexes, rule.question.ask_ages, ctx.case.sex, ctx.case.age):
            continue
        _ask_rule(ctx, rule)
    pointing.ask(ctx, hits, medicines)
    _ask_for_labs(ctx)


def _ask_patient(ctx: Context) -> None:
    case = ctx.case
    if case.age is None:
        ctx.ask("age", "How old is the patient?", "patient", "patient.age", label="Age not recorded")
    if case.phototype is None:
        ctx.ask("phototype", "Phototype I to VI: which one?", "patient", "patient.phototype", label="Phototype not asked")


def _pregnancy_answer(ctx: Context, rule: Rule, said: bool | None) -> bool | None:
    """Recorded data settle it; an explicit no counts only where nothing was recorded."""
    if ctx.case.pregnancy in ("none", "pregnant", "breastfeeding"):
        return False
    return None if ctx.case.pregnancy == "unknown" else said


def _ask_rule(ctx: Context, rule: Rule) -> None:
    if rule.question is None:
        return
    question = ctx.knowledge.question_of.get(rule.id)
    ctx.unanswered.add(rule.id)
    ctx.ask(
        rule.id,
        rule.question.text,
        "screening",
        f"screening.{rule.id}",
        question=question.id if question else None,
        label=f"Not asked: {rule.label}",
        order=rule.order,
    )


def _ask_for_labs(ctx: Context) -> None:
    """A rule in force that needs a fresh laboratory value."""
    for finding in list(ctx.findings):
        rule = finding.rule
        if rule is None or rule.needs_lab is None or finding.action not in ("caution", "none") or finding.id != rule.id:
            continue
        day = newest_value_on(ctx, rule.needs_lab)
        if day is None or (rule.lab_max_age_days is not None and (ctx.today - day).days > rule.lab_max_age_days):
            name = next((lab.name for lab in ctx.knowledge.lab_rules if rule.needs_lab in lab.words), rule.needs_lab)
            what = f"{rule.label}: {name} not older than {rule.lab_max_age_days} days is needed."
            ctx.ask(f"{rule.needs_lab}_missing", what, "lab", "labs", label=f"{name} missing", order=rule.order)


def merged(ctx: Context) -> tuple[Finding, ...]:
    """
    Worst first, each thing once: findings of one id about the same zones and of one action become one, with the latest
    date; about the whole person the worst action stands for the id, and a question beside it stays.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in ctx.findings:
        if finding.scope == "patient":
            key: tuple[object, ...] = (finding.id, "ask" if finding.action == "ask" else "patient")
        else:
            key = (finding.id, finding.action, finding.until, finding.condition, finding.zones if finding.action == "none" else None)
        groups.setdefault(key, []).append(finding)
    return tuple(sorted((_one(ctx, group) for group in groups.values()), key=lambda f: f.sort_key))


def _one(ctx: Context, group: list[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=lambda f: (f.sort_key, f.until is not None, f.until or dt.date.min))
    worst = group[0]
    same = [f for f in group if f.action == worst.action]
    # A deferral without a date outlasts one with a date: its condition stays beside the latest date.
    dates = [f.until for f in same if f.until is not None]
    conditions = list(dict.fromkeys(f.condition for f in same if f.condition))
    caps: list[Decimal] = [f.max_depth_mm for f in group if f.max_depth_mm is not None]
    concerned = {zone for f in same for zone in f.zones}
    zones = tuple(zone for zone in ctx.zones if zone in concerned)
    return replace(
        worst,
        zones=zones,
        until=max(dates) if dates else None,
        condition="; ".join(conditions) or None,
        reason=_reasons(same),
        modifications=tuple(dict.fromkeys(m for f in group for m in f.modifications)),
        max_depth_mm=min(caps) if caps else None,
        sign_off=tuple(dict.fromkeys(who for f in group for who in f.sign_off)),
        source=_joined([f.source for f in same]),
    )


def _reasons(same: list[Finding]) -> str:
    """Every reason once; what the rule itself says stands with the first only."""
    said = list(dict.fromkeys(f.reason for f in same))
    rule = same[0].rule
    if rule is None:
        return " ".join(said)
    rest = [reason.removeprefix(f"{rule.label}: ").replace(f" {rule.rationale}", "", 1) for reason in said[1:]]
    return " ".join(dict.fromkeys([said[0], *(reason[:1].upper() + reason[1:] for reason in rest)]))


def _joined(sources: list[Source]) -> Source:
    refs = tuple(dict.fromkeys(ref for source in sources for ref in source.refs))
    return Source(refs, sources[0].evidence, any(source.unverified for source in sources), unread=all(s.unread for s in sources))


def worst(actions: list[str]) -> str:
    return min(actions, key=RANK.__getitem__, default="none")
