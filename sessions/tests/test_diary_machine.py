"""
Random presses at the diary against a plain model of it: what the model lets through is booked, what it does not is refused and
changes nothing, and the rows of the database are those of the model after every step.
"""

import datetime as dt
import os
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from audit import guards
from sessions.guards import OVERLAP
from sessions.models import Absence, Booking, Hold, Resource
from sessions.services import booking as door
from sessions.services import gap, visit_status
from sessions.services.course import Slot, book_course
from sessions.services.course_move import SHIFT, move_with
from sessions.services.equipment import add_absence, change_resource, seen_of
from sessions.services.free_time import Diary
from sessions.services.hours import same_clock
from sessions.services.refusals import BookingRefused

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines

NUMBING, NEEDLING, CLEAN = 30, 50, 10
LEAST, MOST = 28, 56  # days between two sessions of these plans
MINUTE = dt.timedelta(minutes=1)
DAYS = st.tuples(st.integers(0, 15), st.integers(0, 2))  # week, weekday
CLOCKS = st.sampled_from([(9, 0), (9, 30), (10, 0), (10, 30), (11, 0), (13, 0), (15, 30), (16, 0), (16, 30)])
WHICH = st.integers(0, 1)


@dataclass
class Visit:
    """A visit as the model knows it."""

    pk: int
    patient: int
    number: int
    start: dt.datetime
    clinician: int
    room: int
    device: int
    bay: int | None
    minutes: int = NEEDLING
    live: bool = True
    agreed: dt.date | None = None  # the first day without a reason, where one was given

    def spans(self) -> list[tuple[str, dt.datetime, dt.datetime]]:
        needle = self.start + NUMBING * MINUTE
        end = needle + self.minutes * MINUTE
        where = f"r{self.bay or self.room}"
        return [
            (f"p{self.patient}", self.start, needle),
            (where, self.start, needle),
            (f"p{self.patient}", needle, end),
            *((f"r{one}", needle, end) for one in (self.clinician, self.room, self.device)),
            (f"r{self.room}", end, end + CLEAN * MINUTE),
        ]


@dataclass
class Model:
    """The clinic in lists."""

    zone: dt.tzinfo
    names: dict[str, list[int]]
    visits: list[Visit] = field(default_factory=list)
    away: list[tuple[int, dt.datetime, dt.datetime]] = field(default_factory=list)
    retired: dict[int, dt.date] = field(default_factory=dict)

    def day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.zone).date()

    def there(self, one: int, start: dt.datetime, end: dt.datetime) -> bool:
        """In its hours, nine to five on weekdays, not away, not retired."""
        low, high = start.astimezone(self.zone), end.astimezone(self.zone)
        if low.weekday() > 4 or low.time() < dt.time(9) or high.time() > dt.time(17) or low.date() != high.date():
            return False
        gone = self.retired.get(one)
        if gone is not None and low.date() >= gone:
            return False
        return not any(who == one and begins < end and ends > start for who, begins, ends in self.away)

    def taken(self, subject: str, start: dt.datetime, end: dt.datetime, but: int | None) -> bool:
        return any(
            name == subject and low < end and high > start
            for visit in self.visits
            if visit.live and visit.pk != but
            for name, low, high in visit.spans()
        )

    def free(self, one: int, start: dt.datetime, end: dt.datetime, but: int | None) -> bool:
        return self.there(one, start, end) and not self.taken(f"r{one}", start, end, but)

    def place(self, visit: Visit) -> Visit | None:
        """The visit with its bay, and with the first free room and device where they are 0; None where it cannot be."""
        start, needle = visit.start, visit.start + NUMBING * MINUTE
        end = needle + visit.minutes * MINUTE
        bays = sorted(self.names["bay"], key=lambda one: one != visit.bay)
        bay = next((one for one in bays if self.free(one, start, needle, visit.pk)), None)
        begins = needle if bay else start
        rooms = (one for one in self.names["room"] if self.free(one, begins, end + CLEAN * MINUTE, visit.pk))
        room = visit.room or next(rooms, 0)
        device = visit.device or next((one for one in self.names["device"] if self.free(one, needle, end, visit.pk)), 0)
        if not room or not device:
            return None
        found = replace(visit, bay=bay, room=room, device=device)
        for subject, low, high in found.spans():
            if self.taken(subject, low, high, visit.pk) or (subject[0] == "r" and not self.there(int(subject[1:]), low, high)):
                return None
        return found

    def days_of(self, patient: int, but: int | None) -> dict[int, Visit]:
        return {visit.number: visit for visit in self.visits if visit.live and visit.patient == patient and visit.pk != but}

    def gap(self, visit: Visit, *, reason: bool, before: Visit | None = None) -> tuple[bool, dt.date | None]:
        """(may it be there, the first day that would have needed no reason where it needs one)."""
        others, day = self.days_of(visit.patient, visit.pk), self.day(visit.start)
        earlier = max((n for n in others if n < visit.number), default=None)
        later = min((n for n in others if n > visit.number), default=None)
        agreed = None
        if any(one.start >= visit.start if n < visit.number else one.start <= visit.start for n, one in others.items()):
            return False, None  # the sessions of a plan keep their order
        if earlier is not None:
            first = self.day(others[earlier].start) + dt.timedelta(days=LEAST * (visit.number - earlier))
            if day < first:
                kept = before is not None and before.agreed is not None and first <= before.agreed and day >= self.day(before.start)
                if not reason and not kept:
                    return False, None
                agreed = first if reason else before.agreed
        if later is not None:
            needed = day + dt.timedelta(days=LEAST * (later - visit.number))
            if needed > max(self.day(others[later].start), others[later].agreed or dt.date.min):
                return False, None
        return True, agreed

    def accept(self, visit: Visit, *, reason: bool = False, before: Visit | None = None) -> Visit | None:
        """The visit as it would stand, or None."""
        if visit.number in self.days_of(visit.patient, visit.pk):
            return None
        fine, agreed = self.gap(visit, reason=reason, before=before)
        return replace(found, agreed=agreed) if fine and (found := self.place(visit)) else None


