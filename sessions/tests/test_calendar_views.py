"""The calendar over HTTP: its parts, its address, its polls, and the one way by which a visit moves."""

import datetime as dt
import json
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from sessions.models import Booking, Hold, Resource, ResourceHours
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.hours import moments_at

from .clock_changes import coming

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, desk):
    client.force_login(desk)
    return client


@pytest.fixture
def today_visit(diary, desk, patient):
    """A consultation that began a while ago, on the clinic's today."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - dt.timedelta(minutes=30)
    visit = Booking.objects.create(
        site=diary.site, patient=patient, kind="consultation", starts_at=start, ends_at=start + dt.timedelta(minutes=30),
        clinician=diary.osei, created_by=desk, request_key=diary.key(),
    )  # fmt: skip
    Hold.objects.create(booking=visit, resource=diary.osei, subject=f"r{diary.osei.pk}", starts_at=visit.starts_at, ends_at=visit.ends_at)
    return visit


def at(day, **query) -> str:
    return reverse("sessions:day_on", args=[day.isoformat()]) + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def asked_by(address: str, target: str) -> dict:
    """Headers of what the calendar under *address* asks for."""
    return {"HX-Request": "true", "HX-Target": target, "HX-Current-URL": f"http://testserver{address}"}


# Drawing


@pytest.mark.parametrize("view", ["day", "week", "list"])
@pytest.mark.parametrize("by", ["people", "rooms", "devices"])
def test_each_view_shows_the_visit(browser, diary, book, plan, view, by):
    book(diary.at(diary.monday(), 10), plan=plan)
    page = browser.get(at(diary.monday(), view=view, by=by))
    assert page.status_code == 200
    assert "RAHMAN, Nadia" in page.content.decode()
    assert "style=" not in page.content.decode()


def fill(diary, make_patient, desk, *, clinicians: int, visits: int) -> dt.date:
    """A day of *clinicians* with *visits*, one after the other, written past the door: only drawing it is measured."""
    day = diary.monday()
    people = [Resource.objects.create(site=diary.site, kind="clinician", name=f"Clinician {n:02}") for n in range(clinicians)]
    rooms = [Resource.objects.create(site=diary.site, kind="room", name=f"Room {n + 3}") for n in range(clinicians)]
    ResourceHours.objects.bulk_create(
        ResourceHours(resource=r, weekday=day.weekday(), opens=dt.time(8), closes=dt.time(20)) for r in (*people, *rooms)
    )
    start = diary.at(day, 8)
    patients = [make_patient(f"Surname{n}") for n in range(min(visits, 40))]
    rows, holds = [], []
    for n in range(visits):
        who, begins = n % clinicians, start + dt.timedelta(minutes=60 * (n // clinicians))
        rows.append(
            Booking(
                site=diary.site,
                patient=patients[n % len(patients)],
                kind="review",
                starts_at=begins,
                ends_at=begins + dt.timedelta(minutes=45),
                clinician=people[who],
                room=rooms[who],
                created_by=desk,
                request_key=diary.key(),
            )
        )
    Booking.objects.bulk_create(rows)
    for row in rows:
        for resource in (row.clinician, row.room):
            times = {"starts_at": row.starts_at, "ends_at": row.ends_at}
            holds.append(Hold(booking=row, resource=resource, subject=f"r{resource.pk}", segment="visit", **times))
    Hold.objects.bulk_create(holds)
    return day


@pytest.mark.parametrize(("clinicians", "visits"), [(2, 6), (24, 250)])
@pytest.mark.parametrize("view", ["day", "list"])
def test_a_day_takes_at_most_twelve_queries_whatever_its_size(
    browser, diary, make_patient, desk, django_assert_max_num_queries, clinicians, visits, view
):
    day = fill(diary, make_patient, desk, clinicians=clinicians, visits=visits)
    with django_assert_max_num_queries(12):
        page = browser.get(at(day, view=view))
    assert page.content.decode().count("data-visit=") == visits


def test_an_empty_day_says_so_in_the_list_and_offers_a_booking(browser, diary):
    text = browser.get(at(diary.monday(), view="list")).content.decode()
    assert "Nothing is booked on this day." in text
    assert reverse("sessions:book") in text


def test_day_columns_and_filters_stay_in_every_way_on(browser, diary, book):
    book(diary.at(diary.monday(), 10), kind="review")
    text = browser.get(at(diary.monday(), by="rooms", view="day", show=diary.room1.pk, open=7)).content.decode()
    after = (diary.monday() + dt.timedelta(days=1)).isoformat()
    assert f"/calendar/{after}/?by=rooms&amp;view=day&amp;show={diary.room1.pk}&amp;open=7" in text
    assert text.count('class="cl"') == 1


# The drawer


def test_a_visit_opens_in_the_drawer_under_an_address_that_shows_it_again(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    here = at(diary.monday(), by="rooms")
    part = browser.get(reverse("sessions:booking", args=[visit.pk]), headers=asked_by(here, "drawer"))
    assert "<html" not in part.content.decode()
    assert part["HX-Push-Url"] == f"{here}&open={visit.pk}"
    page = browser.get(part["HX-Push-Url"]).content.decode()
    assert f'hx-get="{reverse("sessions:booking", args=[visit.pk])}"' in page
    # Asked for again under that very address it is no new step for "back".
    again = browser.get(reverse("sessions:booking", args=[visit.pk]), headers=asked_by(part["HX-Push-Url"], "drawer"))
    assert "HX-Push-Url" not in again


def test_a_free_gap_opens_the_form_filled_in(browser, diary):
    here = at(diary.monday())
    address = f"{reverse('sessions:book')}?day={diary.monday().isoformat()}&time=11:30&clinician={diary.osei.pk}"
    part = browser.get(address, headers=asked_by(here, "drawer"))
    form = part.context["form"]
    assert (form["time"].value(), str(form["clinician"].value())) == ("11:30", str(diary.osei.pk))
    opened = parse_qs(urlsplit(part["HX-Push-Url"]).query)
    assert opened["open"] == ["new"]
    assert opened["time"] == ["11:30"]


def test_free_times_over_four_weeks_for_a_named_clinician_or_anyone(browser, diary):
    diary.osei.hours.exclude(weekday=2).delete()
    typed = {"kind": "consultation", "day": diary.monday().isoformat(), "time": "", "clinician": diary.osei.pk}
    part = browser.post(reverse("sessions:free_times"), typed, headers=asked_by(at(diary.monday()), "free"))
    assert {slot.starts_at.weekday() for slot in part.context["soonest"]} == {2}
    anyone = browser.post(reverse("sessions:free_times"), {**typed, "clinician": ""}, headers=asked_by(at(diary.monday()), "free"))
    assert anyone.context["soonest"][0].starts_at.astimezone(diary.zone).date() == diary.monday()


def test_a_booking_made_in_the_drawer_stands_there_and_the_columns_are_told(browser, diary, patient):
    import uuid

    typed = {
        "request_key": str(uuid.uuid4()), "patient": patient.number, "kind": "consultation", "plan": "", "note": "", "device": "",
        "clinician": diary.osei.pk, "room": diary.room1.pk, "day": diary.monday().isoformat(), "time": "10:00",
    }  # fmt: skip
    part = browser.post(reverse("sessions:book"), typed, headers=asked_by(at(diary.monday()), "drawer"))
    made = Booking.objects.get()
    assert part.status_code == 200
    assert json.loads(part["HX-Trigger"])["diaryChanged"] == {"visit": made.pk}
    assert f"open={made.pk}" in part["HX-Push-Url"]
    wrong = browser.post(reverse("sessions:book"), {**typed, "time": ""}, headers=asked_by(at(diary.monday()), "drawer"))
    assert wrong.status_code == 422
    assert "Enter the time" in wrong.content.decode()


def test_the_course_opens_in_the_drawer_and_is_booked_there(browser, diary, plan, patient):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    part = browser.get(address, headers=asked_by(at(diary.monday()), "drawer"))
    assert f"open=course-{patient.number}-{plan.number}" in part["HX-Push-Url"]
    lines = part.context["course"].lines
    shown = {f"shown-{line.number}": f"{line.starts_at.astimezone(diary.zone):%Y-%m-%dT%H:%M}/{line.slot.clinician.pk}" for line in lines}
    form = part.context["form"]
    data = {name: form[name].value() for name in ("first_day", "time", "clinician")}
    booked = browser.post(
        address, {**data, **shown, "book": "1", "request_key": "a course"}, headers=asked_by(at(diary.monday()), "drawer")
    )
    assert booked.status_code == 200
    assert Booking.objects.filter(plan=plan, kind="session").count() == 4
    assert "diaryChanged" in booked["HX-Trigger"]


def test_courses_to_place_are_listed_beside_the_calendar_and_as_a_page(browser, diary, make_plan, patient, book):
    address = reverse("sessions:to_place")
    assert "Every session of every plan in force is booked." in browser.get(address).content.decode()
    plan = make_plan(patient)
    assert "4 of 4 sessions to book" in browser.get(address).content.decode()
    book(diary.at(diary.monday(), 10), plan=plan)
    part = browser.get(address, headers=asked_by(at(diary.monday()), "drawer"))
    assert "3 of 4 sessions to book" in part.content.decode()
    assert part["HX-Push-Url"].endswith("open=place")
    assert f'hx-get="{address}"' in browser.get(part["HX-Push-Url"]).content.decode()


def test_a_session_that_is_over_and_that_nobody_marked_does_not_count_as_placed(browser, diary, make_plan, patient, book):
    address, plan = reverse("sessions:to_place"), make_plan(patient)
    visit = book(diary.at(diary.monday(), 10), plan=plan)
    assert "3 of 4 sessions to book" in browser.get(address).content.decode()
    with time_machine.travel(visit.ends_at, tick=False):
        browser.force_login(visit.created_by)
        assert "3 of 4 sessions to book" in browser.get(address).content.decode()  # until the evening somebody may say so still
    with time_machine.travel(visit.ends_at + dt.timedelta(hours=12, minutes=1), tick=False):
        browser.force_login(visit.created_by)
        assert "4 of 4 sessions to book" in browser.get(address).content.decode()
        course = browser.get(reverse("sessions:book_course", args=[patient.number, plan.number]))
        assert course.context["course"].lines[0].state == "unmarked"
        assert "Over, not marked" in course.content.decode()
        assert f'<a href="{reverse("sessions:booking", args=[visit.pk])}">Say what came of it</a>' in course.content.decode()
        Booking.objects.filter(pk=visit.pk).update(status="done")
        assert "3 of 4 sessions to book" in browser.get(address).content.decode()


def test_a_part_is_answered_only_to_the_calendar(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    page = browser.get(reverse("sessions:booking", args=[visit.pk]), headers=asked_by("/today/", "drawer"))
    assert "<html" in page.content.decode()


# Moving


def move(browser, visit, here, target="toasts", **changes):
    data = {"version": visit.version, **changes}
    return browser.post(reverse("sessions:move", args=[visit.pk]), data, headers=asked_by(here, target))


def test_a_dragged_visit_says_only_what_changes(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), day=diary.monday().isoformat(), time="11:15", clinician=diary.berg.pk)
    visit.refresh_from_db()
    assert answer.status_code == 200
    assert (visit.starts_at, visit.clinician, visit.room) == (diary.at(diary.monday(), 11, 15), diary.berg, diary.room1)
    assert json.loads(answer["HX-Trigger"])["diaryChanged"] == {"visit": visit.pk}
    assert "HX-Push-Url" not in answer


def test_a_move_is_undone_by_the_same_door(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), time="11:15", clinician=diary.berg.pk, room=diary.room2.pk)
    undo = answer.context["toast"].undo
    back = browser.post(undo.url, undo.fields, headers=asked_by(at(diary.monday()), "toasts"))
    visit.refresh_from_db()
    assert (visit.starts_at, visit.clinician, visit.room) == (diary.at(diary.monday(), 10), diary.osei, diary.room1)
    assert back.context["toast"].undo is None
    assert AuditEvent.objects.filter(action="booking.moved", object_pk=str(visit.pk)).count() == 2


@pytest.fixture
def by_night(diary):
    """Somebody works through the night of a Sunday, in which the clocks change."""
    for one in (diary.osei, diary.room1):
        ResourceHours.objects.create(resource=one, weekday=6, opens=dt.time(0), closes=dt.time(12))
    return diary


def test_dragged_to_a_time_that_does_not_exist_it_is_refused_in_words(browser, by_night, book):
    day = coming(forward=True)
    visit = book(by_night.at(day, 10), kind="review")
    answer = move(browser, visit, at(day, view="week"), day=day.isoformat(), time="01:30")
    assert answer.status_code == 422
    assert "There is no 01:30 on" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == by_night.at(day, 10)


def test_dragged_to_a_time_that_comes_twice_it_is_asked_which(browser, by_night, book):
    day = coming(forward=False)
    visit = book(by_night.at(day, 10), kind="review")
    answer = move(browser, visit, at(day, view="week"), day=day.isoformat(), time="01:30")
    assert answer.status_code == 422
    assert "01:30 comes twice on" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == by_night.at(day, 10)


@pytest.mark.parametrize("second", [False, True])
def test_what_only_gets_longer_stays_where_it_begins_also_in_the_hour_that_comes_twice(browser, by_night, book, second):
    day = coming(forward=False)
    starts_at = moments_at(day, dt.time(1, 30), by_night.zone)[second]
    visit = book(starts_at, kind="review")
    assert move(browser, visit, at(day, view="week"), minutes="35").status_code == 200
    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (starts_at, starts_at + dt.timedelta(minutes=35))


def test_a_place_that_is_taken_is_409_in_the_drawer_with_the_two_next_best(browser, diary, book, make_patient):
    book(diary.at(diary.monday(), 11), kind="review", patient=make_patient())
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), time="11:00")
    visit.refresh_from_db()
    assert answer.status_code == 409
    assert visit.starts_at == diary.at(diary.monday(), 10)
    assert answer["HX-Retarget"] == "#drawer"
    text = answer.content.decode()
    assert text.count('name="slot"') == 2
    # Pressing one of them moves it there, with the room that is free then.
    slot = text.partition('name="slot" value="')[2].partition('"')[0]
    again = move(browser, visit, at(diary.monday()), target="drawer", slot=slot)
    assert again.status_code == 200
    visit.refresh_from_db()
    assert visit.starts_at != diary.at(diary.monday(), 10)


def test_a_dragged_visit_takes_another_room_where_only_its_own_is_taken(browser, diary, book, make_patient):
    day = diary.monday()
    book(diary.at(day, 11), kind="review", patient=make_patient(), clinician=diary.berg)
    visit = book(diary.at(day, 10), kind="review")
    answer = move(browser, visit, at(day), day=day.isoformat(), time="11:00", clinician=diary.osei.pk)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.clinician, visit.room) == (diary.at(day, 11), diary.osei, diary.room2)
    assert "In Room 2, because Room 1 is taken then." in answer.content.decode()
    # Who names the room, in the form or by putting it into that column, gets that one or none.
    back = move(browser, visit, at(day), time="11:00", room=diary.room1.pk)
    assert back.status_code == 409


def test_sooner_than_the_healing_gap_takes_a_named_reason_of_somebody_who_may_say_so(client, browser, clinician, diary, book, plan):
    day = diary.monday()
    first, second = book(diary.at(day, 10), plan=plan), book(diary.at(day + dt.timedelta(days=28), 10), plan=plan)
    assert first.session_number == 1
    near = {"day": (day + dt.timedelta(days=21)).isoformat(), "time": "10:00"}
    refused = move(browser, second, at(day), **near)
    assert refused.status_code == 422
    assert "Why it may be sooner" not in refused.content.decode()  # the desk may not say so
    client.force_login(clinician)
    asked = move(client, second, at(day), **near)
    assert (asked.status_code, "Why it may be sooner" in asked.content.decode()) == (422, True)
    moved = move(client, second, at(day), gap_reason="Skin looked at today", **near)
    second.refresh_from_db()
    assert moved.status_code == 200
    assert (second.starts_at, second.gap_reason) == (diary.at(day + dt.timedelta(days=21), 10), "Skin looked at today")
    assert second.gap_by == clinician


@pytest.mark.parametrize("target", ["drawer", ""])
def test_a_visit_that_is_too_soon_now_comes_back_with_a_named_reason(client, desk, clinician, diary, book, plan, target):
    day = diary.monday()
    first, second = book(diary.at(day, 10), plan=plan), book(diary.at(day + dt.timedelta(days=28), 10), plan=plan)
    visit_status.cancel(second, reason="Ill", by=desk)
    door.move(first, starts_at=diary.at(day + dt.timedelta(days=7), 10), by=desk)
    headers = asked_by(at(day), target) if target else {}

    def bring_back(**data):
        second.refresh_from_db()
        reply = client.post(reverse("sessions:step", args=[second.pk, "bring-back"]), {"version": second.version, **data}, headers=headers)
        second.refresh_from_db()
        return reply

    client.force_login(desk)
    refused = bring_back(gap_reason="Because")
    assert (refused.status_code, second.status) == (409, "cancelled")
    assert "may book it sooner" in refused.content.decode()
    assert "Bring it back with this reason" not in refused.content.decode()
    client.force_login(clinician)
    asked = bring_back()
    assert (asked.status_code, "Bring it back with this reason" in asked.content.decode()) == (409, True)
    too_long = bring_back(gap_reason="x" * 301)
    assert too_long.status_code == 422
    assert "must be 300 letters or fewer" in too_long.content.decode()
    assert "x" * 301 in too_long.content.decode()  # what was typed comes back
    assert bring_back(gap_reason="Skin looked at today").status_code in (200, 302)
    assert (second.status, second.gap_reason, second.gap_by) == ("booked", "Skin looked at today", clinician)


def test_a_place_outside_the_hours_is_422_in_the_drawer(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), time="20:00")
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#drawer"
    assert "is there 09:00 to 17:00" in answer.content.decode()


def test_an_old_version_is_409_with_who_changed_it(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    move(browser, visit, at(diary.monday()), time="11:00")
    answer = move(browser, visit, at(diary.monday()), time="12:00")
    assert answer.status_code == 409
    assert "Changed" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == diary.at(diary.monday(), 11)


def test_a_length_changes_by_the_same_way_alone_or_with_the_place(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), minutes=45)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (diary.at(diary.monday(), 10), diary.at(diary.monday(), 10, 45))
    undo = answer.context["toast"].undo
    browser.post(undo.url, undo.fields, headers=asked_by(at(diary.monday()), "toasts"))
    visit.refresh_from_db()
    assert visit.ends_at == diary.at(diary.monday(), 10, 30)
    move(browser, visit, at(diary.monday()), time="11:00", minutes=60)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (diary.at(diary.monday(), 11), diary.at(diary.monday(), 12))


def test_a_length_that_does_not_fit_leaves_the_place_as_it_was_too(browser, diary, book, make_patient):
    book(diary.at(diary.monday(), 12), kind="review", patient=make_patient())
    visit = book(diary.at(diary.monday(), 10), kind="review")
    answer = move(browser, visit, at(diary.monday()), time="11:30", minutes=60)
    assert answer.status_code == 409
    wrong = move(browser, visit, at(diary.monday()), minutes=0)
    assert wrong.status_code == 422
    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (diary.at(diary.monday(), 10), diary.at(diary.monday(), 10, 30))


def test_arrived_is_one_press_with_a_way_back(browser, today_visit):
    here = reverse("sessions:day")
    answer = browser.post(reverse("sessions:arrive", args=[today_visit.pk]), {"version": 1}, headers=asked_by(here, "toasts"))
    today_visit.refresh_from_db()
    assert today_visit.status == "arrived"
    undo = answer.context["toast"].undo
    browser.post(undo.url, undo.fields, headers=asked_by(here, "toasts"))
    today_visit.refresh_from_db()
    assert today_visit.status == "booked"


def test_a_cancelled_visit_comes_back_by_undo(browser, diary, book):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    data = {"version": visit.version, "reason": "Patient asked"}
    answer = browser.post(reverse("sessions:cancel", args=[visit.pk]), data, headers=asked_by(at(diary.monday()), "drawer"))
    undo = answer.context["toast"].undo
    browser.post(undo.url, undo.fields, headers=asked_by(at(diary.monday()), "toasts"))
    visit.refresh_from_db()
    assert visit.status == "booked"


# Kinds of visit


def test_the_kinds_asked_for_in_the_list_hold_in_the_day_and_the_week_and_on_other_days(browser, diary, book, make_patient):
    book(diary.at(diary.monday(), 9), kind="consultation", patient=make_patient(surname="Asked"))
    book(diary.at(diary.monday(), 10), kind="review", patient=make_patient(surname="Other"))
    listed = browser.get(at(diary.monday(), view="list", kind="consultation"))
    assert "ASKED" in listed.content.decode()
    assert "OTHER" not in listed.content.decode()
    links = [url for _, _, url in listed.context["shapes"]] + [listed.context["after"], listed.context["before"]]
    assert all("kind=consultation" in url for url in links)
    for shape in ("day", "week"):
        page = browser.get(at(diary.monday(), view=shape, kind="consultation", show=str(diary.osei.pk)))
        text = page.content.decode()
        blocks = {b.who: b.other for column in page.context["grid"].columns for b in column.blocks if b.look == "visit"}
        assert blocks == {"ASKED, Chidi": False, "OTHER, Chidi": True}
        assert '<span class="tag caut">1<span class="vh"> kind: Consultation</span></span>' in text
        assert '<input type="hidden" name="kind" value="consultation">' in text  # another day is gone to with it
        assert 'name="kind" value="consultation" checked' in text


def test_other_kinds_keep_their_time_taken(browser, diary, book):
    book(diary.at(diary.monday(), 10), kind="review")
    page = browser.get(at(diary.monday(), kind="consultation"))
    (column,) = (c for c in page.context["grid"].columns if c.resource == diary.osei)
    assert next((b.starts, b.ends) for b in column.blocks if b.look == "free") == ("09:00", "10:00")


@pytest.mark.parametrize("shape", ["day", "list", "week"])
def test_show_all_means_all_without_a_script_too(browser, diary, shape):
    page = browser.get(at(diary.monday(), view=shape, kind="review", show=str(diary.berg.pk), all="1"))
    assert page.context["address"].kinds == ()
    assert page.context["address"].show == ((diary.berg.pk,) if shape == "week" else ())


# Refreshing


def test_a_poll_brings_nothing_until_something_changes(browser, diary, book, desk):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    page = browser.get(at(diary.monday()))
    seen = page.context["seen"]
    rows = AuditEvent.objects.count()
    again = browser.get(at(diary.monday(), poll=1, seen=seen))
    assert again.status_code == 204
    assert again["X-Clinic-Time"]
    assert AuditEvent.objects.count() == rows  # the same visits looked at for longer
    move(browser, visit, at(diary.monday()), time="11:00")
    news = browser.get(at(diary.monday(), poll=1, seen=seen))
    assert news.status_code == 200
    assert "<html" not in news.content.decode()
    assert AuditEvent.objects.filter(action="calendar.viewed", detail__news=True).count() == 1


def test_a_poll_is_no_sign_of_life(browser, diary):
    from accounts.desk.standing import last_touched

    page = browser.get(at(diary.monday(), poll=1, seen=""))
    assert last_touched(page.wsgi_request, timezone.now()) is None
    assert last_touched(browser.get(at(diary.monday())).wsgi_request, timezone.now()) is not None


def test_another_room_by_another_hand_and_what_closes_are_news(browser, diary, book, desk):
    """The columns of people name the room, and draw what is closed: both came only once something else changed."""
    visit = book(diary.at(diary.monday(), 10), kind="review")
    other = next(room for room in Resource.objects.at(diary.site).filter(kind="room") if room.pk != visit.room_id)
    page = browser.get(at(diary.monday()))
    door.move(visit, starts_at=visit.starts_at, clinician=visit.clinician, room=other, by=desk, version=visit.version)
    news = browser.get(at(diary.monday(), poll=1, seen=page.context["seen"]))
    assert news.status_code == 200
    assert f'data-version="{visit.version + 1}"' in news.content.decode()
    seen = news.context["seen"]
    assert browser.get(at(diary.monday(), poll=1, seen=seen)).status_code == 204
    diary.berg.absences.create(starts_at=diary.at(diary.monday(), 13), ends_at=diary.at(diary.monday(), 15), reason="Training")
    assert "Training" in browser.get(at(diary.monday(), poll=1, seen=seen)).content.decode()


def poll_of(visit, drawer) -> dict:
    return {"poll": "1", "seen": str(visit.version), "after": str(drawer.context["last_step"])}


def test_an_open_drawer_learns_what_another_person_did_with_the_visit(browser, diary, book, make_user):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    ravi = make_user("ravi", "front_desk", first_name="Ravi", last_name="Shah")
    where, address = reverse("sessions:booking", args=[visit.pk]), at(diary.monday())
    drawer = browser.get(where, headers=asked_by(address, "drawer"))
    asked = poll_of(visit, drawer)
    rows = AuditEvent.objects.count()
    assert f'data-version="{visit.version}" data-after="{asked["after"]}"' in drawer.content.decode()
    assert browser.get(where, asked).status_code == 204
    assert AuditEvent.objects.count() == rows  # nothing new was shown
    moved = door.move(
        visit, starts_at=diary.at(diary.monday(), 14, 30), clinician=visit.clinician, room=visit.room, by=ravi, version=visit.version
    )
    news = browser.get(where, asked)
    assert "<b>Moved by Ravi Shah</b> to 14:30" in news.content.decode()
    assert f'data-version="{moved.version}"' in news.content.decode()
    assert AuditEvent.objects.filter(action="booking.viewed", detail__news=True).count() == 1
    assert browser.get(where, asked | {"seen": str(moved.version)}).status_code == 204
    moved = door.move(
        moved, starts_at=diary.at(diary.monday(), 11) + dt.timedelta(days=1), clinician=diary.berg, by=ravi, version=moved.version
    )
    visit_status.cancel(moved, reason="Patient asked", by=ravi)
    text = browser.get(where, asked).content.decode()
    words = f"to {diary.monday() + dt.timedelta(days=1):%a}"
    assert text.count("Moved by Ravi Shah") == 2
    assert (words in text, f", 11:00, with {diary.berg}" in text, "<b>Cancelled by Ravi Shah</b>" in text) == (True, True, True)


@pytest.mark.parametrize(
    "sent", [{}, {"seen": "x", "after": "-1"}, {"seen": "9" * 18, "after": "9" * 18}, {"seen": "9" * 40, "after": "٣"}]
)
def test_whatever_the_drawer_says_it_has_seen_it_is_answered(browser, diary, book, sent):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    assert browser.get(reverse("sessions:booking", args=[visit.pk]), {"poll": "1", **sent}).status_code == 200


def test_an_undo_that_is_refused_takes_away_what_was_said_before_it(browser, diary, book, make_patient):
    visit = book(diary.at(diary.monday(), 10), kind="consultation")
    data = {"version": visit.version, "reason": "Patient asked"}
    said = browser.post(reverse("sessions:cancel", args=[visit.pk]), data, headers=asked_by(at(diary.monday()), "drawer"))
    assert "Its time is free again." in said.content.decode()
    assert '<input type="hidden" name="of_toast" value="1">' in said.content.decode()
    book(diary.at(diary.monday(), 10), patient=make_patient(), kind="consultation")
    undo = said.context["toast"].undo
    back = browser.post(undo.url, {**undo.fields, "of_toast": "1"}, headers=asked_by(at(diary.monday()), "toasts"))
    assert (back.status_code, back["HX-Retarget"]) == (409, "#drawer")
    assert '<div id="toasts" hx-swap-oob="innerHTML"></div>' in back.content.decode()
    # What is refused beside the columns leaves the way back of something else alone.
    other = move(browser, visit, at(diary.monday()), time="20:00")
    assert "hx-swap-oob" not in other.content.decode()
