"""What was accepted goes where the planner reads it: into the clinician's own open consultation, and into one begun the same day."""

from datetime import date

from plans import services
from plans.inputs import Inputs, one, rows
from plans.models import Consultation

from .. import reading
from ..fields import Step
from ..models import QuestionnaireResponse, ResponseItem

ON_SCREEN = {"medicine": ("name", "stopped"), "allergy": ("substance", "reaction", "year")}


def told_on(patient, on: date) -> Inputs:
    """The questions the patient answered on the tablet that day, as far as a clinician accepted them; the newest answer counts."""
    rows_of_day = ResponseItem.objects.filter(
        response__patient=patient, kind=ResponseItem.Kind.QUESTION, decision=ResponseItem.Decision.ACCEPTED
    ).select_related("response__site")
    found: Inputs = {}
    for item in rows_of_day.order_by("decided_at", "pk"):
        if reading.day_of(item.response) == on:
            found = _without(found, item) | item.inputs
    return found


def _without(inputs: Inputs, item: ResponseItem) -> Inputs:
    step = Step(0, item.code)
    cleared = {name for name in inputs if name.startswith(f"rule.{item.code}.")}
    return {name: value for name, value in inputs.items() if not step.holds(name) and name not in cleared}


def into_consultations(response: QuestionnaireResponse, items: list[ResponseItem], *, by, request=None) -> None:
    """
    Put accepted lines into the consultation *by* has open for this person today, and have the planner look at it again. A page of it
    that stands open is told at its next save that it changed, with both texts.
    """
    if not items:
        return
    today = response.site.day_of(items[0].decided_at)
    open_ones = Consultation.objects.select_for_update(of=("self",)).filter(
        patient=response.patient, clinician=by, visit_date=today, status=Consultation.Status.OPEN
    )
    for consultation in open_ones.select_related("patient__site", "site", "protocol_version", "clinician"):
        inputs = dict(consultation.inputs)
        for item in items:
            inputs = _put(inputs, item)
        if inputs != consultation.inputs:
            services.save(
                consultation, inputs=inputs, chosen=consultation.chosen, by=by, version=consultation.version, saved_from="", request=request
            )


def _put(inputs: Inputs, item: ResponseItem) -> Inputs:
    if item.kind == ResponseItem.Kind.QUESTION:
        return _without(inputs, item) | item.inputs
    if item.kind == ResponseItem.Kind.NONE:
        kind = {"medicines": "medicine", "allergies": "allergy"}[item.code]
        return inputs if rows(inputs, kind) else inputs | item.inputs
    return _put_line(inputs, item, str(item.kind))


def _put_line(inputs: Inputs, item: ResponseItem, kind: str) -> Inputs:
    """A line of a list completes the one of the same name, or stands as a new one below the others."""
    (_, said), *_ = rows(item.inputs, kind)
    column, *_ = ON_SCREEN[kind]
    said = said | {column: getattr(item, "on_file", said[column])}  # as the line on file is called
    there = rows(inputs, kind)
    same = next((number for number, fields in there if fields.get(column, "").casefold() == said[column].casefold()), None)
    number = same if same is not None else max((number for number, _ in there), default=-1) + 1
    changed = {name: value for name, value in inputs.items() if name != f"{kind}.{number}.stopped"}
    changed |= {f"{kind}.{number}.{name}": said[name] for name in ON_SCREEN[kind] if said.get(name)}
    asked = {"medicine": "medicines_asked", "allergy": "allergies_asked"}[kind]
    return changed | ({asked: "listed"} if one(changed, asked) != "listed" else {})
