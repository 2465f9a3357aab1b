"""What is said around the sessions: numbing without a dose, pre-care with dates, aftercare, reviews, decisions to take."""

import datetime as dt
from decimal import Decimal
from typing import Any

from . import wording
from .context import Context
from .terms import AdjuvantVerdict, Decision, Finding, Step, ZonePlan, plain, sourced


def numbing(ctx: Context, zones: list[ZonePlan], findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Whether numbing cream may be used at all, who decides, and the facts that hold. Never a product strength or an amount."""
    rules = ctx.knowledge.numbing
    barring = [f for f in findings if f.action == "caution" and f.rule is not None and _bars_numbing(ctx, f)]
    deepest = max(zone.span.typical for zone in zones)
    regions = {ctx.region(zone.zone) for zone in zones}
    large = [zone.zone for zone in zones if ctx.region(zone.zone) in rules.large_area_regions]
    facts = [*rules.facts_always]
    if deepest <= rules.often_none_up_to_mm:
        facts += rules.facts_shallow
    if large:
        facts += rules.facts_large_area
    if barring:
        facts += rules.facts_blocked
    contact = rules.contact_minutes if not barring and regions & set(rules.contact_regions) else None
    source = rules.source
    return {
        "allowed": not barring,
        "text": rules.blocked_text if barring else rules.advice_text,
        "who": list(rules.who),
        "because": [f.id for f in barring],
        "often_none": deepest <= rules.often_none_up_to_mm,
        "in_parts": len(large) > 1,
        "in_parts_text": ctx.knowledge.combination["large_areas"].text if large else None,
        "contact_minutes": None
        if contact is None
        else {"min": contact[0], "max": contact[1], **sourced(source.for_field("contact_minutes"))},
        "facts": [
            {"id": name, "text": ctx.knowledge.anaesthesia[name].text, **sourced(ctx.knowledge.anaesthesia[name].source)}
            for name in dict.fromkeys(facts)
        ],
        "refs": list(dict.fromkeys([*source.refs, *(ref for f in barring for ref in f.source.refs)])),
        "evidence": source.evidence,
        "unverified": source.unverified,
        "no_study": source.no_study,
        "trace": [step.as_mapping() for step in _numbing_steps(ctx, barring, deepest)],
    }


def _numbing_steps(ctx: Context, barring: list[Finding], deepest: Decimal) -> list[Step]:
    """Whether numbing cream may be used: first by the protocol, then by what was found."""
    rules = ctx.knowledge.numbing
    steps = [Step("numbing", None, "prescriber decides", rules.advice_text, rules.source)]
    if deepest <= rules.often_none_up_to_mm:
        why = f"The deepest setting is {wording.mm(deepest)}: up to {wording.mm(rules.often_none_up_to_mm)} many need none."
        steps.append(Step("often_none", "prescriber decides", "prescriber decides", why, rules.source.for_field("often_none_up_to_mm")))
    said = "prescriber decides"
    for finding in barring:
        steps.append(Step(finding.id, said, "none", f"{finding.label}: {rules.blocked_text}", finding.source))
        said = "none"
    return steps


def _bars_numbing(ctx: Context, finding: Finding) -> bool:
    rule = finding.rule
    if rule is None:
        return False
    return rule.no_topical_anaesthetic or any(group in ctx.classes_now for group in rule.anaesthetic_if_class)


def care(ctx: Context, first_day: dt.date | None, used: list[AdjuvantVerdict], findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Pre-care (with its date where the first session has one), aftercare by key, reviews."""
    knowledge = ctx.knowledge
    precare = []
    for item in knowledge.precare:
        day = first_day + dt.timedelta(days=item.day) if first_day else None
        precare.append({"id": item.id, "day": item.day, "date": plain(day), "text": item.text, **sourced(item.source)})
    aftercare: list[dict[str, Any]] = [
        {
            "id": item.id,
            "when": item.when,
            "from_hour": item.from_hour,
            "to_hour": item.to_hour,
            "do": item.do,
            "avoid": item.avoid,
            **sourced(item.source),
        }
        for item in knowledge.aftercare
    ]
    for verdict in used:
        fact = knowledge.aftercare_by_adjuvant.get(verdict.id)
        if fact is not None:
            aftercare.append({"id": f"adjuvant_{verdict.id}", "adjuvant": verdict.id, "text": fact.text, **sourced(fact.source)})
    review = [
        {"id": item.id, "text": item.text, **sourced(item.source)}
        for item in knowledge.review_advice
        if not item.phototypes or ctx.case.phototype in item.phototypes
    ]
    for finding in findings:
        hours = finding.rule.check_after_hours if finding.rule is not None and finding.action == "caution" else None
        if hours is not None:
            text = f"Check the skin {hours} hours after each session: {finding.label}."
            review.append({"id": f"check_{finding.id}", "text": text, "after_hours": hours, **sourced(finding.source)})
    return {"precare": precare, "aftercare": aftercare, "review": review}


def technique(ctx: Context, zones: list[ZonePlan]) -> list[dict[str, Any]]:
    """How it is done, whatever the depth; with several zones or large ones what the protocol says about combining them."""
    said = [
        {"id": fact.id or f"technique_{number}", "text": fact.text, **sourced(fact.source)}
        for number, fact in enumerate(ctx.knowledge.technique.rules, start=1)
    ]
    regions = [ctx.region(zone.zone) for zone in zones]
    wanted = ["several_zones"] if len(zones) > 1 else []
    if sum(region in ctx.knowledge.large_area_regions for region in regions) > 1:
        wanted.append("large_areas")
    if any(zone.sign_off_above_mm is not None for zone in zones):
        wanted.append("above_evaluated")
    for name in wanted:
        rule = ctx.knowledge.combination[name]
        said.append({"id": rule.id, "text": rule.text, **sourced(rule.source)})
    return said


def about_phototype(ctx: Context) -> list[dict[str, Any]]:
    """What the phototype asks for besides depth, in the order of the rules it inherits."""
    if ctx.case.phototype is None:
        return []
    rule = ctx.knowledge.phototype_rule(ctx.case.phototype)
    rules = {found.id: found for found in ctx.knowledge.phototype_rules}
    chain = [rules[ident] for ident in rule.inherits] + [rule]
    return [{"id": found.id, "text": text, **sourced(found.source)} for found in chain for text in found.extra]


def about_levels(ctx: Context, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What the protocol says about the severity treated: limits of needling, alternatives, home care it must go with."""
    said = []
    for indication, level_id in pairs:
        found = ctx.knowledge.indications[indication]
        level = found.levels[level_id]
        source = level.sessions.source
        if level.advice:
            said.append(
                {"id": f"{indication}.{level_id}", "text": level.advice, "alternatives": list(level.alternatives), **sourced(source)}
            )
        for adjuvant in level.requires_home_care:
            text = f"Needed beside it: {ctx.knowledge.adjuvants[adjuvant].label}."
            said.append({"id": f"{indication}.{level_id}.{adjuvant}", "text": text, "alternatives": [], **sourced(source)})
    return said


def test_areas(ctx: Context, findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Test areas a finding requires or the phototype offers."""
    found = []
    for finding in findings:
        if finding.rule is not None and finding.rule.test_area and finding.action == "caution":
            weeks = finding.rule.test_area_wait_weeks
            found.append({"because": finding.id, "required": True, "wait_weeks": weeks, **sourced(finding.source)})
    if ctx.case.phototype is not None:
        rule = ctx.knowledge.phototype_rule(ctx.case.phototype)
        if rule.test_area == "offer":
            found.append({"because": rule.id, "required": False, "wait_weeks": None, **sourced(rule.source)})
    return found


def decisions(ctx: Context, findings: tuple[Finding, ...], used: list[AdjuvantVerdict], zones: list[ZonePlan]) -> list[Decision]:
    """Everything a named person must decide or sign before the first needle."""
    found: list[Decision] = []
    on_face = any(ctx.region(zone.zone) == "face" for zone in zones)
    for finding in findings:
        if finding.action not in ("caution", "exclude_zone", "refuse", "defer"):
            continue
        if finding.sign_off and finding.action == "caution":
            found.append(Decision(f"sign_off.{finding.id}", f"Sign-off: {finding.label}", finding.sign_off, (finding.id,), finding.source))
        rest = finding.rule.rest_needs_sign_off if finding.rule is not None else ()
        if rest and finding.scope == "zone":
            what = f"Other zones only after review: {finding.label}"
            found.append(Decision(f"rest.{finding.id}", what, rest, (finding.id,), finding.source))
        if finding.prescriber and finding.action == "caution" and (finding.prescriber != "antiviral" or on_face):
            what = f"{finding.prescriber.replace('_', ' ').capitalize()} cover: a prescriber decides"
            found.append(Decision(finding.prescriber, what, ("prescriber",), (finding.id,), finding.source))
        if finding.action == "caution" and _bars_numbing(ctx, finding):
            found.append(Decision("numbing", "Numbing: choose another, or none", ("prescriber",), (finding.id,), finding.source))
    for verdict in used:
        if verdict.sign_off:
            found.append(
                Decision(f"adjuvant.{verdict.id}", f"Sign-off: {verdict.label}", verdict.sign_off, verdict.because, verdict.source)
            )
    return _joined(found)


def _joined(found: list[Decision]) -> list[Decision]:
    """One decision per id, with everything that asks for it."""
    by_id: dict[str, Decision] = {}
    for decision in found:
        other = by_id.get(decision.id)
        if other is None:
            by_id[decision.id] = decision
        else:
            because = tuple(dict.fromkeys((*other.because, *decision.because)))
            by_id[decision.id] = Decision(other.id, other.what, other.who, because, other.source)
    return list(by_id.values())
