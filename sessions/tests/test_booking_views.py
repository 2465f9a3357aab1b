"""The screens of the diary over HTTP: what they answer, what they keep, what they say."""

import datetime as dt
import html
import re
import uuid
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from accounts.models import Site
from audit.models import AuditEvent
from patients.models import Patient
from sessions.forms.booking import read_clock, read_day
from sessions.models import Absence, Booking, Resource, ResourceHours
from sessions.services import visit_status
from sessions.services.hours import moments_at

from .clock_changes import coming
from .conftest import LONDON

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, desk):
    client.force_login(desk)
    return client


@pytest.fixture
def typed(diary, patient):
    """What a whole form for a session-free visit sends."""

    def make(**changes):
        data = {
            "request_key": str(uuid.uuid4()),
            "patient": patient.number,
            "kind": "consultation",
            "plan": "",
            "clinician": diary.osei.pk,
            "day": diary.monday().isoformat(),
            "time": "10:00",
            "room": diary.room1.pk,
            "device": "",
            "note": "Prefers mornings",
        }
        return {name: value for name, value in {**data, **changes}.items() if value is not None}

    return make


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("1530", dt.time(15, 30)),
        ("15:30", dt.time(15, 30)),
        ("15.30", dt.time(15, 30)),
        ("3.30pm", dt.time(15, 30)),
        ("3:30 p.m.", dt.time(15, 30)),
        ("3pm", dt.time(15)),
        ("12am", dt.time(0)),
        ("12pm", dt.time(12)),
        ("9", dt.time(9)),
        ("930", dt.time(9, 30)),
        ("25:00", None),
        ("10:60", None),
        ("13pm", None),
        ("soon", None),
        ("10-30", None),
    ],
)
def test_a_typed_time_is_read_or_refused(text, clock):
    assert read_clock(text) == clock


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-24", dt.date(2026, 11, 24)),
        ("24 Nov 2026", dt.date(2026, 11, 24)),
        ("Tue 24 November 2026", dt.date(2026, 11, 24)),
        ("24 Nov", dt.date(2026, 11, 24)),
        ("3 Jan", dt.date(2027, 1, 3)),  # the next one
        ("31 Feb 2027", None),
        ("11/12/2026", None),  # November or December: nothing is guessed
        ("tomorrow", None),
    ],
)
def test_a_typed_day_is_read_or_refused(text, day):
    assert read_day(text, dt.date(2026, 11, 22)) == day


@pytest.mark.parametrize(
    ("typed_day", "fine"), [("{:%A %-d %B %Y}", True), ("{:%a %-d %b %Y}", True), ("{:%-d %b %Y}", True), ("Fri {:%-d %b %Y}", False)]
)
def test_a_weekday_that_is_not_that_of_the_date_is_asked_about(browser, diary, typed, typed_day, fine):
    monday = diary.monday()
    answer = browser.post(reverse("sessions:book"), typed(day=typed_day.format(monday)))
    assert answer.status_code == (302 if fine else 422)
    assert Booking.objects.count() == (1 if fine else 0)
    if not fine:
        assert "is a Monday: choose the day that is meant" in answer.content.decode()


def test_a_visit_is_booked_and_shown(browser, typed, patient):
    reply = browser.post(reverse("sessions:book"), typed())
    booking = Booking.objects.get()
    assert (reply.status_code, reply["Location"]) == (302, reverse("sessions:booking", args=[booking.pk]))
    page = browser.get(reply["Location"]).content.decode()
    assert "10:00 to 10:45" in page
    assert "Prefers mornings" in page
    assert AuditEvent.objects.filter(action="booking.viewed", patient_pk=patient.pk).count() == 1


