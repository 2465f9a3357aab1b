"""Somebody stands at the desk: the screen over the walk-in of the diary's door."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from patients.models import Patient
from sessions.models import Booking

pytestmark = pytest.mark.django_db

URL = "/calendar/walk-in/"
NEW = {
    "new-surname": "Stepin",
    "new-given": "Ada",
    "new-phone": "07700 900418",
    "new-birth_day": "1",
    "new-birth_month": "2",
    "new-birth_year": "1990",
}


@pytest.fixture
def screen(client, desk, diary, monkeypatch):
    """Two minutes past noon of a Monday, at the desk."""
    day = diary.monday()
    monkeypatch.setattr(diary, "monday", lambda: day)
    now = diary.at(day, 12, 2)
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.force_login(desk)
    return client


def send(screen, **data):
    key = re.search(r'name="request_key" value="([^"]+)"', screen.get(URL).content.decode())[1]
    return screen.post(URL, {"request_key": key, "kind": "consultation", **data})


def test_a_new_patient_is_registered_booked_from_now_and_here(screen, diary):
    reply = send(screen, **NEW)
    assert reply.status_code == 302
    visit = Booking.objects.get()
    assert (visit.patient.surname, visit.status, visit.starts_at) == ("Stepin", "arrived", diary.at(diary.monday(), 12, 5))


def test_a_known_patient_needs_only_the_kind_of_visit(screen, patient):
    assert send(screen, patient=str(patient.number)).status_code == 302
    assert Booking.objects.get().patient == patient


def test_sent_twice_it_is_one_patient_and_one_visit(screen):
    key = re.search(r'name="request_key" value="([^"]+)"', screen.get(URL).content.decode())[1]
    for _ in range(2):
        assert screen.post(URL, {"request_key": key, "kind": "consultation", **NEW}).status_code == 302
    assert (Booking.objects.count(), Patient.objects.filter(surname="Stepin").count()) == (1, 1)


def test_where_nobody_is_free_nothing_is_saved_and_the_next_times_are_one_press_away(screen, diary, book, make_patient):
    for who, room in ((diary.osei, diary.room1), (diary.berg, diary.room2)):
        book(diary.at(diary.monday(), 12, 5), kind="consultation", clinician=who, room=room, patient=make_patient())
    reply = send(screen, **NEW)
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Nobody is free right now" in page
    assert not Patient.objects.filter(surname="Stepin").exists()
    assert 'value="Stepin"' in page
    slot = re.search(r'name="slot" value="([^"]+)"', page)[1]
    assert send(screen, slot=slot, **NEW).status_code == 302
    visit = Booking.objects.get(patient__surname="Stepin")
    assert visit.status == "booked"
    assert visit.starts_at > diary.at(diary.monday(), 12, 5)


def test_where_the_one_chosen_is_busy_it_says_who_and_offers_anyone_now(screen, diary, book, make_patient):
    book(diary.at(diary.monday(), 12, 5), kind="consultation", clinician=diary.osei, room=diary.room1, patient=make_patient())
    chosen = {**NEW, "clinician": str(diary.osei.pk)}
    reply = send(screen, **chosen)
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Nobody is free right now" not in page
    assert re.search(r"<h2>Dr Amara Osei is taken at 12:05 on [^<]+</h2>", page)
    assert "With anyone now: Elin Berg, Room 2" in page
    assert not Patient.objects.filter(surname="Stepin").exists()
    assert send(screen, **chosen, **{"with": "anyone"}).status_code == 302
    visit = Booking.objects.get(patient__surname="Stepin")
    assert (visit.clinician, visit.status, visit.starts_at) == (diary.berg, "arrived", diary.at(diary.monday(), 12, 5))


def test_anyone_now_is_not_offered_where_nobody_else_is_free(screen, diary, book, make_patient):
    for who, room in ((diary.osei, diary.room1), (diary.berg, diary.room2)):
        book(diary.at(diary.monday(), 12, 5), kind="consultation", clinician=who, room=room, patient=make_patient())
    page = send(screen, **NEW, clinician=str(diary.osei.pk)).content.decode()
    assert "Dr Amara Osei" in page
    assert "With anyone now" not in page


def test_outside_the_hours_it_says_so(screen, diary, desk, monkeypatch):
    night = diary.at(diary.monday(), 22)
    monkeypatch.setattr(timezone, "now", lambda: night)
    screen.force_login(desk)
    reply = send(screen, **NEW)
    assert reply.status_code == 422
    assert "hours" in reply.content.decode()
    assert Booking.objects.count() == Patient.objects.filter(surname="Stepin").count() == 0


def test_somebody_alike_is_shown_before_anything_is_saved(screen, make_patient):
    known = make_patient("Stepin", "Ada", birth_date=dt.date(1990, 2, 1))
    reply = send(screen, **NEW)
    assert reply.status_code == 422
    assert "It is this person" in reply.content.decode()
    assert Booking.objects.count() == 0
    assert send(screen, patient=str(known.number)).status_code == 302


def test_who_may_not_book_has_no_such_screen(client, make_user):
    client.force_login(make_user("aud", "auditor"))
    assert client.get(URL).status_code == 403
