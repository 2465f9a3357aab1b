"""
All sessions of an accepted plan and its review: proposed at once, each date with its two alternatives where it clashes,
then booked in one transaction, all or none.

Sums are on the wall clock: plus 28 days at 10:00 is 10:00, whatever the clocks did between.
"""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from audit.services import record
from planner import wording
from plans.models import TreatmentPlan

from ..models import Booking, Resource
from . import gap
from .booking import DAYS_AHEAD, book, enter_diary
from .free_time import Diary, FreeTime, Party
from .hours import Visit, at_clock, clinic_zone, covers, local_day, seconds, visit_of
from .refusals import AlreadyBooked, BookingRefused, GapRefused

REVIEW = 0  # the key of the review among the lines; sessions have their numbers
LOOK_AROUND_DAYS = 14  # how far from the wished day a first session or a review may be offered


@dataclass(frozen=True)
class Slot:
    """One visit of a course as wished or chosen. number: of the session, or REVIEW."""

    number: int
    starts_at: dt.datetime
    clinician: Resource | None = None


@dataclass
class Line:
    """One line of the proposal. state: done, booked, free, clash (with a choice made), open (no time found)."""

    number: int
    state: str
    wanted: dt.datetime
    slot: FreeTime | None = None
    booking: Booking | None = None
    problem: str = ""
    gap_words: str = ""
    alternatives: list[FreeTime] = field(default_factory=list)
    alternative_words: list[str] = field(default_factory=list)

    @property
    def is_review(self) -> bool:
        return self.number == REVIEW

    @property
    def to_book(self) -> bool:
        return self.booking is None

    @property
    def starts_at(self) -> dt.datetime:
        if self.booking is not None:
            return self.booking.starts_at
        return self.slot.starts_at if self.slot else self.wanted

    @property
    def choices(self) -> list[tuple[FreeTime, str, bool]]:
        """(time, words, chosen) for the two alternatives of a clash."""
        return [
            (time, words, self.slot is not None and (time.starts_at, time.clinician) == (self.slot.starts_at, self.slot.clinician))
            for time, words in zip(self.alternatives, self.alternative_words, strict=True)
        ]


@dataclass
class Course:
    plan: TreatmentPlan
    lines: list[Line]
    visit: Visit
    sentence: str
    is_within_plan: bool

    @property
    def to_book(self) -> list[Line]:
        return [line for line in self.lines if line.to_book]

    @property
    def is_bookable(self) -> bool:
        return bool(self.to_book) and self.is_within_plan and all(line.slot for line in self.to_book)

    @property
    def button(self) -> str:
        """`Book 4 sessions and review`."""
        sessions = sum(not line.is_review for line in self.to_book)
        parts = [f"{sessions} session{'' if sessions == 1 else 's'}"] if sessions else []
        if any(line.is_review for line in self.to_book):
            parts.append("review")
        return "Book " + " and ".join(parts)


def first_day_of(plan: TreatmentPlan, *, today: dt.date) -> dt.date:
    """The first day the proposal names for the course, or today where that is past or unknown."""
    dates = (plan.proposal.get("course") or {}).get("dates") or []
    return max(today, dt.date.fromisoformat(dates[0])) if dates else today


def review_days(plan: TreatmentPlan) -> int | None:
    """Days from the last session to the review, as the proposal has them; None where it names no review."""
    course = plan.proposal.get("course") or {}
    if not course.get("review") or not course.get("dates"):
        return None
    return (dt.date.fromisoformat(course["review"]) - dt.date.fromisoformat(course["dates"][-1])).days


def planned_review(plan: TreatmentPlan) -> Booking | None:
    return Booking.objects.live().filter(plan=plan, kind=Booking.Kind.REVIEW).order_by("starts_at").last()


