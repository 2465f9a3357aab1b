"""Writes that must hold together."""

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from audit.services import record

from . import names
from .duplicates import Likeness, likely_same
from .merged import MergedAway, refuse_merged
from .merged_facts import share
from .models import Allergy, Asked, Medication, NumberCounter, Patient, Procedure

FIRST_NUMBER = 10001


class NotSeenYet(Exception):
    """Somebody on file is likely the same person. `same` is the list of them, each with the reason."""

    def __init__(self, same: list[Likeness]):
        super().__init__(f"{len(same)} likely the same")
        self.same = same


class StillListed(Exception):
    """ "None known" was said of a list that holds something, or "still right" of one that nobody asked for."""


def next_number() -> int:
    """
    Return the next patient number. The counter row stays locked until the caller's transaction ends, so two never get the
    same and a registration that fails leaves no gap. Numbers brought in by other ways (import) are stepped over.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("next_number must be called inside the transaction that saves the patient")
    NumberCounter.objects.get_or_create(pk=1, defaults={"last": FIRST_NUMBER - 1})
    counter = NumberCounter.objects.select_for_update().get(pk=1)
    highest = Patient.objects.aggregate(highest=Max("number"))["highest"] or 0
    counter.last = max(counter.last, highest) + 1
    counter.save()
    return counter.last


def register(*, site, by, request=None, request_key: uuid.UUID | None = None, seen: set[int] | None = None, **fields) -> Patient:
    """
    Register one patient and return it; the same *request_key* again returns the same patient (a double click registers once).
    *fields*: surname, given, preferred_name, birth_date, sex, phone, email, address ...
    seen: primary keys of the likely duplicates *by* was shown. Where it is given, anybody else who is likely the same person
    stops it; two desks that register one person at the same moment are asked one after the other.

    Raises:
        NotSeenYet: somebody likely the same is on file whom *by* was not shown; nothing is written.
    """
    request_key = request_key or uuid.uuid4()
    try:
        with transaction.atomic():
            if existing := Patient.objects.filter(request_key=request_key).first():
                return existing
            number = next_number()  # from here on nobody else registers
            if seen is not None:
                same = likely_same(by, **{name: fields.get(name, "") for name in ("surname", "given", "birth_date", "phone")})
                if own := next((like.patient for like in same if like.patient.request_key == request_key), None):
                    transaction.set_rollback(True)  # the other click won meanwhile: its number is enough
                    return own
                if {like.patient.pk for like in same} - seen:
                    raise NotSeenYet(same)
            patient = Patient.objects.create(site=site, number=number, request_key=request_key, **fields)
            record("patient.registered", actor=by, patient=patient, obj=patient, request=request)
            return patient
    except IntegrityError:
        # Both requests of a double click got past the look-up: the other one won.
        if existing := Patient.objects.filter(request_key=request_key).first():
            return existing
        raise


def change(patient: Patient, *, version: int, by, request=None, **fields) -> Patient:
    """
    Save what differs in *fields*.

    Raises:
        StaleRow: somebody saved the patient after *version*; nothing is written.
    """
    with transaction.atomic():
        refuse_merged(patient)
        patient.claim(version)
        patient.refresh_from_db()
        changed = [name for name, value in fields.items() if getattr(patient, name) != value]
        for name in changed:
            setattr(patient, name, fields[name])
        if changed:
            patient.save(update_fields=changed)
            share(patient, changed)
        record("patient.changed", actor=by, patient=patient, obj=patient, request=request, detail={"fields": changed})
    return patient


def set_phototype(patient: Patient, phototype: int | None, *, by, request=None) -> None:
    with transaction.atomic():
        Patient.objects.of_person(patient.pk).update(phototype=phototype)
        patient.phototype = phototype
        record("patient.phototype_set", actor=by, patient=patient, obj=patient, request=request)


def _lock(patient: Patient, *, to_add: bool = False) -> Patient:
    """One clinical list changes at a time per person. to_add: a new line, which goes to the record that is kept."""
    locked = next((row for row in patient.every_record().select_for_update() if row.pk == patient.pk), None)
    if locked is None:
        raise Patient.DoesNotExist
    if to_add and locked.merged_into_id is not None:
        raise MergedAway(locked)
    return locked


def _mark(patient: Patient, column: str, state: str) -> None:
    """The list was gone through now."""
    at = timezone.now() if state != Asked.NOT_ASKED else None
    Patient.objects.of_person(patient.pk).update(**{column: state, f"{column}_at": at})
    setattr(patient, column, state)
    setattr(patient, f"{column}_at", at)


def add_allergy(patient: Patient, *, by, substance: str, reaction: str = "", year: int | None = None, request=None) -> Allergy:
    """Add an allergy. The same substance again completes the line that stands, so a double click adds one."""
    with transaction.atomic():
        _lock(patient, to_add=True)
        same = next((a for a in patient.allergies.all() if names.key(a.substance) == names.key(substance)), None)
        if same is None:
            same = Allergy(patient=patient, substance=substance, recorded_by=by)
        same.reaction, same.year = reaction or same.reaction, year or same.year
        same.save()
        _mark(patient, "allergies_asked", Asked.LISTED)
        record("allergy.recorded", actor=by, patient=patient, obj=same, request=request)
    return same


def add_medicine(patient: Patient, *, by, name: str, stopped_on: dt.date | None = None, request=None) -> Medication:
    """Add a medicine; empty *stopped_on* = still taken. The same name again sets its stop date, so a double click adds one."""
    with transaction.atomic():
        _lock(patient, to_add=True)
        same = next((m for m in patient.medications.all() if names.key(m.name) == names.key(name)), None)
        if same is None:
            same = Medication(patient=patient, name=name, recorded_by=by)
        same.stopped_on = stopped_on
        same.save()
        _mark(patient, "medicines_asked", Asked.LISTED)
        record("medicine.recorded", actor=by, patient=patient, obj=same, request=request)
    return same


def say_what_it_is(medicine: Medication, *, classes: list[str], key: str, by, ingredient: str = "", request=None) -> None:
    """
    Keep what a clinician says an unknown medicine is: *classes* of the protocol (none: none of them), and its ingredient.
    *key*: the name without dose, under which the next patient's clinician is offered the answer.
    """
    with transaction.atomic():
        medicine.said_classes, medicine.said_ingredient, medicine.said_key = list(classes), ingredient[:120], key[:200]
        medicine.said_by, medicine.said_at = by, timezone.now()
        medicine.save(update_fields=["said_classes", "said_ingredient", "said_key", "said_by", "said_at"])
        record("medicine.said", actor=by, patient=medicine.patient_id, obj=medicine, request=request, detail={"fields": ["said_classes"]})


def confirm_list(patient: Patient, column: str, *, by, request=None) -> None:
    """The list was gone through with the patient and is right as it stands. *column*: allergies_asked or medicines_asked."""
    with transaction.atomic():
        locked = _lock(patient)
        state = getattr(locked, column)
        if state == Asked.NOT_ASKED:
            raise StillListed(column)
        _mark(patient, column, state)
        record("patient.asked", actor=by, patient=patient, obj=patient, request=request, detail={"fields": [column]})


def stop_medicine(medicine: Medication, *, by, stopped_on: dt.date, request=None) -> None:
    with transaction.atomic():
        medicine.stopped_on = stopped_on
        medicine.save(update_fields=["stopped_on"])
        _mark(medicine.patient, "medicines_asked", Asked.LISTED)
        record("medicine.stopped", actor=by, patient=medicine.patient_id, obj=medicine, request=request)


def add_procedure(patient: Patient, *, by, what: str, performed_on: dt.date, zone: str = "", request=None) -> Procedure:
    """Add an earlier procedure; the same one on the same day and zone is kept once."""
    with transaction.atomic():
        _lock(patient, to_add=True)
        same = next(
            (p for p in patient.procedures.filter(performed_on=performed_on, zone=zone) if names.key(p.what) == names.key(what)), None
        )
        if same is None:
            same = Procedure.objects.create(patient=patient, what=what, zone=zone, performed_on=performed_on, recorded_by=by)
            record("procedure.recorded", actor=by, patient=patient, obj=same, request=request)
    return same


_LISTS = {"allergies_asked": Allergy, "medicines_asked": Medication}


def say_none_known(patient: Patient, column: str, *, by, request=None) -> None:
    """
    Record that the patient was asked and there is none. *column*: allergies_asked or medicines_asked.

    Raises:
        StillListed: the list holds something; each line must be taken back first.
    """
    with transaction.atomic():
        _lock(patient)
        if _LISTS[column].objects.filter(patient=patient).exists():
            raise StillListed(column)
        _mark(patient, column, Asked.NONE)
        record("patient.asked", actor=by, patient=patient, obj=patient, request=request, detail={"fields": [column]})


def take_back(line: Allergy | Medication | Procedure, *, by, request=None) -> None:
    """Take a line back that was entered in error. It stays in the database; an emptied list is "Not asked" again."""
    with transaction.atomic():
        patient = _lock(line.patient)
        line.removed_at, line.removed_by = timezone.now(), by
        line.save(update_fields=["removed_at", "removed_by"])
        for column, model in _LISTS.items():
            if isinstance(line, model) and not model.objects.filter(patient=patient).exists():
                _mark(patient, column, Asked.NOT_ASKED)
        record(f"{line._meta.model_name}.taken_back", actor=by, patient=patient, obj=line, request=request)
