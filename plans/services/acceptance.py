"""Accepting a plan: everything is asked again, then written whole or not at all."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.permissions import may
from accounts.versioning import StaleRow
from audit.models import Outcome
from audit.services import gathered, record
from patients import services as on_file
from patients.lists import due_lists
from patients.merged import MergedAway
from patients.models import Allergy, Asked, Medication, Patient, Procedure, ScreeningAnswer
from planner.propose import PLANNER_VERSION
from planner.wording import number

from .. import typed
from ..conversion import rules_marked
from ..inputs import one, rows
from ..models import Consultation, PlanOverride, PlanZone, TreatmentPlan
from ..moved import moved
from ..settled import Settled, settle
from .consultation import Computed, ConsultationClosed, propose_for
from .medicines import keep_with

STATUS_WORDS = {
    "refuse": gettext_lazy("There is a Stop: no plan can be accepted."),
    "defer": gettext_lazy("Treatment must wait: no plan can be accepted today."),
    "ask": gettext_lazy("Answer what is missing first."),
}


@dataclass
class Left:
    """One thing that keeps a plan from being accepted, and the element of the screen where it is dealt with."""

    words: str
    anchor: str = ""


class AcceptanceRefused(Exception):
    """The plan cannot be accepted as it stands. `left` says what is left, each with where to deal with it."""

    def __init__(self, left: list[Left]):
        super().__init__(" ".join(str(item.words) for item in left))
        self.left = left


def what_is_left(consultation: Consultation, computed: Computed, settled: Settled, *, by, today, send: bool = False) -> list[Left]:
    """
    Everything that keeps this plan from being accepted, in the order of the screen; empty = it may be accepted. send: what
    somebody else of the clinic must decide may wait for them.
    """
    left = []
    version = consultation.protocol_version
    gone = None if version.is_approved else moved(consultation)
    if gone is not None and gone.is_retired:
        left.append(Left(gone.words, "moved"))
    elif not version.is_approved:
        left.append(
            Left(
                gettext("Protocol %(version)s is not approved. The medical lead must approve it before a plan can be accepted.")
                % {"version": version.version},
                "protocol-line",
            )
        )
    if consultation.visit_date != today:
        left.append(Left(gettext("This consultation is from another day. Start one today: the skin must be looked at again."), "visit-day"))
    if not may(by, "plans.accept"):
        left.append(Left(gettext("Only a clinician or the medical lead can accept a plan."), "bar"))
    for name, words in computed.reading.faults.items():
        left.append(Left(words, f"f-{name}"))
    status = settled.status
    if status in STATUS_WORDS:
        if status == "ask":
            left += [Left(item.words, item.anchor) for item in settled.missing] or [Left(STATUS_WORDS[status], "missing")]
        else:
            left.append(Left(STATUS_WORDS[status], "alerts"))
        return left
    if status not in {"plan", "caution"}:
        left.append(Left(gettext("The planner gave no plan."), "alerts"))
        return left
    for setting in settled.settings:
        for part, words in setting.faults.items():
            left.append(Left(words, f"{part}-{setting.name}"))
    if settled.device_fault:
        left.append(Left(settled.device_fault, "reason-device"))
    waiting = {decision.key for decision in settled.to_countersign}
    for decision in settled.undecided:
        if not (send and decision.key in waiting):
            left.append(Left(decision.wanted, decision.anchor))
    if waiting and not send and len(left) == len(waiting):
        left.append(Left(gettext("Or send the plan for countersignature"), "send"))
    for item in settled.unanswered:
        words = gettext("Beyond what you are signed off for: %(what)s. Another clinician has to plan this") % {"what": item.said}
        left.append(Left(words, "zones"))
    if settled.numbing_fault:
        left.append(Left(settled.numbing_fault, "numbing"))
    return left


def accept(
    consultation: Consultation,
    *,
    by,
    version: int,
    shown: str | None = None,
    saved_from: str = "",
    at: datetime | None = None,
    send: bool = False,
    request=None,
):
    """
    Write the plan that clinician and patient agreed on, and return it. A second call returns the same plan.

    send: what only a medical lead or a prescriber decides is left to them; the plan then waits for their countersignature and
    the plan before it stays in force.
    version: of the consultation as the clinician saw it. shown: the digest of the proposal they saw; None = not shown to anyone
    (a record brought in). at: when it was accepted, for records brought in.

    Raises:
        AcceptanceRefused: something is left; its `left` lists all of it.
        StaleRow: somebody else changed the consultation. ConsultationClosed: it has ended without a plan.
    """
    existing = TreatmentPlan.objects.filter(consultation=consultation).first()
    if existing is not None:
        return existing
    at = at or timezone.now()
    computed = propose_for(consultation, inputs=consultation.inputs, chosen=consultation.chosen, by=by)
    settled = settle(consultation, computed, by=by)
    left = what_is_left(consultation, computed, settled, by=by, today=timezone.localdate(at), send=send)
    if shown is not None and shown != computed.digest:
        left.insert(0, Left(gettext("The proposal changed since it was shown. Look at it again, then accept."), "proposal"))
    if left:
        record(
            "plan.refused",
            actor=by,
            patient=consultation.patient_id,
            obj=consultation,
            request=request,
            outcome=Outcome.REFUSED,
            detail={"left": len(left)},
        )
        raise AcceptanceRefused(left)
    with transaction.atomic(), gathered():
        patient = Patient.objects.select_for_update().get(pk=consultation.patient_id)
        if patient.merged_into_id is not None:
            raise MergedAway(patient)
        stored = Consultation.objects.select_for_update().get(pk=consultation.pk)
        existing = TreatmentPlan.objects.filter(consultation=stored).first()
        if existing is not None:
            return existing
        if not stored.is_open:
            raise ConsultationClosed
        if stored.version != version and (not saved_from or stored.saved_from != saved_from):
            raise StaleRow(stored)
        stored.claim(stored.version)
        plan = _write(stored, patient, computed, settled, by=by, at=at)
        stored.status = Consultation.Status.PLANNED
        stored.case, stored.proposal = computed.reading.case, computed.proposal
        stored.saved_by = by
        stored.save(update_fields=["status", "case", "proposal", "saved_by", "saved_at"])
        _keep_on_file(stored, patient, computed, by=by, at=at, request=request)
        record(
            "plan.sent" if plan.is_awaiting else "plan.accepted",
            actor=by,
            patient=patient,
            obj=plan,
            request=request,
            detail={
                "number": plan.number,
                "protocol": plan.protocol_version.version,
                "overrides": [item.name for item in settled.overridden],
                **({"needs": sorted({need["who"] for need in plan.needs})} if plan.needs else {}),
            },
        )
    consultation.status, consultation.version = stored.status, stored.version
    return plan


def _write(consultation, patient, computed: Computed, settled: Settled, *, by, at) -> TreatmentPlan:
    proposal = computed.proposal
    before = TreatmentPlan.objects.filter(patient=patient).order_by("-number").first()
    needs = [decision.as_need for decision in settled.to_countersign]
    replaced = None if needs else replace_standing(patient)
    interval = proposal["interval_weeks"]
    weeks = int(settled.interval.value)
    plan = TreatmentPlan.objects.create(
        patient=patient,
        consultation=consultation,
        number=before.number + 1 if before else 1,
        status=TreatmentPlan.Status.WRITING,
        needs=needs,
        protocol_version=consultation.protocol_version,
        planner_version=PLANNER_VERSION,
        case=computed.reading.case,
        proposal=proposal,
        device_kind=settled.device_kind,
        device_brand=settled.device_brand,
        sessions_count=int(settled.sessions.value),
        interval_weeks_min=min(int(interval["min"]), weeks),
        interval_weeks_typical=weeks,
        interval_weeks_max=max(int(interval["max"]), weeks),
        downtime_days_min=int(proposal["downtime_days"]["min"]),
        downtime_days_max=int(proposal["downtime_days"]["max"]),
        numbing=settled.numbing_words,
        adjuvants=[item["id"] for item in proposal.get("adjuvants", {}).get("use", [])],
        decisions=settled.decided,
        accepted_by=by,
        accepted_at=at,
        countersigned_by_id=settled.countersigned_by,
        supersedes=replaced,
    )
    PlanZone.objects.bulk_create(
        PlanZone(
            plan=plan,
            position=position,
            zone=zone["zone"],
            zone_label=computed.catalogue.zone_label(zone["zone"]),
            indication=zone["indication"],
            level=zone["level"],
            depth_mm=setting.value,
            proposed_depth_mm=setting.proposed,
            min_depth_mm=setting.low,
            max_depth_mm=setting.high,
            passes_min=zone["passes"]["min"],
            passes_typical=zone["passes"]["typical"],
            passes_max=zone["passes"]["max"],
            endpoint=zone["endpoint"][:200],
        )
        for position, (zone, setting) in enumerate(zip(proposal["zones"], settled.depths, strict=True), start=1)
    )
    overrides = [
        PlanOverride(
            plan=plan,
            field=f"depth_mm.{setting.name.removeprefix('depth.')}" if setting.name.startswith("depth.") else setting.name,
            proposed=number(setting.proposed),
            chosen=number(setting.value),
            reason=setting.reason,
            reason_text=setting.reason_text,
            patient_told=setting.told,
            made_by=by,
            made_at=at,
        )
        for setting in settled.overridden
    ]
    if settled.device_override:
        overrides.append(
            PlanOverride(
                plan=plan,
                field="device",
                proposed=computed.first_choice,
                chosen=settled.device_kind,
                reason=settled.device_override["reason"],
                reason_text=settled.device_override.get("reason_text", ""),
                made_by=by,
                made_at=at,
            )
        )
    PlanOverride.objects.bulk_create(overrides)
    plan.status = TreatmentPlan.Status.AWAITING if needs else TreatmentPlan.Status.ACCEPTED
    plan.save(update_fields=["status"])
    return plan


def replace_standing(patient) -> TreatmentPlan | None:
    """The plan of *patient* that was in force, now superseded; inside the transaction that brings another into force."""
    standing = TreatmentPlan.objects.filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED)
    replaced = standing.order_by("-number").first()
    standing.update(status=TreatmentPlan.Status.SUPERSEDED)
    return replaced


def _keep_on_file(consultation, patient, computed: Computed, *, by, at, request) -> None:
    """What was found today becomes part of the patient's file."""
    inputs, catalogue = consultation.inputs, computed.catalogue
    shade = int(one(inputs, "phototype"))
    if patient.phototype != shade:
        on_file.set_phototype(patient, shade, by=by, request=request)
    screening = computed.reading.case["screening"]
    answers = []
    for question in catalogue.questions:
        answer = one(inputs, f"q.{question.id}")
        if answer not in {"yes", "no"} or (answer == "yes" and not rules_marked(inputs, question)):
            continue
        answers.append(
            ScreeningAnswer(
                patient=patient,
                question=question.id,
                protocol_version=consultation.protocol_version.version,
                answer=answer == "yes",
                rules={cover.rule: screening[cover.rule] for cover in question.covers if cover.rule in screening},
                answered_at=at,
                answered_by=by,
            )
        )
    ScreeningAnswer.objects.bulk_create(answers)
    old = set(due_lists(patient, catalogue.knowledge.lists, consultation.visit_date))
    _keep_medicines(consultation, patient, catalogue.knowledge, old, by=by, request=request)
    _keep_allergies(consultation, patient, old, by=by, request=request)
    _keep_procedures(inputs, patient, by=by, request=request)


