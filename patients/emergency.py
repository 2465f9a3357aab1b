"""
Opening the record of a patient of another site in an emergency ("break-glass"): by exact number and birth date, with a reason,
for a short time, and told to those who answer for that site and to the auditor.
"""

import datetime as dt

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Value
from django.utils import timezone

from accounts.desk.store import CLOCKS_DIFFER
from accounts.models import User
from accounts.reach import forget, reach_of
from audit.models import AuditEvent, Outcome
from audit.services import record

from .models import EmergencyOpening, ErasedOpening, Patient
from .person import person_of

OPENED, REFUSED = "emergency.opened", "emergency.refused"
MOST_TRIES = 5  # that do not fit, within TRIES_COUNT_FOR
TRIES_COUNT_FOR = dt.timedelta(hours=1)


class NoSuchPatient(Exception):
    """No patient has this number and this birth date. What of the two does not fit is not said."""


class WithinReach(Exception):
    """The record is open to this person without an emergency. `patient` says which."""

    def __init__(self, patient: Patient):
        super().__init__(str(patient.number))
        self.patient = patient


class TooManyTries(Exception):
    """`until`: when the next try is taken."""

    def __init__(self, until: dt.datetime):
        super().__init__(until.isoformat())
        self.until = until


def open_to(user) -> QuerySet:
    """
    For `accounts.reach`: the patients whose record *user* has open in an emergency now, with all records of the same person: the kept
    one, those merged into the opened one, and those merged into the same as the opened one. Three reads by index and no OR, over which
    PostgreSQL would walk all patients, at every request.
    """
    opened = EmergencyOpening.objects.filter(user_id=user.pk).open_now().order_by().annotate(of=Value("patient"), clock=Value(""))
    behind = ("patient__merged_records", "patient__merged_into__merged_records")
    rows = [opened.filter(**{f"{path}__isnull": False}).values_list("of", path, "clock") for path in behind]
    return opened.values_list("of", person_of("patient"), "clock").union(*rows, all=True)


def open_record(*, number: int, birth_date: dt.date, reason: str, by: User, request_key, request=None) -> EmergencyOpening:
    """
    Open the record of the patient with exactly this number and birth date to *by*, for settings.EMERGENCY_MINUTES. Where it is
    open already, or the same form comes twice, the opening that stands is returned.

    Raises:
        NoSuchPatient: nobody has both. WithinReach: it is no patient of another site. TooManyTries: after five that did not fit.
    """
    try:
        with transaction.atomic():
            found = _open(number, birth_date, reason, by, request_key, request)
    except IntegrityError:
        # Two presses at once: one made the row, the other shows it. Any other refusal of the database is a fault.
        found = EmergencyOpening.objects.filter(request_key=request_key, user=by).first()
        if found is None:
            raise
    if found is None:
        raise NoSuchPatient
    forget(by)
    return found


def _open(number, birth_date, reason, by, request_key, request) -> EmergencyOpening | None:
    User.objects.select_for_update().get(pk=by.pk)  # tries of one person come one after the other
    now = timezone.now()
    if standing := EmergencyOpening.objects.filter(request_key=request_key, user=by).first():
        return standing
    if until := _waits_until(by, now):
        raise TooManyTries(until)
    patient = Patient.objects.select_related("merged_into").filter(number=number, birth_date=birth_date).first()
    if patient is None:
        hidden = Patient.objects.filter(number=number).first()
        record(REFUSED, actor=by, patient=hidden, obj=hidden, request=request, outcome=Outcome.REFUSED, detail={"why": "no match"})
        return None
    forget(by)
    patient = patient.person
    if patient.site_id in reach_of(by).sites:
        raise WithinReach(patient)
    if standing := _open_to(by, patient).first():
        return standing
    opening = EmergencyOpening.objects.create(
        patient=patient,
        user=by,
        reason=reason,
        opened_at=now,
        ends_at=now + dt.timedelta(minutes=settings.EMERGENCY_MINUTES),
        request_key=request_key,
    )
    record(OPENED, actor=by, patient=patient, obj=opening, request=request, detail={"site": patient.site_id})
    return opening


def _open_to(user: User, patient: Patient) -> QuerySet:
    """What *user* has open of the person now, under whichever record it was opened."""
    records = Patient.objects.of_person(patient.pk).order_by().values("pk")
    return EmergencyOpening.objects.filter(user=user, patient__pk__in=records).open_now()


def _waits_until(user: User, now: dt.datetime) -> dt.datetime | None:
    # None from the future: a clock that was put back keeps nobody from a patient until it has caught up.
    lately = {"at__gt": now - TRIES_COUNT_FOR, "at__lte": now + CLOCKS_DIFFER}
    tries = AuditEvent.objects.filter(actor=user, action=REFUSED, **lately).order_by("-pk")
    times = list(tries.values_list("at", flat=True)[:MOST_TRIES])
    return times[-1] + TRIES_COUNT_FOR if len(times) == MOST_TRIES else None


def close(patient: Patient, *, by: User, request=None) -> bool:
    """Close what *by* has open of *patient* before its time. False: nothing was open."""
    with transaction.atomic():
        closed = 0
        for opening in _open_to(by, patient):
            closed += EmergencyOpening.objects.filter(pk=opening.pk, closed_at__isnull=True).update(closed_at=timezone.now())
            record("emergency.closed", actor=by, patient=opening.patient_id, obj=opening, request=request)
    forget(by)
    return bool(closed)


def review(opening: EmergencyOpening, *, by: User, note: str, request=None) -> bool:
    """Somebody who answers for the site has looked at it. False: somebody did before."""
    with transaction.atomic():
        rows = EmergencyOpening.objects.filter(pk=opening.pk, reviewed_at__isnull=True).exclude(user=by)
        if not rows.update(reviewed_at=timezone.now(), reviewed_by=by, review_note=note):
            return False
        record("emergency.reviewed", actor=by, patient=opening.patient_id, obj=opening, request=request)
    return True


def review_erased(opening: ErasedOpening, *, by: User, request=None) -> bool:
    """As `review`, where the patient was erased since. There is no note: it would speak of somebody who is to be forgotten."""
    with transaction.atomic():
        rows = ErasedOpening.objects.filter(pk=opening.pk, reviewed_at__isnull=True).exclude(user=by)
        if not rows.update(reviewed_at=timezone.now(), reviewed_by=by):
            return False
        detail = {"opening": opening.opening_pk, "erased": True}
        record("emergency.reviewed", actor=by, patient=opening.patient_pk, obj=opening, request=request, detail=detail)
    return True
