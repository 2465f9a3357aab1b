"""
What became of a visit: here, in the room, done, missed, cancelled, and each step taken back. Nothing is put anywhere else by it; what is no
longer held is free again.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from audit.services import record

from ..models import Booking
from .hours import clinic_zone, local_day
from .refusals import BookingRefused, NotNow

Status = Booking.Status

RUNS_LATE = dt.timedelta(hours=12)  # a visit may begin this long after it should have ended, so an evening may pass midnight

# What may follow what. Cancelled and missed visits come back only through `booking.reinstate`, which asks the database again.
NEXT = {
    Status.BOOKED: {Status.ARRIVED, Status.IN_ROOM, Status.MISSED, Status.CANCELLED},
    Status.ARRIVED: {Status.BOOKED, Status.IN_ROOM, Status.MISSED, Status.CANCELLED},
    Status.IN_ROOM: {Status.ARRIVED, Status.DONE},
    Status.DONE: {Status.IN_ROOM},
    Status.MISSED: {Status.BOOKED},
    Status.CANCELLED: {Status.BOOKED},
}


def arrive(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The patient is here. Only on the day of the visit."""
    if local_day(booking.starts_at, clinic_zone(booking.site)) != local_day(timezone.now(), clinic_zone(booking.site)):
        day = in_words(local_day(booking.starts_at, clinic_zone(booking.site)), weekday=True)
        raise NotNow(gettext("This visit is on %(day)s. Arrival is marked on the day.") % {"day": day})
    return _step(booking, Status.ARRIVED, by=by, version=version, arrived_at=booking.arrived_at or timezone.now())


def not_its_day(booking: Booking) -> str:
    """Why this visit does not begin now: its day is still to come, or over; empty where it may begin."""
    zone, now = clinic_zone(booking.site), timezone.now()
    day = local_day(booking.starts_at, zone)
    if day > local_day(now, zone):
        return gettext("This visit is on %(day)s. To begin it today, move it to today.") % {"day": in_words(day, weekday=True)}
    if booking.ends_at + RUNS_LATE < now:
        was = gettext("This visit was on %(day)s.") % {"day": in_words(day, weekday=True)}
        return gettext("%(was)s If the patient is here now, move it to today. If they were treated then, enter its record.") % {"was": was}
    return ""


def not_arrived(booking: Booking, *, by, version: int | None = None) -> Booking:
    """Take an arrival back, and a numbing that was marked since."""
    return _step(booking, Status.BOOKED, by=by, version=version, arrived_at=None, numbing_started_at=None)