def _date(text: str):
    return typed.day(text, "Date") if text else None


def _keep_medicines(consultation, patient, knowledge, old, *, by, request) -> None:
    listed = {}
    for _, fields in rows(consultation.inputs, "medicine"):
        row = on_file.add_medicine(patient, by=by, name=fields["name"], stopped_on=_date(fields.get("stopped", "")), request=request)
        keep_with(row, consultation.chosen, knowledge=knowledge, request=request)
        listed[row.pk] = row
    _take_back_the_rest(Medication, patient, consultation, "medicines", listed, old, by=by, request=request)


def _keep_allergies(consultation, patient, old, *, by, request) -> None:
    listed = {}
    for _, fields in rows(consultation.inputs, "allergy"):
        year = int(Decimal(fields["year"])) if fields.get("year") else None
        row = on_file.add_allergy(
            patient, by=by, substance=fields["substance"], reaction=fields.get("reaction", ""), year=year, request=request
        )
        listed[row.pk] = row
    _take_back_the_rest(Allergy, patient, consultation, "allergies", listed, old, by=by, request=request)


def _take_back_the_rest(model, patient, consultation, name, listed, old, *, by, request) -> None:
    """
    A line that was on file when the consultation began and was taken off its list is taken back; what a colleague added
    since stays. "None" is recorded as said; said again, where the one on file is *old*, it holds from today.
    """
    inputs = consultation.inputs
    column = f"{name}_asked"
    said = one(inputs, column)
    if not listed and said != "none":
        return
    for row in model.objects.filter(patient=patient, recorded_at__lt=consultation.started_at).exclude(pk__in=listed):
        on_file.take_back(row, by=by, request=request)
    if said == "none" and (getattr(patient, column) != Asked.NONE or name in old) and not model.objects.filter(patient=patient).exists():
        on_file.say_none_known(patient, column, by=by, request=request)


def _keep_procedures(inputs, patient, *, by, request) -> None:
    for _, fields in rows(inputs, "procedure"):
        if fields.get("date") and not (fields.get("pk") and Procedure.objects.filter(pk=fields["pk"], patient=patient).exists()):
            on_file.add_procedure(
                patient, by=by, what=fields["what"], performed_on=_date(fields["date"]), zone=fields.get("zone", ""), request=request
            )
