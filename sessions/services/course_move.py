"""
Moving one session of a course, with what follows from it: the later ones stay, move along, or the session goes to the nearest
time at which they can stay. First shown, then done in one transaction: all of it or nothing.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.templatetags.clinic_format import in_words
from audit.services import gathered

from ..models import Booking, Resource
from . import gap, placing
from .booking import check_start, enter_diary, move
from .course import judge
from .free_time import Diary
from .healing import healing_of
from .hours import clinic_zone, local_day, moments_at, seconds, visit_again, which_of
from .party import FreeTime, Party
from .refusals import BookingRefused, ComesTwice, NotNow

KEEP, SHIFT, NEAREST = "keep", "shift", "nearest"
LABELS = {
    KEEP: gettext_lazy("Leave the later visits where they are"),
    SHIFT: gettext_lazy("Move the later visits along"),
    NEAREST: gettext_lazy("Nearest time that fits"),
}
WHICH = ("first", "second")  # of two times of one day, where the clocks go back
Which = dict[int, str]  # by the visit's pk
LOOK_AROUND_DAYS = 14  # how far from its own shifted day a later visit may be put


@dataclass(frozen=True)
class Step:
    """One visit and where it goes. version: of the visit as the reader saw it; None = as it was read here."""

    booking: Booking
    to: FreeTime
    version: int | None = None

    @property
    def words(self) -> str:
        """`Session 3 of 4: Thu 3 Dec 2026, 10:00 with Dr Osei, Room 1`."""
        where = ", ".join(str(one) for one in (self.to.clinician, self.to.room) if one is not None)
        return gettext("%(title)s: %(starts_at)s with %(where)s") % {
            "title": self.booking.title,
            "starts_at": _when(self.to.starts_at, self.booking),
            "where": where,
        }


@dataclass(frozen=True)
class Row:
    """One visit of the course in a preview. will: where it goes, None where it stays."""

    booking: Booking
    will: dt.datetime | None = None

    @property
    def which(self) -> str:
        """Which of two it goes to, where the clock shows that time twice."""
        return which_of(self.will, clinic_zone(self.booking.site)) if self.will else ""


@dataclass(frozen=True)
class Way:
    """
    One way to move the visit. problem: why it cannot be done, empty where it can. asks: the visit of which it has to be said which of two
    times is meant, where the clocks go back over it. sentence: the gaps of the course afterwards;
    within: whether all of them are the plan's. rows: every visit of the course, those that stay included.
    """

    name: str
    steps: tuple[Step, ...] = ()
    problem: str = ""
    sentence: str = ""
    within: bool = True
    first_day: dt.date | None = None
    may_be_overridden: bool = False
    asks: Booking | None = None
    rows: tuple[Row, ...] = ()

    @property
    def label(self) -> str:
        return LABELS[self.name]

    @property
    def button(self) -> str:
        """`Move session 2 only`, `Move 4 visits`, `Move to Tue 15 Dec 2026, 10:00`."""
        if self.name == SHIFT:
            return gettext("Move %(steps)s visits") % {"steps": len(self.steps)}
        first = self.steps[0]
        if self.name == KEEP:
            return gettext("Move session %(session_number)s only") % {"session_number": first.booking.session_number}
        return gettext("Move to %(starts_at)s") % {"starts_at": _when(first.to.starts_at, first.booking)}

    @property
    def token(self) -> str:
        """Names exactly these steps: sent back with the press, so that nothing else is done than what was shown."""
        text = "|".join(
            f"{step.booking.pk}:{step.booking.version}:{step.to.starts_at.isoformat()}:{step.to.clinician.pk}:"
            f"{step.to.room.pk if step.to.room else ''}"
            for step in self.steps
        )
        return hashlib.sha256(f"{self.name}|{text}".encode()).hexdigest()[:24]


def _when(moment: dt.datetime, booking: Booking) -> str:
    """`Thu 3 Dec 2026, 10:00`, and which of two where the clock shows it twice."""
    zone = clinic_zone(booking.site)
    local, which = moment.astimezone(zone), which_of(moment, zone)
    return f"{in_words(local.date(), weekday=True)}, {local:%H:%M}{f', {which}' if which else ''}"


class PreviewStale(BookingRefused):
    """The diary changed since the preview was shown."""


def visits_of_course(booking: Booking) -> list[Booking]:
    """The live visits of the course *booking* belongs to, itself included, the review last; none where it is no session of a plan."""
    if booking.plan is None or booking.kind != Booking.Kind.SESSION or not booking.session_number:
        return []
    rows = Booking.objects.live().with_names().select_related("site", "gap_by").prefetch_related("holds").filter(plan=booking.plan)
    return sorted(rows, key=lambda row: (row.kind == Booking.Kind.REVIEW, row.starts_at))


def later_visits(booking: Booking, course: list[Booking] | None = None) -> list[Booking]:
    """The visits of the course after this one that have not begun, the review last."""
    rows = visits_of_course(booking) if course is None else course
    after = [row for row in rows if row.status in gap.WAITING and row.starts_at > booking.starts_at and row.pk != booking.pk]
    return [row for row in after if row.kind == Booking.Kind.REVIEW or (row.session_number or 0) > booking.session_number]


def preview_move(
    booking: Booking,
    *,
    starts_at: dt.datetime,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
    by=None,
    gap_reason: str = "",
    any_room: bool = False,
    which: Which | None = None,
) -> list[Way]:
    """
    The ways to move *booking* to *starts_at*, each with its steps or the reason why not. Writes nothing.

    "shift" is there where the day changes and later visits are booked, "nearest" where the visit is a session of a plan and cannot
    simply go where it is wanted. any_room: nobody named a room or device, so where only these are taken others will do. which: of two
    times, by the visit's pk, where that was asked.
    """
    named = {"clinician": clinician, "room": room, "device": device}
    zone = clinic_zone(booking.site)
    course = visits_of_course(booking)
    after = later_visits(booking, course)
    names = [KEEP]
    if after and local_day(starts_at, zone) != local_day(booking.starts_at, zone):
        names.append(SHIFT)
    if course:
        names.append(NEAREST)
    ways: list[Way] = []
    for name in names:
        try:
            way = _way(name, booking, starts_at, named, by, gap_reason, any_room, which or {})
            first = way.steps[0]
            if name != NEAREST:
                problem = placing.in_the_way(first.booking, first.to, ignoring=[booking, *after] if name == SHIFT else [booking])
                way = replace(way, problem=problem)
            goes = {step.booking.pk: step.to.starts_at for step in way.steps}
            ways.append(replace(way, rows=tuple(Row(row, goes.get(row.pk)) for row in course)))
        except BookingRefused as refused:
            first_day, may = getattr(refused, "first_day", None), getattr(refused, "may_be_overridden", False)
            asks = refused.booking if isinstance(refused, ComesTwice) else None
            ways.append(Way(name, problem=refused.message, first_day=first_day, may_be_overridden=may, asks=asks))
    if ways[-1].name == NEAREST and not ways[-1].asks and all(_stays(step) for step in ways[-1].steps):
        ways[-1] = Way(NEAREST, problem=ways[-1].problem or gettext("No other day fits between the sessions before and after it."))
    simply = not ways[0].problem and ways[-1].name == NEAREST and [s.to.starts_at for s in ways[-1].steps] == [starts_at]
    return ways[:-1] if simply else ways


def move_with(
    booking: Booking,
    *,
    way: str,
    starts_at: dt.datetime,
    by,
    version: int | None = None,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
    gap_reason: str = "",
    token: str = "",
    any_room: bool = False,
    which: Which | None = None,
) -> list[Booking]:
    """
    Move *booking* in the given *way*, with the later visits that go along: all of them or none. Returns what stands now, in order.

    token: of the way as it was shown; left empty, the way is worked out anew.

    Raises:
        PreviewStale: what is possible now is not what was shown. BookingRefused, StaleRow: as in `booking.move`, with `number` set to
        the session it is about.
    """
    named = {"clinician": clinician, "room": room, "device": device}
    if way not in LABELS:
        raise BookingRefused(gettext("Choose what happens to the later visits."))
    with transaction.atomic(), gathered():
        fresh = Booking.objects.with_names().select_related("site").get(pk=booking.pk)
        if fresh.starts_at == starts_at and way != NEAREST:
            return [move(booking, starts_at=starts_at, by=by, version=version, gap_reason=gap_reason, **named)]
        planned = _way(way, fresh, starts_at, named, by, gap_reason, any_room, which or {})
        if token and planned.token != token:
            raise PreviewStale(gettext("The diary has changed since this was shown. Look at what is possible now."))
        if version is not None:
            steps = (replace(step, version=version) if step.booking.pk == booking.pk else step for step in planned.steps)
            planned = replace(planned, steps=tuple(steps))
        return _go(planned, by=by, reasons={booking.pk: gap_reason})


def _stays(step: Step) -> bool:
    return (step.booking.starts_at, step.booking.clinician) == (step.to.starts_at, step.to.clinician)


def put_back(steps: list[Step], *, by) -> list[Booking]:
    """
    The way back of `move_with`: each visit where it was, all of them or none.

    Raises:
        BookingRefused, StaleRow: as in `booking.move`: somebody has taken a place or changed a visit meanwhile.
    """
    with transaction.atomic(), gathered():
        return _go(Way(KEEP, tuple(steps)), by=by, reasons={})


def _go(planned: Way, *, by, reasons: dict[int, str]) -> list[Booking]:
    """Move them all, and return them in order. Needs a transaction."""
    enter_all(planned)
    first = planned.steps[0]
    # Away from the neighbours first, so that no visit stands too near to another on the way.
    moved = []
    for step in planned.steps if first.to.starts_at < first.booking.starts_at else planned.steps[::-1]:
        try:
            moved.append(
                move(
                    step.booking,
                    starts_at=step.to.starts_at,
                    by=by,
                    version=step.booking.version if step.version is None else step.version,
                    clinician=step.to.clinician,
                    room=step.to.room,
                    device=step.to.device,
                    gap_reason=reasons.get(step.booking.pk, ""),
                )
            )
        except BookingRefused as refused:
            refused.number = step.booking.session_number
            raise
    return sorted(moved, key=lambda row: row.starts_at)


def enter_all(planned: Way) -> None:
    """All locks at once, in their one order: one visit after the other would take them in the order of the course."""
    places = set()
    for step in planned.steps:
        zone = clinic_zone(step.booking.site)
        for at in (step.booking.starts_at, step.booking.ends_at, step.to.starts_at, step.to.ends_at):
            places.add((step.booking.site, local_day(at, zone)))
    enter_diary(None, planned.steps[0].booking.patient, (), places=places)


def _way(name: str, booking: Booking, starts_at: dt.datetime, named: dict, by, gap_reason: str, any_room: bool, which: Which) -> Way:
    if booking.status not in gap.WAITING:
        raise NotNow(
            gettext("This visit is %(status)s. Only a visit that has not begun can be moved.")
            % {"status": booking.get_status_display().lower()}
        )
    check_start(starts_at)
    plan, number = booking.plan, booking.session_number
    if plan is None or booking.kind != Booking.Kind.SESSION or not number:
        if plan is not None and starts_at != booking.starts_at:
            gap.check_review(plan, booking.kind, starts_at, ignoring=booking)
        return Way(name, (Step(booking, _slot(booking, starts_at, named, any_room)),))
    zone = clinic_zone(booking.site)
    days = {n: local_day(visit.starts_at, zone) for n, visit in gap.placed(plan, ignoring=booking).items()}
    healing = healing_of(plan)
    if name == NEAREST:
        steps = [Step(booking, _nearest(booking, starts_at, named["clinician"], days, healing, which))]
    elif name == SHIFT:
        steps = shifted(booking, starts_at, named, days, healing, by, gap_reason, any_room, which)
    else:
        gap.check_gap(plan, number, starts_at, ignoring=booking, reason=gap_reason, by=by)
        gap.check_review(plan, booking.kind, starts_at, ignoring=booking)
        steps = [Step(booking, _slot(booking, starts_at, named, any_room))]
    after = days | {s.booking.session_number: local_day(s.to.starts_at, zone) for s in steps if s.booking.kind == Booking.Kind.SESSION}
    sentence, within = judge(plan, after, healing)
    return Way(name, tuple(steps), sentence=sentence, within=within)


def _slot(booking: Booking, starts_at: dt.datetime, named: dict, any_room: bool = False, along: Sequence[Booking] = ()) -> FreeTime:
    """
    Where the visit would be; who and what is named stays, free or not, as `move` has it. any_room: another room or device where
    only these are taken. along: visits that will not stand where they are now.
    """
    person = named["clinician"] or booking.clinician
    if any_room and not (named["room"] or named["device"]):
        day = local_day(starts_at, clinic_zone(booking.site))
        diary = Diary(booking.site, day, day, patient=booking.patient, ignoring=[booking, *along])
        party = diary.party(kind=booking.kind, patient=booking.patient, clinician=person, plan=booking.plan)
        same = {role: [one for one in fits if one == getattr(booking, role)] or fits for role, fits in party.candidates.items()}
        for roles in (same | {"clinician": party.candidates["clinician"]}, party.candidates):
            if slot := diary.pick(visit_again(booking), seconds(starts_at), replace(party, candidates=roles)):
                return slot
    return FreeTime(
        starts_at,
        starts_at + (booking.ends_at - booking.starts_at),
        person,
        named["room"] or booking.room,
        named["device"] or booking.device,
    )


def _days_on(booking: Booking, moment: dt.datetime, days: int, which: Which) -> dt.datetime:
    """
    *moment* plus *days* on the wall clock of *booking*'s site.

    Raises:
        BookingRefused: the clocks go forward over it. ComesTwice: they go back over it, and *which* does not say which is meant.
    """
    zone = clinic_zone(booking.site)
    if not days:
        return moment
    local = moment.astimezone(zone)
    day = local.date() + dt.timedelta(days=days)
    moments = moments_at(day, local.time(), zone)
    if len(moments) == 1:
        return moments[0]
    said = gettext("%(local)s on %(day)s") % {"local": f"{local:%H:%M}", "day": in_words(day, weekday=True)}
    if not moments:
        raise BookingRefused(
            gettext("%(title)s: there is no %(said)s, as the clocks go forward over it. Move it to another time first.")
            % {"title": booking.title, "said": said}
        )
    if booking.pk not in which:
        raise ComesTwice(
            gettext("%(title)s: %(said)s comes twice, as the clocks go back. Choose which.") % {"title": booking.title, "said": said},
            booking=booking,
        )
    return moments[WHICH.index(which[booking.pk])]


def _nearest(booking: Booking, wanted: dt.datetime, clinician, days: dict[int, dt.date], healing, which: Which) -> FreeTime:
    """
    The free time closest to *wanted* with the sessions before and after where they are, at its time of day where the day has to be
    another; with the same person where they have any.
    """
    zone = clinic_zone(booking.site)
    day, today = local_day(wanted, zone), local_day(timezone.now(), zone)
    bounds = gap.window(booking.plan, booking.session_number, days, healing)
    first, last = max(bounds.first_day or today, today), bounds.last_day or day + dt.timedelta(days=LOOK_AROUND_DAYS)
    centre = min(max(day, first), last)
    wanted = _days_on(booking, wanted, (centre - day).days, which)
    low, high = max(first, centre - dt.timedelta(days=LOOK_AROUND_DAYS)), min(last, centre + dt.timedelta(days=LOOK_AROUND_DAYS))
    if low <= high:
        diary = Diary(booking.site, low, high, patient=booking.patient, ignoring=booking)
        for person in dict.fromkeys((clinician or booking.clinician, None)):
            party = diary.party(kind=booking.kind, patient=booking.patient, clinician=person, plan=booking.plan)
            if times := _closest(diary, visit_again(booking), party, wanted, low, high):
                return times[0]
    raise BookingRefused(gettext("No time near that day fits between the sessions before and after it."), field="day")


def shifted(
    booking: Booking,
    starts_at: dt.datetime,
    named: dict,
    days,
    healing,
    by,
    gap_reason: str,
    any_room: bool = False,
    which: Which | None = None,
) -> list[Step]:
    """The visit, and each later one as many days on as it, at its own time of day; where that is taken, as near to it as the gap lets."""
    zone = clinic_zone(booking.site)
    by_days = (local_day(starts_at, zone) - local_day(booking.starts_at, zone)).days
    after = later_visits(booking)
    moving = {row.session_number for row in after if row.kind == Booking.Kind.SESSION}
    standing = {number: day for number, day in days.items() if number not in moving}
    # Asked without the ones that go along: they will not be where they are.
    gap.check_gap(booking.plan, booking.session_number, starts_at, ignoring=booking, reason=gap_reason, by=by, without=moving)
    steps = [Step(booking, _slot(booking, starts_at, named, any_room, after))]
    standing[booking.session_number] = local_day(starts_at, zone)
    last_end = starts_at
    for row in after:
        wanted = _days_on(row, row.starts_at, by_days, which or {})
        step = Step(row, _near(row, wanted, standing, healing, not_before=last_end, ignoring=[booking, *after]))
        if row.kind == Booking.Kind.SESSION:
            standing[row.session_number] = local_day(step.to.starts_at, clinic_zone(row.site))
        last_end = step.to.ends_at
        steps.append(step)
    return steps


def _near(row: Booking, wanted: dt.datetime, standing: dict[int, dt.date], healing, *, not_before: dt.datetime, ignoring) -> FreeTime:
    """*wanted* with the same people and things where they are free, else the time nearest to it within the plan's weeks."""
    zone, visit = clinic_zone(row.site), visit_again(row)
    day = local_day(wanted, zone)
    low, high = day - dt.timedelta(days=LOOK_AROUND_DAYS), day + dt.timedelta(days=LOOK_AROUND_DAYS)
    if row.kind == Booking.Kind.SESSION:
        bounds = gap.window(row.plan, row.session_number, standing, healing)
        low, high = max(low, bounds.first_day or low), min(high, bounds.last_day or high)
    low = max(low, local_day(not_before, zone) + dt.timedelta(days=1), local_day(timezone.now(), zone))
    if low > high:
        raise BookingRefused(gettext("%(title)s has no day that fits the plan's weeks after this move.") % {"title": row.title})
    diary = Diary(row.site, min(low, day), max(high, day), patient=row.patient, ignoring=ignoring)
    anyone = diary.party(kind=row.kind, patient=row.patient, plan=row.plan)
    same = {role: [one for one in fits if one == getattr(row, role)] for role, fits in anyone.candidates.items()}
    same_person = anyone.candidates | {"clinician": same["clinician"] or anyone.candidates["clinician"]}
    for roles in ({role: found or anyone.candidates[role] for role, found in same.items()}, same_person):
        if low <= day <= high and (slot := diary.pick(visit, seconds(wanted), replace(anyone, candidates=roles))):
            return slot
    for roles in (same_person, anyone.candidates):
        times = _closest(diary, visit, replace(anyone, candidates=roles), wanted, low, high)
        if times:
            return times[0]
    raise BookingRefused(gettext("%(title)s finds no free time near %(day)s.") % {"title": row.title, "day": in_words(day, weekday=True)})


def _closest(diary: Diary, visit, party: Party, wanted: dt.datetime, low: dt.date, high: dt.date) -> list[FreeTime]:
    """The free time of *party* closest to *wanted* on the days *low* to *high*, as a list of one or none."""
    since = max(timezone.now(), dt.datetime.combine(low, dt.time.min, tzinfo=diary.zone))
    until = dt.datetime.combine(high + dt.timedelta(days=1), dt.time.min, tzinfo=diary.zone)
    return diary.nearest(visit, party, wanted, since=since, until=until, count=1)
