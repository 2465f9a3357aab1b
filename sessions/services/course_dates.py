"""
The dates of a course, proposed: the plan's usual interval, then what the patient asked for, each date with two alternatives where
it clashes. Writes nothing; `course.book_course` books what was shown.

Sums are on the wall clock: plus 28 days at 10:00 is 10:00, whatever the clocks did between.
"""

import datetime as dt
from dataclasses import dataclass, field, replace

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from plans.models import TreatmentPlan

from ..models import Booking, Resource
from . import gap
from .away import closed_words, retired_words
from .course import REVIEW, Slot, breaches, judge, planned_review, review_days
from .free_time import Diary
from .healing import Healing, healing_of
from .hours import Visit, at_clock, clinic_zone, covers, local_day, moment, moments_at, role_word, seconds, visit_of, which_of
from .party import FreeTime, Party

LOOK_AROUND_DAYS = 14  # how far from the wished day a first session or a review may be offered


@dataclass(frozen=True)
class Wishes:
    """
    What the patient asked for. weekdays: 0 = Monday, none = any. earliest, latest: when a visit begins, on the wall clock. weeks: between
    sessions, None = as the plan has it. same_person: one clinician for all. sooner: whoever asks may say why it is sooner than healing.
    """

    weekdays: frozenset[int] = frozenset()
    earliest: dt.time | None = None
    latest: dt.time | None = None
    weeks: int | None = None
    same_person: bool = False
    sooner: bool = False

    def clock(self, time: dt.time) -> dt.time:
        """*time*, or the end of what is asked for that is nearest to it."""
        if self.earliest is not None and time < self.earliest:
            return self.earliest
        return self.latest if self.latest is not None and time > self.latest else time

    def likes_day(self, day: dt.date) -> bool:
        return not self.weekdays or day.weekday() in self.weekdays

    def likes(self, local: dt.datetime) -> bool:
        return self.likes_day(local.date()) and self.clock(local.time()) == local.time()


ANY = Wishes()


@dataclass
class Line:
    """
    One line of the proposal. state: done, booked, unmarked (over, and nobody said what came of it), free, clash (with a choice made;
    none yet where the clock shows the time twice that day), open (no time found). no_such: the time wished, where the clocks go
    forward over it that day.
    """

    number: int
    state: str
    wanted: dt.datetime
    slot: FreeTime | None = None
    booking: Booking | None = None
    problem: str = ""
    no_such: dt.time | None = None
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
    too_late: bool = False  # a gap beside one of the new sessions is longer than the plan allows
    sooner: str = ""  # why a new session needs somebody's word; empty where none does

    @property
    def to_book(self) -> list[Line]:
        return [line for line in self.lines if line.to_book]

    @property
    def is_complete(self) -> bool:
        """Whether every date stands and none is too late: bookable, with a reason where one is sooner than healing allows."""
        return bool(self.to_book) and not self.too_late and all(line.slot for line in self.to_book)

    @property
    def is_bookable(self) -> bool:
        return self.is_complete and not self.sooner

    @property
    def button(self) -> str:
        """`Book 4 sessions and review`."""
        sessions = sum(not line.is_review for line in self.to_book)
        if not sessions:
            return gettext("Book review")
        if any(line.is_review for line in self.to_book):
            words = ngettext("Book %(count)s session and review", "Book %(count)s sessions and review", sessions)
        else:
            words = ngettext("Book %(count)s session", "Book %(count)s sessions", sessions)
        return words % {"count": sessions}


def first_day_of(plan: TreatmentPlan, *, today: dt.date) -> dt.date:
    """The first day the proposal names for the course, or today where that is past or unknown."""
    dates = (plan.proposal.get("course") or {}).get("dates") or []
    return max(today, dt.date.fromisoformat(dates[0])) if dates else today


