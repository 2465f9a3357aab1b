"""The planned calls of a day: when they are due, that they move with the session, and when they are done."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from events.services import check_ins, script
from sessions.models import Booking, TreatmentSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(desk):
    def tasks(day=None, today=None):
        today = today or timezone.localdate()
        return check_ins.tasks_of(desk, script.in_force(), day or today, today=today)

    return tasks


def names(tasks):
    return [(task.check_in.id, task.is_done) for task in tasks]


@pytest.mark.parametrize(
    ("days", "depth", "due"),
    [
        (1, "1.5", ["day_1"]),
        (1, "0.5", []),  # the call of the next day is for medium and deep alone
        (3, "0.5", ["day_3"]),
        (7, "2", ["day_7"]),
        (7, "1.5", ["day_3"]),  # four days late
        (9, "1.5", []),
        (4, "0.5", ["day_3"]),  # nobody rang yesterday
        (20, "2", []),
    ],
)
def test_a_call_is_due_on_its_day_after_its_depth(session_of, listed, days, depth, due):
    session_of(days=days, zones=(("cheeks", depth),))
    assert [task.check_in.id for task in listed()] == due


@pytest.mark.both_engines
def test_a_call_that_reached_the_patient_is_done_and_tries_are_counted(session_of, listed, rung):
    session = session_of(days=3)
    rung(session, outcome="no_answer", check_in="day_3", key="a")
    rung(session, outcome="message", check_in="day_3", key="b")
    (task,) = listed()  # that of the first day was never made, and this one has taken its place
    assert (task.tries, task.last_try, task.is_done) == (2, "Asked to ring us", False)
    rung(session, check_in="day_3", key="c")
    assert names(listed()) == [("day_3", True)]


def test_who_wants_no_call_is_not_rung_again(session_of, listed, rung):
    session = session_of(days=3, zones=(("cheeks", "0.5"),))
    rung(session, outcome="declined", check_in="day_3")
    assert names(listed()) == [("day_3", True)]


def test_who_was_asked_everything_since_is_not_rung_again(session_of, listed, rung):
    session = session_of(days=3, zones=(("cheeks", "0.5"),))
    rung(session, outcome="message")  # a try that was not planned counts for nothing
    assert [(task.tries, task.is_done) for task in listed()] == [(0, False)]
    rung(session, key="rang-us")
    assert names(listed()) == [("day_3", True)]


def test_a_record_closed_without_treatment_plans_no_call(session_of, listed):
    from audit import guards

    session = session_of(days=3)
    with guards.suspended():
        TreatmentSession.objects.filter(pk=session.pk).update(status="closed", closed_reason="Went home")
    assert listed() == []


class TestComing:
    @pytest.fixture
    def visit(self, session_of, clinician, site):
        """A session booked in two days, by a plan of a medium depth."""
        done = session_of(days=60)
        starts = timezone.now() + dt.timedelta(days=2)
        return Booking.objects.create(
            site=site, patient=done.patient, plan=done.plan, kind="session", session_number=2, starts_at=starts,
            ends_at=starts + dt.timedelta(minutes=50), clinician=done.booking.clinician, created_by=clinician, request_key="coming",
        )  # fmt: skip

    def on(self, listed, days):
        return [task.check_in.id for task in listed(day=timezone.localdate() + dt.timedelta(days=days))]

    @pytest.mark.both_engines
    def test_the_calls_after_a_booked_session_are_listed_and_move_with_it(self, visit, listed):
        assert self.on(listed, 3) == ["day_1"]
        assert self.on(listed, 5) == ["day_3"]
        Booking.objects.filter(pk=visit.pk).update(
            starts_at=visit.starts_at + dt.timedelta(days=1), ends_at=visit.ends_at + dt.timedelta(days=1)
        )
        assert self.on(listed, 3) == []
        assert self.on(listed, 4) == ["day_1"]
        assert self.on(listed, 6) == ["day_3"]

    @pytest.mark.parametrize("status", ["cancelled", "missed"])
    def test_they_go_with_it(self, visit, listed, status):
        Booking.objects.filter(pk=visit.pk).update(status=status)
        assert self.on(listed, 3) == []

    def test_a_visit_that_nobody_marked_plans_none(self, visit, listed):
        past = timezone.now() - dt.timedelta(days=3)
        Booking.objects.filter(pk=visit.pk).update(starts_at=past, ends_at=past + dt.timedelta(minutes=50))
        assert listed() == []


@pytest.mark.both_engines
def test_the_list_is_one_query_however_many(session_of, listed, django_assert_num_queries, desk):
    session_of()
    in_force, today = script.in_force(), timezone.localdate()
    with django_assert_num_queries(2):  # whom the person reaches, and the list
        check_ins.tasks_of(desk, in_force, today, today=today)
    for _ in range(3):
        session_of()
    with django_assert_num_queries(1):
        assert len(check_ins.tasks_of(desk, in_force, today, today=today)) == 4


class TestOnScreen:
    def test_the_day_is_listed_with_the_number_to_ring(self, client, desk, session_of):
        session = session_of(days=3, surname="Quillfeather")
        client.force_login(desk)
        page = client.get(reverse("events:calls")).content.decode()
        assert "QUILLFEATHER" in page
        assert f"{reverse('events:call', args=[session.patient.number])}?session={session.pk}&amp;check_in=day_3" in page

    def test_today_counts_them(self, client, desk, session_of):
        session_of(days=3, zones=(("cheeks", "0.5"),))
        client.force_login(desk)
        page = client.get(reverse("clinic:today")).content.decode()
        assert "1 follow-up call to make" in page

    @pytest.mark.parametrize("day", ["", "soon", "2026-02-30", "0001-01-01", "9999-12-31"])
    def test_a_day_that_is_none_is_answered(self, client, desk, session_of, day):
        client.force_login(desk)
        assert client.get(reverse("events:calls"), {"day": day}).status_code == 200

    def test_without_planned_calls_it_says_who_can_add_them(self, client, desk, site):
        client.force_login(desk)
        page = client.get(reverse("events:calls")).content.decode()
        assert "plans no calls" in page

    def test_the_sessions_of_another_site_are_not_listed(self, client, make_user, session_of):
        from accounts.models import Site

        session_of(days=3, surname="Quillfeather")
        stranger = make_user("ada", "front_desk")
        stranger.sites.set([Site.objects.create(name="Birch", slug="birch", time_zone="Europe/London")])
        client.force_login(stranger)
        assert "QUILLFEATHER" not in client.get(reverse("events:calls")).content.decode()
