"""What the patient answers: kept at every change, sent once."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from audit.services import gathered, record
from plans import typed
from plans.catalogue import catalogue_of
from plans.inputs import Inputs, one, rows

from .. import reading
from ..fields import ALLERGIES, LISTS, MEDICINES, Step, steps_of
from ..models import QuestionnaireResponse, ResponseItem
from ..wording import words_in
from ..words import allergy_words, answer_words, medicine_words


class NotHeld(Exception):
    """This browser holds the form no more: it goes on elsewhere, was sent or put away."""


class NothingAnswered(Exception):
    """There is nothing to send."""


class Unfinished(Exception):
    """Something that was answered cannot be read yet. `faults`: field to words."""

    def __init__(self, faults: dict[str, str]):
        super().__init__(f"{len(faults)} to complete")
        self.faults = faults


def _locked(response: QuestionnaireResponse, browser: int) -> QuestionnaireResponse:
    rows = QuestionnaireResponse.objects.select_for_update(of=("self",)).select_related("patient", "site", "protocol_version")
    stored = rows.defer("protocol_version__document").get(pk=response.pk)
    if stored.browser != browser:
        raise NotHeld
    return stored


def confirm(response: QuestionnaireResponse, *, browser: int, request) -> None:
    """Who holds the tablet said that these questions are theirs."""
    with transaction.atomic():
        stored = _locked(response, browser)
        if not stored.is_open or stored.confirmed_at:
            return
        stored.claim(stored.version)
        stored.confirmed_at = timezone.now()
        stored.save(update_fields=["confirmed_at"])
        record("intake.confirmed", request=request, patient=stored.patient_id, obj=stored, detail={"by": "patient"})


def keep(response: QuestionnaireResponse, step: Step, inputs: Inputs, *, browser: int, request) -> QuestionnaireResponse:
    """
    Keep what stands on one page of the form; other pages stay as they are, so that two of them never write over each other.

    Raises:
        NotHeld.
    """
    with transaction.atomic():
        stored = _locked(response, browser)
        if not stored.is_open:
            raise NotHeld
        kept = {name: value for name, value in stored.inputs.items() if not step.holds(name)} | step.of(inputs)
        if kept != stored.inputs:
            stored.claim(stored.version)
            stored.inputs, stored.saved_at = kept, timezone.now()
            stored.save(update_fields=["inputs", "saved_at"])
            detail = {"by": "patient", "questions": [step.code]}
            record("intake.saved", request=request, patient=stored.patient_id, obj=stored, detail=detail)
    return stored


def faults_of(response: QuestionnaireResponse) -> dict[str, str]:
    """What of the answers cannot be read yet; fields of pages that are not of this form have none."""
    found = reading.read(response).faults
    steps = steps_of(response.asked)
    return {name: words for name, words in found.items() if any(step.holds(name) for step in steps)}


def send(response: QuestionnaireResponse, *, browser: int, request) -> QuestionnaireResponse:
    """
    Hand the answers to the clinic, as lines to go through. Pressed twice, the second changes nothing.

    Raises:
        NotHeld, NothingAnswered, Unfinished.
    """
    with transaction.atomic(), gathered():
        stored = _locked(response, browser)
        if stored.status in (stored.Status.SENT, stored.Status.REVIEWED):
            return stored
        if not stored.is_open:
            raise NotHeld
        if faults := faults_of(stored):
            raise Unfinished(faults)
        items = _lines(stored)
        if not items:
            raise NothingAnswered
        stored.claim(stored.version)
        for position, item in enumerate(items, start=1):
            item.position = position
        ResponseItem.objects.bulk_create(items)
        stored.status, stored.sent_at = stored.Status.SENT, timezone.now()
        stored.save(update_fields=["status", "sent_at"])
        detail = {
            "by": "patient",
            "lines": len(items),
            "questions": [item.code for item in items if item.kind == ResponseItem.Kind.QUESTION],
        }
        record("intake.sent", request=request, patient=stored.patient_id, obj=stored, detail=detail)
    return stored


def _lines(response: QuestionnaireResponse) -> list[ResponseItem]:
    """What was answered, line by line; what was left open is no line."""
    steps = steps_of(response.asked)
    found = [line for step in steps if not step.is_list and (line := _question(response, step)) is not None]
    for step in steps:
        if step.is_list:
            found += _list(response, step)
    return found


def _question(response: QuestionnaireResponse, step: Step) -> ResponseItem | None:
    inputs = step.of(response.inputs)
    answer = one(inputs, f"q.{step.code}")
    question = reading.questions(response).get(step.code)
    if question is None or answer not in ("yes", "no"):
        return None
    inputs = inputs if answer == "yes" else {f"q.{step.code}": "no"}
    screening = reading.read(response, inputs).case["screening"]
    rules = {cover.rule: screening[cover.rule] for cover in question.covers if cover.rule in screening}
    said = answer_words(question, answer == "yes", rules, catalogue_of(response.protocol_version))
    shown = question.text
    return ResponseItem(response=response, kind=ResponseItem.Kind.QUESTION, code=step.code, inputs=inputs, asked=shown, said=said)


def _list(response: QuestionnaireResponse, step: Step) -> list[ResponseItem]:
    """Each line of a list by itself; an empty list only where it was answered that there is nothing on it."""
    words, inputs = words_in(response.language), step.of(response.inputs)
    asked = words[f"{step.code}_ask"]
    answer = one(inputs, f"{step.code}_asked")
    if answer == "none":
        none = {f"{step.code}_asked": "none"}
        said = {MEDICINES: "Takes none", ALLERGIES: "None known"}[step.code]
        return [ResponseItem(response=response, kind=ResponseItem.Kind.NONE, code=step.code, inputs=none, asked=asked, said=said)]
    kind, columns = LISTS[step.code]
    lines = []
    for _, fields in rows(inputs, kind):
        line = {f"{kind}.0.{column}": fields[column] for column in columns if fields.get(column)}
        lines.append(ResponseItem(response=response, kind=kind, code="", inputs=line, asked=asked, said=_line_words(kind, fields)))
    return lines


def stopped_of(fields: dict[str, str]) -> date | None:
    return typed.day(fields["stopped"], "Last taken") if fields.get("stopped") else None


def year_of(fields: dict[str, str]) -> int | None:
    return int(Decimal(fields["year"].replace(",", "."))) if fields.get("year") else None


def _line_words(kind: str, fields: dict[str, str]) -> str:
    if kind == "medicine":
        return medicine_words(fields["name"], stopped_of(fields))
    return allergy_words(fields["substance"], fields.get("reaction", ""), year_of(fields))
