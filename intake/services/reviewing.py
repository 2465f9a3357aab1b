"""A clinician goes through what a patient sent: each line is accepted or declined once, and what is accepted goes on file as from them."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from audit.services import gathered, record
from patients import services as on_file
from patients.models import Patient, ScreeningAnswer
from plans.inputs import one, rows

from ..models import QuestionnaireResponse, ResponseItem
from ..record_side import NEW, SAME, Record
from .answering import stopped_of, year_of
from .told import into_consultations

ACCEPTED, DECLINED = ResponseItem.Decision.ACCEPTED, ResponseItem.Decision.DECLINED
UNCHANGED, FIRST_NO = "unchanged", "first_no"


class CannotAccept(Exception):
    """The line cannot be accepted as the record stands. The text says what to do."""


class DecidedMeanwhile(Exception):
    """Somebody has decided the line otherwise. `item` is the line as it stands."""

    def __init__(self, item: ResponseItem):
        super().__init__(f"Line {item.position} is {item.get_decision_display().lower()} already")
        self.item = item


@dataclass(frozen=True)
class Done:
    decided: int
    left: int


def decide(response: QuestionnaireResponse, pk: int, decision: str, *, by, request=None) -> Done:
    """
    Accept or decline one line. The same decision again changes nothing.

    Raises:
        ResponseItem.DoesNotExist: no line of this submission. CannotAccept, DecidedMeanwhile.
    """
    with transaction.atomic(), gathered():
        stored, file = _locked(response)
        item = stored.items.select_for_update().get(pk=pk)
        if item.decision:
            if item.decision != decision:
                raise DecidedMeanwhile(item)
            return Done(0, _left(stored))
        _decide(item, file, decision, by=by, request=request)
        return _finish(stored, [item], by=by, request=request)


def decide_all(response: QuestionnaireResponse, which: str, *, by, request=None) -> Done:
    """Accept at once every line that says what the record says (`UNCHANGED`), or that is a first "No" to a question (`FIRST_NO`)."""
    with transaction.atomic(), gathered():
        stored, file = _locked(response)
        items = [item for item in stored.items.select_for_update().filter(decision="") if belongs(item, file, which)]
        for item in items:
            _decide(item, file, ACCEPTED, by=by, request=request)
        return _finish(stored, items, by=by, request=request)


def belongs(item: ResponseItem, file: Record, which: str) -> bool:
    side = file.beside(item)
    if side.cannot:
        return False
    if which == UNCHANGED:
        return side.state == SAME
    return side.state == NEW and item.kind == ResponseItem.Kind.QUESTION and one(item.inputs, f"q.{item.code}") == "no"


def _locked(response: QuestionnaireResponse) -> tuple[QuestionnaireResponse, Record]:
    """One person's file changes by one hand at a time: what is compared is what is on file when it is decided."""
    list(response.patient.every_record().order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows_now = QuestionnaireResponse.objects.select_for_update(of=("self",)).select_related(
        "patient__merged_into__site", "patient__site", "site", "protocol_version"
    )
    stored = rows_now.defer("protocol_version__document").get(pk=response.pk)
    return stored, Record(stored)


def _decide(item: ResponseItem, file: Record, decision: str, *, by, request) -> None:
    side = file.beside(item)
    if decision == ACCEPTED:
        if side.cannot:
            raise CannotAccept(side.cannot)
        _put_on_file(item, file, side, by=by, request=request)
    item.before, item.decision, item.decided_by, item.decided_at = side.before, decision, by, timezone.now()
    item.save(update_fields=["before", "decision", "decided_by", "decided_at"])
    record(
        f"intake.{decision}",
        actor=by,
        request=request,
        patient=file.patient,
        obj=file.response,
        detail={"line": item.position, "kind": str(item.kind), "question": item.code, "told_by": "patient on the tablet"},
    )


def _put_on_file(item: ResponseItem, file: Record, side, *, by, request) -> None:
    patient: Patient = file.patient
    if item.kind == ResponseItem.Kind.QUESTION:
        ScreeningAnswer.objects.create(
            patient=patient,
            question=item.code,
            protocol_version=file.response.protocol_version.version,
            answer=one(item.inputs, f"q.{item.code}") == "yes",
            rules=file.rules_told(item),
            answered_at=file.response.sent_at,  # the day the patient said it: from then on it ages
            answered_by=by,
        )
    elif item.kind == ResponseItem.Kind.MEDICINE:
        (_, fields), *_ = rows(item.inputs, "medicine")
        name = item.on_file = side.row.name if side.row else fields["name"]
        on_file.add_medicine(patient, by=by, name=name, stopped_on=stopped_of(fields), request=request)
    elif item.kind == ResponseItem.Kind.ALLERGY:
        (_, fields), *_ = rows(item.inputs, "allergy")
        substance = item.on_file = side.row.substance if side.row else fields["substance"]
        on_file.add_allergy(patient, by=by, substance=substance, reaction=fields.get("reaction", ""), year=year_of(fields), request=request)
    else:
        on_file.say_none_known(patient, f"{item.code}_asked", by=by, request=request)


def _left(response: QuestionnaireResponse) -> int:
    return response.items.filter(decision="").count()


def _finish(response: QuestionnaireResponse, items: list[ResponseItem], *, by, request) -> Done:
    left = _left(response)
    if items and not left and response.is_waiting:
        response.claim(response.version)
        response.status, response.closed_at, response.closed_by = response.Status.REVIEWED, timezone.now(), by
        response.save(update_fields=["status", "closed_at", "closed_by"])
        record("intake.reviewed", actor=by, request=request, patient=response.patient_id, obj=response)
    into_consultations(response, [item for item in items if item.decision == ACCEPTED], by=by, request=request)
    return Done(len(items), left)
