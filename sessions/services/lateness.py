"""
What still fits where a patient comes late. Never less than the service needs: a visit that was booked longer may begin later and end
as booked; else it goes to when the patient comes, or to the next free times.
"""

import datetime as dt
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import gathered

from ..models import Booking
from . import gap
from .booking import STEP_MINUTES, move, resize
from .free_time import Diary
from .hours import Visit, at_clock, clinic_zone, clinician_minutes, local_day, seconds, visit_again, visit_of
from .party import FreeTime
from .refusals import BookingRefused, NotNow, NotSuitable

OFFERED_DAYS = 14
OFFERED = 4


@dataclass(frozen=True)
class StillFits:
    """
    expected_at: when the patient comes, at the next step of the clock. shorter: minutes with the clinician if the visit began then and
    ended as booked; needs: what the service needs there. later: the whole visit from then, where it is free with the same person.
    times: other free times, soonest first.
    """

    expected_at: dt.datetime
    shorter: int
    needs: int
    later: FreeTime | None = None
    times: list[FreeTime] = field(default_factory=list)

    @property
    def in_place(self) -> bool:
        """Whether what is left of the booked time is enough."""
        return self.shorter >= self.needs


def needed_minutes(booking: Booking) -> int:
    """The clinician's part that the site's settings give this visit: no press makes it shorter than this because somebody is late."""
    visit = visit_of(booking.site, booking.kind, plan=booking.plan)
    return sum(part.minutes for part in visit.parts if "clinician" in part.roles)


def expected_at(booking: Booking) -> dt.datetime:
    """When the late patient comes, at the next step of the clock; never in the past."""
    step = STEP_MINUTES * 60
    said = seconds(booking.starts_at) + (booking.late_minutes or 0) * 60
    return dt.datetime.fromtimestamp(-(-max(said, timezone.now().timestamp()) // step) * step, tz=dt.UTC)


def still_fits(booking: Booking) -> StillFits | None:
    """What can be done with a visit whose patient said to be late; None where nobody said so, or the patient is here."""
    if booking.status != Booking.Status.BOOKED or not booking.late_minutes:
        return None
    begins = expected_at(booking)
    lost = int((begins - booking.starts_at).total_seconds() // 60)
    found = StillFits(begins, clinician_minutes(booking) - lost, needed_minutes(booking))
    if found.in_place:
        return found
    zone = clinic_zone(booking.site)
    day = local_day(begins, zone)
    low, high = day, day + dt.timedelta(days=OFFERED_DAYS)
    if booking.plan is not None and booking.kind == Booking.Kind.SESSION and booking.session_number:
        days = {n: local_day(v.starts_at, zone) for n, v in gap.placed(booking.plan, ignoring=booking).items()}
        bounds = gap.window(booking.plan, booking.session_number, days)
        low, high = max(low, bounds.first_day or low), min(high, max(bounds.last_day or high, low))
    diary = Diary(booking.site, day, high, patient=booking.patient, ignoring=booking)
    visit = visit_again(booking)
    later = _with_the_same(diary, visit, booking, begins)
    since, until = max(begins, at_clock(low, dt.time.min, zone)), at_clock(high + dt.timedelta(days=1), dt.time.min, zone)
    times = _after(diary, visit, booking, since, until)
    return replace(found, later=later, times=[time for time in times if later is None or time.starts_at != later.starts_at])


def _after(diary: Diary, visit: Visit, booking: Booking, since: dt.datetime, until: dt.datetime) -> list[FreeTime]:
    """The next free times, with the same person where they have any, else with anyone."""
    for person in dict.fromkeys((booking.clinician, None)):
        try:
            party = diary.party(kind=booking.kind, patient=booking.patient, clinician=person, plan=booking.plan)
        except NotSuitable:
            continue
        if times := diary.nearest(visit, party, since, since=since, until=until, count=OFFERED):
            return times
    return []


def _with_the_same(diary: Diary, visit: Visit, booking: Booking, begins: dt.datetime) -> FreeTime | None:
    """The visit from *begins* with the same person, and the same room and device where they are free."""
    try:
        anyone = diary.party(kind=booking.kind, patient=booking.patient, clinician=booking.clinician, plan=booking.plan)
    except NotSuitable:
        return None
    same = {role: [one for one in fits if one == getattr(booking, role, None)] or fits for role, fits in anyone.candidates.items()}
    for candidates in (same, anyone.candidates):
        if slot := diary.pick(visit, seconds(begins), replace(anyone, candidates=candidates)):
            return slot
    return None


def begin_late(booking: Booking, *, by, version: int | None = None) -> Booking:
    """
    Begin when the patient comes and end as booked, with so much less of the clinician's time: only where the service still gets what it
    needs. All of it or nothing.
    """
    with transaction.atomic(), gathered():
        fresh = Booking.objects.with_names().select_related("site").get(pk=booking.pk)
        fits = still_fits(fresh)
        if fits is None:
            raise NotNow(gettext("Nobody said that this patient comes late."))
        if not fits.in_place:
            raise BookingRefused(
                gettext("That leaves %(shorter)s\u00a0min with the clinician. The visit needs %(needs)s: choose another time.")
                % {"shorter": max(fits.shorter, 0), "needs": fits.needs}
            )
        shorter = resize(fresh, minutes=fits.shorter, by=by, version=version)
        return move(shorter, starts_at=fits.expected_at, by=by, version=shorter.version)
