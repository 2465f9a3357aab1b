"""The waiting list: who is put on it, how an entry ends, and the one press that books a freed time for somebody on it."""

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site
from audit.services import gathered, record
from patients.merged import record_of_plan, refuse_merged
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking, Resource
from sessions.services import booking as door
from sessions.services import gap
from sessions.services.booking import UNDO
from sessions.services.course_move import Step, put_back
from sessions.services.hours import clinic_zone, local_day
from sessions.services.refusals import BookingRefused, NotNow
from sessions.services.taking_back import take_back as not_booked

from ..models import WaitingEntry
from ..querysets import WAITS_IN_VAIN

Ended = WaitingEntry.Ended
A_SWEEP = 500


def number_next(plan: TreatmentPlan, placed: dict[int, Booking]) -> int | None:
    """The first session of *plan* after the last that was treated that has not begun; None where all have."""
    begun = {number for number, visit in placed.items() if visit.status != Booking.Status.BOOKED}
    return next((number for number in range(gap.last_treated(placed) + 1, plan.sessions_count + 1) if number not in begun), None)


def to_bring_forward(entry: WaitingEntry, placed: dict[int, Booking] | None = None) -> Booking | None:
    """
    The visit that stands already for what *entry* waits for: a time that came free brings it forward, and makes no second one.
    placed: the visits of the plan's sessions, where they are known.
    """
    if entry.kind == WaitingEntry.Kind.SESSION:
        placed = gap.placed(entry.plan) if placed is None else placed
        return placed.get(number_next(entry.plan, placed))
    rows = Booking.objects.filter(patient=entry.patient_id, kind=entry.kind, status=Booking.Status.BOOKED, starts_at__gt=timezone.now())
    return (rows.filter(plan=entry.plan) if entry.plan else rows).order_by("starts_at", "pk").first()


class WaitsAlready(Exception):
    """The patient waits for the same already. `entry` is that one."""

    def __init__(self, entry: WaitingEntry):
        super().__init__(f"{entry} waits already")
        self.entry = entry


class NoLongerWaiting(BookingRefused):
    """Somebody booked it or took it off the list meanwhile."""


def add(*, patient: Patient, kind: str, by, request_key: str, plan=None, request=None, **wishes) -> WaitingEntry:
    """
    Put *patient* on the list of their site. wishes: clinician, weekdays, not_before, not_after, until, note. The same request_key twice
    returns the first.

    Raises:
        WaitsAlready. MergedAway: *patient* was merged into another record.
    """
    try:
        with transaction.atomic():
            if earlier := WaitingEntry.objects.filter(request_key=request_key).first():
                return earlier
            if plan is None:
                refuse_merged(patient)
            else:
                patient = record_of_plan(patient, plan)
                Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
            same = WaitingEntry.objects.filter(patient=patient, kind=kind, ended_at__isnull=True).filter(Q(plan=plan) if plan else Q())
            if standing := same.annotate_booked().first():
                if not standing.is_booked and standing.until >= local_day(timezone.now(), clinic_zone(patient.site)):
                    raise WaitsAlready(standing)
                _end(standing, Ended.BOOKED if standing.is_booked else Ended.OVER)
            entry = WaitingEntry.objects.create(
                site=patient.site, patient=patient, kind=kind, plan=plan, created_by=by, request_key=request_key, **wishes
            )
            record("waiting.added", actor=by, patient=patient, obj=entry, request=request, detail={"kind": kind})
            return entry
    except IntegrityError:
        if earlier := WaitingEntry.objects.filter(request_key=request_key).first():
            return earlier
        raise


def _end(entry: WaitingEntry, how: str, *, by=None, request=None, **because) -> bool:
    """Within the caller's transaction. Twice, the second changes nothing."""
    rows = WaitingEntry.objects.filter(pk=entry.pk, ended_at__isnull=True)
    if not rows.update(ended_at=timezone.now(), ended_as=how, ended_by=by):
        return False
    record("waiting.ended", actor=by, patient=entry.patient_id, obj=entry, request=request, detail={"as": str(how), **because})
    return True


def take_off(entry: WaitingEntry, *, by, request=None) -> bool:
    with transaction.atomic():
        return _end(entry, Ended.WITHDRAWN, by=by, request=request)