def test_the_same_form_sent_twice_books_once(browser, typed):
    data = typed()
    first, second = (browser.post(reverse("sessions:book"), data) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("change", [{"time": "14:00"}, {"note": "Prefers evenings"}, {"clinician": "berg"}])
def test_the_same_form_with_other_content_says_what_stands_and_keeps_what_was_typed(browser, typed, diary, change):
    data = typed(room="")
    browser.post(reverse("sessions:book"), data)
    change = {"clinician": diary.berg.pk} if "clinician" in change else change
    reply = browser.post(reverse("sessions:book"), {**data, **change})
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "This form was sent before and booked: Consultation" in page
    assert "10:00. It stands. What is typed here is not booked" in page
    assert reply.context["form"]["request_key"].value() != data["request_key"]
    assert all(str(reply.context["form"][name].value()) == str(value) for name, value in change.items())
    assert Booking.objects.count() == 1


def test_the_same_form_after_its_visit_was_cancelled_does_not_say_booked(browser, typed):
    data = typed()
    browser.post(reverse("sessions:book"), data)
    Booking.objects.update(status="cancelled", cancel_reason="Wish")
    reply = browser.post(reverse("sessions:book"), data)
    assert reply.status_code == 409
    assert "It is cancelled now" in reply.content.decode()
    Booking.objects.get().holds.update(is_live=False)
    fresh = {**data, "request_key": reply.context["form"]["request_key"].value()}
    assert browser.post(reverse("sessions:book"), fresh).status_code == 302
    assert Booking.objects.live().count() == 1


def test_the_same_form_with_another_new_caller_drops_nobody(browser, typed):
    data = typed(**caller())
    browser.post(reverse("sessions:book"), data)
    other = {**data, "new-surname": "Sparrow", "new-phone": "020 7946 0123"}
    reply = browser.post(reverse("sessions:book"), other)
    assert reply.status_code == 409
    assert 'value="Sparrow"' in reply.content.decode()
    assert not Patient.objects.filter(surname="Sparrow").exists()
    fresh = {**other, "request_key": reply.context["form"]["request_key"].value(), "time": "14:00"}
    assert browser.post(reverse("sessions:book"), fresh).status_code == 302
    assert Booking.objects.get(patient__surname="Sparrow").patient.phone == "020 7946 0123"


def test_a_taken_time_is_409_with_the_form_kept_and_free_times_to_press(browser, typed, make_patient):
    browser.post(reverse("sessions:book"), typed())
    other = make_patient()
    data = typed(patient=other.number)
    reply = browser.post(reverse("sessions:book"), data)
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Dr Amara Osei and Room 1 are taken at 10:00" in page
    assert 'value="Prefers mornings"' in page
    assert f'value="{data["day"]}"' in page
    slots = reply.context["taken"].nearest
    assert len(slots) == 4
    pressed = browser.post(reverse("sessions:book"), {**data, "slot": f"{_local(slots[0])}/{slots[0].clinician.pk}"})
    assert pressed.status_code == 302
    assert Booking.objects.get(patient=other).starts_at == slots[0].starts_at


def _local(slot):
    return f"{slot.starts_at.astimezone(ZoneInfo('Europe/London')):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": "08:00"}, "Dr Amara Osei is there 09:00 to 17:00 on Mondays"),
        ({"time": "half ten"}, "Time must be a time of day"),
        ({"time": ""}, "Enter the time"),
        ({"day": ""}, "Enter the day"),
        ({"day": "11/12/26"}, "Day must be a date"),
        ({"day": "2020-01-06"}, "The visit must begin in the future"),
        ({"day": "9999-01-06"}, "Choose a day in the next two years"),
        ({"time": "10:07"}, "steps of 5 minutes"),
        ({"kind": ""}, "Choose the kind of visit"),
        ({"kind": "session"}, "A session needs an accepted plan"),
        ({"clinician": "999999"}, "Choose one from the list"),
        ({"note": "x" * 301}, "300 letters or fewer"),
    ],
)
def test_wrong_input_is_422_beside_its_field_with_everything_kept(browser, typed, change, words):
    reply = browser.post(reverse("sessions:book"), typed(**change))
    page = reply.content.decode()
    assert reply.status_code == 422
    assert page.count(words) == 2  # in the summary, and beside the field
    assert 'aria-invalid="true"' in page
    assert "<title>Error: " in page
    if "note" not in change:
        assert "Prefers mornings" in page
    assert not Booking.objects.exists()


