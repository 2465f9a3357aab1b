"""Asking again what is due before a session: the answers join the patient's file, where the newest counts."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import record
from patients.conversion import case_of
from patients.lists import LIST_PREFIX
from patients.models import Asked, Patient, ScreeningAnswer
from plans import conversion
from plans.catalogue import catalogue_of
from plans.inputs import one, read
from plans.models import TreatmentPlan
from plans.taken_for import PREFIX, ToExplain, beside, explain, on_file
from protocols.models import ProtocolVersion

from ..models import Booking, TreatmentSession
from .due import Due, asked_of, due_of
from .planner_today import Today, planner_today


@dataclass(frozen=True)
class CheckIn:
    """Before a booked session. left: what the one who looks may still ask; today: what the planner says of the answers."""

    due: Due
    left: Due
    today: Today
    plan_holds: bool

    @property
    def needs_clinician(self) -> bool:
        """Something must be looked at by a clinician before anything is started."""
        today = self.today
        narrower = today.changes or today.left_out or today.limits or today.adjuvants_out or today.decisions or today.interval_weeks
        # What only waits for an answer that is still to be asked is no reason to call anybody.
        barred = today.barred if today.status != "ask" or not self.due.questions else ""
        return not self.plan_holds or bool(barred or narrower or self.changed)

    @property
    def changed(self) -> list[str]:
        """Lists that were said to have changed, and nobody has gone through since."""
        return [
            gettext("The %(name)s list: %(why)s. Go through it") % {"name": gettext(row.id), "why": f"{row.why[:1].lower()}{row.why[1:]}"}
            for row in self.due.lists
            if row.changed
        ]

    @property
    def reasons(self) -> list[str]:
        """For clinicians: everything that is other than the plan says."""
        today = self.today
        return [
            *([] if self.plan_holds else [gettext("The plan is not in force")]),
            *self.changed,
            *([today.barred] if today.barred else []),
            *(gettext("Left out today: %(why)s") % {"why": why} for why in dict.fromkeys(today.left_out.values())),
            *(gettext("Shallower today: %(why)s") % {"why": why} for why in dict.fromkeys(why for _, why in today.limits.values())),
            *(gettext("Not with the needling today: %(why)s") % {"why": why} for why in today.adjuvants_out.values()),
            *(gettext("To be decided first: %(what)s") % {"what": what} for what in today.decisions),
            *(
                [gettext("At least %(interval_weeks)s weeks between sessions now") % {"interval_weeks": today.interval_weeks}]
                if today.interval_weeks
                else []
            ),
            *(
                gettext("More careful today: %(change)s") % {"change": change.words}
                for change in today.to_decide
                if not change.key.startswith("interval:")
            ),
        ]


def may_ask(due: Due, *, by, patient: Patient) -> Due:
    """
    What *by* may ask: the desk asks what the protocol has the patient asked, and whether a list changed that was once made. What a
    medicine contradicts is for those who may see the medicines.
    """
    if by.may("patients.clinical"):
        return due
    made = {name for name in ("medicines", "allergies") if getattr(patient, f"{name}_asked") != Asked.NOT_ASKED}
    return Due(
        tuple(q for q in due.questions if q.asked_of == "patient" and q.id not in due.contradicted),
        tuple(row for row in due.lists if row.id in made and not row.changed),
    )


def check_in(booking: Booking, *, by, on: dt.date) -> CheckIn:
    """What is due before *booking*, a session with a plan, and what the planner says with the answers on file."""
    plan = booking.plan
    due = due_of(booking.patient, plan.protocol_version, on)
    today = planner_today(plan, booking.patient, on)
    left = may_ask(due, by=by, patient=booking.patient)
    return CheckIn(due, left, today, plan.status == TreatmentPlan.Status.ACCEPTED)


def answer_at_check_in(booking: Booking, post, *, by, on: dt.date) -> dict[str, str]:
    """Keep the answers to what is due before *booking*. Returns what could not be kept as {field: words}."""
    version = booking.plan.protocol_version
    due = may_ask(due_of(booking.patient, version, on), by=by, patient=booking.patient)
    return _keep(booking.patient, version, on, post, due=due, by=by, obj=booking)


def answer_due(session: TreatmentSession, post, *, by) -> dict[str, str]:
    """
    Keep the answers to what is due. Returns what could not be kept as {field: words}; what could is kept all the same, so that
    nobody is asked twice.
    """
    on, version = session.day, session.plan.protocol_version
    due = due_of(session.patient, version, on)
    return _keep(session.patient, version, on, post, due=due, by=by, obj=session, again="again" in post)


def _keep(patient: Patient, version: ProtocolVersion, on: dt.date, post, *, due: Due, by, obj, again: bool = False) -> dict[str, str]:
    """*again*: all questions are open to be changed; what stays as it was is not answered a second time."""
    catalogue = catalogue_of(version)
    inputs = read(post)
    asked = {question.id for question in due.questions}
    others = {question.id for question in asked_of(patient, version, on)} - asked if again else set()
    newest = {row.question: row for row in patient.screening_answers.order_by("pk")} if again else {}
    reading = conversion.case_of(inputs, patient=patient, visit_date=on, catalogue=catalogue)
    screening, faults = reading.case["screening"], dict(reading.faults)
    unexplained = _explain(patient, screening, inputs, version, on, asked | others, by=by)
    faults |= {
        item.field: gettext("Say what %(item)s is taken for, or answer yes") % {"item": item.name}
        for items in unexplained.values()
        for item in items
    }
    kept: list[tuple[str, bool, dict]] = []
    for question in catalogue.questions:
        if question.id not in asked and question.id not in others:
            continue
        answer = one(inputs, f"q.{question.id}")
        if question.id in others and answer not in ("yes", "no"):
            continue
        if answer not in ("yes", "no"):
            faults.setdefault(f"q.{question.id}", gettext("Answer yes or no: %(text)s") % {"text": question.text})
            continue
        if question.id in unexplained or any(name == f"q.{question.id}" or name.startswith(f"rule.{question.id}.") for name in faults):
            continue
        rules = {cover.rule: screening[cover.rule] for cover in question.covers if cover.rule in screening}
        was = newest.get(question.id)
        if question.id in others and was is not None and (was.answer, was.rules) == (answer == "yes", rules):
            continue
        kept.append((question.id, answer == "yes", rules))
    kept += _lists(patient, due, post, faults)
    if kept:
        with transaction.atomic():
            ScreeningAnswer.objects.bulk_create(
                ScreeningAnswer(
                    patient=patient,
                    question=question,
                    protocol_version=version.version,
                    answer=answer,
                    rules=rules,
                    answered_at=timezone.now(),
                    answered_by=by,
                )
                for question, answer, rules in kept
            )
            record("screening.answered", actor=by, patient=patient.pk, obj=obj, detail={"questions": [question for question, _, _ in kept]})
    names = {f"q.{question}" for question in (*asked, *others)} | {f"rule.{question}" for question in (*asked, *others)}
    return {
        name: words
        for name, words in faults.items()
        if name in names or name.startswith((LIST_PREFIX, PREFIX)) or name.rpartition(".")[0].rpartition(".")[0] in names
    }


def _explain(patient: Patient, screening, inputs, version, on: dt.date, asked: set[str], *, by) -> dict[str, list[ToExplain]]:
    """
    Write what medicines on file are taken for into the answers they contradict; return {question: what is still to be said}. Who
    may not see the medicines is asked nothing, and what was written before stands.
    """
    knowledge, case = catalogue_of(version).knowledge, case_of(patient, visit_date=on)
    sees = by.may("patients.clinical")
    items = explain(screening, inputs if sees else on_file(case["screening"], knowledge), case.get("medications", []), knowledge, on)
    rows = beside([question for question in knowledge.questions if question.id in asked], items) if sees else {}
    return {question: left for question, found in rows.items() if (left := [item for item in found if not item.told])}


def _lists(patient: Patient, due: Due, post, faults: dict[str, str]) -> list[tuple[str, bool, dict]]:
    """Whether a list changed. A list nobody ever asked for cannot be the same as before: it is made under Details."""
    kept = []
    for row in due.lists:
        name = LIST_PREFIX + row.id
        answer = post.get(name, "")
        if answer not in ("yes", "no"):
            faults[name] = gettext("Answer yes or no: %(text)s") % {"text": row.question.text}
        elif answer == "no" and getattr(patient, f"{row.id}_asked") == Asked.NOT_ASKED:
            faults[name] = gettext(
                "Nobody has asked for %(id)s yet. List them under the patient's details, or say there that there are none"
            ) % {"id": row.id}
        else:
            kept.append((name, answer == "yes", {}))
    return kept
