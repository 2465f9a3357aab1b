"""Laboratory values: the newest on or before the visit, in a unit the protocol knows, else a question."""

import datetime as dt
from decimal import Decimal

from .case import Lab
from .context import Context
from .hits import Hit
from .knowledge.entries import LabLimit, LabRule
from .medicines import Taken
from .terms import Finding
from .wording import number
from .words import fold, tokens


def judge_labs(ctx: Context, medicines: list[Taken]) -> list[Hit]:
    """Hits for the rules a value triggers; findings of its own where the value weighs more than its rule."""
    newest = _newest(ctx)
    hits: list[Hit] = []
    for rule in ctx.knowledge.lab_rules:
        lab = newest.get(rule.name)
        if rule.missing_or_older_than_days is not None:
            _missing(ctx, rule, lab, medicines)
            continue
        if lab is None:
            continue
        limit = _limit(ctx, rule, lab)
        if limit is None or lab.number is None or not _over(limit, lab.number):
            continue
        said = f"{lab.name} {lab.value} {lab.unit}".strip()
        target = ctx.knowledge.rules[rule.finding]
        if rule.action == target.action:
            hits.append(Hit(rule.finding, said, seen=lab.date, date=lab.date))
        else:
            reason = f"{said}: {rule.text or target.rationale}"
            ctx.add(
                Finding(
                    rule.finding,
                    target.label,
                    rule.action,
                    "patient",
                    reason,
                    rule.source,
                    condition=rule.until,
                    rule=target,
                    order=target.order,
                    modifications=target.modifications,
                    max_depth_mm=target.max_depth_mm,
                    sign_off=target.sign_off,
                    details={"lab": rule.id},
                )
            )
    return hits


def newest_value_on(ctx: Context, name: str) -> dt.date | None:
    """The day of the newest value of *name* on or before the visit."""
    for rule in ctx.knowledge.lab_rules:
        if name.casefold() in (rule.name.casefold(), *(word.casefold() for word in rule.words)):
            lab = _newest(ctx, quiet=True).get(rule.name)
            return lab.date if lab else None
    return None


def _newest(ctx: Context, *, quiet: bool = False) -> dict[str, Lab]:
    newest: dict[str, Lab] = {}
    for lab in ctx.case.labs:
        name = ctx.knowledge.names.labs.exact(lab.name)
        if name is None:
            matches = ctx.knowledge.names.labs.find(tokens(lab.name))
            name = matches[0].value if matches else None
        if name is None:
            if not quiet:
                what = f"{lab.name} {lab.value}: does this value bear on treatment?"
                ctx.ask(fold(lab.name) or lab.name, what, "lab", "labs", label=f"Laboratory value not known: {lab.name}")
            continue
        if lab.date is None or lab.date > ctx.today:
            if not quiet:
                what = f"{lab.name}: on which day was it measured?" if lab.date is None else f"{lab.name}: its date is after the visit."
                ctx.ask(f"{name.casefold()}_date", what, "lab", "labs", label=f"Date of {lab.name}")
            continue
        other = newest.get(name)
        if other is None or other.date is None or lab.date > other.date or (lab.date == other.date and _worse(lab, other)):
            newest[name] = lab
    return newest


def _worse(lab: Lab, other: Lab) -> bool:
    """Two values of one day: the order in which they were typed must not decide."""
    return (lab.number is None, lab.number or Decimal(0), lab.unit) > (other.number is None, other.number or Decimal(0), other.unit)


def _unit(text: str) -> str:
    return "".join(text.casefold().split()).replace("μ", "µ")


def _limit(ctx: Context, rule: LabRule, lab: Lab) -> LabLimit | None:
    """The limit in the value's own unit; asks where the value is no number or the unit is not one listed."""
    for limit in rule.limits:
        if _unit(lab.unit) in {_unit(word) for word in (limit.unit, *limit.words)}:
            if lab.number is None:
                ctx.ask(
                    f"{rule.name.casefold()}_value", f"{lab.name} {lab.value}: which number?", "lab", "labs", label=f"Value of {lab.name}"
                )
            return limit
    units = " or ".join(limit.unit for limit in rule.limits)
    said = f" ({lab.unit})" if lab.unit else ""
    ctx.ask(
        f"{rule.name.casefold()}_unit", f"{lab.name} {lab.value}{said}: which unit, {units}?", "lab", "labs", label=f"Unit of {lab.name}"
    )
    return None


def _over(limit: LabLimit, value: Decimal) -> bool:
    if limit.above is not None and not value > limit.above:
        return False
    if limit.at_least is not None and not value >= limit.at_least:
        return False
    return limit.below is None or value < limit.below


def _missing(ctx: Context, rule: LabRule, lab: Lab | None, medicines: list[Taken]) -> None:
    """A value that must be fresh while one of these medicines is taken."""
    if not any(taken.now and taken.ingredient in rule.only_if_medicine for taken in medicines):
        return
    days = rule.missing_or_older_than_days or 0
    fresh = lab is not None and lab.date is not None and (ctx.today - lab.date).days <= days and lab.number is not None
    if fresh and lab is not None and _limit(ctx, rule, lab) is not None:
        return
    what = f"{rule.text} {rule.name} not older than {number(days)} days."
    ctx.ask(rule.id, what, "lab", "labs", label=f"{rule.name} missing", order=ctx.knowledge.rules[rule.finding].order)
