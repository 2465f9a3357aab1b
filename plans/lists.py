"""The lists of medicines and allergies in a consultation: an empty list says nothing, and one of long ago is gone through again."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext, gettext_noop

from patients.lists import DueList, due_lists
from patients.models import Asked, Patient
from planner.knowledge import Knowledge

from .inputs import Inputs, one, rows

_ROWS = {"medicines": "medicine", "allergies": "allergy"}
_ASK = {
    "medicines": gettext_noop("Ask about medicines: list them or mark none"),
    "allergies": gettext_noop("Ask about allergies: list them or mark none"),
}
_AGAIN = {
    "medicines": gettext_noop("Go through the medicines again: %(why)s"),
    "allergies": gettext_noop("Go through the allergies again: %(why)s"),
}


@dataclass(frozen=True)
class ListAsked:
    """
    One list as it stands in a consultation. left: what is still to be done, in words, and anchor: where; both empty = nothing.
    due: why the list on file is gone through again; None = it was lately asked for, or never made.
    """

    id: str
    left: str = ""
    anchor: str = ""
    due: DueList | None = None
    again: bool = False

    @property
    def why(self) -> str:
        return self.due.why if self.due else ""


def lists_of(consultation, knowledge: Knowledge) -> dict[str, ListAsked]:
    """The lists the protocol says are kept, in its order, each with what is still to be asked about it."""
    due = _due_on_file(consultation.patient, knowledge, consultation.visit_date)
    return {name: _asked(name, consultation.inputs, due.get(name)) for name in knowledge.lists}


def _due_on_file(patient: Patient, knowledge: Knowledge, on: date) -> dict[str, DueList]:
    """A list that was never made is all said today: nothing of it can be old."""
    made = {name: question for name, question in knowledge.lists.items() if getattr(patient, f"{name}_asked") != Asked.NOT_ASKED}
    return due_lists(patient, made, on)


def _asked(name: str, inputs: Inputs, due: DueList | None) -> ListAsked:
    listed = [fields for _, fields in rows(inputs, _ROWS[name])]
    none = one(inputs, f"{name}_asked") == "none"
    again = one(inputs, f"{name}_again") == "yes"
    if not listed and not none:
        return ListAsked(name, gettext(_ASK[name]), f"f-{name}_asked", due, again)
    # "None" is marked today where the one on file is old (see `asked_lately`); a list has lines that nobody looked at today.
    taken_over = any(fields.get("pk") for fields in listed) if listed else bool(due and due.changed)
    if due is not None and taken_over and not again:
        return ListAsked(name, gettext(_AGAIN[name]) % {"why": f"{due.why[:1].lower()}{due.why[1:]}"}, f"f-{name}_again", due)
    return ListAsked(name, due=due, again=again)


def asked_lately(inputs: Inputs, patient: Patient, knowledge: Knowledge, on: date) -> Inputs:
    """*inputs* as a consultation on the day *on* begins: a "none" said too long ago is asked anew."""
    due = _due_on_file(patient, knowledge, on)
    return {name: value for name, value in inputs.items() if not (value == "none" and name.removesuffix("_asked") in due)}
