"""What is to be asked again before a patient is treated: answers and lists that are missing or older than the protocol allows."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop, ngettext

from patients.answers import last_said, standing, with_merge
from patients.conversion import case_of, medications_from, screening_from
from patients.lists import LIST_PREFIX, DueList, Said, due_list
from patients.models import Asked, Medication, Patient, ScreeningAnswer
from planner.errors import KnowledgeFaults
from planner.knowledge.entries import Question
from plans.taken_for import ToExplain, beside, explain, on_file, possible
from protocols.knowledge import DocumentChanged, knowledge_of
from protocols.models import ProtocolVersion

from ..models import Booking

_LISTS = (gettext_noop("medicines"), gettext_noop("allergies"))  # ids of lists, as words


@dataclass(frozen=True)
class Due:
    """contradicted: questions answered no lately, though a medicine on file points to a yes and nobody has said what else it is for."""

    questions: tuple[Question, ...]
    lists: tuple[DueList, ...]
    contradicted: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.questions or self.lists)

    @property
    def words(self) -> str:
        """`2 safety checks, medicines list`."""
        count = len(self.questions)
        parts = [ngettext("%(count)s safety check", "%(count)s safety checks", count) % {"count": count}] if count else []
        return ", ".join([*parts, *(gettext("%(name)s list") % {"name": gettext(row.id)} for row in self.lists)])


def asked_of(patient: Patient, version: ProtocolVersion, on: dt.date) -> list[Question]:
    """The protocol's questions that are asked of this patient, in its order."""
    sex, age = patient.sex or None, patient.age_on(on)
    return [question for question in knowledge_of(version).questions if question.asked(sex=sex, age=age)]


def due_of(patient: Patient, version: ProtocolVersion, on: dt.date) -> Due:
    """
    Questions with no answer, with one older than their `valid_days` (0 = ask at every visit), or with a no that a medicine
    contradicts; and lists likewise.
    """
    newest = last_said(standing(with_merge(patient.screening_answers.all())))
    return _due(patient, version, on, newest, to_explain(patient, version, on))


def _due(patient: Patient, version: ProtocolVersion, on: dt.date, newest: dict[str, Said], explain_now: list[ToExplain]) -> Due:
    asked, day_of = asked_of(patient, version, on), patient.site.day_of
    old = {q.id for q in asked if q.id not in newest or (on - day_of(newest[q.id][0])).days > q.valid_days}
    unsaid = {name for name, items in beside(asked, explain_now).items() if any(not item.told for item in items)}
    questions = tuple(question for question in asked if question.id in old | unsaid)
    lists = (due_list(patient, row, newest.get(LIST_PREFIX + row.id), on) for row in knowledge_of(version).lists.values())
    return Due(questions, tuple(row for row in lists if row is not None), frozenset(unsaid - old))


def may_need_explaining(patient: Patient, version: ProtocolVersion, on: dt.date) -> list[ToExplain]:
    """Medicines on file that point to an illness, whatever was answered, each with what it was said to be taken for."""
    case = case_of(patient, visit_date=on)
    return possible(case["screening"], case.get("medications", []), knowledge_of(version), on)


def to_explain(patient: Patient, version: ProtocolVersion, on: dt.date) -> list[ToExplain]:
    """Medicines on file that point to an illness answered no, each with what it was said to be taken for."""
    knowledge, case = knowledge_of(version), case_of(patient, visit_date=on)
    return explain(case["screening"], on_file(case["screening"], knowledge), case.get("medications", []), knowledge, on)


def due_among(visits: Iterable[Booking], on: dt.date) -> dict[int, tuple[Patient, Due]]:
    """
    What is due before each of *visits*, sessions of plans, by the visit's pk, where anything is. Four queries, however many visits; a
    version whose document is broken says nothing here: the visit's own page does.
    """
    sessions = [visit for visit in visits if visit.kind == Booking.Kind.SESSION and visit.plan_id is not None]
    if not sessions:
        return {}
    pks = {visit.patient_id for visit in sessions}
    needed = ("merged_into", "sex", "birth_date", "allergies_asked", "medicines_asked", "allergies_asked_at", "medicines_asked_at")
    patients = Patient.objects.select_related("site").only(*needed, "site__time_zone").in_bulk(pks)
    versions = ProtocolVersion.objects.only("version", "status", "sha256").in_bulk({visit.plan.protocol_version_id for visit in sessions})
    answers: dict[int, list[ScreeningAnswer]] = {}
    people = {patient.person_pk for patient in patients.values()}
    for row in with_merge(ScreeningAnswer.objects.of_people(people)):
        answers.setdefault(row.person, []).append(row)
    medicines: dict[int, list[Medication]] = {}
    for row in Medication.objects.of_people(people).select_related("said_by"):
        medicines.setdefault(row.person, []).append(row)
    found = {}
    for visit in sessions:
        patient, version = patients[visit.patient_id], versions[visit.plan.protocol_version_id]
        said = answers.get(patient.person_pk, [])
        try:
            knowledge = knowledge_of(version)
        except (DocumentChanged, KnowledgeFaults):
            continue
        listed = medicines.get(patient.person_pk, []) if patient.medicines_asked != Asked.NOT_ASKED else []
        screening = screening_from(said)
        explained = explain(screening, on_file(screening, knowledge), medications_from(listed), knowledge, on)
        newest = last_said(standing(said))
        if due := _due(patient, version, on, newest, explained):
            found[visit.pk] = (patient, due)
    return found
