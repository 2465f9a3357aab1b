"""What is offered can be booked: free times and the reply to a clash keep to the healing gap and to the order of a plan's visits."""

import datetime as dt

import pytest
from django.urls import reverse

from sessions.models import NumbingTime
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.hours import local_day
from sessions.services.refusals import SlotTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(book, plan, diary):
    """Session 1 of four, on a Monday at 10; four weeks are the shortest wait."""
    return book(diary.at(diary.monday(2), 10), plan=plan)


@pytest.fixture
def free(client, diary, patient, plan):
    def free(user, day, kind="session"):
        client.force_login(user)
        sent = {"patient": patient.number, "kind": kind, "plan": plan.number, "day": day.isoformat(), "clinician": diary.osei.pk}
        return client.post(reverse("sessions:free_times"), sent)

    return free


def booked_by_press(client, html: str, user, patient, plan, kind="session"):
    """The first time that is offered, pressed."""
    slot = html.partition('name="slot" value="')[2].partition('"')[0]
    client.force_login(user)
    key = "6f2f6c0e-6f0e-4b3c-9a38-0a4e3b1f6d10"
    sent = {"patient": patient.number, "kind": kind, "plan": plan.number, "request_key": key, "slot": slot}
    return client.post(reverse("sessions:book"), sent)


def test_no_time_is_offered_before_the_healing_gap_is_over_and_the_next_is_named(client, free, first, desk, diary, patient, plan):
    answer = free(desk, diary.monday(3))
    html = answer.content.decode()
    allowed = diary.monday(6)
    assert f"Session 2 may be from Mon {allowed:%-d}" in html.replace("\xa0", " ")
    assert f'value="{diary.monday(3).isoformat()}T' not in html
    assert f'value="{allowed.isoformat()}T09:00' in html
    assert booked_by_press(client, html, desk, patient, plan).status_code == 302


@pytest.mark.both_engines
def test_the_soonest_times_are_counted_from_the_first_day_that_is_allowed(client, free, first, desk, diary, patient, plan):
    client.force_login(desk)
    sent = {"patient": patient.number, "kind": "session", "plan": plan.number, "day": diary.monday(3).isoformat()}
    asks = {"HX-Request": "true", "HX-Target": "free", "HX-Current-URL": "http://testserver/calendar/"}
    drawn = client.post(reverse("sessions:free_times"), sent, headers=asks).content.decode()
    soonest = drawn.partition("<h2>Soonest</h2>")[2].partition("<h2>")[0]
    assert f'value="{diary.monday(6).isoformat()}T09:00' in soonest
    assert 'value="' in soonest
    assert all(part[:10] >= diary.monday(6).isoformat() for part in soonest.split('name="slot" value="')[1:])


def test_whoever_may_say_why_it_is_sooner_sees_the_day_and_the_sentence(free, first, clinician, diary):
    html = free(clinician, diary.monday(3)).content.decode()
    assert f'value="{diary.monday(3).isoformat()}T09:00' in html
    assert "Session 2 may be from Mon" in html


def test_a_late_session_is_offered_as_the_door_lets_it_in(free, first, desk, diary):
    late = diary.monday(14)
    assert f'value="{late.isoformat()}T09:00' in free(desk, late).content.decode()


def test_a_review_is_offered_after_the_last_session_and_a_session_before_the_review(client, free, first, desk, diary, book, plan, patient):
    html = free(desk, diary.monday(2), kind="review").content.decode()
    assert f"The review may be from Tue {diary.monday(2) + dt.timedelta(days=1):%-d}" in html.replace("\xa0", " ")
    assert booked_by_press(client, html, desk, patient, plan, kind="review").status_code == 302
    html = free(desk, diary.monday(7)).content.decode()
    assert "because of what is booked after it. For a later day, move that first." in html
    assert 'name="slot"' not in html


def test_where_all_sessions_are_booked_that_is_said_and_nothing_is_offered(free, first, book, desk, diary, plan):
    for weeks in (6, 10, 14):
        book(diary.at(diary.monday(weeks), 10), plan=plan)
    html = free(desk, diary.monday(15)).content.decode()
    assert "All 4 sessions of plan 1 are booked." in html
    assert 'name="slot"' not in html


def test_the_length_that_is_named_is_that_of_the_plans_numbing(client, desk, diary, site, patient, make_plan):
    NumbingTime.objects.create(site=site, product="Strong cream", minutes=45)
    plan = make_plan(patient, numbing="Strong cream")
    client.force_login(desk)
    sent = {"patient": patient.number, "kind": "session", "plan": plan.number, "day": diary.monday().isoformat()}
    assert "105\xa0min: numbing\xa045" in client.post(reverse("sessions:free_times"), sent).content.decode()


def test_a_visit_that_cannot_come_back_is_offered_no_day_before_its_healing_gap(first, book, diary, plan, desk, make_patient, make_plan):
    at = diary.at(diary.monday(6), 10)
    second = book(at, plan=plan)
    visit_status.cancel(second, reason="Patient asked", by=desk)
    other = make_patient(surname="Quick")
    taking = make_plan(other)
    book(at, patient=other, plan=taking)
    early = diary.at(diary.monday(6) - dt.timedelta(days=3), 9)
    assert diary.osei  # free on the Friday before, which would be too soon
    with pytest.raises(SlotTaken) as refused:
        door.reinstate(second, by=desk)
    assert refused.value.nearest
    assert all(slot.starts_at > early + dt.timedelta(days=1) for slot in refused.value.nearest)


def test_a_review_that_clashes_is_offered_no_day_before_the_last_session(first, book, diary, plan, desk, make_patient):
    tuesday = diary.at(diary.monday(2) + dt.timedelta(days=1), 9)
    for hour in range(8):
        book(tuesday + dt.timedelta(hours=hour), patient=make_patient(surname=f"Full{hour}"), kind="consultation", room=diary.room2)
    with pytest.raises(SlotTaken) as refused:
        book(tuesday, plan=plan, kind="review")
    assert refused.value.nearest
    assert all(local_day(slot.starts_at, diary.zone) > diary.monday(2) for slot in refused.value.nearest)
