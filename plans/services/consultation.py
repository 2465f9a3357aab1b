"""A consultation is opened, saved at every change, and closed. What was typed is never lost and never overwritten unseen."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.competence import operator_of
from accounts.models import ClinicSettings
from accounts.versioning import StaleRow
from audit.services import record
from patients.conversion import screening_of
from patients.merged import refuse_merged
from patients.models import Asked
from planner.case import Case
from planner.errors import CaseFaults
from planner.knowledge import Knowledge
from planner.propose import propose
from protocols.services import current_version

from .. import registry, taken_for
from ..catalogue import Catalogue, catalogue_of
from ..conversion import Reading, case_of
from ..inputs import Inputs
from ..lists import asked_lately
from ..models import Consultation
from ..moved import moved
from .medicines import said_on_file


class ConsultationClosed(Exception):
    """The consultation has ended: nothing is saved into it any more."""


class NoProtocol(Exception):
    """No protocol version is loaded: nothing can be proposed."""


@dataclass
class Computed:
    """What the planner makes of a consultation as it stands."""

    catalogue: Catalogue
    reading: Reading
    proposal: dict
    first_choice: str  # the device the planner would take if the clinician had not chosen another

    @property
    def digest(self) -> str:
        return digest(self.proposal)


def digest(proposal: dict) -> str:
    """A short name of one exact proposal: two that differ in anything have different ones."""
    return hashlib.sha256(json.dumps(proposal, sort_keys=True, default=str).encode()).hexdigest()[:16]


def start(patient, *, by, on: date | None = None, request=None) -> Consultation:
    """
    Open a consultation for today (*on*: another day, for records brought in), or return the one this clinician has open for
    this patient that day: a double click opens one. It begins with what is on file: phototype, medicines and allergies
    that were asked for before.

    Raises:
        NoProtocol: no protocol version is loaded. MergedAway: *patient* was merged into another record.
    """
    version = current_version()
    if version is None:
        raise NoProtocol(gettext("No protocol is loaded. Load one with `manage.py load_protocols`."))
    today = on or timezone.localdate()
    found = Consultation.objects.filter(patient=patient, clinician=by, visit_date=today, status=Consultation.Status.OPEN)
    existing = found.first()
    if existing:
        return existing
    try:
        with transaction.atomic():
            refuse_merged(patient)
            consultation = Consultation.objects.create(
                patient=patient,
                site=patient.site,
                clinician=by,
                visit_date=today,
                protocol_version=version,
                inputs=asked_lately(
                    _on_file(patient, catalogue_of(version).knowledge, today), patient, catalogue_of(version).knowledge, today
                ),
                chosen={"said": said} if (said := said_on_file(patient, catalogue_of(version).knowledge)) else {},
                saved_by=by,
            )
            record("consultation.started", actor=by, patient=patient, obj=consultation, request=request)
            return consultation
    except IntegrityError:
        return found.get()


def _on_file(patient, knowledge: Knowledge, on: date) -> Inputs:
    """
    What is known already, as if it had been typed. Screening is asked anew at every visit, beside what the patient told that very day;
    what a medicine was said to be taken for stands ready beside it.
    """
    inputs = taken_for.on_file(screening_of(patient), knowledge) | registry.told_on(patient, on)
    if patient.phototype:
        inputs["phototype"] = str(patient.phototype)
    if patient.medicines_asked == Asked.NONE:
        inputs["medicines_asked"] = "none"
    for number, row in enumerate(patient.medications.all()):
        inputs["medicines_asked"] = "listed"
        inputs[f"medicine.{number}.pk"] = str(row.pk)
        inputs[f"medicine.{number}.name"] = row.name
        if row.stopped_on:
            inputs[f"medicine.{number}.stopped"] = row.stopped_on.isoformat()
    if patient.allergies_asked == Asked.NONE:
        inputs["allergies_asked"] = "none"
    for number, row in enumerate(patient.allergies.all()):
        inputs["allergies_asked"] = "listed"
        inputs[f"allergy.{number}.pk"] = str(row.pk)
        inputs[f"allergy.{number}.substance"] = row.substance
        inputs[f"allergy.{number}.reaction"] = row.reaction
        inputs[f"allergy.{number}.year"] = str(row.year or "")
    for number, row in enumerate(patient.procedures.all()[:20]):
        inputs[f"procedure.{number}.pk"] = str(row.pk)
        inputs[f"procedure.{number}.what"] = row.what
        inputs[f"procedure.{number}.date"] = row.performed_on.isoformat()
        if row.zone:
            inputs[f"procedure.{number}.zone"] = row.zone
    devices = registry.devices_at(patient.site)
    if devices:
        inputs["device"] = list(dict.fromkeys(device.brand or device.kind for device in devices))
    return {name: value for name, value in inputs.items() if value}


def propose_for(consultation: Consultation, *, inputs: Inputs, chosen: dict, by) -> Computed:
    """Ask the planner about *inputs*. Reads only; the caller saves."""
    catalogue = catalogue_of(consultation.protocol_version)
    patient, day = consultation.patient, consultation.visit_date
    reading = case_of(
        inputs,
        patient=patient,
        visit_date=day,
        catalogue=catalogue,
        lifted=chosen.get("lifted"),
        said=chosen.get("said"),
        operator=operator_of(by, day),
        history=registry.history_of(patient, day),
    )
    policies = ClinicSettings.current().policies
    proposal = _ask_planner(reading.case, catalogue, day, policies, consultation)
    first_choice = (proposal.get("device") or {}).get("id", "")
    preferred = (chosen.get("device") or {}).get("value")
    if preferred and first_choice and preferred != first_choice:
        reading.case["devices"] = devices_of_kind(reading.case["devices"], preferred, catalogue)
        proposal = _ask_planner(reading.case, catalogue, day, policies, consultation)
    return Computed(catalogue, reading, proposal, first_choice)


def devices_of_kind(devices: list[str], kind: str, catalogue: Catalogue) -> list[str]:
    """Of the devices at hand, those of one kind; the kind itself where none is at hand."""
    return [device for device in devices if catalogue.kind_of(device) == kind] or [kind]


def _ask_planner(case: dict, catalogue: Catalogue, day: date, policies, consultation) -> dict:
    version = consultation.protocol_version
    pinned = {"version": version.version, "status": version.status, "sha256": version.sha256}
    try:
        return propose(Case.parse(case), catalogue.knowledge, on=day, policies=policies, protocol=pinned).as_mapping()
    except CaseFaults as error:
        # What the planner cannot read is asked for again; the live screen goes on.
        return {
            "status": "ask",
            "findings": [],
            "asks": [{"id": fault.path, "what": f"{fault.path}: {fault.message}", "focus": fault.path} for fault in error.faults],
        }


def go_on(consultation: Consultation, *, to: int) -> bool:
    """
    Put an open consultation on the approved version *to*, for the next `save`; what was typed stays. False, and nothing is changed,
    where *to* is not the version to plan from.
    """
    offered = moved(consultation)
    if offered is None or offered.to is None or offered.to.pk != to:
        return False
    consultation.protocol_version = offered.to
    return True


def save(consultation: Consultation, *, inputs: Inputs, chosen: dict, by, version: int, saved_from: str, force: bool = False, request=None):
    """
    Save what is on the screen and return what the planner makes of it.

    version: the one the screen was made from. saved_from: the browser page; one that saved last may save again although its
    reply was lost. force: "Keep mine", said by a person who has seen what the other changed.

    Raises:
        StaleRow: somebody else saved meanwhile. ConsultationClosed: it has ended.
    """
    if not consultation.is_open:
        raise ConsultationClosed
    computed = propose_for(consultation, inputs=inputs, chosen=chosen, by=by)
    with transaction.atomic():
        # What the planner said last is written over below: it need not be read for that.
        stored = Consultation.objects.select_for_update().defer("case", "proposal").get(pk=consultation.pk)
        if not stored.is_open:
            raise ConsultationClosed
        if stored.version != version and not force and (not saved_from or stored.saved_from != saved_from):
            raise StaleRow(stored)
        stored.claim(stored.version)
        # Pressing Accept saves once more what the screen has saved already: the same again is no change.
        is_new = (stored.inputs, stored.chosen, stored.protocol_version_id) != (inputs, chosen, consultation.protocol_version_id)
        stored.inputs, stored.chosen = inputs, chosen
        stored.case, stored.proposal = computed.reading.case, computed.proposal
        stored.protocol_version = consultation.protocol_version
        stored.saved_by, stored.saved_from = by, saved_from
        stored.save()
        if is_new:
            detail = {"version": stored.version, "protocol": stored.protocol_version.version}
            record("consultation.saved", actor=by, patient=stored.patient_id, obj=stored, request=request, detail=detail)
    for name in ("inputs", "chosen", "case", "proposal", "version", "saved_at", "saved_by", "saved_from"):
        setattr(consultation, name, getattr(stored, name))
    return computed


def decide(chosen: dict, key: str, what: str, *, by, note: str = "") -> dict:
    """Return *chosen* with the decision *key* made by *by* now, or taken back where *what* is "undo"."""
    made = dict(chosen.get("decisions", {}))
    if what == "undo":
        made.pop(key, None)
    else:
        made[key] = {
            "what": what,
            "by": by.pk,
            "by_name": by.display_name,
            "at": timezone.now().isoformat(timespec="seconds"),
            "note": note,
        }
    return {**chosen, "decisions": made}


def close(consultation: Consultation, *, by, version: int, saved_from: str = "", request=None) -> None:
    """
    End a consultation without a plan. What was found stays with it: a file takes medicines, allergies and answers only with a plan.

    Raises:
        StaleRow, ConsultationClosed: as `save`.
    """
    with transaction.atomic():
        stored = Consultation.objects.select_for_update().get(pk=consultation.pk)
        if not stored.is_open:
            raise ConsultationClosed
        if stored.version != version and (not saved_from or stored.saved_from != saved_from):
            raise StaleRow(stored)
        stored.claim(stored.version)
        stored.status = Consultation.Status.CLOSED
        stored.saved_by = by
        stored.save(update_fields=["status", "saved_by", "saved_at"])
        record("consultation.closed", actor=by, patient=stored.patient_id, obj=stored, request=request)
    consultation.status, consultation.version = stored.status, stored.version
