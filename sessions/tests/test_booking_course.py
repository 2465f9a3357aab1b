"""A course: dates on the wall clock, alternatives for a clash, the gap in a sentence, and all or none."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from audit.models import AuditEvent
from sessions.models import Absence, Booking, Hold, Holiday, ResourceHours
from sessions.services import booking as door
from sessions.services.course import REVIEW, Slot, book_course, judge
from sessions.services.course_dates import Wishes, propose_course
from sessions.services.free_time import free_times
from sessions.services.refusals import AlreadyBooked, BookingRefused, GapRefused, SlotTaken

pytestmark = pytest.mark.django_db

TEN = dt.time(10)


def slots_of(course):
    return [Slot(line.number, line.slot.starts_at, line.slot.clinician) for line in course.to_book]


def local(moment):
    return moment.astimezone(ZoneInfo("Europe/London"))


def next_change(month: int) -> dt.date:
    """The next last Sunday of *month* that leaves room for a course before it: when London's clocks change."""
    today = timezone.now().date()
    for year in (today.year, today.year + 1, today.year + 2):
        sunday = max(day for n in range(25, 32) if (day := dt.date(year, month, n)).weekday() == 6)
        if sunday - dt.timedelta(weeks=7) > today:
            return sunday
    raise AssertionError("there is one every year")


def test_a_free_course_is_proposed_at_the_usual_interval(diary, plan):
    course = propose_course(plan, first_day=diary.monday(), time=TEN, clinician=diary.osei)
    assert [line.state for line in course.lines] == ["free"] * 5
    assert [local(line.starts_at).date() for line in course.lines] == [diary.monday() + dt.timedelta(weeks=4 * n) for n in range(5)]
    assert course.sentence == "All gaps are 4\u00a0weeks. The plan allows 4 to 8\u00a0weeks."
    assert course.button == "Book 4 sessions and review"
    assert course.lines[-1].is_review
    assert course.is_bookable


@pytest.mark.both_engines
@pytest.mark.parametrize("month", [3, 10])
def test_ten_stays_ten_when_the_clocks_change(diary, plan, desk, month):
    change = next_change(month)
    first = change - dt.timedelta(days=6 + 28)  # a Monday, a session and a bit before the change
    course = propose_course(plan, first_day=first, time=TEN)
    assert {local(line.starts_at).time() for line in course.lines} == {TEN}
    assert len({local(line.starts_at).utcoffset() for line in course.lines}) == 2
    made = book_course(plan, slots=slots_of(course), by=desk, request_key=diary.key())
    assert [local(b.starts_at) for b in made] == [local(line.starts_at) for line in course.lines]
    assert (made[-2].starts_at - made[0].starts_at) % dt.timedelta(days=1) != dt.timedelta(0)


@pytest.mark.parametrize("month", [3, 10])
def test_opening_hours_follow_the_wall_clock(diary, patient, month):
    monday = next_change(month) + dt.timedelta(days=1)
    for day in (monday - dt.timedelta(days=7), monday):
        times = free_times(site=diary.site, kind="consultation", first_day=day, patient=patient)
        assert (local(times[0].starts_at).time(), local(times[-1].ends_at).time()) == (dt.time(9), dt.time(17))


def test_a_day_on_which_the_clock_changes_has_its_own_length(diary, patient):
    """Open over the change itself, 00:00 to 06:00: 5 hours in March, 7 in October."""
    ResourceHours.objects.all().delete()
    for resource in (diary.osei, diary.room1):
        ResourceHours.objects.create(resource=resource, weekday=6, opens=dt.time(0), closes=dt.time(6))
    found = {}
    for month in (3, 10):
        times = free_times(site=diary.site, kind="consultation", first_day=next_change(month), patient=patient, clinician=diary.osei)
        found[month] = times[-1].ends_at - times[0].starts_at
    assert found == {3: dt.timedelta(hours=5), 10: dt.timedelta(hours=7)}


