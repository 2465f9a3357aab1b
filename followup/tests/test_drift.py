"""The board of courses that drift: which, in what order, and what is done about each."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from followup.services import drift
from followup.services.drift import Kind
from patients.models import Patient
from sessions.models import Booking
from sessions.services import healing
from sessions.views.calendar_to_place import to_place

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(diary, make_plan, make_patient, clinician):
    """course(sessions done, weeks since the last, next_in=weeks from today, review=...): usual 4, at most 8 weeks between."""

    def visit(plan, number, at, status, kind="session"):
        return Booking.objects.create(
            site=plan.patient.site,
            patient=plan.patient,
            plan=plan,
            kind=kind,
            session_number=number,
            status=status,
            starts_at=at,
            ends_at=at + dt.timedelta(minutes=60),
            clinician=diary.osei,
            created_by=clinician,
            request_key=diary.key(),
        )

    def make(done, ago, *, next_in=None, review=None, sessions=4, patient=None, **fields):
        plan = make_plan(patient or make_patient(surname=f"Done{done}Ago{ago}"), sessions=sessions, weeks=(4, 4, 8), **fields)
        now = timezone.now()
        for number in range(1, done + 1):
            visit(plan, number, now - dt.timedelta(weeks=ago + 5 * (done - number)), "done")
        if next_in is not None:
            visit(plan, done + 1, now + dt.timedelta(weeks=next_in), "booked")
        if review is not None:
            visit(plan, None, now + dt.timedelta(weeks=review), "booked", kind="review")
        return plan

    return make


def kinds(desk, site) -> list[tuple[int, str]]:
    return [(one.plan, str(one.kind)) for one in drift.board(desk, site)]


def test_each_course_stands_where_it_belongs_the_latest_first(course, desk, site):
    latest = course(1, 12)
    ideal = course(2, 6)
    unfinished = course(1, 2)
    booked_too_late = course(1, 3, next_in=7)
    review = course(4, 9)
    course(1, 3, next_in=2)  # goes on
    course(0, 0)  # not begun: it is on the list of courses to place
    course(4, 9, review=1)  # its review is booked
    course(4, 2, review_days=0)  # names no review
    assert kinds(desk, site) == [
        (latest.pk, "latest"),
        (booked_too_late.pk, "latest"),
        (review.pk, "review"),
        (ideal.pk, "ideal"),
        (unfinished.pk, "unfinished"),
    ]


@pytest.mark.parametrize(("days", "kind"), [(28, Kind.UNFINISHED), (29, Kind.PAST_IDEAL), (56, Kind.PAST_IDEAL), (57, Kind.PAST_LATEST)])
def test_a_day_makes_the_difference(days, kind):
    assert drift._kind(days, 4, 8, is_booked=False) == kind


def test_what_is_booked_is_late_only_past_the_longest_wait():
    assert [drift._kind(days, 4, 8, is_booked=True) for days in (28, 56, 57)] == [None, None, Kind.PAST_LATEST]


def test_a_missed_or_cancelled_next_session_is_none(course, desk, site):
    plan = course(1, 5, next_in=1)
    assert kinds(desk, site) == []
    for status in ("cancelled", "missed"):
        plan.bookings.filter(session_number=2).update(status=status)
        assert kinds(desk, site) == [(plan.pk, "ideal")]


@pytest.mark.parametrize("status", ["booked", "arrived"])
def test_a_visit_that_is_over_and_that_nobody_marked_is_not_booked_next(course, desk, site, status):
    plan = course(1, 12, next_in=-7)
    reviewed = course(4, 9, review=-2)
    Booking.objects.filter(starts_at__gt=timezone.now() - dt.timedelta(weeks=8), status="booked").update(status=status)
    assert kinds(desk, site) == [(plan.pk, "latest"), (reviewed.pk, "review")]
    (line, _) = drift.lines(desk, drift.board(desk, site), site)
    assert line.next_at is None
    (row,) = drift.with_lateness(type(plan).objects.filter(pk=plan.pk), timezone.now()).values("is_booked")
    assert row == {"is_booked": False}


def test_of_a_session_that_nobody_marked_the_board_says_so_first_and_leads_to_it(client, course, desk, site):
    plan = course(1, 12, next_in=-7)
    visit = plan.bookings.get(session_number=2)
    (line,) = drift.lines(desk, drift.board(desk, site), site)
    assert line.words.startswith("session 2 of ")
    assert " is over and not marked; " in line.words
    client.force_login(desk)
    page = client.get(reverse("followup:drift")).content.decode()
    assert reverse("sessions:booking", args=[visit.pk]) in page
    assert "Say what came of it" in page


@pytest.mark.parametrize(("hours", "drifts"), [(3, False), (11, False), (13, True)])
def test_a_session_of_today_drifts_only_where_nobody_marks_it_by_the_evening(course, desk, site, hours, drifts):
    plan = course(1, 9)
    ended = timezone.now() - dt.timedelta(hours=hours)
    visit = course(1, 9, next_in=0).bookings.get(session_number=2)
    Booking.objects.filter(pk=visit.pk).update(plan=plan, patient=plan.patient, starts_at=ended - dt.timedelta(hours=1), ends_at=ended)
    of_plan = [kind for pk, kind in kinds(desk, site) if pk == plan.pk]
    assert of_plan == ["latest"]  # nine weeks with eight allowed, whichever way
    (row,) = drift.with_lateness(type(plan).objects.filter(pk=plan.pk), timezone.now()).values("is_booked")
    assert row == {"is_booked": not drifts}
    (placed,) = [one.placed for one in to_place(desk, site) if one.pk == plan.pk]
    assert placed == (1 if drifts else 2)
    within = course(1, 5)
    Booking.objects.filter(pk=visit.pk).update(plan=within, patient=within.patient)
    assert [kind for pk, kind in kinds(desk, site) if pk == within.pk] == (["ideal"] if drifts else [])


def test_the_control_while_it_goes_on_it_is_the_next(course, desk, site):
    plan = course(1, 6, next_in=0)
    assert plan.bookings.get(session_number=2).starts_at <= timezone.now()
    assert kinds(desk, site) == []


@pytest.mark.parametrize("status", ["stopped", "superseded", "completed"])
def test_a_plan_that_is_no_longer_in_force_does_not_drift(course, desk, site, status):
    from audit import guards

    plan = course(1, 12)
    with guards.suspended():
        type(plan).objects.filter(pk=plan.pk).update(status=status)
    assert kinds(desk, site) == []


def test_a_course_that_still_heals_is_not_called_late(course, desk, site, monkeypatch):
    """The plan's weeks say late; what was really done says eight to twelve weeks. The row follows the one rule, and says why."""
    plan = course(1, 9, patient=None)
    other = course(1, 20, patient=plan.patient, number=2)  # in other skin or not: the rule is asked
    raised = healing.Weeks(8, 10, 12, "Session 1 went to 2 mm on the cheeks")
    monkeypatch.setattr(drift, "healing_of", lambda one: healing.Healing(one, raised))
    courses = drift.board(desk, site)
    assert {one.kind for one in courses} == {Kind.PAST_LATEST}
    shown = {line.plan.pk: line for line in drift.lines(desk, courses, site)}
    assert shown[plan.pk].kind == Kind.UNFINISHED
    assert "Session 1 went to 2" in shown[plan.pk].words
    assert shown[other.pk].kind == Kind.PAST_LATEST


