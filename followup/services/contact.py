"""What a patient wants of reminders: said at the desk, or by the link in a reminder itself."""

from django.db import transaction
from django.utils import timezone

from accounts.seen import digest
from audit.services import record
from patients.models import Patient

from ..models import ContactChoice, OutboxText, Reminder
from .sending import STOPPED, digest_of


class ChangedMeanwhile(Exception):
    """Somebody saved the patient's wishes after the form was opened, or the patient used the link."""


def choice_of(patient: Patient) -> ContactChoice:
    return ContactChoice.of(patient.pk) or ContactChoice(patient=patient)


def _locked(patient_pk: int) -> Patient:
    """All records of the person stay locked, so that two who say something wait for each other whichever record they came through."""
    rows = Patient.objects.of_person(patient_pk).select_for_update(no_key=True).order_by("pk")
    return {row.pk: row for row in rows}[patient_pk]


def _save(choice: ContactChoice) -> None:
    """What is said now holds for the person: each record says it from now on, also where the two are taken apart again."""
    choice.save()
    said = {name: getattr(choice, name) for name in STOPPED.values()}
    for pk in Patient.objects.of_person(choice.patient_id).exclude(pk=choice.patient_id).order_by("pk").values_list("pk", flat=True):
        if not ContactChoice.objects.filter(patient__pk=pk).update(**said):
            ContactChoice.objects.create(patient_id=pk, **said)


def seen_of(choice: ContactChoice) -> str:
    return digest(choice.email_stopped_at, choice.sms_stopped_at)


def set_choice(patient: Patient, *, wanted: dict[str, bool], was: str, by, request=None) -> ContactChoice:
    """*wanted*: by way, whether reminders are sent. What stands already keeps its day. Raises ChangedMeanwhile."""
    now = timezone.now()
    with transaction.atomic():
        _locked(patient.pk)
        choice = choice_of(patient)
        if was != seen_of(choice):
            raise ChangedMeanwhile
        changed = []
        for channel, wants in wanted.items():
            stopped = choice.stopped_at(channel)
            if wants == (stopped is None):
                continue
            setattr(choice, STOPPED[channel], None if wants else now)
            changed.append(STOPPED[channel])
        if changed:
            _save(choice)
            record("contact.changed", actor=by, patient=patient, obj=choice, request=request, detail={"fields": changed})
    return choice


def reminder_of(secret: str) -> Reminder | None:
    """The reminder whose link carries *secret*."""
    return Reminder.objects.filter(stop_digest=digest_of(secret)).select_related("booking").first() if secret else None


def stop_by_link(reminder: Reminder, *, request=None) -> None:
    """No more reminders by the way this one came. Pressed twice, the second changes nothing."""
    column = STOPPED[reminder.channel]
    with transaction.atomic():
        patient = _locked(reminder.booking.patient_id)
        choice = choice_of(patient)
        if getattr(choice, column) is not None:
            return
        setattr(choice, column, timezone.now())
        _save(choice)
        record("contact.stopped", patient=patient, obj=choice, request=request, detail={"channel": reminder.channel, "by": "link"})


def text_done(text: OutboxText, *, by, request=None) -> None:
    """The desk has sent it, or has rung. Pressed twice, the second changes nothing."""
    with transaction.atomic():
        if OutboxText.objects.filter(pk=text.pk, done_at__isnull=True).update(done_at=timezone.now(), done_by=by):
            record("text.done", actor=by, patient=text.reminder.booking.patient_id, obj=text, request=request)