def test_a_clash_has_two_alternatives_within_the_plans_weeks_and_later_dates_count_from_the_choice(diary, plan):
    second = diary.monday() + dt.timedelta(weeks=4)
    away = (diary.at(second, 0), diary.at(second + dt.timedelta(days=1), 0))
    Absence.objects.create(resource=diary.osei, starts_at=away[0], ends_at=away[1], reason="Leave")
    course = propose_course(plan, first_day=diary.monday(), time=TEN, clinician=diary.osei)
    line = course.lines[1]
    assert (line.state, line.problem) == ("clash", "Dr Amara Osei away")
    assert len(line.alternatives) == 2
    for alternative in line.alternatives:
        assert 28 <= (local(alternative.starts_at).date() - diary.monday()).days <= 56
    assert line.slot == line.alternatives[0]
    assert (local(line.slot.starts_at).date(), local(line.slot.starts_at).time()) == (second + dt.timedelta(days=1), TEN)
    assert local(course.lines[2].starts_at).date() == second + dt.timedelta(days=29)

    other = line.alternatives[1]
    again = propose_course(
        plan, first_day=diary.monday(), time=TEN, clinician=diary.osei, picks={2: Slot(2, other.starts_at, other.clinician)}
    )
    assert again.lines[1].slot == other
    assert local(again.lines[2].starts_at).date() == local(other.starts_at).date() + dt.timedelta(weeks=4)


def test_a_pick_outside_the_plans_weeks_is_dropped(diary, plan):
    early = diary.at(diary.monday() + dt.timedelta(weeks=3), 10)
    course = propose_course(plan, first_day=diary.monday(), time=TEN, picks={2: Slot(2, early)})
    assert local(course.lines[1].slot.starts_at).date() >= diary.monday() + dt.timedelta(weeks=4)


@pytest.mark.both_engines
def test_all_visits_are_booked_and_booked_once(diary, plan, desk):
    course = propose_course(plan, first_day=diary.monday(), time=TEN)
    key = diary.key()
    made = book_course(plan, slots=slots_of(course), by=desk, request_key=key)
    assert [(b.kind, b.session_number) for b in made] == [("session", n) for n in (1, 2, 3, 4)] + [("review", 4)]
    assert book_course(plan, slots=slots_of(course), by=desk, request_key=key) == made  # a double click
    with pytest.raises(AlreadyBooked):
        book_course(plan, slots=slots_of(course), by=desk, request_key=diary.key())
    assert Booking.objects.count() == 5
    after = propose_course(plan, first_day=diary.monday(), time=TEN)
    assert [line.state for line in after.lines] == ["booked"] * 5
    assert after.to_book == []


@pytest.mark.both_engines
def test_the_rest_of_a_course_is_proposed_around_what_is_booked(diary, plan, book):
    book(diary.at(diary.monday(), 10), plan=plan)
    course = propose_course(plan, first_day=diary.monday(), time=TEN)
    assert [line.state for line in course.lines] == ["booked", "free", "free", "free", "free"]
    assert course.button == "Book 3 sessions and review"


@pytest.mark.both_engines
@pytest.mark.parametrize("taken", range(5))
def test_a_clash_in_any_of_them_leaves_none(diary, plan, desk, make_patient, book, taken):
    course = propose_course(plan, first_day=diary.monday(), time=TEN)
    slots = slots_of(course)
    for who, room, pen in ((diary.osei, diary.room1, diary.pen), (diary.berg, diary.room2, diary.pen2)):
        book(slots[taken].starts_at, patient=make_patient(), clinician=who, room=room, device=pen)
    with pytest.raises(SlotTaken) as refused:
        book_course(plan, slots=slots, by=desk, request_key=diary.key())
    assert refused.value.number == slots[taken].number
    assert refused.value.nearest
    assert not Booking.objects.filter(plan=plan).exists()
    assert not Hold.objects.filter(patient=plan.patient).exists()