def in_room(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The visit begins: on its own day, or shortly after midnight where it ran late."""
    if words := not_its_day(booking):
        raise NotNow(words)
    return _step(booking, Status.IN_ROOM, by=by, version=version, arrived_at=booking.arrived_at or timezone.now())


def was_in_room(booking: Booking, *, at: dt.datetime, by) -> Booking:
    """The patient was treated at *at*, as a record that is entered on a later day says. A visit that is marked so already stays."""
    if booking.status in (Status.IN_ROOM, Status.DONE):
        return booking
    return _step(booking, Status.IN_ROOM, by=by, version=None, arrived_at=booking.arrived_at or at)


def not_in_room(booking: Booking, *, by, version: int | None = None) -> Booking:
    """
    As it stood before: here, or not here yet where nobody had marked that. Not once a record stands: that is closed where nothing is
    treated.
    """
    _no_record(booking)
    nobody_said_here = booking.status == Status.IN_ROOM and _came_from(booking) == Status.BOOKED
    with transaction.atomic():
        back = _step(booking, Status.ARRIVED, by=by, version=version)
        if nobody_said_here and back.version == booking.version + 1:  # by this press, and not by another one meanwhile
            return not_arrived(back, by=by)
        return back


def _came_from(booking: Booking) -> str:
    """How the visit stood when the patient went into the room."""
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action="booking.in_room")
    before = (row.detail.get("from") for row in rows.order_by("-pk"))
    return next((status for status in before if status != Status.DONE), Status.ARRIVED)


def done(booking: Booking, *, by, version: int | None = None) -> Booking:
    return _step(booking, Status.DONE, by=by, version=version)


def not_done(booking: Booking, *, by, version: int | None = None) -> Booking:
    """Taken back on the day. What is done by a signed record stays done."""
    _no_record(booking)
    if words := not_its_day(booking):
        raise NotNow(words)
    return _step(booking, Status.IN_ROOM, by=by, version=version)


def _no_record(booking: Booking) -> None:
    if getattr(booking, "record", None) is not None:
        raise NotNow(gettext("A record of this visit stands. What is said in it is changed there."))


def missed(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The patient did not come. What was held is free again."""
    if booking.starts_at > timezone.now():
        raise NotNow(gettext("This visit has not begun yet. Cancel it, or wait until its time."))
    return _step(booking, Status.MISSED, by=by, version=version)


def cancel(booking: Booking, *, reason: str, by, version: int | None = None) -> Booking:
    """Cancel a visit that has not begun. What was held is free again."""
    if not reason.strip():
        raise BookingRefused(gettext("Say why the visit is cancelled."), field="reason")
    return _step(booking, Status.CANCELLED, by=by, version=version, cancel_reason=reason.strip())


def untreated(booking: Booking, *, by) -> Booking:
    """
    The patient was in the room and nothing was treated: back to "here", then cancelled; missed again where it was that before. What was
    held is free again.
    """
    with transaction.atomic():
        if booking.status == Status.DONE:
            _step(booking, Status.IN_ROOM, by=by, version=None)
        _step(booking, Status.ARRIVED, by=by, version=None)
        if _was_missed(booking):
            return _step(booking, Status.MISSED, by=by, version=None, arrived_at=None)
        return _step(booking, Status.CANCELLED, by=by, version=None, cancel_reason="Nothing was treated")


def _was_missed(booking: Booking) -> bool:
    """Whether it was marked as missed before a record was entered for it."""
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action="booking.treated_after_all")
    last = rows.order_by("-pk").first()
    return last is not None and last.detail.get("from") == Status.MISSED


def is_over(booking: Booking) -> bool:
    """Whether a cancelled or missed visit can no longer come back: its time is over, and for one marked as missed its day is."""
    zone, now = clinic_zone(booking.site), timezone.now()
    if booking.status == Status.MISSED and local_day(booking.starts_at, zone) == local_day(now, zone):
        return False  # marked by mistake: the patient came after all
    return booking.ends_at <= now


# Writing


def take(booking: Booking, version: int | None, *, same) -> Booking | None:
    """The row as it stands, claimed for writing; None where *same(row)* says that the wish is already fulfilled."""
    fresh = Booking.objects.with_names().select_related("site").get(pk=booking.pk)
    if same(fresh):
        return None
    if version is not None and fresh.version != version:
        raise StaleRow(fresh)
    fresh.claim(fresh.version)
    return fresh


def _step(booking: Booking, status: str, *, by, version: int | None, **fields) -> Booking:
    """Change the status where the table allows it, and let the holds follow. Sent twice, the second changes nothing."""
    with transaction.atomic():
        fresh = take(booking, version, same=lambda now: now.status == status)
        if fresh is None:
            return Booking.objects.get(pk=booking.pk)
        if status not in NEXT[fresh.status]:
            raise NotNow(
                gettext("This visit is %(status)s. It cannot become %(status_2)s.")
                % {"status": fresh.get_status_display().lower(), "status_2": Status(status).label.lower()}
            )
        before, fresh.status = fresh.status, status
        for name, value in fields.items():
            setattr(fresh, name, value)
        fresh.save(update_fields=["status", *fields])
        if not fresh.is_live:
            fresh.holds.update(is_live=False)
        record(f"booking.{status}", actor=by, patient=fresh.patient_id, obj=fresh, detail={"from": before})
        return fresh