def test_an_absence_is_said_beside_the_day(browser, typed, diary):
    day = diary.monday()
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(day, 0), ends_at=diary.at(day, 23), reason="Leave")
    reply = browser.post(reverse("sessions:book"), typed())
    assert reply.status_code == 422
    assert "Dr Amara Osei is away then (Leave)" in reply.content.decode()


def test_a_session_of_a_plan_keeps_the_plans_gap_and_says_the_first_day(browser, typed, diary, plan):
    session = {"kind": "session", "plan": plan.number, "device": diary.pen.pk}
    assert browser.post(reverse("sessions:book"), typed(**session)).status_code == 302
    early = (diary.monday() + dt.timedelta(weeks=2)).isoformat()
    reply = browser.post(reverse("sessions:book"), typed(**session, day=early))
    assert reply.status_code == 422
    assert reply.context["first_day"] == diary.monday() + dt.timedelta(weeks=4)


# A caller who is new


def caller(**changes):
    return {
        "patient": "",
        "new-surname": "Quill",
        "new-given": "",
        "new-birth_day": "4",
        "new-birth_month": "3",
        "new-birth_year": "1985",
        "new-phone": "020 7946 0777",
        **changes,
    }


def test_a_new_caller_is_registered_and_booked_with_three_fields_once(browser, typed):
    data = typed(**caller())
    for _ in range(2):
        assert browser.post(reverse("sessions:book"), data).status_code == 302
    new = Patient.objects.get(surname="Quill")
    assert (new.birth_date, new.phone, new.bookings.count()) == (dt.date(1985, 3, 4), "020 7946 0777", 1)


def test_a_caller_whose_time_is_taken_is_not_registered_yet(browser, typed):
    browser.post(reverse("sessions:book"), typed())
    reply = browser.post(reverse("sessions:book"), typed(**caller()))
    assert reply.status_code == 409
    assert 'value="Quill"' in reply.content.decode()
    assert not Patient.objects.filter(surname="Quill").exists()


def test_a_caller_who_may_be_registered_is_asked_about_first(browser, typed, make_patient):
    known = make_patient("Quill", "Ada", birth_date=dt.date(1985, 3, 4))
    data = typed(**caller())
    reply = browser.post(reverse("sessions:book"), data)
    assert reply.status_code == 422
    assert "This person may be registered already" in reply.content.decode()
    assert not Booking.objects.exists()
    anyway = browser.post(reverse("sessions:book"), {**data, "new-seen": str(known.pk)})
    assert anyway.status_code == 302
    assert Patient.objects.filter(surname="Quill").count() == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"new-surname": ""}, "Enter the surname"),
        ({"new-phone": ""}, "Enter the phone number"),
        ({"new-birth_day": "", "new-birth_month": "", "new-birth_year": ""}, "Enter the date of birth"),
        ({"new-birth_year": "2999"}, "Date of birth must be in the past"),
    ],
)
def test_what_is_missing_of_a_caller_is_said(browser, typed, change, words):
    reply = browser.post(reverse("sessions:book"), typed(**caller(**change)))
    assert reply.status_code == 422
    assert reply.content.decode().count(words) == 2


def test_nobody_named_at_all_is_said(browser, typed):
    reply = browser.post(reverse("sessions:book"), typed(patient=""))
    assert reply.status_code == 422
    assert "Find the patient, or enter a new one" in reply.content.decode()


def test_looking_for_the_patient_keeps_what_was_typed(browser, typed, patient):
    reply = browser.post(reverse("sessions:book"), typed(patient="", do="find", q="rahm", time="half ten"))
    page = reply.content.decode()
    assert reply.status_code == 200
    assert f'name="choose" value="{patient.number}"' in page
    assert "half ten" in page
    chosen = browser.post(reverse("sessions:book"), typed(patient="", choose=patient.number))
    assert chosen.context["patient"] == patient
    assert not Booking.objects.exists()