@pytest.fixture
def failing():
    """`failing(k)`: the database itself gives up on session k (0: on the review), as with a full disk; `failing(None)` mends it."""

    def fail(number):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION IF EXISTS one_fails CASCADE")
            else:
                cursor.execute("DROP TRIGGER IF EXISTS one_fails")
            if number is None:
                return
            when = f"NEW.session_number = {number:d}" if number else "NEW.kind = 'review'"
            if connection.vendor == "postgresql":
                cursor.execute(
                    "CREATE FUNCTION one_fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
                )
                cursor.execute(
                    "CREATE TRIGGER one_fails BEFORE INSERT ON treatment_sessions_booking FOR EACH ROW "
                    f"WHEN ({when}) EXECUTE FUNCTION one_fails()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER one_fails BEFORE INSERT ON treatment_sessions_booking WHEN {when} "
                    "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
                )

    yield fail
    fail(None)


def left_behind() -> tuple[int, int, int, int]:
    """Visits, holds, lines of the audit log, messages."""
    return Booking.objects.count(), Hold.objects.count(), AuditEvent.objects.count(), len(mail.outbox)


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_a_fault_of_the_database_at_any_of_them_leaves_nothing(diary, plan, desk, failing):
    slots = slots_of(propose_course(plan, first_day=diary.monday(), time=TEN))
    before = left_behind()
    for number in (1, 2, 3, 4, REVIEW):
        failing(number)
        with pytest.raises(Exception, match="the disk is full"):
            book_course(plan, slots=slots, by=desk, request_key=diary.key())
        assert left_behind() == before, number
    failing(None)
    assert len(book_course(plan, slots=slots, by=desk, request_key=diary.key())) == 5


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_without_the_one_transaction_the_same_fault_leaves_two(diary, plan, desk, failing):
    """The protection off: the same visits one by one at the same door."""
    slots = slots_of(propose_course(plan, first_day=diary.monday(), time=TEN))
    before = left_behind()
    failing(3)

    def one_by_one():
        for slot in slots:
            door.book(
                patient=plan.patient,
                kind="session",
                starts_at=slot.starts_at,
                clinician=slot.clinician,
                plan=plan,
                session_number=slot.number,
                by=desk,
                request_key=diary.key(),
            )

    with pytest.raises(Exception, match="the disk is full"):
        one_by_one()
    assert Booking.objects.count() == 2
    assert left_behind() != before


@pytest.mark.parametrize("weeks", [3, 9])
def test_a_course_outside_the_plans_weeks_is_refused_whole(diary, plan, desk, weeks):
    slots = [Slot(n + 1, diary.at(diary.monday() + dt.timedelta(weeks=weeks * n), 10)) for n in range(4)]
    with pytest.raises(GapRefused, match=rf"Session 2 is {weeks} weeks after session 1\. The plan allows 4 to 8.weeks\."):
        book_course(plan, slots=slots, by=desk, request_key=diary.key())
    assert not Booking.objects.exists()


def test_a_review_before_the_last_session_is_refused(diary, plan, desk):
    slots = [Slot(n + 1, diary.at(diary.monday() + dt.timedelta(weeks=4 * n), 10)) for n in range(4)]
    with pytest.raises(GapRefused, match="review comes after"):
        book_course(plan, slots=[*slots, Slot(REVIEW, diary.at(diary.monday(2), 10))], by=desk, request_key=diary.key())


def test_no_dates_at_all_is_said(plan, desk):
    with pytest.raises(BookingRefused, match="All visits of this course are booked"):
        book_course(plan, slots=[], by=desk, request_key="x")


