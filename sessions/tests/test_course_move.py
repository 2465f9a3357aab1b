"""Moving one session of a course: what happens to the others is shown first and then done, all of it or nothing."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from sessions.models import Absence, Booking, ResourceHours
from sessions.services import booking as door
from sessions.services.course import Slot, book_course
from sessions.services.course_move import KEEP, NEAREST, SHIFT, PreviewStale, _nearest, move_with, preview_move
from sessions.services.healing import healing_of
from sessions.services.hours import moments_at, same_clock
from sessions.services.refusals import AlreadyBooked, BookingRefused, ComesTwice, GapRefused

from .clock_changes import coming

pytestmark = pytest.mark.django_db


def booked(diary, plan, desk, *, days: int):
    """Four sessions at ten o'clock, so many days apart, and the review."""
    start = diary.at(diary.monday(), 10)
    slots = [Slot(n + 1, same_clock(start, days * n, diary.zone), diary.osei) for n in range(4)]
    slots.append(Slot(0, same_clock(start, days * 3 + 28, diary.zone), diary.osei))
    return book_course(plan, slots=slots, by=desk, request_key="course")


@pytest.fixture
def course(diary, plan, desk):
    """As near to each other as the plan allows."""
    return booked(diary, plan, desk, days=28)


@pytest.fixture
def roomy(diary, plan, desk):
    """A week more than the plan asks between any two."""
    return booked(diary, plan, desk, days=35)


def ways(booking, starts_at, **named):
    return {way.name: way for way in preview_move(booking, starts_at=starts_at, **named)}


def standing():
    return list(Booking.objects.order_by("pk").values_list("starts_at", "clinician", "room", "device", "version"))


def on(diary, booking, days: int) -> dt.datetime:
    return same_clock(booking.starts_at, days, diary.zone)


@pytest.mark.both_engines
def test_a_preview_shows_three_ways_and_writes_nothing(diary, course):
    before = standing()
    found = ways(course[1], on(diary, course[1], 7))
    assert list(found) == [KEEP, SHIFT, NEAREST]
    assert standing() == before
    assert "move session 3 first" in found[KEEP].problem
    assert [step.to.starts_at for step in found[SHIFT].steps] == [on(diary, row, 7) for row in course[1:]]
    assert found[SHIFT].sentence == "All gaps are 4 to 5\xa0weeks. The plan allows 4 to 8\xa0weeks."
    assert found[NEAREST].problem == "No other day fits between the sessions before and after it."


def test_the_nearest_time_is_at_the_same_hour_on_the_nearest_day_that_fits(diary, roomy):
    (step,) = ways(roomy[1], on(diary, roomy[1], 14))[NEAREST].steps
    assert step.to.starts_at == on(diary, roomy[1], 7)
    assert NEAREST not in ways(roomy[1], on(diary, roomy[1], 3))  # it can simply go there


@pytest.mark.parametrize("way", [SHIFT, NEAREST])
@pytest.mark.parametrize("days", [28, 14, 21])
def test_what_was_shown_is_what_is_done(diary, roomy, desk, way, days):
    course = roomy
    wanted = on(diary, course[1], days)
    shown = ways(course[1], wanted)[way]
    moved = move_with(course[1], way=way, starts_at=wanted, by=desk, version=course[1].version, token=shown.token)
    assert [(row.pk, row.starts_at, row.clinician) for row in moved] == [
        (s.booking.pk, s.to.starts_at, s.to.clinician) for s in shown.steps
    ]
    others = {row.pk: row.starts_at for row in course} | {row.pk: row.starts_at for row in moved}
    assert dict(Booking.objects.values_list("pk", "starts_at")) == others


def test_the_later_ones_follow_to_an_earlier_day_too(diary, course, desk):
    far = move_with(course[1], way=SHIFT, starts_at=on(diary, course[1], 21), by=desk)
    back = move_with(far[0], way=SHIFT, starts_at=course[1].starts_at, by=desk)
    assert [row.starts_at for row in back] == [row.starts_at for row in course[1:]]


def test_a_later_visit_whose_time_is_taken_goes_to_the_nearest_that_fits(diary, course, desk):
    taken = on(diary, course[3], 7)
    Absence.objects.create(resource=diary.osei, starts_at=taken, ends_at=taken + dt.timedelta(hours=1, minutes=30), reason="Leave")
    moved = move_with(course[1], way=SHIFT, starts_at=on(diary, course[1], 7), by=desk)
    third = next(row for row in moved if row.session_number == 4)
    assert (third.clinician, third.starts_at) == (diary.osei, taken + dt.timedelta(hours=1))


@pytest.mark.both_engines
def test_nothing_stands_elsewhere_where_one_of_them_cannot_go(diary, course, desk):
    before = standing()
    start = on(diary, course[3], -7)
    for resource in (diary.osei, diary.berg):
        Absence.objects.create(resource=resource, starts_at=start, ends_at=start + dt.timedelta(days=120), reason="Closed")
    with pytest.raises(BookingRefused, match=r"Session 4 of 4 finds no free time near"):
        move_with(course[1], way=SHIFT, starts_at=on(diary, course[1], 7), by=desk)
    assert standing() == before


