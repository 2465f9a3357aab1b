"""A booking that was just made is taken back with one press: for three minutes, and while nothing hangs on it."""

import datetime as dt
import re
import threading

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking, Hold
from sessions.services import booking as door
from sessions.services import visit_status, visit_steps
from sessions.services.booking import UNDO
from sessions.services.course import book_course
from sessions.services.course_dates import propose_course
from sessions.services.refusals import NotNow
from sessions.services.taking_back import take_back

from .test_booking_course import TEN, slots_of
from .test_calendar_views import asked_by, at

pytestmark = pytest.mark.django_db

NEW = {
    "new-surname": "Caller",
    "new-given": "Ada",
    "new-phone": "07700 900418",
    "new-birth_day": "1",
    "new-birth_month": "2",
    "new-birth_year": "1990",
}


@pytest.fixture
def browser(client, desk):
    client.force_login(desk)
    return client


@pytest.fixture
def nine(diary, client, desk, monkeypatch):
    """Nine o'clock on a Monday, at the desk; `diary.monday()` is this day."""
    day = diary.monday()
    monkeypatch.setattr(diary, "monday", lambda: day)
    with time_machine.travel(diary.at(day, 9), tick=True):
        client.force_login(desk)
        yield


@pytest.fixture
def course(diary, plan, desk):
    proposed = propose_course(plan, first_day=diary.monday(), time=TEN, clinician=diary.osei)
    return book_course(plan, slots=slots_of(proposed), by=desk, request_key=diary.key())


def as_made(visits):
    return [(visit, visit.version) for visit in visits]


def undo_on(page: str) -> tuple[str, dict]:
    """The way back beside the words of what was done, on a page."""
    form = re.search(r'<form method="post" action="([^"]+)" data-until="180">(.*?)<button', page, re.DOTALL)
    return form[1], dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[2]))


def new(diary, patient=None, **fields):
    who = {"patient": str(patient.number)} if patient else NEW
    day = diary.monday()
    return {"request_key": diary.key(), "kind": "review", "day": day.isoformat(), "time": "10:00", **who, **fields}


# The rule


def test_its_time_is_free_again_and_it_says_why_it_is_gone(diary, book, desk):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    (gone,) = take_back(as_made([visit]), by=desk)
    assert (gone.status, gone.cancel_reason) == ("cancelled", "Taken back right after booking")
    assert not Hold.objects.filter(is_live=True).exists()
    (again,) = take_back(as_made([visit]), by=desk)
    assert again.version == gone.version


def test_a_course_is_taken_back_whole(course, desk):
    assert {gone.status for gone in take_back(as_made(course), by=desk)} == {"cancelled"}
    assert not Booking.objects.live().exists()


def test_a_course_of_which_something_became_stands_whole(diary, course, desk):
    door.move(course[2], starts_at=course[2].starts_at + dt.timedelta(hours=1), by=desk)
    with pytest.raises(NotNow, match=r"Session 3 of 4, .* has been changed since it was booked: moved, by June Park at"):
        take_back(as_made(course), by=desk)
    assert Booking.objects.live().count() == 5


@pytest.mark.parametrize(
    ("step", "words"),
    [(visit_status.arrive, "marked as here"), (visit_steps.say_late, "said to be late"), (visit_status.in_room, "in the room")],
)
def test_what_has_become_of_it_is_said_and_stays(nine, diary, book, desk, step, words):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    step(visit, by=desk, **({"minutes": 20} if step is visit_steps.say_late else {}))
    with pytest.raises(NotNow, match=words):
        take_back(as_made([visit]), by=desk)
    visit.refresh_from_db()
    assert visit.is_live


@pytest.mark.parametrize(("after", "goes"), [(UNDO - dt.timedelta(seconds=5), True), (UNDO + dt.timedelta(seconds=5), False)])
def test_it_can_be_taken_back_for_three_minutes(diary, book, desk, after, goes):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    with time_machine.travel(visit.created_at + after, tick=False):
        if goes:
            take_back(as_made([visit]), by=desk)
        else:
            with pytest.raises(NotNow, match=r"more than 3\s+minutes ago"):
                take_back(as_made([visit]), by=desk)


