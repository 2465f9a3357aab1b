"""A consultation of the demo, as it would be typed: questions answered, the proposal looked at, the plan accepted."""

import datetime as dt
from decimal import Decimal

from accounts.models import User
from accounts.permissions import Role
from planner.knowledge.entries import Question
from planner.wording import number
from plans import services as plans
from plans.catalogue import Catalogue, catalogue_of
from plans.models import Consultation, TreatmentPlan
from plans.settled import settle

from .people import Course, NoPlan, Person

DATES = frozenset({"date", "stopped", "seen", "healed", "treated"})  # the case format's names for the date of an answer


def typed(person: Person, story: Course | NoPlan, catalogue: Catalogue, *, today: dt.date, on_file: dict) -> dict:
    """Return the fields of the consultation screen as the clinician leaves them."""
    fields = dict(on_file)
    fields["concern"] = [story.indication]
    fields[f"level.{story.indication}"] = story.level
    fields[f"zones.{story.indication}"] = list(story.zones)
    fields["phototype"] = str(person.phototype or 3)
    if getattr(story, "morphology", ""):
        fields[f"morphology.{story.indication}"] = story.morphology
    if getattr(story, "adjuvants", ()):
        fields["adjuvant"] = list(story.adjuvants)
    fields.setdefault("medicines_asked", "none")
    fields.setdefault("allergies_asked", "none")
    if getattr(story, "unasked", False):
        return fields
    for question in catalogue.questions:
        _answer(fields, question, story.yes, today)
    return fields


def _answer(fields: dict, question: Question, yes: dict[str, dict], today: dt.date) -> None:
    marked = [cover.rule for cover in question.covers if cover.rule in yes]
    fields[f"q.{question.id}"] = "yes" if marked else "no"
    if not marked:
        return
    fields[f"rule.{question.id}"] = marked
    for rule in marked:
        for key, value in yes[rule].items():
            name = "date" if key in DATES else key
            text = (today + dt.timedelta(days=value)).isoformat() if isinstance(value, int) else value
            fields[f"rule.{question.id}.{rule}.{name}"] = text


def consult(patient, person: Person, story: Course | NoPlan, *, by: User, today: dt.date) -> Consultation:
    """Open a consultation, type what was found, and save it."""
    consultation = plans.start(patient, by=by)
    catalogue = catalogue_of(consultation.protocol_version)
    fields = typed(person, story, catalogue, today=today, on_file=consultation.inputs)
    plans.save(consultation, inputs=fields, chosen={}, by=by, version=consultation.version, saved_from="demo")
    return consultation


def send(consultation: Consultation, *, by: User) -> TreatmentPlan:
    """Go a step deeper than the own sign-off on the deepest zone, and send the plan to be countersigned."""
    computed = plans.propose_for(consultation, inputs=consultation.inputs, chosen=consultation.chosen, by=by)
    zone = max(computed.proposal["zones"], key=lambda entry: entry["depth_mm"]["typical"])
    deeper = number(Decimal(str(zone["depth_mm"]["typical"])) + Decimal(str(zone["step_mm"])))
    reasons = {"reason": "thick_here", "reason_text": "", "told": True, "meant": ""}
    chosen = {**consultation.chosen, "values": {f"depth.{zone['zone']}": {"value": deeper, "was": "", **reasons}}}
    computed = plans.propose_for(consultation, inputs=consultation.inputs, chosen=chosen, by=by)
    consultation.chosen = chosen
    for decision in settle(consultation, computed, by=by).undecided:
        if decision.may(by):
            chosen = plans.decide(chosen, decision.key, decision.choices[-1][0], by=by)
    computed = plans.save(consultation, inputs=consultation.inputs, chosen=chosen, by=by, version=consultation.version, saved_from="demo")
    return plans.accept(consultation, by=by, version=consultation.version, shown=computed.digest, saved_from="demo", send=True)


def agree(consultation: Consultation, *, by: User, staff: dict[str, User]) -> TreatmentPlan:
    """Deal with every caution as those entitled would, then accept the plan."""
    chosen = dict(consultation.chosen)
    computed = plans.propose_for(consultation, inputs=consultation.inputs, chosen=chosen, by=by)
    for decision in settle(consultation, computed, by=by).undecided:
        entitled = [by, staff["iris"], *staff.values()]
        who = next(user for user in entitled if user.role in {Role.CLINICIAN, Role.MEDICAL_LEAD} and decision.may(user))
        note = "Dr Example, by letter" if decision.needs_name else ""
        chosen = plans.decide(chosen, decision.key, decision.choices[-1][0], by=who, note=note)
    computed = plans.save(consultation, inputs=consultation.inputs, chosen=chosen, by=by, version=consultation.version, saved_from="demo")
    return plans.accept(consultation, by=by, version=consultation.version, shown=computed.digest, saved_from="demo")