def test_the_control_by_the_plans_weeks_alone_it_would_be_called_late(course, desk, site, monkeypatch):
    plan = course(1, 9)
    course(1, 20, patient=plan.patient, number=2)
    monkeypatch.setattr(drift, "_by_the_rule", lambda plan, course, today, zone: (course.kind, course.late, ""))
    shown = {line.plan.pk: line.kind for line in drift.lines(desk, drift.board(desk, site), site)}
    assert shown[plan.pk] == Kind.PAST_LATEST


def test_another_sites_courses_are_not_there(course, desk, site, make_user):
    course(1, 12)
    birch = Site.objects.create(name="Birch", slug="birch")
    stranger = make_user("ada", "front_desk")
    stranger.sites.set([birch])
    assert drift.board(stranger, site) == []
    assert drift.board(stranger, birch) == []
    assert Patient.objects.exists()


def test_the_board_leads_to_what_is_to_be_done(client, course, desk):
    late, review = course(1, 12), course(4, 9)
    client.force_login(desk)
    page = client.get(reverse("followup:drift")).content.decode()
    assert "Past the longest wait" in page
    assert "8 weeks past the usual wait" in page.lower()
    assert reverse("sessions:book_course", args=[late.patient.number, late.number]) in page
    assert f"{reverse('sessions:book')}?patient={review.patient.number}&amp;kind=review&amp;plan={review.number}" in page


def test_the_filter_shows_one_kind_and_counts_all(client, course, desk):
    course(1, 12)
    course(2, 6)
    client.force_login(desk)
    page = client.get(reverse("followup:drift"), {"kind": "ideal"}).content.decode()
    assert "Done2Ago6".upper() in page
    assert "Done1Ago12".upper() not in page
    assert client.get(reverse("followup:drift"), {"kind": "nonsense", "page": "x", "site": "nowhere"}).status_code == 200


def test_queries_do_not_grow_with_the_courses(client, course, desk, django_assert_max_num_queries):
    for n in range(30):
        course(1, 5 + n)
    client.force_login(desk)
    client.get(reverse("followup:drift"))
    with django_assert_max_num_queries(16):
        page = client.get(reverse("followup:drift")).content.decode()
    assert page.count("Book the next session") == 25
    assert "Page 1 of 2" in page


def test_nothing_drifts(client, desk):
    client.force_login(desk)
    assert "goes on as planned" in client.get(reverse("followup:drift")).content.decode()