@pytest.mark.both_engines
def test_a_refusal_in_the_middle_undoes_what_was_moved(diary, course, desk, make_patient):
    """The last is moved first; the one that is refused takes it back with it."""
    before = standing()
    wanted = on(diary, course[1], 7)
    shown = ways(course[1], wanted)[SHIFT]
    door.book(
        patient=make_patient(),
        kind="consultation",
        starts_at=wanted + dt.timedelta(minutes=30),
        clinician=diary.osei,
        room=diary.room2,
        by=desk,
        request_key="rival",
    )
    with pytest.raises(BookingRefused) as refused:
        move_with(course[1], way=SHIFT, starts_at=wanted, by=desk, token=shown.token)
    assert refused.value.number == 2
    assert standing()[: len(before)] == before


@pytest.mark.both_engines
def test_a_preview_that_no_longer_holds_is_not_done(diary, course, desk):
    wanted = on(diary, course[1], 7)
    shown = ways(course[1], wanted)[SHIFT]
    door.move(course[3], starts_at=on(diary, course[3], 1), by=desk)
    with pytest.raises(PreviewStale):
        move_with(course[1], way=SHIFT, starts_at=wanted, by=desk, token=shown.token)


@pytest.mark.both_engines
def test_sent_twice_it_is_done_once(diary, course, desk):
    wanted = on(diary, course[1], 7)
    move_with(course[1], way=SHIFT, starts_at=wanted, by=desk)
    before = standing()
    move_with(course[1], way=SHIFT, starts_at=wanted, by=desk)
    assert standing() == before


def test_too_near_to_the_session_before_is_refused_in_each_way_but_the_nearest(diary, roomy, desk, clinician):
    wanted = on(diary, roomy[1], -14)
    found = ways(roomy[1], wanted)
    assert found[KEEP].may_be_overridden
    assert found[SHIFT].may_be_overridden
    assert not found[NEAREST].problem
    with pytest.raises(GapRefused):
        move_with(roomy[1], way=SHIFT, starts_at=wanted, by=desk)
    moved = move_with(roomy[1], way=SHIFT, starts_at=wanted, by=clinician, gap_reason="Skin seen and healed")
    assert [row.gap_by for row in moved] == [clinician, None, None, None]


def test_a_visit_outside_a_course_has_one_way(diary, book):
    visit = book(diary.at(diary.monday(), 9), kind="consultation")
    assert list(ways(visit, diary.at(diary.monday(), 11))) == [KEEP]


@pytest.mark.both_engines
def test_a_review_keeps_its_place_after_the_sessions_and_there_is_one(diary, roomy, plan, desk):
    review = roomy[-1]
    for way in (lambda at: door.move(review, starts_at=at, by=desk), lambda at: move_with(review, way=KEEP, starts_at=at, by=desk)):
        with pytest.raises(GapRefused, match="The review comes after the sessions of plan 1, and session 4 is on"):
            way(on(diary, roomy[1], -7))
    assert "review comes after" in ways(review, on(diary, roomy[1], -7))[KEEP].problem
    with pytest.raises(AlreadyBooked, match="The review of plan 1 is booked already, on") as refused:
        book_review(diary, plan, desk, on(diary, review, 7))
    assert refused.value.booking == review
    with pytest.raises(GapRefused, match="Move the review first"):
        door.move(roomy[3], starts_at=on(diary, review, 1), by=desk)
    assert door.move(review, starts_at=on(diary, review, 7), by=desk).pk
    Booking.objects.filter(pk=review.pk).update(status="done")
    assert book_review(diary, plan, desk, on(diary, review, 14)).pk  # the first is done: another may follow
    Booking.objects.filter(request_key="review").update(status="cancelled")
    gone = moved_before(diary, roomy)
    with pytest.raises(GapRefused, match="session 4 is on"):
        door.reinstate(gone, by=desk)


def book_review(diary, plan, desk, starts_at):
    return door.book(
        patient=plan.patient, kind="review", starts_at=starts_at, clinician=diary.osei, plan=plan, by=desk, request_key="review"
    )


def moved_before(diary, course):
    """The second review, cancelled, at a time before the last session."""
    review = Booking.objects.get(request_key="review")
    ends_at = course[1].starts_at + (review.ends_at - review.starts_at)
    Booking.objects.filter(pk=review.pk).update(starts_at=course[1].starts_at, ends_at=ends_at)
    return Booking.objects.get(pk=review.pk)


# Across a change of the clocks


@pytest.fixture
def by_night(diary):
    """Somebody works through the nights of Sundays, in which the clocks change."""
    for one in (diary.osei, diary.room1, diary.pen):
        ResourceHours.objects.create(resource=one, weekday=6, opens=dt.time(0), closes=dt.time(12))
    return diary