def propose_course(
    plan: TreatmentPlan,
    *,
    first_day: dt.date,
    time: dt.time,
    clinician: Resource | None = None,
    picks: dict[int, Slot] | None = None,
    wishes: Wishes = ANY,
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
    healing = healing_of(plan)
    work = _Work(diary, zone, wishes.clock(time), clinician, plan, healing, first_day, wishes)
    session = visit_of(site, Booking.Kind.SESSION, plan=plan)
    anyone = diary.party(kind=Booking.Kind.SESSION, patient=patient, plan=plan)
    if clinician is None and wishes.same_person:
        work.clinician = clinician = work.who_fits_best(session, anyone, days, placed)
    party = diary.party(kind=Booking.Kind.SESSION, patient=patient, clinician=clinician, plan=plan)
    lines: list[Line] = []
    sooner = ""
    after = gap.last_treated(placed)
    for number in range(1, plan.sessions_count + 1):
        if number not in placed and number < after:
            continue  # passed over: the course goes on after what is done
        if number in placed:
            visit = placed[number]
            line = Line(number, _standing(visit), visit.starts_at, booking=visit)
        else:
            line = work.session_line(number, session, party, anyone, days, picks.get(number))
            refused = gap.too_soon(plan, number, local_day(line.starts_at, zone), days, healing)
            sooner = sooner or (refused.message if refused else "")
        days[number] = local_day(line.starts_at, zone)
        if number - 1 in days:
            line.gap_words = gettext("%(days)s after session %(number)s") % {
                "days": gap.weeks((days[number] - days[number - 1]).days),
                "number": number - 1,
            }
        elif number > 1:
            line.gap_words = gettext("The sessions before it were passed over")
        lines.append(line)
    if offset is not None:
        lines.append(work.review_line(visit_of(site, Booking.Kind.REVIEW), days[plan.sessions_count], offset, picks.get(REVIEW)))
    sentence, within = judge(plan, days, healing)
    far = breaches(plan, days, [line.number for line in lines if line.to_book], healing)[1]
    return Course(plan, lines, session, sentence, within, too_late=far, sooner=sooner)


def _standing(visit: Booking) -> str:
    """The state of a line whose visit stands."""
    if visit.status == Booking.Status.DONE:
        return "done"
    is_over = visit.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED) and visit.ends_at <= timezone.now()
    return "unmarked" if is_over else "booked"