class DiaryMachine(RuleBasedStateMachine):
    """Two clinicians, rooms and pens, one bay, three patients with a plan of three sessions each."""

    world = None

    def __init__(self):
        super().__init__()
        self.point = transaction.atomic()
        self.point.__enter__()
        diary, self.plans, self.by = self.world
        self.diary = diary
        self.first = diary.monday(2)
        kinds = {kind: list(Resource.objects.filter(kind=kind).order_by("name")) for kind in ("clinician", "room", "device", "bay")}
        self.kinds = kinds
        self.rows = {one.pk: one for rows in kinds.values() for one in rows}
        self.model = Model(diary.zone, {kind: [one.pk for one in rows] for kind, rows in kinds.items()})
        self.keys = 0

    def teardown(self):
        transaction.set_rollback(True)
        self.point.__exit__(None, None, None)

    def at(self, day: tuple[int, int], clock: tuple[int, int]) -> dt.datetime:
        return self.diary.at(self.first + dt.timedelta(days=7 * day[0] + day[1]), *clock)

    def key(self) -> str:
        self.keys += 1
        return f"step {self.keys}"

    def same(self, act, expected: list[Visit] | None) -> None:
        """Do it; it is refused exactly where the model refuses it, and leaves what the model says."""
        done, words = None, ""
        try:
            with transaction.atomic():
                done = act()
        except BookingRefused as refused:
            words = refused.message
        assert (done is None) is (expected is None), words or "done, though the model refuses it"
        if done is None:
            return
        done = done if isinstance(done, list) else [done]
        for row, visit in zip(done, expected, strict=True):
            self.model.visits = [one for one in self.model.visits if one.pk != visit.pk or visit.pk < 0]
            self.model.visits.append(replace(visit, pk=row.pk))

    def row(self, visit: Visit) -> Booking:
        return Booking.objects.get(pk=visit.pk)

    def some(self, pick: int, *, live: bool) -> Visit | None:
        rows = [visit for visit in self.model.visits if visit.live is live]
        return rows[pick % len(rows)] if rows else None

    @rule(
        plan=st.integers(0, 2),
        number=st.integers(1, 3),
        day=DAYS,
        clock=CLOCKS,
        who=WHICH,
        things=st.tuples(WHICH, WHICH),
        reason=st.booleans(),
    )
    def book(self, plan, number, day, clock, who, things, reason):
        room, device = things
        plan, start = self.plans[plan], self.at(day, clock)
        named = {kind: self.kinds[kind][n] for kind, n in (("clinician", who), ("room", room), ("device", device))}
        visit = Visit(-1, plan.patient_id, number, start, *(one.pk for one in named.values()), bay=None)
        expected = self.model.accept(visit, reason=reason)
        words = {"gap_reason": "Skin seen and healed"} if reason else {}
        asked = {"patient": plan.patient, "kind": "session", "plan": plan, "session_number": number, "starts_at": start}
        self.same(lambda: door.book(by=self.by, request_key=self.key(), **asked, **named, **words), [expected] if expected else None)

    @precondition(lambda self: any(visit.live for visit in self.model.visits))
    @rule(pick=st.integers(0, 9), day=DAYS, clock=CLOCKS, who=st.none() | WHICH, room=st.none() | WHICH, reason=st.booleans())
    def move(self, pick, day, clock, who, room, reason):
        visit = self.some(pick, live=True)
        start = self.at(day, clock)
        named = {kind: self.kinds[kind][n] for kind, n in (("clinician", who), ("room", room)) if n is not None}
        wish = replace(visit, start=start, agreed=None, **{kind: one.pk for kind, one in named.items()})
        if (wish.start, wish.clinician, wish.room) == (visit.start, visit.clinician, visit.room):
            expected = visit
        else:
            expected = self.model.accept(wish, reason=reason, before=visit)
        words = {"gap_reason": "Skin seen and healed"} if reason else {}
        self.same(lambda: door.move(self.row(visit), starts_at=start, by=self.by, **named, **words), [expected] if expected else None)

    @precondition(lambda self: any(visit.live for visit in self.model.visits))
    @rule(pick=st.integers(0, 9), minutes=st.sampled_from([20, 50, 80, 140]))
    def resize(self, pick, minutes):
        visit = self.some(pick, live=True)
        longer = replace(visit, minutes=minutes)
        expected = visit if minutes == visit.minutes else self.model.place(longer)
        self.same(lambda: door.resize(self.row(visit), minutes=minutes, by=self.by), [expected] if expected else None)

    @precondition(lambda self: any(visit.live for visit in self.model.visits))
    @rule(pick=st.integers(0, 9))
    def cancel(self, pick):
        visit = self.some(pick, live=True)
        self.same(lambda: visit_status.cancel(self.row(visit), reason="Wish", by=self.by), [replace(visit, live=False)])

    @precondition(lambda self: any(not visit.live for visit in self.model.visits))
    @rule(pick=st.integers(0, 9), reason=st.booleans())
    def un_cancel(self, pick, reason):
        visit = self.some(pick, live=False)
        expected = self.model.accept(replace(visit, live=True, agreed=None), reason=reason, before=visit)
        words = {"gap_reason": "Skin seen and healed"} if reason else {}
        self.same(lambda: door.reinstate(self.row(visit), by=self.by, **words), [expected] if expected else None)

    @rule(kind=st.sampled_from(["clinician", "room", "device", "bay"]), which=WHICH, day=DAYS, clock=CLOCKS, hours=st.integers(1, 30))
    def absence(self, kind, which, day, clock, hours):
        one, start = self.kinds[kind][which % len(self.kinds[kind])], self.at(day, clock)
        add_absence(one, starts_at=start, ends_at=start + hours * 60 * MINUTE, reason="Leave", by=self.by)
        self.model.away.append((one.pk, start, start + hours * 60 * MINUTE))

    @rule(kind=st.sampled_from(["clinician", "room", "device", "bay"]), day=st.integers(70, 110))
    def retire(self, kind, day):
        """The second of a kind, and the bay: one of each stays in service."""
        one = Resource.objects.get(pk=self.kinds[kind][-1].pk)
        change_resource(one, by=self.by, was=seen_of(one), retired_on=self.first + dt.timedelta(days=day))
        self.model.retired[one.pk] = self.first + dt.timedelta(days=day)

    @rule(plan=st.integers(0, 2), day=DAYS, clock=CLOCKS, who=WHICH, apart=st.sampled_from([27, 28, 35, 57]))
    def course(self, plan, day, clock, who, apart):
        plan, start, clinician = self.plans[plan], self.at(day, clock), self.kinds["clinician"][who]
        standing = self.model.days_of(plan.patient_id, None)
        numbers = [number for number in (1, 2, 3) if number not in standing]
        starts = {number: same_clock(start, apart * n, self.diary.zone) for n, number in enumerate(numbers)}
        days = {number: self.model.day(at) for number, at in starts.items()}
        days |= {number: self.model.day(visit.start) for number, visit in standing.items()}
        # Two that stand already may be further apart, since one was moved: what is booked answers for the waits that it makes.
        made = [n for n in days if n + 1 in days and not {n, n + 1}.isdisjoint(numbers)]
        fine = bool(numbers) and all(LEAST <= (days[n + 1] - days[n]).days <= MOST for n in made)
        trial, expected = deepcopy(self.model), []
        for number, at in starts.items():
            found = trial.accept(Visit(-number, plan.patient_id, number, at, clinician.pk, 0, 0, None)) if fine else None
            if found is None:
                expected = None
                break
            trial.visits.append(found)
            expected.append(found)
        slots = [Slot(number, at, clinician) for number, at in starts.items()]
        self.same(lambda: book_course(plan, slots=slots, by=self.by, request_key=self.key()), expected or None)

    @precondition(lambda self: any(visit.live for visit in self.model.visits))
    @rule(pick=st.integers(0, 9), by_days=st.sampled_from([-28, -7, -1, 1, 7, 14, 28]))
    def shift(self, pick, by_days):
        """Where the later ones go if their own time is taken is the service's choice; that it is a place they may be is not."""
        visit = self.some(pick, live=True)
        wanted = same_clock(visit.start, by_days, self.diary.zone)
        if self.model.day(wanted) < self.first:
            return
        before = deepcopy(self.model.visits)
        try:
            with transaction.atomic():
                moved = move_with(self.row(visit), way=SHIFT, starts_at=wanted, by=self.by)
        except BookingRefused:
            return  # the rows are compared with the model after this step: nothing moved
        for row in moved:
            old = next(one for one in before if one.pk == row.pk)
            who = {"clinician": row.clinician_id, "room": row.room_id, "device": row.device_id, "bay": row.bay_id}
            new = replace(old, start=row.starts_at, agreed=row.gap_first_day, **who)
            self.model.visits = [one for one in self.model.visits if one.pk != row.pk] + [new]
        assert next(row for row in moved if row.pk == visit.pk).starts_at == wanted
        for row in moved:
            stands = next(one for one in self.model.visits if one.pk == row.pk)
            assert self.model.place(replace(stands)) is not None
            assert self.model.gap(stands, reason=False, before=stands)[0]

    @invariant()
    def rows_are_those_of_the_model(self):
        holds = Hold.objects.filter(is_live=True).values_list("subject", "starts_at", "ends_at")
        assert sorted(holds) == sorted(span for visit in self.model.visits if visit.live for span in visit.spans())
        rows = Booking.objects.values_list("pk", "status", "starts_at", "gap_first_day")
        known = [(one.pk, "booked" if one.live else "cancelled", one.start, one.agreed) for one in self.model.visits]
        assert sorted(rows) == sorted(known, key=lambda row: row[0])
        assert Absence.objects.count() == len(set(self.model.away))

    @invariant()
    def nothing_overlaps_and_no_gap_is_too_short_without_a_word(self):
        spans = sorted((span.subject, span.starts_at, span.ends_at) for span in Hold.objects.filter(is_live=True))
        assert not [pair for pair in pairwise(spans) if pair[0][0] == pair[1][0] and pair[0][2] > pair[1][1]]
        rows = list(Booking.objects.live().order_by("session_number"))
        for plan in self.plans:
            own = [row for row in rows if row.plan_id == plan.pk]
            for earlier, later in combinations(own, 2):
                between = [row for row in own if earlier.session_number < row.session_number <= later.session_number]
                days = (self.model.day(later.starts_at) - self.model.day(earlier.starts_at)).days
                enough = days >= LEAST * (later.session_number - earlier.session_number)
                assert enough or any(row.gap_first_day for row in between)