def propose_course(
    plan: TreatmentPlan,
    *,
    first_day: dt.date,
    time: dt.time,
    clinician: Resource | None = None,
    picks: dict[int, Slot] | None = None,
) -> Course:
    """
    Dates for every session of *plan* that has no visit yet, at its usual interval, and for the review. Writes nothing.

    clinician: with whom; None = with anyone. picks: choices made so far, by number; one that is no longer free or lies outside
    the plan's weeks is dropped and shown as a clash. Later dates count from the chosen ones.
    """
    site, patient, picks = plan.patient.site, plan.patient, picks or {}
    zone = clinic_zone(site)
    placed = gap.placed(plan)
    offset = review_days(plan)
    span = plan.interval_weeks_max * 7 * plan.sessions_count + (offset or 0) + 2 * LOOK_AROUND_DAYS
    today = local_day(timezone.now(), zone)
    days = {number: local_day(visit.starts_at, zone) for number, visit in placed.items()}
    diary = Diary(site, today, max([first_day, today, *days.values()]) + dt.timedelta(days=span), patient=patient)
    before = gap.last_before_plan(plan)
    work = _Work(diary, zone, time, clinician, plan, local_day(before.starts_at, zone) if before else None, first_day)
    session = visit_of(site, Booking.Kind.SESSION)
    party = diary.party(kind=Booking.Kind.SESSION, patient=patient, clinician=clinician, plan=plan)
    anyone = diary.party(kind=Booking.Kind.SESSION, patient=patient, plan=plan)
    lines: list[Line] = []
    for number in range(1, plan.sessions_count + 1):
        if number in placed:
            visit = placed[number]
            state = "done" if visit.status == Booking.Status.DONE else "booked"
            line = Line(number, state, visit.starts_at, booking=visit)
        else:
            line = work.session_line(number, session, party, anyone, days, picks.get(number))
        days[number] = local_day(line.starts_at, zone)
        if number > 1:
            line.gap_words = f"{gap.weeks((days[number] - days[number - 1]).days)} after session {number - 1}"
        lines.append(line)
    if offset is not None:
        lines.append(work.review_line(visit_of(site, Booking.Kind.REVIEW), days[plan.sessions_count], offset, picks.get(REVIEW)))
    sentence, within = judge(plan, days)
    return Course(plan, lines, session, sentence, within)