def test_patients_of_other_sites_cannot_be_booked(browser, typed):
    from accounts.models import Site

    elsewhere = Site.objects.create(name="Elsewhere", slug="elsewhere")
    other = Patient.objects.create(number=777, site=elsewhere, surname="Far", birth_date=dt.date(1980, 1, 1))
    assert browser.post(reverse("sessions:book"), typed(patient=other.number)).status_code == 404


def test_free_times_are_drawn_for_what_is_typed(browser, typed, diary, book, make_patient):
    book(diary.at(diary.monday(), 9), kind="consultation", patient=make_patient())
    page = browser.post(reverse("sessions:free_times"), typed(), headers={"HX-Request": "true"}).content.decode()
    day = diary.monday().isoformat()
    assert f'value="{day}T09:45/{diary.osei.pk}"' in page
    assert f'value="{day}T09:00/' not in page


# The day


@pytest.mark.parametrize("by", ["people", "rooms", "devices"])
def test_the_day_shows_each_visit_in_its_column(browser, diary, book, by):
    book(diary.at(diary.monday(), 10))
    reply = browser.get(reverse("sessions:day_on", args=[diary.monday().isoformat()]), {"by": by})
    column = next(c for c in reply.context["grid"].columns if c.booked)
    assert column.resource == {"people": diary.osei, "rooms": diary.room1, "devices": diary.pen}[by]
    assert "RAHMAN, Nadia" in reply.content.decode()


def test_the_day_takes_as_many_queries_for_nine_visits_as_for_one(browser, diary, book, make_patient, django_assert_max_num_queries):
    address = reverse("sessions:day_on", args=[diary.monday().isoformat()])
    for hour in range(9, 17):
        book(diary.at(diary.monday(), hour), kind="review", patient=make_patient())
    with django_assert_max_num_queries(12):
        browser.get(address)


def test_cancelled_visits_leave_the_columns_and_stand_below(browser, diary, book, desk):
    from sessions.services.visit_status import cancel

    cancel(book(diary.at(diary.monday(), 10)), reason="Patient is ill", by=desk)
    reply = browser.get(reverse("sessions:day_on", args=[diary.monday().isoformat()]))
    assert not any(column.booked for column in reply.context["grid"].columns)
    assert "Patient is ill" in reply.content.decode()


def test_a_typed_day_goes_to_its_own_address(browser):
    reply = browser.get(reverse("sessions:day"), {"day": "2027-01-04", "by": "rooms"})
    assert reply["Location"] == "/calendar/2027-01-04/?by=rooms"


