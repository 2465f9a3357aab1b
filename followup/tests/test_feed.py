"""The calendar link: what is read through it, and that it ends at once for whoever ends it."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import Site
from accounts.services import staff
from audit.models import AuditEvent
from followup.models import CalendarLink
from followup.services import feed
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.hours import moments_at
from sessions.tests.clock_changes import coming

pytestmark = pytest.mark.django_db
FEED = "/calendar-feed/visits.ics"


@pytest.fixture
def secret(clinician):
    return feed.make_link(clinician)


@pytest.fixture
def visit(diary, book, plan, patient):
    return book(diary.at(diary.monday(), 10), plan=plan, note="Ring the bell twice")


def read(client, secret):
    return client.get(FEED, {"key": secret})


def events(response) -> list:
    assert response.status_code == 200, response.content
    return Calendar.from_ical(response.content).events


def test_it_says_kind_place_room_and_time_and_nothing_of_the_patient(client, secret, visit, patient):
    response = read(client, secret)
    (event,) = events(response)
    assert str(event["summary"]) == "Session"
    assert str(event["location"]) == "Room 1, Alder Skin Clinic, Canal Street"
    assert (event.start, event.end) == (visit.starts_at, visit.ends_at)
    assert str(event["status"]) == "CONFIRMED"
    words = response.content.decode().lower()
    for told in (patient.surname, patient.given, str(patient.number), patient.phone, "bell", "cheeks", "1 of 4", "plan"):
        assert told.lower() not in words, told
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in response["Cache-Control"]


def test_the_control_a_patients_word_in_it_would_be_noticed(client, secret, visit, patient):
    type(visit).objects.filter(pk=visit.pk).update(kind=patient.surname)
    assert patient.surname.lower() in read(client, secret).content.decode().lower()


def test_times_stand_on_the_sites_clock_through_a_change_of_the_clocks(client, secret, diary, book, plan):
    """10:00 is 10:00 in summer and in winter, and the zone is described in the file itself."""
    first = diary.monday()
    for weeks in (0, 26):
        day = first + dt.timedelta(weeks=weeks)
        book(diary.at(day, 10), kind="review", room=diary.room1)
    response = read(client, secret)
    assert {f"{event.start.astimezone(diary.zone):%H:%M}" for event in events(response)} == {"10:00"}
    assert "BEGIN:VTIMEZONE" in response.content.decode()
    assert "DTSTART;TZID=Europe/London" in response.content.decode()


def test_in_the_hour_that_comes_twice_times_are_written_in_utc(client, secret, visit, diary):
    """On the site's clock the two are the same words, and every reader takes the first."""
    first, second = moments_at(coming(forward=False), dt.time(1, 30), diary.zone)
    for moment in (first, second):
        type(visit).objects.filter(pk=visit.pk).update(starts_at=moment, ends_at=moment + dt.timedelta(minutes=90))
        response = read(client, secret)
        assert f"DTSTART:{moment:%Y%m%dT%H%M%SZ}" in response.content.decode()
        (event,) = events(response)
        assert (event.start, event.end) == (moment, moment + dt.timedelta(minutes=90))


def test_a_visit_keeps_its_name_and_counts_up_when_it_moves_and_says_when_it_is_cancelled(client, secret, visit, diary, desk):
    (before,) = events(read(client, secret))
    moved = door.move(visit, starts_at=diary.at(diary.monday(), 14), by=desk)
    (after,) = events(read(client, secret))
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.start == moved.starts_at
    visit_status.cancel(moved, reason="Wish", by=desk)
    (gone,) = events(read(client, secret))
    assert (gone["uid"], str(gone["status"])) == (before["uid"], "CANCELLED")
    assert gone["sequence"] > after["sequence"]


def test_only_the_own_visits_are_there(client, secret, visit, diary, book, make_patient):
    book(diary.at(diary.monday(), 12), kind="review", patient=make_patient(), clinician=diary.berg, room=diary.room2)
    assert len(events(read(client, secret))) == 1


def test_visits_of_a_site_one_has_left_are_not_there(client, secret, visit, clinician):
    clinician.sites.set([Site.objects.create(name="Birch", slug="birch")])
    assert events(read(client, secret)) == []


def test_the_address_is_stored_nowhere(client, clinician):
    client.force_login(clinician)
    page = client.post(reverse("followup:make_feed")).content.decode()
    secret = page.split("visits.ics?key=")[1].split("<")[0].strip()
    assert read(client, secret).status_code == 200
    assert "?key=" not in client.get(reverse("followup:my_feed")).content.decode()
    row = CalendarLink.objects.values().get()
    assert secret not in str(row)
    assert not AuditEvent.objects.filter(path__contains=secret).exists()
    assert not any(secret in str(detail) for detail in AuditEvent.objects.values_list("detail", flat=True))