@pytest.fixture
def machine(diary, make_plan, make_patient, clinician):
    diary.add("bay", "Bay 1")
    plans = [make_plan(make_patient(f"Caller{n}"), sessions=3) for n in range(3)]
    return type("Machine", (DiaryMachine,), {"world": (diary, plans, clinician)})


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@both
def test_a_few_hundred_presses(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=6, stateful_step_count=40, derandomize=True, **QUIET))


def _left_out(rule: str, monkeypatch) -> None:
    if rule == "gap":
        monkeypatch.setattr(gap, "too_soon", lambda *args, **named: None)
    elif rule == "leave":
        monkeypatch.setattr(Diary, "away", lambda diary, resource: [])
    elif rule == "holds":
        monkeypatch.setattr(door.placing, "write", lambda booking, visit: booking.save())


@pytest.mark.parametrize("rule", [pytest.param("overlap", marks=both), "gap", "leave", pytest.param("holds", marks=both)])
def test_the_machine_sees_a_rule_that_is_left_out(machine, monkeypatch, rule):
    """The negative control: each protection taken away in turn; those of the database on each engine."""
    _left_out(rule, monkeypatch)
    asked = settings(
        max_examples=20, stateful_step_count=40, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False, **QUIET
    )
    connection.check_constraints()  # PostgreSQL alters no table while foreign keys of this transaction wait to be checked
    with guards.suspended(OVERLAP) if rule == "overlap" else nullcontext(), pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=asked)


@pytest.mark.prove
def test_ten_thousand_presses(machine):
    steps = int(os.environ.get("STEPS", "10000"))
    run_state_machine_as_test(machine, settings=settings(max_examples=-(-steps // 50), stateful_step_count=50, **QUIET))