def book(
    entry: WaitingEntry,
    *,
    starts_at: dt.datetime,
    by,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
) -> Booking:
    """
    The one press: the freed time for somebody who waits, through the door every visit passes; the entry ends with it. Who has a later
    visit for it already is moved, not booked twice. Pressed twice, the second gets the first's visit.

    Raises:
        BookingRefused: as the door says; NoLongerWaiting. Nothing is written, and the entry stays.
    """
    with transaction.atomic(), gathered():
        fresh = WaitingEntry.objects.select_for_update(of=("self",)).select_related("patient__site", "plan").get(pk=entry.pk)
        if fresh.ended_at is not None:
            same = Booking.objects.live().filter(patient=fresh.patient, kind=fresh.kind, starts_at=starts_at)
            if fresh.ended_as == Ended.BOOKED and (earlier := same.first()):
                return earlier
            words = _("%(patient)s is on the waiting list no more: %(how)s.")
            raise NoLongerWaiting(words % {"patient": fresh.patient, "how": fresh.get_ended_as_display().lower()})
        named = {"clinician": clinician, "room": room, "device": device if fresh.kind == WaitingEntry.Kind.SESSION else None}
        standing = to_bring_forward(fresh)
        if standing is None:
            # The entry, which is held, makes sure that it is booked once; taken back, it may be booked again.
            key = f"waiting-{fresh.pk}-{uuid.uuid4().hex}"
            visit = door.book(
                patient=fresh.patient.person, kind=fresh.kind, starts_at=starts_at, by=by, request_key=key, plan=fresh.plan, **named
            )
        elif standing.starts_at > starts_at:
            visit = door.move(standing, starts_at=starts_at, by=by, **named)
        else:
            raise NoLongerWaiting(_("%(patient)s has that visit sooner already.") % {"patient": fresh.patient})
        _end(fresh, Ended.BOOKED, by=by)
        return visit


def take_back(entry: WaitingEntry, visit: Booking, version: int, steps: list[Step], *, by) -> Booking:
    """
    The way back of `book`, for three minutes: the visit is not booked, or stands where *steps* has it that it stood, and the patient
    waits again. Sent twice, the second changes nothing.

    Raises:
        BookingRefused, StaleRow: as in `taking_back.take_back` and `booking.move`. Nothing is written.
    """
    with transaction.atomic(), gathered():
        fresh = WaitingEntry.objects.select_for_update(of=("self",)).select_related("patient").get(pk=entry.pk)
        if fresh.ended_at is None:
            return visit
        if fresh.ended_as != Ended.BOOKED or timezone.now() > fresh.ended_at + UNDO:
            words = _("%(patient)s was booked from the list more than three minutes ago. Open the visit to move or cancel it.")
            raise NotNow(words % {"patient": fresh.patient})
        if steps:
            (visit,) = put_back(steps, by=by)
        else:
            (visit,) = not_booked([(visit, version)], by=by)
        same = WaitingEntry.objects.filter(patient=fresh.patient, kind=fresh.kind, ended_at__isnull=True)
        if not (same.filter(plan=fresh.plan) if fresh.plan else same).exists():  # nobody has put the patient on the list meanwhile
            WaitingEntry.objects.filter(pk=fresh.pk).update(ended_at=None, ended_as="", ended_by=None)
            record("waiting.again", actor=by, patient=fresh.patient_id, obj=fresh)
        return visit


def settle(now: dt.datetime | None = None) -> int:
    """End what was booked by another way, what has run out, and what waits for a plan that is over. Returns how many entries ended."""
    now, ended = now or timezone.now(), 0
    for site in Site.objects.filter(pk__in=WaitingEntry.objects.filter(ended_at__isnull=True).values("site")):
        today = local_day(now, clinic_zone(site))
        rows = WaitingEntry.objects.filter(site=site, ended_at__isnull=True).annotate_booked().select_related("plan")
        for entry in rows.filter(Q(is_booked=True) | Q(until__lt=today) | WAITS_IN_VAIN)[:A_SWEEP]:
            with transaction.atomic():
                if entry.is_booked or entry.until < today:
                    ended += _end(entry, Ended.BOOKED if entry.is_booked else Ended.OVER)
                else:
                    ended += _end(entry, Ended.WITHDRAWN, plan=str(entry.plan.status))
    return ended