@dataclass
class _Work:
    """What the lines of one proposal share."""

    diary: Diary
    zone: dt.tzinfo
    time: dt.time
    clinician: Resource | None
    plan: TreatmentPlan
    before_plan: dt.date | None
    first_day: dt.date

    def session_line(self, number, visit, party, anyone, days, pick) -> Line:
        bounds = gap.window(self.plan, number, days, self.before_plan)
        earlier = max((n for n in days if n < number), default=None)
        if earlier is None:
            day, low, high = self.first_day, self.first_day, bounds.last_day or self.first_day + dt.timedelta(days=LOOK_AROUND_DAYS)
            low = max(low, bounds.first_day or low)
        else:
            day = days[earlier] + dt.timedelta(weeks=self.plan.interval_weeks_typical * (number - earlier))
            low, high = bounds.first_day, bounds.last_day
        day = max(low, min(day, high))
        since = f"session {number - 1}" if number > 1 else ""
        previous = days.get(number - 1)
        return self._line(number, visit, party, anyone, at_clock(day, self.time, self.zone), low, high, pick, previous, since)

    def review_line(self, visit, last_session, offset, pick) -> Line:
        booked = planned_review(self.plan)
        if booked is not None:
            return Line(REVIEW, "done" if booked.status == Booking.Status.DONE else "booked", booked.starts_at, booking=booked)
        day = last_session + dt.timedelta(days=offset)
        party = self.diary.party(kind=Booking.Kind.REVIEW, patient=self.plan.patient, clinician=self.clinician, plan=self.plan)
        anyone = self.diary.party(kind=Booking.Kind.REVIEW, patient=self.plan.patient, plan=self.plan)
        high = day + dt.timedelta(days=LOOK_AROUND_DAYS)
        since = f"session {self.plan.sessions_count}"
        line = self._line(REVIEW, visit, party, anyone, at_clock(day, self.time, self.zone), day, high, pick, last_session, since)
        line.gap_words = f"{gap.weeks((local_day(line.starts_at, self.zone) - last_session).days)} after {since}"
        return line

    def _line(self, number, visit, party, anyone, wanted, low, high, pick, previous, since) -> Line:
        line = Line(number, "free", wanted)
        now = timezone.now()
        slot = self.diary.pick(visit, seconds(wanted), party) if wanted > now else None
        if slot is not None and (pick is None or pick.starts_at == wanted):
            line.slot = slot
            return line
        if slot is None:
            line.state = "clash"
            line.problem = "That time is over" if wanted <= now else self.trouble(visit, seconds(wanted), party)
        line.alternatives = self.two(visit, party, anyone, wanted, low, high, wanted_is_free=slot is not None)
        if slot is not None:
            line.alternatives = [slot, *line.alternatives][:2]
        chosen = self._picked(visit, anyone, pick, low, high)
        if chosen is not None and all((a.starts_at, a.clinician) != (chosen.starts_at, chosen.clinician) for a in line.alternatives):
            line.alternatives = [chosen, *line.alternatives][:2]
        line.slot = chosen or next(iter(line.alternatives), None)
        if line.slot is None:
            line.state = "open"
        line.alternative_words = [self._words(time, previous, since) for time in line.alternatives]
        return line

    def _picked(self, visit, anyone: Party, pick: Slot | None, low: dt.date, high: dt.date) -> FreeTime | None:
        if pick is None or pick.starts_at <= timezone.now() or not low <= local_day(pick.starts_at, self.zone) <= high:
            return None
        roles = dict(anyone.candidates)
        if pick.clinician is not None:
            roles["clinician"] = [r for r in roles["clinician"] if r == pick.clinician]
        return self.diary.pick(visit, seconds(pick.starts_at), Party(anyone.patient, roles))

    def two(self, visit, party, anyone, wanted, low, high, *, wanted_is_free: bool) -> list[FreeTime]:
        """Two other times: the nearest day at the same clock time with the same people, and the nearest time with anyone."""
        found: list[FreeTime] = []
        now, centre = timezone.now(), local_day(wanted, self.zone)
        every_day = [low + dt.timedelta(days=n) for n in range((high - low).days + 1)]
        for day in sorted(every_day, key=lambda d: (abs((d - centre).days), d < centre)):
            start = at_clock(day, self.time, self.zone)
            if start > now and start != wanted and (slot := self.diary.pick(visit, seconds(start), party)):
                found.append(slot)
                break
        since = max(now, at_clock(low, dt.time.min, self.zone), wanted - dt.timedelta(days=LOOK_AROUND_DAYS))
        near = self.diary.free_times(visit, anyone, since=since, until=wanted + dt.timedelta(days=LOOK_AROUND_DAYS))
        near = [s for s in near if local_day(s.starts_at, self.zone) <= high and not (wanted_is_free and s.starts_at == wanted)]
        near.sort(key=lambda s: abs(s.starts_at - wanted))
        for slot in near:
            if len(found) == 2:
                break
            if all(local_day(slot.starts_at, self.zone) != local_day(other.starts_at, self.zone) for other in found):
                found.append(slot)
        for slot in near:  # where no second day has a place, another time of the same day
            if len(found) == 2:
                break
            if all(slot.starts_at != other.starts_at for other in found):
                found.append(slot)
        return found

    def _words(self, time: FreeTime, previous: dt.date | None, since: str) -> str:
        after = f"{gap.weeks((local_day(time.starts_at, self.zone) - previous).days)} after {since}, " if previous else ""
        return f"{after}{time.clinician}"

    def trouble(self, visit: Visit, start: int, party: Party) -> str:
        """A few words on why *start* does not do: `Dr Osei away`, `No room free`."""
        for role in visit.roles:
            low, high = (start + edge for edge in visit.reach(role))
            if role == "patient":
                if not covers(self.diary.free_of_patient(party.patient), low, high):
                    return "Has another visit"
                continue
            candidates = party.candidates[role]
            if any(covers(self.diary.free(r), low, high) for r in candidates):
                continue
            one = candidates[0] if len(candidates) == 1 else None
            if any(covers(self.diary.open(r), low, high) for r in candidates):
                return f"{one} taken" if one else f"No {role} free"
            if any(covers(self.diary.in_hours(r), low, high) for r in candidates):
                return f"{one} away" if one else f"Every {role} away"
            return f"{one} not in" if one else "Clinic closed"
        return "Taken"


