"""
A session that did not take place, and what follows for its course: the first day its healing gap allows, the next free times, and where
the later visits go. Booking it again is one press: the session and what moves along stand in one transaction, or nothing does.
"""

import datetime as dt
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, ngettext

from accounts.templatetags.clinic_format import in_words
from audit.services import gathered
from plans.models import TreatmentPlan

from ..models import Booking, Resource
from . import gap
from .booking import book, move
from .course import judge, review_days
from .course_move import KEEP, SHIFT, PreviewStale, Step, Way, enter_all, later_visits, put_back, shifted
from .free_time import free_times
from .healing import healing_of
from .hours import clinic_zone, local_day
from .party import FreeTime
from .refusals import AlreadyBooked, BookingRefused, KeyUsed, NotSuitable
from .visit_status import cancel

GONE = (Booking.Status.MISSED, Booking.Status.CANCELLED)
SEARCHED_DAYS = 28
OFFERED = 3
TAKEN_BACK = gettext_noop("Booked again by mistake")


@dataclass(frozen=True)
class Offer:
    """One time at which the session can be, and what it does to the later visits."""

    time: FreeTime
    way: Way

    @property
    def moves(self) -> tuple[Step, ...]:
        """The later visits that would go somewhere else."""
        return self.way.steps[1:]


@dataclass(frozen=True)
class Consequence:
    """What a missed or cancelled session leaves behind. first_day: allowed by the healing gap; last_day: where the plan has one."""

    booking: Booking
    first_day: dt.date
    last_day: dt.date | None
    because: str
    offers: list[Offer] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        number = self.booking.session_number
        first = in_words(self.first_day, weekday=True)
        why = gettext(", because %(because)s") % {"because": self.because} if self.because else ""
        until = (
            gettext(" The plan wants it by %(last_day)s.") % {"last_day": in_words(self.last_day, weekday=True)}
            if self.last_day and self.last_day > self.first_day
            else ""
        )
        return gettext("Session %(number)s is to be booked again. The first day its healing gap allows is %(first)s%(why)s.%(until)s") % {
            "number": number,
            "first": first,
            "why": why,
            "until": until,
        }

    @property
    def later(self) -> str:
        """What happens to those after it, for the soonest time."""
        rows = later_visits(self.booking)
        if not rows:
            return gettext("No later visit of the course is booked.")
        moved = self.offers[0].moves if self.offers else ()
        if not moved:
            return gettext("Booked at the soonest time, the later visits stay where they are.")
        return ngettext(
            "Booked at the soonest time, %(count)s later visit moves along.",
            "Booked at the soonest time, %(count)s later visits move along.",
            len(moved),
        ) % {"count": len(moved)}


def consequence_of(booking: Booking, *, by) -> Consequence | None:
    """
    What follows from *booking*, a missed or cancelled session of a plan; None where nothing does: it is booked again already, the plan
    is not in force, or it is no session.
    """
    plan, number = booking.plan, booking.session_number
    if booking.status not in GONE or booking.kind != Booking.Kind.SESSION or plan is None or not number:
        return None
    placed = gap.placed(plan)
    if plan.status != TreatmentPlan.Status.ACCEPTED or number in placed or number < gap.last_treated(placed):
        return None
    zone = clinic_zone(booking.site)
    today = local_day(timezone.now(), zone)
    bounds = gap.window(plan, number, _standing(booking, zone), healing_of(plan))
    first = max(bounds.first_day or today, today)
    because = bounds.first_because if bounds.first_day is not None and bounds.first_day >= today else ""
    offers = []
    for time in _times(booking, first):
        try:
            offers.append(Offer(time, _way(booking, time, by)))
        except BookingRefused:
            continue  # the later visits find no place after it: another time is offered
    return Consequence(booking, first, bounds.last_day, because, offers)


def _standing(booking: Booking, zone) -> dict[int, dt.date]:
    """The days of the sessions before it, and of later ones that have begun: those that do not move."""
    after = {row.pk for row in later_visits(booking)}
    placed = gap.placed(booking.plan)
    return {n: local_day(visit.starts_at, zone) for n, visit in placed.items() if visit.pk not in after}


def _times(booking: Booking, first: dt.date) -> list[FreeTime]:
    """The next free times: with the same person where they have any in four weeks, else with anyone."""
    asked = {"site": booking.site, "kind": booking.kind, "patient": booking.patient, "plan": booking.plan}
    for person in dict.fromkeys((booking.clinician, None)):
        try:
            times = free_times(first_day=first, days=SEARCHED_DAYS, clinician=person, **asked)
        except NotSuitable:
            continue
        # Its own old time is what "bring it back" is for.
        if times := [time for time in times if time.starts_at != booking.starts_at]:
            return _spread(times, booking)
    return []


def _spread(times: list[FreeTime], booking: Booking) -> list[FreeTime]:
    """The soonest, and on the next days the time closest to when the visit was: three choices a caller can say yes to."""
    zone = clinic_zone(booking.site)
    clock = booking.starts_at.astimezone(zone)
    usual = clock.hour * 60 + clock.minute
    by_day: dict[dt.date, list[FreeTime]] = {}
    for time in times:
        by_day.setdefault(local_day(time.starts_at, zone), []).append(time)

    def distance(time: FreeTime) -> int:
        local = time.starts_at.astimezone(zone)
        return abs(local.hour * 60 + local.minute - usual)

    return [min(rows, key=distance) for _, rows in sorted(by_day.items())[:OFFERED]]