@pytest.fixture
def into_the_change(by_night, plan, desk):
    """into_the_change(forward): two sessions by night; a week on, the second is on the day the clocks change."""

    def make(*, forward: bool):
        day = coming(forward=forward)
        first, second = (by_night.at(day - dt.timedelta(weeks=n), 1, 30) for n in (6, 1))
        with time_machine.travel(day - dt.timedelta(weeks=8)):
            slots = [Slot(1, first, by_night.osei), Slot(2, second, by_night.osei)]
            return day, book_course(plan, slots=slots, by=desk, request_key="course")

    return make


def test_a_later_visit_that_would_come_to_a_time_the_clocks_skip_is_refused_in_words(by_night, into_the_change, desk):
    day, (first, _) = into_the_change(forward=True)
    before = standing()
    with time_machine.travel(day - dt.timedelta(weeks=8)):
        wanted = on(by_night, first, 7)
        (problem,) = [way.problem for way in preview_move(first, starts_at=wanted) if way.name == SHIFT]
        assert problem.startswith("Session 2 of 4: there is no 01:30 on Sun")
        with pytest.raises(BookingRefused, match="there is no 01:30"):
            move_with(first, way=SHIFT, starts_at=wanted, by=desk)
    assert standing() == before


@pytest.mark.parametrize(("said", "hours"), [("first", 0), ("second", 1)])
def test_one_that_would_come_to_a_time_the_clock_shows_twice_is_asked_which(by_night, into_the_change, desk, said, hours):
    day, (first, second) = into_the_change(forward=False)
    both = moments_at(day, dt.time(1, 30), by_night.zone)
    with time_machine.travel(day - dt.timedelta(weeks=8)):
        wanted = on(by_night, first, 7)
        asked = ways(first, wanted)[SHIFT]
        assert asked.asks == second
        assert "01:30 on" in asked.problem
        assert "comes twice" in asked.problem
        with pytest.raises(ComesTwice):
            move_with(first, way=SHIFT, starts_at=wanted, by=desk)
        which = {second.pk: said}
        shown = ways(first, wanted, which=which)[SHIFT]
        assert [row.which for row in shown.rows][1] == f"{'after' if hours else 'before'} the clocks go back"
        moved = move_with(first, way=SHIFT, starts_at=wanted, by=desk, which=which, token=shown.token)
        assert moved[1].starts_at == both[hours]
        other = {second.pk: "second" if said == "first" else "first"}
        with pytest.raises(PreviewStale):
            move_with(moved[0], way=SHIFT, starts_at=first.starts_at, by=desk, which=other, token=shown.token)


def test_the_nearest_time_asks_too(by_night, into_the_change, desk):
    day, (_, second) = into_the_change(forward=False)
    both = moments_at(day, dt.time(1, 30), by_night.zone)
    with time_machine.travel(day - dt.timedelta(weeks=8)):
        # Four weeks after the first is the first day it may be: that of the change.
        asked = (second, second.starts_at, by_night.osei, {1: day - dt.timedelta(weeks=4)}, healing_of(second.plan))
        with pytest.raises(ComesTwice, match="comes twice"):
            _nearest(*asked, {})
        found = [_nearest(*asked, {second.pk: said}).starts_at for said in ("first", "second")]
    assert found == both


def test_the_nearest_time_refuses_one_that_the_clocks_skip(by_night, into_the_change, desk):
    day, (_, second) = into_the_change(forward=True)
    with time_machine.travel(day - dt.timedelta(weeks=8)):
        days = {1: day - dt.timedelta(weeks=4)}
        with pytest.raises(BookingRefused, match="there is no 01:30"):
            _nearest(second, second.starts_at, by_night.osei, days, healing_of(second.plan), {})


@pytest.mark.both_engines
def test_the_page_asks_which_and_the_press_moves_to_the_one_that_was_said(client, by_night, into_the_change, desk):
    day, (first, second) = into_the_change(forward=False)
    with time_machine.travel(day - dt.timedelta(weeks=8)):
        client.force_login(desk)
        url = reverse("sessions:move", args=[first.pk])
        typed = {"version": first.version, "day": (day - dt.timedelta(weeks=5)).isoformat(), "time": "01:30"}
        page = client.post(url, typed).content.decode()
        assert f'name="which-{second.pk}"' in page
        assert "Show it with this time" in page
        typed[f"which-{second.pk}"] = "second"
        shown = client.post(url, typed)
        (way,) = [way for way in shown.context["ways"] if way.name == SHIFT]
        assert "after the clocks go back" in shown.content.decode()
        assert f'<input type="hidden" name="which-{second.pk}" value="second">' in shown.content.decode()
        assert client.post(url, {**typed, "way": f"shift:{way.token}"}).status_code == 302
    second.refresh_from_db()
    assert second.starts_at == moments_at(day, dt.time(1, 30), by_night.zone)[1]
