"""A course whose longest wait is over: what drifts is what the desk rings about, so there is always a way on."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from sessions.models import Booking
from sessions.services.course import Slot, book_course
from sessions.services.course_dates import propose_course
from sessions.services.course_move import NEAREST, preview_move
from sessions.services.hours import local_day
from sessions.services.refusals import GapRefused, SlotTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def overdue(plan, diary, clinician):
    """The first of four sessions twelve weeks ago; the plan allows four to eight."""
    at = timezone.now() - dt.timedelta(weeks=12)
    Booking.objects.create(
        site=plan.patient.site,
        patient=plan.patient,
        plan=plan,
        kind="session",
        session_number=1,
        status="done",
        starts_at=at,
        ends_at=at + dt.timedelta(minutes=60),
        clinician=diary.osei,
        created_by=clinician,
        request_key=diary.key(),
    )
    return plan


@pytest.fixture
def proposed(overdue, diary):
    return propose_course(overdue, first_day=diary.monday(), time=dt.time(10))


def test_it_goes_on_from_the_day_that_is_asked_for_and_the_sentence_says_how_late_that_is(proposed, diary):
    days = [local_day(line.slot.starts_at, diary.zone) for line in proposed.to_book]
    assert days[:3] == [diary.monday() + dt.timedelta(weeks=weeks) for weeks in (0, 4, 8)]
    assert proposed.is_bookable
    assert not proposed.is_within_plan
    assert proposed.sentence.startswith("Session 2 is 1")
    assert proposed.sentence.endswith("The plan allows 4 to 8\u00a0weeks.")


@pytest.mark.both_engines
def test_it_is_booked_with_one_press(client, desk, overdue, proposed):
    client.force_login(desk)
    shown = {f"shown-{line.number}": f"{line.slot.starts_at.isoformat()}/{line.slot.clinician.pk}" for line in proposed.to_book}
    url = reverse("sessions:book_course", args=[overdue.patient.number, overdue.number])
    answer = client.post(url, {"book": "1", "request_key": "late-1", **shown})
    assert answer.status_code == 302
    assert Booking.objects.live().filter(plan=overdue).count() == 5  # four sessions and the review


def test_the_sessions_after_it_are_still_kept_within_the_plans_weeks(overdue, proposed, desk, diary):
    slots = [Slot(line.number, line.slot.starts_at, line.slot.clinician) for line in proposed.to_book]
    slots[2] = Slot(slots[2].number, slots[2].starts_at + dt.timedelta(weeks=8), slots[2].clinician)
    slots[3] = Slot(slots[3].number, slots[3].starts_at + dt.timedelta(weeks=16), slots[3].clinician)
    with pytest.raises(GapRefused, match="Session 4 is 12 weeks after session 3"):
        book_course(overdue, slots=slots, by=desk, request_key="late-2")
    assert Booking.objects.filter(plan=overdue).count() == 1


def test_one_that_is_not_overdue_yet_may_not_be_put_off_past_the_longest_wait(overdue, proposed, desk):
    Booking.objects.filter(plan=overdue).update(
        starts_at=timezone.now() - dt.timedelta(weeks=7), ends_at=timezone.now() - dt.timedelta(weeks=6, days=6, hours=12)
    )
    slots = [Slot(line.number, line.slot.starts_at + dt.timedelta(weeks=4), line.slot.clinician) for line in proposed.to_book]
    with pytest.raises(GapRefused, match="Session 2 is 1"):
        book_course(overdue, slots=slots, by=desk, request_key="late-3")


@pytest.mark.both_engines
def test_the_loser_of_a_place_sees_the_nearest_free_times(overdue, book, diary, make_patient, make_plan):
    taken = diary.at(diary.monday(), 10)
    other = make_patient(surname="First")
    book(taken, patient=other, plan=make_plan(other))
    with pytest.raises(SlotTaken) as refused:
        book(taken, plan=overdue)
    assert refused.value.nearest


def test_a_session_that_is_moved_onto_a_taken_time_is_offered_the_nearest(overdue, book, diary, make_patient, make_plan, desk):
    taken = diary.at(diary.monday(), 10)
    other = make_patient(surname="First")
    book(taken, patient=other, plan=make_plan(other))
    visit = book(diary.at(diary.monday(2), 10), plan=overdue)
    nearest = next(way for way in preview_move(visit, starts_at=taken, by=desk) if way.name == NEAREST)
    assert not nearest.problem
    assert local_day(nearest.steps[0].to.starts_at, diary.zone) == diary.monday()