@pytest.mark.parametrize("date", ["2026-13-01", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_not_found(browser, diary, date):
    assert browser.get(f"/calendar/{date}/").status_code == 404


def test_every_place_of_the_day_has_its_class(settings):
    text = (settings.BASE_DIR / "static" / "css" / "calendar-rows.css").read_text()
    assert all(f".at{n}{{grid-row-start:{n + 1}}}" in text for n in range(288))
    assert all(f".for{n}{{grid-row-end:span {n}}}" in text for n in range(1, 289))
    assert all(f".tall{n}{{" in text for n in range(12, 289, 12))


# One visit


@pytest.fixture
def move_to(diary):
    def data(time):
        held = {"clinician": diary.osei.pk, "room": diary.room1.pk, "device": diary.pen.pk}
        return {"version": 1, "day": diary.monday().isoformat(), "time": time, **held}

    return data


def test_a_move_by_the_form(browser, diary, book, move_to):
    booking = book(diary.at(diary.monday(), 10))
    data = move_to("1330")
    assert browser.post(reverse("sessions:move", args=[booking.pk]), data).status_code == 302
    booking.refresh_from_db()
    assert booking.starts_at == diary.at(diary.monday(), 13, 30)


def test_a_move_from_an_old_page_is_409_and_says_who_changed_it(browser, diary, book, make_user, move_to):
    from sessions.services.booking import move

    booking = book(diary.at(diary.monday(), 10))
    move(booking, starts_at=diary.at(diary.monday(), 12), by=make_user("jo", "front_desk", last_name="Price"))
    data = move_to("14:00")
    reply = browser.post(reverse("sessions:move", args=[booking.pk]), data)
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Changed by Jo Price at" in page
    assert 'value="14:00"' in page  # typed, kept
    assert 'name="version" value="2"' in page  # pressing again is then deliberate
    booking.refresh_from_db()
    assert booking.starts_at == diary.at(diary.monday(), 12)


def test_a_move_onto_a_taken_time_offers_others(browser, diary, book, make_patient, move_to):
    book(diary.at(diary.monday(), 10), patient=make_patient())
    booking = book(diary.at(diary.monday(), 13))
    data = move_to("10:00")
    reply = browser.post(reverse("sessions:move", args=[booking.pk]), data)
    assert reply.status_code == 409
    assert reply.context["taken"].nearest


def test_cancelling_needs_a_reason_and_can_be_taken_back(browser, diary, book):
    booking = book(diary.at(diary.monday(), 10))
    address = reverse("sessions:cancel", args=[booking.pk])
    assert browser.post(address, {"version": 1, "reason": ""}).status_code == 422
    assert browser.post(address, {"version": 1, "reason": "Patient asked"}).status_code == 302
    back = reverse("sessions:step", args=[booking.pk, "bring-back"])
    assert browser.post(back, {"version": 2}).status_code == 302
    booking.refresh_from_db()
    assert (booking.status, booking.is_live) == ("booked", True)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "drawer"}])
def test_not_brought_back_onto_a_taken_time_it_says_so_and_leads_to_the_next_free_ones(browser, diary, book, desk, make_patient, headers):
    gone = visit_status.cancel(book(diary.at(diary.monday(), 10), kind="consultation"), reason="Patient asked", by=desk)
    book(diary.at(diary.monday(), 10), patient=make_patient(), kind="consultation")
    back = browser.post(reverse("sessions:step", args=[gone.pk, "bring-back"]), {"version": gone.version}, headers=headers)
    page = back.content.decode()
    assert back.status_code == 409
    assert ("The visit stays cancelled." in page, "stands where it was" in page) == (True, False)
    address = html.unescape(re.search(r'<a class="btn slot" href="([^"]+)"', page)[1])
    asked = dict(parse_qsl(urlsplit(address).query))
    assert (asked["patient"], asked["kind"], asked["day"]) == (str(gone.patient.number), "consultation", diary.monday().isoformat())
    form = browser.get(address).content.decode()
    assert f'value="{asked["time"]}"' in form


def test_arrival_on_another_day_is_refused_in_words(browser, diary, book):
    booking = book(diary.at(diary.monday(), 10))
    reply = browser.post(reverse("sessions:arrive", args=[booking.pk]), {"version": 1})
    assert reply.status_code == 409
    assert "Arrival is marked on the day" in reply.content.decode()


def test_visits_of_other_sites_are_not_found(client, make_user, diary, book):
    booking = book(diary.at(diary.monday(), 10))
    stranger = make_user("stranger", "front_desk")
    stranger.sites.clear()
    client.force_login(stranger)
    assert client.get(reverse("sessions:booking", args=[booking.pk])).status_code == 404
    assert client.post(reverse("sessions:cancel", args=[booking.pk]), {"version": 1, "reason": "Patient asked"}).status_code == 404


# The course


def course_form(reply):
    """What the page would send, by name."""
    times = {
        f"{'pick' if line.choices else 'shown'}-{line.number}": f"{_local(line.slot)}/{line.slot.clinician.pk}"
        for line in reply.context["course"].to_book
    }
    return {
        "book": "1",
        "request_key": reply.context["request_key"],
        "first_day": reply.context["form"]["first_day"].value(),
        "time": "10:00",
        "clinician": reply.context["form"]["clinician"].value(),
        **times,
    }


