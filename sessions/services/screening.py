"""Asking again what is due before a session: the answers join the patient's file, where the newest counts."""

from django.db import transaction
from django.utils import timezone

from audit.services import record
from patients.models import ScreeningAnswer
from plans import conversion
from plans.catalogue import catalogue_of
from plans.inputs import one, read

from ..conversion import clinic_day
from ..models import TreatmentSession
from .gate import asked_questions, due_questions


def answer_due(session: TreatmentSession, post, *, by) -> dict[str, str]:
    """
    Keep the answers to what is due. Returns what could not be kept as {field: words}; what could is kept all the same, so that
    nobody is asked twice.
    """
    on = clinic_day(session.started_at)
    catalogue = catalogue_of(session.plan.protocol_version)
    due = due_questions(session, on)
    inputs = read(post)
    # Somebody who opens all questions again changes one of them: what stays as it was is not answered a second time.
    again = [question.id for question in asked_questions(session, on)] if "again" in post else []
    newest = {row.question: row for row in session.patient.screening_answers.order_by("pk")} if again else {}
    reading = conversion.case_of(inputs, patient=session.patient, visit_date=on, catalogue=catalogue)
    screening, faults = reading.case["screening"], dict(reading.faults)
    answers = []
    for question in catalogue.questions:
        if question.id not in due and question.id not in again:
            continue
        answer = one(inputs, f"q.{question.id}")
        if question.id not in due and answer not in ("yes", "no"):
            continue
        if answer not in ("yes", "no"):
            faults.setdefault(f"q.{question.id}", f"Answer yes or no: {question.text}")
            continue
        if any(name == f"q.{question.id}" or name.startswith(f"rule.{question.id}.") for name in faults):
            continue
        rules = {cover.rule: screening[cover.rule] for cover in question.covers if cover.rule in screening}
        was = newest.get(question.id)
        if question.id not in due and was is not None and (was.answer, was.rules) == (answer == "yes", rules):
            continue
        answers.append(
            ScreeningAnswer(
                patient=session.patient,
                question=question.id,
                protocol_version=session.plan.protocol_version.version,
                answer=answer == "yes",
                rules=rules,
                answered_at=timezone.now(),
                answered_by=by,
            )
        )
    if answers:
        with transaction.atomic():
            ScreeningAnswer.objects.bulk_create(answers)
            record(
                "screening.answered",
                actor=by,
                patient=session.patient_id,
                obj=session,
                detail={"questions": [answer.question for answer in answers]},
            )
    names = {f"q.{question}" for question in (*due, *again)} | {f"rule.{question}" for question in (*due, *again)}
    return {name: words for name, words in faults.items() if name in names or name.rpartition(".")[0].rpartition(".")[0] in names}
