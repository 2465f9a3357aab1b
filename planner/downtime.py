"""Downtime: the deepest proposed depth picks the band, the deepest allowed one the worst case."""

from decimal import Decimal
from typing import Any

from . import wording
from .context import Context
from .knowledge.entries import DowntimeBand
from .terms import Downtime, Finding, Step, Traced, ZonePlan, plain, sourced

ACTIVES = "retinoid_and_acid_days"


def band(ctx: Context, zones: list[ZonePlan]) -> DowntimeBand:
    return ctx.knowledge.band_of(max(zone.span.typical for zone in zones))


def worst_band(ctx: Context, zones: list[ZonePlan]) -> DowntimeBand:
    return ctx.knowledge.band_of(max(zone.span.max for zone in zones))


def downtime(ctx: Context, zones: list[ZonePlan], findings: tuple[Finding, ...]) -> Downtime:
    deepest = max(zones, key=lambda zone: zone.span.typical)
    found, worst = band(ctx, zones), worst_band(ctx, zones)
    visible = found.measures["visible_downtime"]
    why = f"Deepest proposed depth {wording.mm(deepest.span.typical)} ({deepest.label.lower()}): {found.label.lower()} band."
    step = Step(f"downtime_{found.id}", None, visible.span.typical, why, visible.source, None, visible.span)
    resume, steps = _resume(found, findings)
    return Downtime(
        days=Traced(visible.span, (step,)),
        band=found.id,
        band_label=found.label,
        worst_band=worst.id,
        worst_days=worst.measures["visible_downtime"].span.max,
        measures=_measures(found),
        resume=resume,
        resume_source=found.resume_source,
        resume_steps=steps,
    )


def _resume(found: DowntimeBand, findings: tuple[Finding, ...]) -> tuple[dict[str, int], tuple[Step, ...]]:
    """When things may be taken up again: the band's own, actives later where a finding asks for it."""
    resume, steps = dict(found.resume), []
    for finding in findings:
        days = finding.rule.no_actives_days if finding.rule is not None and finding.action == "caution" else None
        if days is not None and days > resume[ACTIVES]:
            steps.append(Step(finding.id, resume[ACTIVES], days, f"{finding.label}: no actives for {days} days.", finding.source))
            resume[ACTIVES] = days
    return resume, tuple(steps)


def _measures(found: DowntimeBand) -> dict[str, Any]:
    return {name: {**plain(m.span), "unit": "days", **sourced(m.source)} for name, m in found.measures.items()}


def deepest_band_within(ctx: Context, days: Decimal) -> DowntimeBand | None:
    """The deepest band whose longest visible downtime is within *days*."""
    fitting = [b for b in ctx.knowledge.downtime_bands if b.measures["visible_downtime"].span.max <= days]
    return fitting[-1] if fitting else None
