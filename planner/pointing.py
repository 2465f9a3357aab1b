"""
Medicines that point to an illness nobody has said yes to: asked about, until the "no" says what each of them is taken for
(a diabetes medicine for weight).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from .case import Answer, Case
from .context import Context
from .knowledge import Knowledge
from .medicines import Taken, key_of, recognise
from .terms import Finding


@dataclass(frozen=True, slots=True)
class Pointer:
    """One medicine taken now, as typed, and the rules it points to."""

    name: str
    rules: tuple[str, ...]


def pointers(knowledge: Knowledge, medications: Iterable[Mapping[str, object]], day: dt.date) -> list[Pointer]:
    """
    The medicines of a case (its `medications`) that point to an illness, each name once, whatever was answered.

    Raises:
        CaseFaults: a line is not in the case format.
    """
    case = Case.parse({"visit_date": day.isoformat(), "patient": {}, "medications": list(medications)})
    found: dict[str, tuple[str, ...]] = {}
    for taken in recognise(Context(case, knowledge, day, {})):
        rules = [rule for name in taken.classes for rule in knowledge.medicine_classes[name].asks] if taken.now else []
        if rules:
            found[taken.typed] = tuple(dict.fromkeys((*found.get(taken.typed, ()), *rules)))
    return [Pointer(name, rules) for name, rules in found.items()]


def ask(ctx: Context, hits: Collection[str], medicines: list[Taken]) -> None:
    """Ask about every illness a medicine taken now points to, and nobody has said yes to or said what else it is for."""
    if not medicines:
        return
    for group in ctx.knowledge.medicine_classes.values():
        if not group.asks:
            continue
        taken = [t for t in medicines if t.now and group.id in t.classes]
        if not taken or any(rule_id in hits for rule_id in group.asks):
            continue
        told: dict[str, list[str]] = {}
        for name in sorted({t.typed for t in taken}):
            told.setdefault(_explained(ctx, group.asks, name), []).append(name)
        for rule_id in group.asks:
            if rule_id in told:
                _say(ctx, rule_id, ", ".join(told[rule_id]))
        if "" not in told:
            continue
        names = ", ".join(told[""])
        for rule_id in group.asks:
            rule = ctx.knowledge.rules[rule_id]
            if rule_id in ctx.asks or rule.question is None:
                continue
            question = ctx.knowledge.question_of.get(rule_id)
            ctx.unanswered.add(rule_id)
            ctx.ask(
                rule_id,
                f"{names} is taken. {rule.question.text}",
                "screening",
                f"screening.{rule_id}",
                question=question.id if question else None,
                label=f"Asked because of {names}: {rule.label}",
                order=rule.order,
            )


def _explained(ctx: Context, asks: tuple[str, ...], name: str) -> str:
    """The rule whose "no" says what the medicine *name* is taken for; empty where none does."""
    return next((rule_id for rule_id in asks if _speaks_of(ctx.knowledge, ctx.case.screening.get(rule_id), name)), "")


def _say(ctx: Context, rule_id: str, names: str) -> None:
    """The question is settled, and said; without the rule itself, which asks for more (a laboratory value) wherever it stands."""
    rule, note = ctx.knowledge.rules[rule_id], ctx.case.screening[rule_id].note.strip()
    reason = f"{rule.label}: answered no ({note}). {names} is taken."
    ctx.add(Finding(rule.id, rule.label, "none", rule.scope, reason, rule.source, order=rule.order))


def _speaks_of(knowledge: Knowledge, answer: Answer | None, name: str) -> bool:
    """A note that names its medicines speaks of those only, in whatever dose; one that names none speaks of all."""
    if answer is None or answer.answer is not False or not answer.note.strip():
        return False
    return not answer.medicines or key_of(knowledge, name) in {key_of(knowledge, other) for other in answer.medicines}