def at_once(*actions) -> list[str]:
    """What becomes of *actions* begun at the same moment: done, or the name of what refused it."""
    together, said = threading.Barrier(len(actions)), []

    def tries(action):
        try:
            together.wait(10)
            action()
            said.append("done")
        except Exception as refused:
            said.append(type(refused).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=tries, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_taken_back_and_made_longer_at_once_one_of_the_two_holds(diary, make_patient, desk):
    for n in range(4):
        start = diary.at(diary.monday(), 9 + n)
        visit = door.book(patient=make_patient(), kind="review", starts_at=start, by=desk, request_key=diary.key())
        said = at_once(
            lambda v=visit: take_back([(v, v.version)], by=desk), lambda v=visit: door.resize(v, minutes=45, by=desk, version=v.version)
        )
        assert said.count("done") == 1, said
        visit.refresh_from_db()
        assert visit.is_live == (visit.ends_at - visit.starts_at == dt.timedelta(minutes=45))


def test_the_control_where_no_version_is_counted_both_would_hold(diary, book, desk, monkeypatch):
    monkeypatch.setattr(Booking, "claim", lambda booking, expected: None)
    visit = book(diary.at(diary.monday(), 10), kind="review")
    door.resize(visit, minutes=45, by=desk, version=visit.version)
    (gone,) = take_back([(visit, visit.version)], by=desk)
    assert gone.status == "cancelled"


# The screens


def test_a_new_booking_on_its_page(browser, diary, patient):
    page = browser.post(reverse("sessions:book"), new(diary, patient), follow=True).content.decode()
    address, fields = undo_on(page)
    after = browser.post(address, fields, follow=True).content.decode()
    assert "Not booked: " in after
    assert not Booking.objects.live().exists()


def test_a_new_booking_in_the_drawer_and_the_caller_stays_registered(browser, diary):
    here = asked_by(at(diary.monday()), "drawer")
    answer = browser.post(reverse("sessions:book"), new(diary), headers=here)
    undo = answer.context["toast"].undo
    back = browser.post(undo.url, undo.fields, headers=asked_by(at(diary.monday()), "toasts"))
    assert back.status_code == 200
    assert back.context["toast"].undo is None
    assert not Booking.objects.live().exists()
    assert Patient.objects.filter(surname="Caller").exists()


def test_after_the_booking_somebody_marked_it_as_here_and_the_drawer_says_so(nine, client, diary, patient, desk):
    here = at(diary.monday())
    answer = client.post(reverse("sessions:book"), new(diary, patient), headers=asked_by(here, "drawer"))
    undo = answer.context["toast"].undo
    visit_status.arrive(Booking.objects.get(), by=desk)
    back = client.post(undo.url, undo.fields, headers=asked_by(here, "toasts"))
    assert back.status_code == 409
    assert back["HX-Retarget"] == "#drawer"
    assert "marked as here, by June Park at 09:00" in back.content.decode()
    assert Booking.objects.live().count() == 1


def test_a_walk_in(nine, client, diary, patient):
    sent = {"request_key": diary.key(), "kind": "consultation", "patient": str(patient.number)}
    page = client.post(reverse("sessions:walk_in"), sent, follow=True).content.decode()
    assert Booking.objects.get().status == "arrived"
    client.post(*undo_on(page))
    assert Booking.objects.get().status == "cancelled"


def test_a_second_press_that_finds_it_changed_offers_no_way_back(browser, diary, patient, desk):
    sent = new(diary, patient)
    browser.post(reverse("sessions:book"), sent, follow=True)
    door.resize(Booking.objects.get(), minutes=45, by=desk)
    page = browser.post(reverse("sessions:book"), sent, follow=True).content.decode()
    assert "Booked: " in page
    assert "data-until" not in page


def book_the_course(browser, plan, diary, **headers):
    address = reverse("sessions:book_course", args=[plan.patient.number, plan.number])
    slots = {
        f"shown-{s.number}": f"{s.starts_at.isoformat()}/{s.clinician.pk}"
        for s in slots_of(propose_course(plan, first_day=diary.monday(), time=TEN))
    }
    return browser.post(address, {"book": "1", "request_key": diary.key(), **slots}, **headers)


def test_a_course_on_its_page(browser, diary, plan):
    page = browser.get(book_the_course(browser, plan, diary).url).content.decode()
    address, fields = undo_on(page)
    after = browser.post(address, fields, follow=True)
    assert "5 visits are taken back" in after.content.decode()
    assert "Book 4 sessions and review" in after.content.decode()
    assert not Booking.objects.live().exists()


@pytest.mark.parametrize("open_still", [True, False])
def test_a_course_in_the_drawer(browser, diary, plan, open_still):
    opened = f"course-{plan.patient.number}-{plan.number}"
    answer = book_the_course(browser, plan, diary, headers=asked_by(at(diary.monday(), open=opened), "drawer"))
    undo = answer.context["toast"].undo
    where = at(diary.monday(), **({"open": opened} if open_still else {}))
    back = browser.post(undo.url, undo.fields, headers=asked_by(where, "toasts"))
    assert back.status_code == 200
    assert ("HX-Retarget" in back) == open_still  # the dates are shown again where they were looked at
    assert not Booking.objects.live().exists()


def test_a_course_of_which_a_visit_was_moved_is_refused_in_words(browser, diary, plan, desk):
    answer = book_the_course(browser, plan, diary, headers=asked_by(at(diary.monday()), "drawer"))
    undo = answer.context["toast"].undo
    visit_status.cancel(Booking.objects.get(session_number=2), reason="Ill", by=desk)
    back = browser.post(undo.url, undo.fields, headers=asked_by(at(diary.monday()), "toasts"))
    assert back.status_code == 409
    assert "Nothing was taken back" in back.content.decode()
    assert "Session 2 of 4" in back.content.decode()
    assert Booking.objects.live().count() == 4


@pytest.mark.parametrize("sent", ["", "999999/1", "x/1", "{pk}/-1", "{pk}", "{pk}/99999999999"])
def test_an_undo_that_no_page_of_ours_sent_is_not_found(browser, diary, plan, make_patient, make_plan, desk, sent):
    other = make_plan(make_patient())
    proposed = propose_course(other, first_day=diary.monday(), time=TEN)
    made = book_course(other, slots=slots_of(proposed), by=desk, request_key=diary.key())
    address = reverse("sessions:book_course", args=[plan.patient.number, plan.number])
    assert browser.post(address, {"undone": sent.format(pk=made[0].pk)}).status_code == 404
    assert browser.post(address, {"undone": f"{made[0].pk}/1"}).status_code == 404  # of another plan
    assert Booking.objects.live().count() == 5
    assert TreatmentPlan.objects.count() == 2
