"""Passes and endpoint of one zone."""

from decimal import Decimal

from .context import Context, Wanted
from .knowledge.entries import Endpoint, Source
from .terms import Finding, Step, Traced


def passes(ctx: Context, zone: str, wants: list[Wanted]) -> tuple[Traced, str]:
    """The first row that names the zone or an indication; the row without names is for all the rest."""
    indications = {want.indication for want in wants}
    for row in ctx.knowledge.technique.passes:
        if (not row.zones and not row.indications) or zone in row.zones or indications & set(row.indications):
            why = "Thin zone or pigment: few passes." if row.zones or row.indications else "Passes as in the studies."
            step = Step(f"passes_{row.id}", None, row.passes.typical, why, row.source, None, row.passes)
            return Traced(row.passes, (step,)), row.unit
    raise LookupError("the protocol has no passes for the rest")  # refused when the pack is parsed


def endpoint(ctx: Context, zone: str, wants: list[Wanted], depth: Decimal, findings: tuple[Finding, ...]) -> tuple[Traced, str, Source]:
    """What to see before moving on, and when to stop. A finding that asks for a lighter hand takes the next lighter one."""
    points = ctx.knowledge.technique.endpoints
    indications = {want.indication for want in wants}
    found = next((p for p in points if not p.always and _matches(p, zone, indications, depth)), None)
    if found is None:
        found = next(p for p in points if not p.always)
    steps = [Step(f"endpoint_{found.id}", None, found.text, found.when, found.source)]
    lighter = [finding for finding in findings if finding.rule is not None and finding.rule.lighter_endpoint]
    order = ctx.knowledge.technique.lighter_order
    if lighter and found.id in order and order.index(found.id) > 0:
        softer = next(p for p in points if p.id == order[order.index(found.id) - 1])
        why = f"{lighter[0].label}: a lighter endpoint."
        steps.append(Step(lighter[0].id, found.text, softer.text, why, lighter[0].source))
        found = softer
    stop = next(p for p in points if p.always)
    return Traced(found.text, tuple(steps)), stop.text, stop.source


def _matches(point: Endpoint, zone: str, indications: set[str], depth: Decimal) -> bool:
    if zone in point.zones or indications & set(point.indications):
        return True
    if point.up_to_mm is not None and depth <= point.up_to_mm:
        return True
    if point.from_mm is not None and depth >= point.from_mm:
        return True
    return point.above_mm is not None and depth > point.above_mm and (point.below_mm is None or depth < point.below_mm)