def test_a_course_is_booked_with_one_press(browser, diary, plan, patient):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    shown = browser.get(address, {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk})
    assert "Book 4 sessions and review" in shown.content.decode()
    data = course_form(shown)
    for _ in range(2):  # a double click
        assert browser.post(address, data).status_code == 302
    assert Booking.objects.count() == 5
    assert "All visits of this course are booked" in browser.get(address).content.decode()


def test_a_course_key_with_other_dates_or_cancelled_visits_is_not_said_to_be_booked(browser, diary, plan, patient):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    asked = {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk}
    data = course_form(browser.get(address, asked))
    browser.post(address, data)
    later = f"{(diary.monday() + dt.timedelta(days=1)).isoformat()}T10:00/{diary.osei.pk}"
    reply = browser.post(address, {**data, "shown-1": later})
    assert reply.status_code == 409
    assert "This form was sent before and booked: Session 1 of 4" in reply.content.decode()
    Booking.objects.update(status="cancelled", cancel_reason="Wish")
    reply = browser.post(address, data)
    assert reply.status_code == 409
    assert "It is cancelled now" in reply.content.decode()
    assert reply.context["request_key"] != data["request_key"]
    assert not Booking.objects.live().exists()


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (("shown-1",), "No time was sent for session 1."),
        (("shown-2", "shown-0"), "No time was sent for session 2. No time was sent for the review."),
        (("shown-1", "shown-2", "shown-3", "shown-4", "shown-0"), "No time was sent for session 1."),
    ],
)
def test_a_course_of_which_a_part_was_not_sent_is_refused_whole(browser, diary, plan, patient, left_out, words):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    asked = {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk}
    data = course_form(browser.get(address, asked))
    reply = browser.post(address, {name: value for name, value in data.items() if name not in left_out})
    assert reply.status_code == 409
    assert words in reply.content.decode()
    assert "Look at the dates and press again" in reply.content.decode()
    assert not Booking.objects.exists()