def _way(booking: Booking, time: FreeTime, by) -> Way:
    """The session at *time*: the later visits stay where the gap lets them, else they move along as many days."""
    plan, number, zone = booking.plan, booking.session_number, clinic_zone(booking.site)
    healing = healing_of(plan)
    days = {n: local_day(visit.starts_at, zone) for n, visit in gap.placed(plan).items()}
    named = {"clinician": time.clinician, "room": time.room, "device": time.device}
    name = KEEP
    try:
        gap.check_gap(plan, number, time.starts_at, ignoring=booking, by=by)
        gap.check_review(plan, booking.kind, time.starts_at, ignoring=booking)
        steps = [Step(booking, time)]
        if _review_comes_early(booking, local_day(time.starts_at, zone), max([*days, number])):
            raise BookingRefused(gettext("The review would come too early after it."))
    except BookingRefused:
        name = SHIFT
        steps = shifted(booking, time.starts_at, named, days, healing, by, "")
        steps[0] = Step(booking, time)
    after = days | {s.booking.session_number: local_day(s.to.starts_at, zone) for s in steps if s.booking.kind == Booking.Kind.SESSION}
    return Way(name, tuple(steps), sentence=judge(plan, after, healing)[0])


def _review_comes_early(booking: Booking, day: dt.date, last: int) -> bool:
    """Whether the review stands nearer to the last session, if that is the one booked again, than the plan has it."""
    review = next((row for row in later_visits(booking) if row.kind == Booking.Kind.REVIEW), None)
    if review is None or booking.session_number != last:
        return False
    return local_day(review.starts_at, clinic_zone(review.site)) < day + dt.timedelta(days=review_days(booking.plan) or 1)


def book_again(
    booking: Booking, *, starts_at: dt.datetime, by, request_key: str, clinician: Resource | None = None, token: str = ""
) -> list[Booking]:
    """
    Book a missed or cancelled session anew at *starts_at*, with the later visits moved as they were shown: all of it or nothing. Returns
    the new visit first. The same request_key with the same time books once.

    Raises:
        PreviewStale: what would follow now is not what was shown. BookingRefused: as in `booking.book`.
    """
    with transaction.atomic(), gathered():
        made = Booking.objects.with_names().select_related("site").filter(request_key=request_key, patient=booking.patient).first()
        if made is not None:
            same = made.starts_at == starts_at and clinician in (None, made.clinician)
            if not (made.is_live and same):
                raise KeyUsed(made)
            return [made]
        fresh = Booking.objects.with_names().select_related("site", "gap_by").prefetch_related("holds").get(pk=booking.pk)
        if fresh.session_number in gap.placed(fresh.plan):
            raise AlreadyBooked(
                gettext("Session %(session_number)s of %(plan)s is booked again already.")
                % {"session_number": fresh.session_number, "plan": str(fresh.plan).lower()}
            )
        zone = clinic_zone(fresh.site)
        asked = {"site": fresh.site, "kind": fresh.kind, "patient": fresh.patient, "plan": fresh.plan, "clinician": clinician}
        times = free_times(first_day=local_day(starts_at, zone), **asked)
        time = next((one for one in times if one.starts_at == starts_at), None)
        if time is None:
            raise PreviewStale(gettext("That time is taken meanwhile. Choose one of those that are free now."))
        planned = _way(fresh, time, by)
        if token and planned.token != token:
            raise PreviewStale(gettext("The diary has changed since this was shown. Look at what is possible now."))
        enter_all(planned)
        # The later ones first, the last before the others: then none stands too near to another on the way.
        moved = [
            move(
                step.booking,
                starts_at=step.to.starts_at,
                by=by,
                version=step.booking.version,
                clinician=step.to.clinician,
                room=step.to.room,
                device=step.to.device,
            )
            for step in planned.steps[:0:-1]
        ]
        new = book(
            patient=fresh.patient,
            kind=fresh.kind,
            starts_at=time.starts_at,
            by=by,
            request_key=request_key,
            clinician=time.clinician,
            room=time.room,
            device=time.device,
            plan=fresh.plan,
            session_number=fresh.session_number,
            note=fresh.note,
        )
        return [new, *reversed(moved)]


def take_back(new: Booking, steps: list[Step], *, by, version: int | None = None) -> list[Booking]:
    """
    The way back of `book_again`: the new visit is cancelled, and the later ones stand where they stood; all of it or nothing. Returns the
    later ones.

    Raises:
        BookingRefused, StaleRow: as in `visit_status.cancel` and `booking.move`: somebody has taken a place or changed a visit meanwhile.
    """
    with transaction.atomic(), gathered():
        if steps:
            enter_all(Way(KEEP, tuple(steps)))  # before any row is held, as everybody does
        cancel(new, reason=TAKEN_BACK, by=by, version=version)
        return put_back(steps, by=by) if steps else []
