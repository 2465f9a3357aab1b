"""Moving a session of a course on the screen: what becomes of the later ones is shown first, pressed once, and taken back as a whole."""

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from sessions.models import Booking
from sessions.services import booking as door
from sessions.services.course import Slot, book_course
from sessions.services.hours import same_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, desk):
    client.force_login(desk)
    return client


@pytest.fixture
def course(diary, plan, desk):
    """Four sessions at ten o'clock, four weeks apart, and the review."""
    start = diary.at(diary.monday(), 10)
    slots = [Slot(n + 1, same_clock(start, 28 * n, diary.zone), diary.osei) for n in range(4)]
    slots.append(Slot(0, same_clock(start, 28 * 4, diary.zone), diary.osei))
    return book_course(plan, slots=slots, by=desk, request_key="course")


def standing():
    return list(Booking.objects.order_by("starts_at", "pk").values_list("pk", "starts_at", "clinician", "room", "device"))


def calendar(day: dt.date, target: str) -> dict:
    url = "http://testserver" + reverse("sessions:day_on", args=[day.isoformat()])
    return {"HX-Request": "true", "HX-Current-URL": url, "HX-Target": target}


def ask(browser, diary, visit, days: int, *, headers=None, **changes):
    wanted = same_clock(visit.starts_at, days, diary.zone).astimezone(diary.zone)
    data = {"version": visit.version, "day": wanted.date().isoformat(), "time": f"{wanted:%H:%M}", **changes}
    return browser.post(reverse("sessions:move", args=[visit.pk]), data, headers=headers or {})


def press(browser, answer, name: str, *, headers=None, **changes):
    """Press the button of one way, with all that its form holds."""
    text = answer.content.decode().partition('class="ways')[2].partition("</form>")[0]
    fields = {}
    for piece in text.split("<input")[1:]:
        tag = piece.partition(">")[0]
        if 'name="' in tag:
            fields[tag.partition('name="')[2].partition('"')[0]] = tag.partition('value="')[2].partition('"')[0]
    fields.pop("csrfmiddlewaretoken", None)
    way = next(way for way in answer.context["ways"] if way.name == name)
    url = reverse("sessions:move", args=[answer.context["booking"].pk])
    return browser.post(url, {**fields, "way": f"{name}:{way.token}", **changes}, headers=headers or {})


def test_a_move_to_another_day_shows_each_way_with_every_old_and_new_day_and_moves_nothing(browser, diary, course):
    before = standing()
    answer = ask(browser, diary, course[1], 7)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert standing() == before
    assert [way.name for way in answer.context["ways"]] == ["keep", "shift", "nearest"]
    assert "move session 3 first" in text
    assert "All gaps are 4 to 5\xa0weeks. The plan allows 4 to 8\xa0weeks." in text
    assert "Move 4 visits" in text
    assert "No other day fits between the sessions before and after it." in text
    shift = answer.context["ways"][1]
    assert [(row.booking.pk, row.will) for row in shift.rows] == [
        (row.pk, same_clock(row.starts_at, 7, diary.zone) if row in course[1:] else None) for row in course
    ]
    assert "<html" in text  # a page of its own where no script runs


def test_the_later_ones_move_along_with_one_press_and_come_back_with_one(browser, diary, course):
    before = standing()
    moved = press(browser, ask(browser, diary, course[1], 7), "shift", headers=calendar(diary.monday(), "drawer"))
    assert moved.status_code == 200
    assert "3 later visits moved along." in moved.content.decode()
    assert [at for _, at, *_ in standing()] == [
        course[0].starts_at, *(same_clock(row.starts_at, 7, diary.zone) for row in course[1:])
    ]  # fmt: skip
    undo = moved.context["toast"].undo
    back = browser.post(undo.url, undo.fields, headers=calendar(diary.monday(), "toasts"))
    assert back.status_code == 200
    assert standing() == before
    assert AuditEvent.objects.filter(action="booking.moved").count() == 8
    assert AuditEvent.objects.filter(action="booking.viewed", object_pk=str(course[1].pk)).count() == 1


def test_the_way_back_does_nothing_once_one_of_them_was_changed_since(browser, diary, course, desk):
    moved = press(browser, ask(browser, diary, course[1], 7), "shift", headers=calendar(diary.monday(), "drawer"))
    third = Booking.objects.with_names().select_related("site").get(pk=course[2].pk)
    door.move(third, starts_at=third.starts_at + dt.timedelta(hours=2), by=desk)
    before = standing()
    undo = moved.context["toast"].undo
    assert browser.post(undo.url, undo.fields, headers=calendar(diary.monday(), "toasts")).status_code == 409
    assert standing() == before