def test_a_form_from_before_a_session_was_cancelled_does_not_leave_it_out(browser, diary, plan, patient, desk):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    browser.post(address, course_form(browser.get(address, {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": ""})))
    last, review = Booking.objects.get(session_number=4, kind="session"), Booking.objects.get(kind="review")
    for visit in (review, last):
        visit_status.cancel(visit, reason="Ill", by=desk)
    data = course_form(browser.get(address))
    visit_status.cancel(Booking.objects.get(session_number=1), reason="Ill", by=desk)
    reply = browser.post(address, data)
    assert (reply.status_code, Booking.objects.live().count()) == (409, 2)
    assert "No time was sent for session 1." in reply.content.decode()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("shown-1", "{day}T10:00/{stranger}", "The clinician sent for session 1 takes no bookings at"),
        ("shown-1", "{day}T10:00/x", "The clinician sent for session 1 takes no bookings at"),
        ("shown-1", "soon/{osei}", "The time sent for session 1 cannot be read"),
        ("shown-1", "", "The time sent for session 1 cannot be read"),
        ("shown-0", "9999-01-01T10:00/{osei}", "The time sent for the review cannot be read"),
        ("pick-2", "{day}T25:00/{osei}", "The time sent for session 2 cannot be read"),
        ("shown-9", "{day}T10:00/{osei}", "for a visit that this plan does not have"),
    ],
)
def test_a_course_of_which_a_part_cannot_be_read_is_refused_whole(browser, diary, plan, patient, name, value, words):
    stranger = Resource.objects.create(site=Site.objects.create(name="Birch", slug="birch"), kind="clinician", name="Dr Else")
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    asked = {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk}
    data = course_form(browser.get(address, asked))
    day = diary.monday()
    sent = value.format(day=day, stranger=stranger.pk, osei=diary.osei.pk)
    other = f"{day + dt.timedelta(days=85)}T11:00/{diary.osei.pk}"
    reply = browser.post(address, {**data, "shown-4": other, name: sent})
    page = reply.content.decode()
    assert reply.status_code == 409
    assert words in page
    assert not Booking.objects.exists()
    chosen = diary.at(day + dt.timedelta(days=85), 11).astimezone(LONDON).isoformat()
    assert f"{chosen}/{diary.osei.pk}" in page  # what could be read is still chosen
    assert f'name="first_day" value="{day}"' in page


def test_choosing_the_other_alternative_moves_the_later_dates(browser, diary, plan, patient):
    second = diary.monday() + dt.timedelta(weeks=4)
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(second, 0), ends_at=diary.at(second, 23), reason="Leave")
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    shown = browser.get(address, {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk})
    line = shown.context["course"].lines[1]
    other = next(slot for slot, _, chosen in line.choices if not chosen)
    data = {**course_form(shown), "pick-2": f"{_local(other)}/{other.clinician.pk}", "again": "1"}
    del data["book"]
    again = browser.post(address, data)
    assert again.status_code == 200
    assert again.context["course"].lines[1].slot == other
    assert not Booking.objects.exists()
    assert browser.post(address, course_form(again)).status_code == 302
    assert Booking.objects.filter(plan=plan).count() == 5


@pytest.fixture
def by_night(diary):
    """Everybody works through the night of every Sunday."""
    for one in Resource.objects.all():
        ResourceHours.objects.create(resource=one, weekday=6, opens=dt.time(0), closes=dt.time(12))
    return diary


def test_a_course_at_a_time_that_does_not_exist_says_so_and_offers_others(browser, by_night, plan, patient):
    asked = {"first_day": coming(forward=True).isoformat(), "time": "01:30", "clinician": by_night.osei.pk}
    shown = browser.get(reverse("sessions:book_course", args=[patient.number, plan.number]), asked)
    line, *later = shown.context["course"].lines
    text = shown.content.decode()
    assert (line.state, len(line.choices)) == ("clash", 2)
    assert "There is no 01:30 that day: the clocks go forward over it" in text
    assert '<span class="num">' + f"{line.wanted.astimezone(by_night.zone):%a}" in text
    assert {one.state for one in later} == {"free"}


def test_a_course_at_a_time_that_comes_twice_is_asked_which_and_books_that_one(browser, by_night, plan, patient):
    day = coming(forward=False)
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    asked = {"first_day": day.isoformat(), "time": "01:30", "clinician": by_night.osei.pk}
    shown = browser.get(address, asked)
    course = shown.context["course"]
    text = shown.content.decode()
    assert "01:30 comes twice that day, as the clocks go back: choose which" in text
    assert (course.lines[0].slot, course.is_bookable) == (None, False)
    assert " checked" not in text.partition('name="pick-1"')[2].partition("</fieldset>")[0]
    assert "before the clocks go back" in text
    moments = moments_at(day, dt.time(1, 30), by_night.zone)
    assert [slot.starts_at for slot, _, _ in course.lines[0].choices] == moments
    values = re.findall(r'name="pick-1" value="([^"]+)"', text)
    for value, moment in zip(values, moments, strict=True):
        again = browser.post(address, {**asked, "pick-1": value, "again": "1"})
        assert again.context["course"].lines[0].slot.starts_at == moment
        assert again.context["course"].is_bookable
    data = {**course_form(again), "time": "01:30", "pick-1": values[1]}
    assert browser.post(address, data).status_code == 302
    assert Booking.objects.get(plan=plan, session_number=1).starts_at == moments[1]


def test_a_course_whose_time_was_taken_meanwhile_is_409_and_books_none(browser, diary, plan, patient, book, make_patient):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    shown = browser.get(address, {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk})
    third = shown.context["course"].lines[2].slot
    book(third.starts_at, patient=make_patient())
    reply = browser.post(address, course_form(shown))
    assert reply.status_code == 409
    assert "Nothing is booked" in reply.content.decode()
    assert reply.context["course"].lines[2].state == "clash"
    assert not Booking.objects.filter(plan=plan).exists()


def test_a_course_with_dates_outside_the_plans_weeks_is_refused(browser, diary, plan, patient):
    address = reverse("sessions:book_course", args=[patient.number, plan.number])
    shown = browser.get(address, {"first_day": diary.monday().isoformat(), "time": "10:00", "clinician": diary.osei.pk})
    early = diary.monday() + dt.timedelta(weeks=2)
    reply = browser.post(address, {**course_form(shown), "shown-2": f"{early.isoformat()}T10:00/{diary.osei.pk}"})
    assert reply.status_code == 409
    assert "The plan allows 4 to 8" in reply.content.decode()
    assert not Booking.objects.exists()


def test_a_plan_that_was_replaced_offers_no_dates(browser, plan, patient):
    from plans.models import TreatmentPlan

    TreatmentPlan.objects.filter(pk=plan.pk).update(status="superseded")
    page = browser.get(reverse("sessions:book_course", args=[patient.number, plan.number])).content.decode()
    assert "This plan is superseded" in page


def test_the_plans_page_lists_its_visits_and_the_way_to_the_rest(diary, plan, clinician, book):
    from sessions.plan_section import visits

    book(diary.at(diary.monday(), 10), plan=plan)
    section = visits(plan, clinician)
    assert section.lines[0].startswith("Session 1 of 4: Mon")
    assert section.lines[-1] == "3 of 4 sessions are not booked yet."
    assert section.links[0][0] == "Book the rest"


@pytest.mark.parametrize(
    ("back", "followed"), [("/today/?all=1", True), ("https://elsewhere.example/today/", False), ("//elsewhere.example/today/", False)]
)
def test_a_step_goes_back_only_to_pages_of_ours(browser, diary, desk, patient, back, followed):
    start = dt.datetime.now(diary.zone).replace(hour=12, minute=0, second=0, microsecond=0)
    booking = Booking.objects.create(
        site=diary.site,
        patient=patient,
        kind="consultation",
        starts_at=start,
        ends_at=start + dt.timedelta(minutes=30),
        clinician=diary.osei,
        created_by=desk,
        request_key=diary.key(),
    )
    reply = browser.post(reverse("sessions:arrive", args=[booking.pk]), {"version": 1, "next": back})
    assert reply["Location"].partition("#")[0] == (back if followed else reverse("sessions:booking", args=[booking.pk]))


def test_an_absence_over_a_visit_is_flagged_in_every_view_of_the_day_and_on_the_visit(client, desk, diary, book, plan):
    day = diary.monday()
    visit = book(diary.at(day, 10), plan=plan)
    later = book(diary.at(day, 14), kind="review", plan=None, session_number=None)
    Absence.objects.create(resource=diary.room1, starts_at=diary.at(day, 10), ends_at=diary.at(day, 12), reason="Repair")
    client.force_login(desk)
    for by in ("people", "rooms", "devices"):
        page = client.get(reverse("sessions:day_on", args=[day.isoformat()]), {"by": by}).content.decode()
        assert page.count("Room 1 away: Repair") == 1
    assert "Room 1 away: Repair" in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert "Room 1 away" not in client.get(reverse("sessions:booking", args=[later.pk])).content.decode()


def test_the_next_thing_to_type_has_the_focus(client, desk, patient):
    """On the telephone: first the search field, then the first person found, then the kind of visit; never beside a problem."""
    client.force_login(desk)

    def focus(page):
        html = page.content.decode()
        return [tag for tag in re.findall(r"<(?:input|button)[^>]*>", html) if "autofocus" in tag]

    [search] = focus(client.get(reverse("sessions:book")))
    assert 'id="id_q"' in search
    key = str(uuid.uuid4())
    [found] = focus(client.post(reverse("sessions:book"), {"request_key": key, "do": "find", "q": patient.surname}))
    assert f'name="choose" value="{patient.number}"' in found
    [kind] = focus(client.post(reverse("sessions:book"), {"request_key": key, "choose": str(patient.number)}))
    assert 'id="id_kind_0"' in kind
    assert focus(client.post(reverse("sessions:book"), {"request_key": key})) == []