def judge(plan: TreatmentPlan, days: dict[int, dt.date]) -> tuple[str, bool]:
    """The gaps between the sessions against the plan, in a sentence, and whether all are within it."""
    numbers = sorted(days)
    gaps = {later: (days[later] - days[earlier]).days for earlier, later in pairwise(numbers) if later == earlier + 1}
    if not gaps:
        return "One session, so there is no gap to keep.", True
    low, high = plan.interval_weeks_min * 7, plan.interval_weeks_max * 7
    for number, size in gaps.items():
        if not low <= size <= high:
            return f"Session {number} is {gap.weeks(size)} after session {number - 1}. The plan allows {gap.allowed(plan)}.", False
    least, most = min(gaps.values()), max(gaps.values())
    if least % 7 == 0 and most % 7 == 0:
        size = wording.span(least // 7, most // 7, "week" if most == 7 else "weeks")
    else:
        size = gap.weeks(least) if least == most else f"{gap.weeks(least)} to {gap.weeks(most)}"
    many = "All gaps are" if len(gaps) > 1 else "The gap is"
    return f"{many} {size}. The plan allows {gap.allowed(plan)}.", True


def book_course(plan: TreatmentPlan, *, slots: list[Slot], by, request_key: str) -> list[Booking]:
    """
    Book *slots*, sessions and review, in one transaction: all or none. The same request_key again returns what it booked.

    Raises:
        GapRefused: a gap below or above the plan's weeks, next to visits that stand already included.
        SlotTaken and the rest of BookingRefused, with `number` set to the line it is about.
    """
    patient, site = plan.patient, plan.patient.site
    zone = clinic_zone(site)
    slots = sorted(slots, key=lambda slot: slot.starts_at)
    if not slots:
        raise BookingRefused("All visits of this course are booked.")
    with transaction.atomic():
        days = {local_day(slot.starts_at, zone) for slot in slots}
        enter_diary(site, patient, days | {day + dt.timedelta(days=1) for day in days})
        made = list(Booking.objects.filter(request_key__in=[f"{request_key}-{slot.number}" for slot in slots]).order_by("starts_at"))
        if made:
            return made
        _check_order(plan, slots, zone)
        for slot in slots:
            kind = Booking.Kind.REVIEW if slot.number == REVIEW else Booking.Kind.SESSION
            try:
                made.append(
                    book(
                        patient=patient,
                        kind=kind,
                        starts_at=slot.starts_at,
                        clinician=slot.clinician,
                        by=by,
                        request_key=f"{request_key}-{slot.number}",
                        plan=plan,
                        session_number=plan.sessions_count if slot.number == REVIEW else slot.number,
                    )
                )
            except BookingRefused as refused:
                refused.number = slot.number
                raise
        record("course.booked", actor=by, patient=patient, obj=plan, detail={"bookings": [booking.pk for booking in made]})
    return made


def _check_order(plan: TreatmentPlan, slots: list[Slot], zone) -> None:
    """Raises where the course as a whole is not the plan's: a number twice, a gap too short or too long, the review too early."""
    placed = gap.placed(plan)
    days = {number: local_day(visit.starts_at, zone) for number, visit in placed.items()}
    for slot in slots:
        if slot.number == REVIEW:
            if planned_review(plan) is not None:
                raise AlreadyBooked("The review is booked already.")
            continue
        gap.check_plan(plan, slot.number)
        if slot.number in days:
            raise AlreadyBooked(f"Session {slot.number} of the plan is booked already.", booking=placed.get(slot.number))
        days[slot.number] = local_day(slot.starts_at, zone)
    sentence, within = judge(plan, days)
    if not within:
        raise GapRefused(sentence)
    review = next((slot for slot in slots if slot.number == REVIEW), None)
    if review is not None and days and local_day(review.starts_at, zone) <= max(days.values()):
        raise GapRefused("The review comes after the last session.")
    limit = local_day(timezone.now(), zone) + dt.timedelta(days=DAYS_AHEAD)
    if slots and local_day(slots[-1].starts_at, zone) > limit:
        raise BookingRefused("Choose days in the next two years.", field="day")