def test_made_taken_back_and_first_read_of_a_day_stand_in_the_log(client, clinician, visit):
    secret = feed.make_link(clinician)
    for _ in range(3):
        read(client, secret)
    feed.end_link(clinician)
    assert list(AuditEvent.objects.filter(action__startswith="feed.").order_by("pk").values_list("action", flat=True)) == [
        "feed.made",
        "feed.read",
        "feed.ended",
    ]


def _gone(how, clinician, manager):
    if how == "taken back":
        feed.end_link(clinician)
    elif how == "replaced":
        feed.make_link(clinician)
    elif how == "run out":
        CalendarLink.objects.update(made_at=timezone.now() - dt.timedelta(days=366), ends_at=timezone.now() - dt.timedelta(seconds=1))
    elif how == "left":
        staff.leave(clinician, by=manager, takers={})
    elif how == "switched off":
        type(clinician).objects.filter(pk=clinician.pk).update(is_active=False)
    elif how == "another role":
        type(clinician).objects.filter(pk=clinician.pk).update(role="front_desk")


@pytest.mark.parametrize("how", ["taken back", "replaced", "run out", "left", "switched off", "another role"])
def test_a_link_that_is_over_is_answered_exactly_as_one_that_never_was(client, clinician, manager, secret, visit, how):
    assert read(client, secret).status_code == 200
    _gone(how, clinician, manager)
    over, never = read(client, secret), read(client, "x" * 43)
    assert over.status_code == never.status_code == 404
    assert over.content == never.content
    assert dict(over.headers) == dict(never.headers)


def test_a_link_that_is_over_costs_the_same_queries_as_one_that_never_was(client, clinician, secret, django_assert_num_queries):
    feed.end_link(clinician)
    client.get(FEED)
    for key in (secret, "x" * 43, ""):
        with django_assert_num_queries(3):
            assert read(client, key).status_code == 404


def test_access_given_again_does_not_bring_the_link_back(client, clinician, manager, secret):
    staff.leave(clinician, by=manager, takers={})
    staff.take_back(clinician, by=manager)
    assert read(client, secret).status_code == 404


def test_wrong_links_wait_and_a_right_one_does_not_wait_for_them(client, secret, visit, settings):
    settings.WRONG_LINKS = (3, 300)
    assert [read(client, f"wrong{n}").status_code for n in range(5)] == [404, 404, 404, 429, 429]
    assert read(client, secret).status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=301)):
        assert read(client, "wrong").status_code == 404


def test_wrong_links_keep_nobody_from_signing_in(client, clinician, settings):
    settings.SIGN_IN_TRIES = dict.fromkeys(settings.SIGN_IN_TRIES, (2, 300))
    for n in range(5):
        read(client, f"wrong{n}")
    signed_in = client.post(reverse("accounts:sign_in"), {"username": "amara", "password": "correct horse battery"})
    assert signed_in.status_code == 302


def test_one_link_is_read_so_often_an_hour(client, secret, monkeypatch):
    monkeypatch.setattr(feed, "READS_A_WINDOW", 3)
    answers = [read(client, secret) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 3000
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61)):
        assert read(client, secret).status_code == 200


def test_two_hundred_visits_cost_no_more_queries_than_two(client, secret, diary, book, make_patient, django_assert_max_num_queries):
    for day in range(4):
        for hour in range(9, 16):
            at = diary.at(diary.monday() + dt.timedelta(days=day), hour)
            book(at, kind="review", patient=make_patient())
    read(client, secret)
    with django_assert_max_num_queries(5):  # the link, one more reading, sites, visits, their holds
        assert len(events(read(client, secret))) == 28


def test_taking_back_twice_and_taking_back_nothing(client, clinician, secret):
    client.force_login(clinician)
    for _ in range(2):
        assert client.post(reverse("followup:end_feed")).status_code == 302
    assert AuditEvent.objects.filter(action="feed.ended", outcome="done").count() == 1


def test_looking_at_the_page_makes_no_link(client, clinician):
    client.force_login(clinician)
    assert client.get(reverse("followup:my_feed")).status_code == 200
    assert client.get(reverse("followup:make_feed")).status_code == 405
    assert not CalendarLink.objects.exists()


@pytest.mark.parametrize("key", ["", "\x00", "é" * 300, "' OR 1=1 --", "%00"])
def test_whatever_stands_for_the_key_is_answered_calmly(client, key):
    assert client.get(FEED, {"key": key}).status_code in (400, 404)
