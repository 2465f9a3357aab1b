"""Dates of a case that contradict each other: before the patient was born, healed before it was seen. Asked, never guessed."""

import datetime as dt
from collections.abc import Iterator

from . import wording
from .context import Context
from .words import fold

KINDS = {"date": "the date", "stopped": "the stop date", "seen": "seen on", "healed": "healed on", "treated": "treated on"}


def judge_dates(ctx: Context) -> None:
    """Ask about every date that cannot be."""
    born = earliest_birth(ctx.today, ctx.case.age)
    for ident, name, kind, day, focus in _all(ctx):
        if born is not None and day < born:
            what = f"{name}: {kind} {wording.day(day)} is before the patient was born. When was it?"
            ctx.ask(f"{ident}.date", what, "date", focus, label=f"Before birth: {name}")
    for rule_id, answer in ctx.case.screening.items():
        if not answer.answer:
            continue
        rule = ctx.knowledge.rules.get(rule_id)
        if rule is None:
            continue
        if answer.stopped is not None and answer.stopped > ctx.today:
            what = f"{rule.label}: the stop date {wording.day(answer.stopped)} is after the visit. Is it still taken or used?"
            ctx.ask(f"{rule.id}.date", what, "date", f"screening.{rule.id}", label=f"Date: {rule.label}", order=rule.order)
        began = answer.seen or (answer.date if rule.counts_from == "seen_date" else None)
        if answer.healed is None:
            continue
        if answer.healed > ctx.today:
            what = f"{rule.label}: healed on {wording.day(answer.healed)} is after the visit. When was it?"
        elif began is not None and answer.healed < began:
            what = f"{rule.label}: healed on {wording.day(answer.healed)}, yet seen on {wording.day(began)}. Which is right?"
        else:
            continue
        ctx.ask(f"{rule.id}.date", what, "date", f"screening.{rule.id}", label=f"Date: {rule.label}", order=rule.order)


def earliest_birth(today: dt.date, age: int | None) -> dt.date | None:
    """The first day on which somebody *age* whole years old today can have been born; None where the age is not known."""
    if age is None or today.year - age - 1 < dt.MINYEAR:
        return None
    year = today.year - age - 1
    try:
        return today.replace(year=year) + dt.timedelta(days=1)
    except ValueError:  # 29 February in a year that has none
        return dt.date(year, 3, 1)


def _all(ctx: Context) -> Iterator[tuple[str, str, str, dt.date, str]]:
    """Every date of the case with what it belongs to and the field it stands in."""
    case = ctx.case
    for rule_id, answer in case.screening.items():
        if answer.date is answer.stopped is answer.seen is answer.healed is answer.treated is None:
            continue
        rule = ctx.knowledge.rules.get(rule_id)
        for field, kind in KINDS.items():
            day = getattr(answer, field)
            if day is not None:
                yield rule_id, rule.label if rule else rule_id, kind, day, f"screening.{rule_id}"
    for medication in case.medications:
        if medication.stopped is not None:
            yield f"{fold(medication.name) or medication.name}.stopped", medication.name, "the stop date", medication.stopped, "medications"
    for index, procedure in sorted(enumerate(case.procedures), key=lambda named: repr(named[1])) if case.procedures else ():
        if procedure.date is not None:
            yield (
                f"{fold(procedure.what) or procedure.what}.done",
                procedure.what,
                "the date",
                procedure.date,
                f"recent_procedures[{index}].date",
            )
    for lab in case.labs:
        if lab.date is not None:
            yield f"{fold(lab.name) or lab.name}.measured", lab.name, "the date", lab.date, "labs"
    for session in case.history:
        yield f"history.{session.date.isoformat()}", "Earlier needling", "the date", session.date, "history"