@dataclass
class _Work:
    """What the lines of one proposal share. time: the wall clock that is wished."""

    diary: Diary
    zone: dt.tzinfo
    time: dt.time
    clinician: Resource | None
    plan: TreatmentPlan
    healing: Healing
    first_day: dt.date
    wishes: Wishes

    def who_fits_best(self, visit: Visit, anyone: Party, days: dict[int, dt.date], placed: dict[int, Booking]) -> Resource | None:
        """One clinician for the whole course: whoever has a part of it already, else whoever is free at most of its dates."""
        candidates = anyone.candidates["clinician"]
        for number in sorted(placed, reverse=True):
            if placed[number].clinician in candidates:
                return placed[number].clinician
        dates, standing = [], dict(days)
        for number in range(1, self.plan.sessions_count + 1):
            if number not in days and number > gap.last_treated(placed):
                standing[number] = self._window(number, standing)[0]
                dates.append(seconds(at_clock(standing[number], self.time, self.zone)))

        def fits(person: Resource) -> int:
            alone = replace(anyone, candidates=anyone.candidates | {"clinician": [person]})
            return sum(self.diary.pick(visit, start, alone) is not None for start in dates)

        return max(candidates, key=fits, default=None)

    def _window(self, number: int, days: dict[int, dt.date]) -> tuple[dt.date, dt.date, dt.date]:
        """The day wished for session *number*, and the first and last on which it may be."""
        bounds = gap.window(self.plan, number, days, self.healing)
        earlier = max((n for n in days if n < number), default=None)
        if earlier is None:
            day, low = self.first_day, self.first_day
            if not self.wishes.sooner:
                low = self.healing.clear_of(max(low, bounds.first_day or low))
            high = bounds.last_day or low + dt.timedelta(days=LOOK_AROUND_DAYS)
        else:
            day = days[earlier] + dt.timedelta(weeks=sum(self.wishes.weeks or self.healing.after(n).ideal for n in range(earlier, number)))
            low, high = bounds.first_day, bounds.last_day
            if self.wishes.sooner:
                low = min(low, day)
            if gap.is_overdue(self.plan, earlier, number, days, self.healing):
                day = max(self.first_day, low)  # its usual day is long over: from the day that is asked for
            high = high or max(day, low) + dt.timedelta(days=LOOK_AROUND_DAYS)
        low = max(low, min(local_day(timezone.now(), self.zone), high))
        return self._liked(max(low, min(day, high)), low, high), low, high

    def _liked(self, day: dt.date, low: dt.date, high: dt.date) -> dt.date:
        """The day nearest to *day* on which the patient likes to come, the later of two; *day* where there is none."""
        every = (low + dt.timedelta(days=n) for n in range((high - low).days + 1))
        return min((d for d in every if self.wishes.likes_day(d)), key=lambda d: (abs((d - day).days), d < day), default=day)

    def session_line(self, number, visit, party, anyone, days, pick) -> Line:
        day, low, high = self._window(number, days)
        since = gettext("session %(number)s") % {"number": number - 1} if number - 1 in days else ""
        previous = days.get(number - 1)
        return self._line(number, visit, party, anyone, day, low, high, pick, previous, since)

    def review_line(self, visit, last_session, offset, pick) -> Line:
        booked = planned_review(self.plan)
        if booked is not None:
            return Line(REVIEW, _standing(booked), booked.starts_at, booking=booked)
        first = last_session + dt.timedelta(days=offset)
        party = self.diary.party(kind=Booking.Kind.REVIEW, patient=self.plan.patient, clinician=self.clinician, plan=self.plan)
        anyone = self.diary.party(kind=Booking.Kind.REVIEW, patient=self.plan.patient, plan=self.plan)
        high = first + dt.timedelta(days=LOOK_AROUND_DAYS)
        since = gettext("session %(sessions_count)s") % {"sessions_count": self.plan.sessions_count}
        day = self._liked(first, first, high)
        line = self._line(REVIEW, visit, party, anyone, day, first, high, pick, last_session, since)
        line.gap_words = gettext("%(days)s after %(since)s") % {
            "days": gap.weeks((local_day(line.starts_at, self.zone) - last_session).days),
            "since": since,
        }
        return line

    def _line(self, number, visit, party, anyone, day: dt.date, low, high, pick, previous, since) -> Line:
        wanted, moments = at_clock(day, self.time, self.zone), moments_at(day, self.time, self.zone)
        line = Line(number, "free", wanted, no_such=None if moments else self.time)
        now = timezone.now()
        if len(moments) > 1:
            both = [self.diary.pick(visit, seconds(one), party) for one in moments if one > now]
            if found := [slot for slot in both if slot is not None]:
                return self._which(line, found, self._picked(visit, anyone, pick, low, high), previous, since)
        slot = self.diary.pick(visit, seconds(wanted), party) if moments and wanted > now else None
        if slot is not None and (pick is None or pick.starts_at == wanted):
            line.slot = slot
            return line
        if slot is None:
            line.state = "clash"
            line.problem = gettext("That time is over") if wanted <= now else self.trouble(visit, seconds(wanted), party)
            if not moments:
                line.problem = gettext("There is no %(time)s that day: the clocks go forward over it") % {"time": f"{self.time:%H:%M}"}
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

    def _which(self, line: Line, found: list[FreeTime], chosen: FreeTime | None, previous, since) -> Line:
        """The clock shows the time twice that day: nothing is taken until it is said which of *found* is meant."""
        line.state, line.alternatives = "clash", found
        line.slot = next((slot for slot in found if chosen is not None and slot.starts_at == chosen.starts_at), None)
        line.problem = gettext("%(time)s comes twice that day, as the clocks go back: choose which") % {"time": f"{self.time:%H:%M}"}
        line.alternative_words = [self._words(time, previous, since) for time in found]
        return line

    def _picked(self, visit, anyone: Party, pick: Slot | None, low: dt.date, high: dt.date) -> FreeTime | None:
        if pick is None or pick.starts_at <= timezone.now() or not low <= local_day(pick.starts_at, self.zone) <= high:
            return None
        roles = dict(anyone.candidates)
        if pick.clinician is not None:
            roles["clinician"] = [r for r in roles["clinician"] if r == pick.clinician]
        return self.diary.pick(visit, seconds(pick.starts_at), replace(anyone, candidates=roles))

    def two(self, visit, party, anyone, wanted, low, high, *, wanted_is_free: bool) -> list[FreeTime]:
        """
        Two other times: the nearest day at the same clock time with the same people, and the nearest time with anyone, or with the same
        person where that is asked for. What the patient likes comes first.
        """
        found: list[FreeTime] = []
        now, centre = timezone.now(), local_day(wanted, self.zone)
        every_day = [low + dt.timedelta(days=n) for n in range((high - low).days + 1)]
        for day in sorted(every_day, key=lambda d: (not self.wishes.likes_day(d), abs((d - centre).days), d < centre)):
            start, *others = moments_at(day, self.time, self.zone) or [now]
            if start > now and start != wanted and not others and (slot := self.diary.pick(visit, seconds(start), party)):
                found.append(slot)
                break
        near = self._near(visit, party if self.wishes.same_person else anyone, wanted, low, high, wanted_is_free)
        if not near and self.wishes.same_person:
            near = self._near(visit, anyone, wanted, low, high, wanted_is_free)
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

    def _near(self, visit, party: Party, wanted: dt.datetime, low: dt.date, high: dt.date, wanted_is_free: bool) -> list[FreeTime]:
        """Free times around *wanted*: those the patient likes first, then the nearest."""
        since = max(timezone.now(), at_clock(low, dt.time.min, self.zone), wanted - dt.timedelta(days=LOOK_AROUND_DAYS))
        near = self.diary.free_times(visit, party, since=since, until=wanted + dt.timedelta(days=LOOK_AROUND_DAYS))
        near = [s for s in near if local_day(s.starts_at, self.zone) <= high and not (wanted_is_free and s.starts_at == wanted)]
        return sorted(near, key=lambda s: (not self.wishes.likes(s.starts_at.astimezone(self.zone)), abs(s.starts_at - wanted)))

    def _words(self, time: FreeTime, previous: dt.date | None, since: str) -> str:
        after = (
            gettext("%(days)s after %(since)s, ")
            % {"days": gap.weeks((local_day(time.starts_at, self.zone) - previous).days), "since": since}
            if previous
            else ""
        )
        which = f"{words}, " if (words := which_of(time.starts_at, self.zone)) else ""
        return f"{after}{which}{time.clinician}"

    def trouble(self, visit: Visit, start: int, party: Party) -> str:
        """A few words on why *start* does not do: `Dr Osei away`, `No room free`."""
        for role in visit.roles:
            low, high = (start + edge for edge in visit.reach(role))
            if role == "patient":
                if not covers(self.diary.free_of_patient(party.patient), low, high):
                    return gettext("Has another visit")
                continue
            candidates = party.candidates[role]
            if any(covers(self.diary.free(r), low, high) for r in candidates):
                continue
            one = candidates[0] if len(candidates) == 1 else None
            if any(covers(self.diary.open(r), low, high) for r in candidates):
                return gettext("%(who)s taken") % {"who": one} if one else gettext("No %(role)s free") % {"role": role_word(role)}
            if any(covers(self.diary.in_hours(r), low, high) for r in candidates):
                closed = (self.diary.holidays.get(local_day(moment(at), self.zone), "") for at in (low, high))
                if name := next(filter(None, closed), ""):
                    return closed_words(name)
                if one and one.retired_on is not None and local_day(moment(low), self.zone) >= one.retired_on:
                    return retired_words(one)
                return gettext("%(who)s away") % {"who": one} if one else gettext("Every %(role)s away") % {"role": role_word(role)}
            return gettext("%(one)s not in") % {"one": one} if one else gettext("Clinic closed")
        return gettext("Taken")