@pytest.mark.parametrize("sent", ["", "1", "x/1/2026-01-01/1//", "{pk}/1/never/{who}//", "{other}/1/2030-01-07T10:00:00+00:00/{who}//"])
def test_a_way_back_that_no_page_of_ours_wrote_is_nowhere(browser, diary, course, make_patient, book, sent):
    other = book(diary.at(diary.monday(), 14), kind="review", patient=make_patient())
    before = standing()
    back = sent.format(pk=course[1].pk, other=other.pk, who=diary.osei.pk) or "/"
    reply = browser.post(reverse("sessions:move", args=[course[1].pk]), {"back": back})
    assert reply.status_code == 404
    assert standing() == before


@pytest.mark.parametrize("target", ["toasts", "drawer"])
def test_dragged_or_from_the_drawer_the_question_stands_in_the_drawer(browser, diary, course, target):
    answer = ask(browser, diary, course[1], 7, headers=calendar(diary.monday(), target))
    assert answer.status_code == 200
    assert ("HX-Retarget" in answer) == (target == "toasts")
    assert "diaryChanged" not in answer.get("HX-Trigger", "")
    assert "The later visits of this course" in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "words"), [({"day": "2020-01-06"}, "must begin in the future"), ({"time": "10:07"}, "steps of 5 minutes")]
)
def test_a_time_that_is_none_is_refused_at_its_field_and_nothing_is_asked(browser, diary, course, change, words):
    answer = ask(browser, diary, course[1], 7, **change)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "ways" not in answer.context


def test_on_the_same_day_nothing_is_asked(browser, diary, course):
    answer = ask(browser, diary, course[1], 0, time="14:00")
    assert answer.status_code == 302
    course[1].refresh_from_db()
    assert course[1].starts_at.astimezone(diary.zone).hour == 14


def test_what_is_no_longer_possible_as_shown_is_shown_anew_and_not_done(browser, diary, course, desk):
    shown = ask(browser, diary, course[1], 7)
    last = Booking.objects.with_names().select_related("site").get(pk=course[3].pk)
    door.move(last, starts_at=same_clock(last.starts_at, 1, diary.zone), by=desk)
    before = standing()
    answer = press(browser, shown, "shift")
    assert answer.status_code == 409
    assert "The diary has changed since this was shown" in answer.content.decode()
    assert standing() == before
    assert press(browser, answer, "shift").status_code == 302


def test_the_last_session_too_near_is_refused_with_the_nearest_day_to_press(browser, diary, plan, book):
    day = diary.monday()
    book(diary.at(day, 10), plan=plan)
    second = book(diary.at(day + dt.timedelta(days=35), 10), plan=plan)
    answer = ask(browser, diary, second, -14)
    assert answer.status_code == 422
    (way,) = answer.context["ways"]
    assert way.button.startswith("Move to ")
    assert press(browser, answer, "nearest").status_code == 302
    second.refresh_from_db()
    assert second.starts_at == diary.at(day + dt.timedelta(days=28), 10)


def test_sooner_with_a_reason_the_later_ones_move_along(client, clinician, browser, diary, course):
    assert "Why it may be sooner" not in ask(browser, diary, course[1], -7).content.decode()
    client.force_login(clinician)
    asked = ask(client, diary, course[1], -7)
    assert "Why it may be sooner" in asked.content.decode()
    shown = ask(client, diary, course[1], -7, gap_reason="Skin seen and healed")
    assert press(client, shown, "shift").status_code == 302
    assert [row.gap_reason for row in Booking.objects.order_by("starts_at")] == ["", "Skin seen and healed", "", "", ""]


def test_a_place_that_is_taken_is_said_in_the_preview(browser, diary, course, book, make_patient):
    day = same_clock(course[1].starts_at, 7, diary.zone)
    book(day + dt.timedelta(minutes=30), kind="review", patient=make_patient(), room=diary.room2)
    shift = next(way for way in ask(browser, diary, course[1], 7).context["ways"] if way.name == "shift")
    assert shift.problem.startswith("Dr Amara Osei is taken at 10:00")


def test_the_plans_page_leads_to_the_move_of_each_visit(browser, plan, clinician, course):
    from sessions.plan_section import visits

    labels = dict(visits(plan, clinician).links)
    assert labels["Move session 2 of 4"] == reverse("sessions:booking", args=[course[1].pk]) + "#move-h"
    assert 'id="move-h"' in browser.get(labels["Move session 2 of 4"]).content.decode()