def test_a_date_on_a_closed_day_says_closed_and_one_with_what_is_retired_out_of_service(diary, plan):
    second = diary.monday() + dt.timedelta(weeks=4)
    Holiday.objects.create(site=diary.site, day=second, name="Spring holiday")
    line = propose_course(plan, first_day=diary.monday(), time=TEN, clinician=diary.osei).lines[1]
    assert (line.state, line.problem) == ("clash", "Closed: Spring holiday")
    Holiday.objects.all().delete()
    diary.osei.retired_on = second
    diary.osei.save()
    line = propose_course(plan, first_day=diary.monday(), time=TEN, clinician=diary.osei).lines[1]
    assert line.problem.startswith("Dr Amara Osei out of service from")


def test_a_closed_clinic_leaves_lines_open_instead_of_inventing_times(diary, plan):
    ResourceHours.objects.all().delete()
    course = propose_course(plan, first_day=diary.monday(), time=TEN)
    assert {line.state for line in course.lines} == {"open"}
    assert not course.is_bookable


def test_the_sentence_says_which_gap_is_wrong(plan):
    start = dt.date(2027, 1, 4)
    days = {1: start, 2: start + dt.timedelta(weeks=4), 3: start + dt.timedelta(days=28 + 30)}
    assert judge(plan, days) == ("All gaps are 4 weeks to 4 weeks and 2 days. The plan allows 4 to 8\u00a0weeks.", True)
    days[3] = start + dt.timedelta(weeks=13)
    assert judge(plan, days) == ("Session 3 is 9 weeks after session 2. The plan allows 4 to 8\u00a0weeks.", False)


