"""Laboratory values: the newest on or before the visit, in a unit the protocol knows and that fits the number, else a question."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal

from .case import Answer, Lab, read_number
from .context import Context
from .hits import Hit
from .knowledge.entries import LabLimit, LabRule, Rule
from .medicines import Taken
from .terms import Finding
from .wording import number
from .words import fold, tokens

_VALUE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(.*)")


def judge_labs(ctx: Context, medicines: list[Taken]) -> list[Hit]:
    """Hits for the rules a value triggers; findings of its own where the value weighs more than its rule."""
    ctx.labs = (*ctx.case.labs, *_typed_in_answers(ctx))
    newest = _newest(ctx)
    hits: list[Hit] = []
    for rule in ctx.knowledge.lab_rules:
        values = newest.get(rule.name, ())
        if rule.missing_or_older_than_days is not None:
            _missing(ctx, rule, values, medicines)
            continue
        for lab in values:
            limit = _limit(ctx, rule, lab)
            if limit is not None and lab.number is not None and _measured(limit, lab.number) and _over(limit, lab.number):
                hits += _over_the_limit(ctx, rule, lab)
    return hits


def _over_the_limit(ctx: Context, rule: LabRule, lab: Lab) -> list[Hit]:
    """A hit of the rule the value stands for; a finding of its own where the value weighs more than that rule."""
    said = f"{lab.name} {lab.value} {lab.unit}".strip()
    target = ctx.knowledge.rules[rule.finding]
    if rule.action == target.action:
        return [Hit(rule.finding, said, seen=lab.date, date=lab.date)]
    ctx.add(
        Finding(
            rule.finding,
            target.label,
            rule.action,
            "patient",
            f"{said}: {rule.text or target.rationale}",
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
    return []


def _typed_in_answers(ctx: Context) -> list[Lab]:
    """Values that stand in an answer ("HbA1c 9.1 %", "45"): judged like those of the laboratory."""
    found = []
    for rule_id, answer in ctx.case.screening.items():
        rule = ctx.knowledge.rules.get(rule_id)
        if rule is None or not answer.answer or not (answer.amount or answer.note):
            continue
        for name, words in _labs_of(ctx, rule).items():
            lab = _value_in(ctx, rule, answer, name, words)
            if lab is not None:
                found.append(lab)
    return found


def _labs_of(ctx: Context, rule: Rule) -> dict[str, tuple[str, ...]]:
    """The laboratory values that bear on the rule: name to the words for it."""
    wanted = {name.casefold() for name in (*rule.derived.labs, *((rule.needs_lab,) if rule.needs_lab else ()))}
    found: dict[str, tuple[str, ...]] = {}
    for lab in ctx.knowledge.lab_rules:
        words = (lab.name, *lab.words)
        if lab.finding == rule.id or wanted & {word.casefold() for word in words}:
            found[lab.name] = tuple(dict.fromkeys((*found.get(lab.name, ()), *words)))
    return found


def _value_in(ctx: Context, rule: Rule, answer: Answer, name: str, words: tuple[str, ...]) -> Lab | None:
    """The value an answer holds. A dose (a number with a medicine's unit) is none; in a note only what names value or unit."""
    text = (answer.amount or answer.note).strip()
    spelled = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    named = re.search(rf"(?<!\w)(?:{spelled})(?!\w)\s*[:=]?\s*((?:[^,;]|,(?=\d))*)", text, re.IGNORECASE)
    match = _VALUE.fullmatch(named[1] if named else text)
    number, unit = (match[1], match[2].strip()) if match else ("", "")
    units = {
        _unit(word) for lab in ctx.knowledge.lab_rules if lab.name == name for limit in lab.limits for word in (limit.unit, *limit.words)
    }
    known = bool(unit) and _unit(unit) in units
    bare = bool(number) and not unit and bool(rule.derived.labs)
    if not answer.amount and not (number and (named or known or bare)):
        return None
    if not known and not named and (tokens(unit) or ("",))[0] in ctx.knowledge.matching.units:
        return None
    if not number and not named and not rule.derived.labs:
        return None
    value, shown_unit = (number, unit) if number else (text, "")
    return Lab(name, value, read_number(value), shown_unit, answer.date or answer.seen)


def newest_value_on(ctx: Context, name: str) -> dt.date | None:
    """The day of the newest value of *name* on or before the visit."""
    for rule in ctx.knowledge.lab_rules:
        if name.casefold() in (rule.name.casefold(), *(word.casefold() for word in rule.words)):
            values = _newest(ctx, quiet=True).get(rule.name)
            return values[0].date if values else None
    return None


def _newest(ctx: Context, *, quiet: bool = False) -> dict[str, list[Lab]]:
    """The values of the newest day up to the visit by name: several of one day all count, in an order of their own."""
    newest: dict[str, list[Lab]] = {}
    for lab in ctx.labs:
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
        others = newest.get(name)
        if others is None or others[0].date is None or lab.date > others[0].date:
            newest[name] = [lab]
        elif lab.date == others[0].date:
            others.append(lab)
    return {name: sorted(values, key=_typed) for name, values in newest.items()}


def _typed(lab: Lab) -> tuple[str, str, str]:
    return (lab.name, lab.value, lab.unit)


def _unit(text: str) -> str:
    return "".join(text.casefold().split()).replace("μ", "µ")


def _limit(ctx: Context, rule: LabRule, lab: Lab) -> LabLimit | None:
    """The limit in the value's own unit; asks where the value is no number, the unit is not one listed or the number is of another."""
    for limit in rule.limits:
        if _unit(lab.unit) in {_unit(word) for word in (limit.unit, *limit.words)}:
            if lab.number is None or not _measured(limit, lab.number):
                ctx.ask(
                    f"{rule.name.casefold()}_value", f"{lab.name} {lab.value}: which number?", "lab", "labs", label=f"Value of {lab.name}"
                )
            elif _of_another_unit(rule, limit, lab.number):
                _ask_unit(ctx, rule, lab, " Should it be right as it stands, write it in the other unit.")
                return None
            return limit
    _ask_unit(ctx, rule, lab)
    return None


def _ask_unit(ctx: Context, rule: LabRule, lab: Lab, besides: str = "") -> None:
    units = " or ".join(limit.unit for limit in rule.limits)
    said = f" ({lab.unit})" if lab.unit else ""
    what = f"{lab.name} {lab.value}{said}: which unit, {units}?{besides}"
    ctx.ask(f"{rule.name.casefold()}_unit", what, "lab", "labs", label=f"Unit of {lab.name}")


def _of_another_unit(rule: LabRule, limit: LabLimit, value: Decimal) -> bool:
    """
    Whether the number is nearer to the limit in another unit, by their ratio, than to that of its own: 9.1 mmol/mol of HbA1c is
    9.1 % with the wrong unit. The limits of one rule are one value in several units, so no other figure is needed.
    """
    edge = _edge(limit)
    others = [other for line in rule.limits if line is not limit and (other := _edge(line)) is not None and other != edge]
    if edge is None or value <= 0:
        return False
    return any((value * value > edge * other) if other > edge else (value * value < edge * other) for other in others)


def _edge(limit: LabLimit) -> Decimal | None:
    return next((figure for figure in (limit.above, limit.at_least, limit.below) if figure), None)


def _measured(limit: LabLimit, value: Decimal) -> bool:
    """Nobody measures less than nothing, and nothing itself only where the limit looks downwards (platelets, CD4)."""
    return value > 0 or (value == 0 and limit.below is not None)


def _over(limit: LabLimit, value: Decimal) -> bool:
    if limit.above is not None and not value > limit.above:
        return False
    if limit.at_least is not None and not value >= limit.at_least:
        return False
    return limit.below is None or value < limit.below


def _missing(ctx: Context, rule: LabRule, values: Sequence[Lab], medicines: list[Taken]) -> None:
    """A value that must be fresh while one of these medicines is taken."""
    if not any(taken.now and taken.ingredient in rule.only_if_medicine for taken in medicines):
        return
    days = rule.missing_or_older_than_days or 0
    fresh = [lab for lab in values if lab.date is not None and (ctx.today - lab.date).days <= days and lab.number is not None]
    limits = [_limit(ctx, rule, lab) for lab in fresh]  # each unit that is not known is asked about
    if fresh and len(fresh) == len(values) and None not in limits:
        return
    what = f"{rule.text} {rule.name} not older than {number(days)} days."
    ctx.ask(rule.id, what, "lab", "labs", label=f"{rule.name} missing", order=ctx.knowledge.rules[rule.finding].order)
