"""
What is marked on the day and changes no status: that the numbing is on, and how late the patient said to be. Both are kept with the
visit and can be taken back.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.versioning import StaleRow
from audit.services import record

from ..models import Booking, Hold
from .hours import clinic_zone, local_day, visit_again
from .refusals import BookingRefused, NotNow

Status = Booking.Status
LATEST = 720  # minutes: whoever comes later than that comes on another day


@dataclass(frozen=True)
class Numbing:
    """
    A numbing that is on. minutes: how long it stays on, as the visit holds it by the site's settings; needles_at: when the visit's needling
    begins as it stands now.
    """

    started_at: dt.datetime
    minutes: int
    needles_at: dt.datetime

    @property
    def ready_at(self) -> dt.datetime:
        return self.started_at + dt.timedelta(minutes=self.minutes)

    @property
    def since(self) -> int:
        """Whole minutes that it has been on."""
        return max(0, int((timezone.now() - self.started_at).total_seconds() // 60))

    @property
    def left(self) -> int:
        """Minutes until it is ready, begun ones counted whole; 0 where it is."""
        return max(0, -int((timezone.now() - self.ready_at).total_seconds() // 60))

    @property
    def by_the_needling(self) -> int:
        """Minutes it will have been on when the needling begins."""
        return round((self.needles_at - self.started_at).total_seconds() / 60)

    @property
    def is_too_early(self) -> bool:
        """Whether the visit was moved away from under it: by its needling it would be on at least twice as long as the visit has it."""
        return self.by_the_needling >= 2 * self.minutes

    @property
    def is_too_late(self) -> bool:
        """Whether the visit's needling begins before it is ready."""
        return self.by_the_needling < self.minutes


def numbing_minutes(booking: Booking) -> int:
    """How long the visit holds its place for numbing; 0 where it has none."""
    return sum(part.minutes for part in visit_again(booking).parts if part.segment == Hold.Segment.NUMBING)


def numbing_of(booking: Booking) -> Numbing | None:
    """The numbing that is on now; None where none was marked, or the patient does not wait."""
    if booking.status != Status.ARRIVED or booking.numbing_started_at is None:
        return None
    minutes = numbing_minutes(booking)
    return Numbing(booking.numbing_started_at, minutes, booking.starts_at + dt.timedelta(minutes=minutes))


def numbing_on(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The numbing is on, from this minute. The patient is marked as here before."""

    def fits(fresh: Booking) -> None:
        if fresh.status != Status.ARRIVED:
            raise NotNow(
                gettext("This visit is %(status)s. Numbing begins once the patient is marked as here.")
                % {"status": fresh.get_status_display().lower()}
            )
        if not numbing_minutes(fresh):
            raise NotNow(gettext("This visit has no numbing. Give it a numbing time by booking it anew."))

    now = timezone.now().replace(second=0, microsecond=0)
    return _change(booking, "numbing_on", version, fits, by, same=lambda row: bool(row.numbing_started_at), numbing_started_at=now)


def numbing_off(booking: Booking, *, by, version: int | None = None) -> Booking:
    """Take back that the numbing is on."""

    def fits(fresh: Booking) -> None:
        if fresh.status != Status.ARRIVED:
            raise NotNow(
                gettext("This visit is %(status)s. Its numbing is not changed any more.") % {"status": fresh.get_status_display().lower()}
            )

    return _change(booking, "numbing_off", version, fits, by, same=lambda row: row.numbing_started_at is None, numbing_started_at=None)


def say_late(booking: Booking, *, minutes: int | None, by, version: int | None = None) -> Booking:
    """
    Keep how late the patient said to be, in minutes from the start of the visit; None takes it back. The visit stands where it is.

    Raises:
        BookingRefused: not a number of minutes that can be meant. NotNow: the patient is here, or it is another day.
    """
    now = timezone.now()
    if minutes is not None and not 1 <= minutes <= LATEST:
        raise BookingRefused(gettext("Minutes late must be 1 to %(latest)s.") % {"latest": LATEST}, field="late")

    def fits(fresh: Booking) -> None:
        zone = clinic_zone(fresh.site)
        if fresh.status != Status.BOOKED:
            raise NotNow(
                gettext("This visit is %(status)s. Only who is waited for can be late.") % {"status": fresh.get_status_display().lower()}
            )
        if local_day(fresh.starts_at, zone) != local_day(now, zone):
            raise NotNow(gettext("Lateness is kept on the day of the visit. Move the visit instead."))
        gone = (now - fresh.starts_at).total_seconds() / 60
        if minutes is not None and minutes < gone - 1:
            raise BookingRefused(
                gettext("The visit began %(gone)s\u00a0min ago. Minutes late count from its start, so enter more than that.")
                % {"gone": int(gone)},
                field="late",
            )

    action = "late" if minutes is not None else "not_late"
    return _change(booking, action, version, fits, by, same=lambda row: row.late_minutes == minutes, late_minutes=minutes)


def _change(booking: Booking, action: str, version: int | None, fits, by, *, same, **fields) -> Booking:
    """Write *fields* where *fits* lets it. Sent twice, the second changes nothing."""
    with transaction.atomic():
        fresh = Booking.objects.with_names().select_related("site").get(pk=booking.pk)
        if same(fresh):
            return fresh
        if version is not None and fresh.version != version:
            raise StaleRow(fresh)
        fits(fresh)
        fresh.claim(fresh.version)
        for name, value in fields.items():
            setattr(fresh, name, value)
        fresh.save(update_fields=list(fields))
        detail = {name: value for name, value in fields.items() if isinstance(value, int)}
        record(f"booking.{action}", actor=by, patient=fresh.patient_id, obj=fresh, detail=detail)
        return fresh