@pytest.mark.both_engines
def test_free_times_take_seven_queries_whatever_the_days(diary, patient, book, make_patient, django_assert_num_queries):
    for n in range(6):
        book(diary.at(diary.monday() + dt.timedelta(days=n % 5), 9 + 2 * (n // 5)), patient=make_patient())
    for days in (1, 28):
        with django_assert_num_queries(7):  # the diary's five, who is trained on what, and the minutes of the visit
            free_times(site=diary.site, kind="session", first_day=diary.monday(), days=days, patient=patient)


def test_free_times_are_all_bookable_and_leave_none_out(diary, patient, book, make_patient):
    """Against the slow way: each quarter of the day tried by itself at the door."""
    day = diary.monday()
    book(diary.at(day, 11), clinician=diary.osei, room=diary.room1, device=diary.pen, patient=make_patient())
    book(diary.at(day, 10, 30), kind="consultation", clinician=diary.berg, room=diary.room2, patient=patient)
    offered = {slot.starts_at for slot in free_times(site=diary.site, kind="session", first_day=day, patient=patient)}
    tried = set()
    for quarter in range(24 * 4):
        start = diary.at(day, 0) + dt.timedelta(minutes=15 * quarter)
        try:
            made = book(start, clinician=None, room=None, device=None)
        except BookingRefused:
            continue
        tried.add(start)
        made.holds.all().delete()
        made.delete()
    assert offered == tried
    assert offered


# What the patient asks for


def proposed(plan, diary, clinician=None, **wishes):
    return propose_course(plan, first_day=diary.monday(), time=TEN, clinician=clinician, wishes=Wishes(**wishes))


def test_the_days_that_suit_come_next_to_the_interval(diary, plan):
    course = proposed(plan, diary, weekdays=frozenset({2, 3}))
    assert [line.state for line in course.lines] == ["free"] * 5
    assert {local(line.starts_at).weekday() for line in course.lines} == {2}
    gaps = {(local(b.starts_at).date() - local(a.starts_at).date()).days for a, b in pairwise(course.lines[:4])}
    assert gaps == {28}
    assert course.is_bookable


@pytest.mark.parametrize(
    ("between", "clock"), [((dt.time(14), None), dt.time(14)), ((None, dt.time(9, 30)), dt.time(9, 30)), ((dt.time(9), dt.time(12)), TEN)]
)
def test_the_time_stays_between_what_suits(diary, plan, between, clock):
    course = proposed(plan, diary, earliest=between[0], latest=between[1])
    assert {local(line.starts_at).time() for line in course.lines} == {clock}


def test_the_other_times_of_a_clash_are_those_that_suit_first(diary, plan):
    second = diary.monday() + dt.timedelta(weeks=4)
    for who in (diary.osei, diary.berg):
        Absence.objects.create(resource=who, starts_at=diary.at(second, 9), ends_at=diary.at(second, 17), reason="Leave")
    line = proposed(plan, diary, weekdays=frozenset({0}), latest=dt.time(12)).lines[1]
    assert line.state == "clash"
    assert all(local(time.starts_at).weekday() == 0 and local(time.starts_at).time() <= dt.time(12) for time in line.alternatives[:1])


def test_the_same_person_for_all_is_whoever_is_free_most(diary, plan):
    for week in (4, 8):
        day = diary.monday() + dt.timedelta(weeks=week)
        Absence.objects.create(resource=diary.osei, starts_at=diary.at(day, 0), ends_at=diary.at(day, 23), reason="Leave")
    mixed = proposed(plan, diary)
    assert {line.slot.clinician for line in mixed.lines} == {diary.osei, diary.berg}
    same = proposed(plan, diary, same_person=True)
    assert {line.slot.clinician for line in same.lines} == {diary.berg}
    assert same.is_bookable


@pytest.mark.both_engines
def test_whoever_has_begun_the_course_goes_on_with_it(diary, plan, book):
    book(diary.at(diary.monday(), 10), plan=plan, clinician=diary.berg)
    assert {line.slot.clinician for line in proposed(plan, diary, same_person=True).to_book} == {diary.berg}


def test_another_interval_within_the_plans_weeks_is_kept(diary, plan):
    course = proposed(plan, diary, weeks=6)
    assert course.sentence == "All gaps are 6\u00a0weeks. The plan allows 4 to 8\u00a0weeks."
    assert course.is_bookable


# Sooner than healing


@pytest.mark.both_engines
def test_a_sooner_course_takes_a_named_reason(diary, plan, desk, clinician):
    assert proposed(plan, diary, weeks=3).sentence.startswith("All gaps are 4")  # whoever may not say so is not shown it
    course = proposed(plan, diary, weeks=3, sooner=True)
    assert (course.is_bookable, course.is_complete) == (False, True)
    assert "The first day for session 2 is" in course.sooner
    slots = slots_of(course)
    before = left_behind()
    with pytest.raises(GapRefused) as refused:
        book_course(plan, slots=slots, by=clinician, request_key=diary.key())
    assert refused.value.may_be_overridden
    with pytest.raises(GapRefused, match="Only clinicians and medical leads may book it sooner"):
        book_course(plan, slots=slots, by=desk, request_key=diary.key(), gap_reason="Patient travels")
    assert left_behind() == before
    made = book_course(plan, slots=slots, by=clinician, request_key=diary.key(), gap_reason="Skin seen and healed")
    assert [(row.gap_reason, row.gap_by) for row in made] == [("", None), *[("Skin seen and healed", clinician)] * 3, ("", None)]


def test_a_reason_opens_no_gap_that_is_too_long(diary, plan, clinician):
    slots = [Slot(n + 1, diary.at(diary.monday() + dt.timedelta(weeks=9 * n), 10)) for n in range(4)]
    with pytest.raises(GapRefused, match="9 weeks after"):
        book_course(plan, slots=slots, by=clinician, request_key=diary.key(), gap_reason="Travels")


def test_the_rest_of_a_course_is_booked_beside_one_that_is_sooner_by_somebodys_word(diary, plan, desk, clinician, book):
    book(diary.at(diary.monday(), 10), plan=plan)
    book(diary.at(diary.monday() + dt.timedelta(weeks=3), 10), plan=plan, by=clinician, gap_reason="Skin seen and healed")
    course = proposed(plan, diary)
    assert course.is_bookable
    assert len(book_course(plan, slots=slots_of(course), by=desk, request_key=diary.key())) == 3
