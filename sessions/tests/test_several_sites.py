"""Staff of several sites: each diary by itself, and a visit where the patient belongs."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Site
from patients.models import Patient
from sessions.models import Booking, Hold, Resource, ResourceHours
from sessions.services.booking import book as book_visit
from sessions.services.free_time import free_times
from sessions.services.refusals import NotSuitable, SlotTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def birch(db):
    place = Site.objects.create(name="Birch Skin Clinic", slug="birch")
    for kind, name in (("clinician", "Dr Una Birch"), ("room", "Birch room")):
        column = Resource.objects.create(site=place, kind=kind, name=name)
        ResourceHours.objects.bulk_create(
            ResourceHours(resource=column, weekday=day, opens=dt.time(9), closes=dt.time(17)) for day in range(5)
        )
    return place


@pytest.fixture
def here(client, desk, birch, diary):
    desk.sites.add(birch)
    client.force_login(desk)
    return client


def day(diary, **asked) -> str:
    return reverse("sessions:day_on", args=[diary.monday().isoformat()]) + "".join(f"?{name}={value}" for name, value in asked.items())


def test_each_site_has_its_own_day(here, diary, book):
    book(diary.at(diary.monday(), 10), kind="review")
    at_canal_street = here.get(day(diary)).content.decode()
    at_birch = here.get(day(diary, site="birch")).content.decode()
    assert "RAHMAN" in at_canal_street
    assert "Una Birch" not in at_canal_street
    assert "Una Birch" in at_birch
    assert "RAHMAN" not in at_birch
    assert "site=birch" in at_birch  # the day after is the same site's


def test_a_site_that_is_not_ones_own_is_not_there(client, desk, birch, diary):
    client.force_login(desk)
    page = client.get(day(diary, site="birch")).content.decode()
    assert "Birch" not in page
    assert "&amp;site=" not in page


def test_a_visit_is_booked_where_the_patient_belongs(here, birch, diary):
    patient = Patient.objects.create(number=20001, site=birch, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    monday = diary.monday()
    sent = {"patient": 20001, "kind": "review", "day": monday.isoformat(), "time": "10:00", "request_key": uuid.uuid4()}
    assert here.post(reverse("sessions:book"), {**sent, "site": "canal-street"}).status_code == 302
    booking = Booking.objects.get(patient=patient)
    assert (booking.site, booking.clinician.name) == (birch, "Dr Una Birch")


def test_another_sites_clinician_cannot_be_named(here, birch, diary, patient):
    una = Resource.objects.get(name="Dr Una Birch")
    sent = {"patient": patient.number, "kind": "review", "day": diary.monday().isoformat(), "time": "10:00"}
    answer = here.post(reverse("sessions:book"), {**sent, "clinician": una.pk, "request_key": uuid.uuid4()})
    assert answer.status_code == 422
    assert not Booking.objects.exists()


def test_a_new_patient_is_registered_at_the_site_that_was_chosen(here, birch, diary):
    sent = {"kind": "consultation", "day": diary.monday().isoformat(), "time": "10:00", "request_key": uuid.uuid4(), "site": "birch"}
    caller = {"new-surname": "Lind", "new-given": "Maj", "new-phone": "020 7946 0777"}
    born = {"new-birth_day": "4", "new-birth_month": "3", "new-birth_year": "1991"}
    look = here.post(reverse("sessions:book"), {**sent, **caller, **born, "site": "canal-street", "at": "birch"})
    assert (look.status_code, 'value="Lind"' in look.content.decode()) == (200, True)
    assert here.post(reverse("sessions:book"), {**sent, **caller, **born}).status_code == 302
    assert Patient.objects.get(surname="Lind").site == birch


# One person at several sites


@pytest.fixture
def osei_at_birch(birch, diary, clinician):
    """Dr Osei comes to Birch on Mondays, on the clock there, which is another one."""
    Site.objects.filter(pk=birch.pk).update(time_zone="Europe/Berlin")
    birch.refresh_from_db()
    clinician.sites.add(birch)
    ResourceHours.objects.create(resource=diary.osei, site=birch, weekday=0, opens=dt.time(9), closes=dt.time(17))
    return diary.osei


@pytest.fixture
def of_birch(birch):
    return Patient.objects.create(number=20001, site=birch, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))


def review(patient, starts_at, by, **fields):
    return book_visit(patient=patient, kind="review", starts_at=starts_at, by=by, request_key=uuid.uuid4().hex, **fields)


@pytest.mark.both_engines
def test_a_person_at_two_sites_is_never_in_both_at_once(osei_at_birch, birch, diary, book, desk, of_birch):
    start = diary.at(diary.monday(), 11)
    book(start, kind="review")
    with pytest.raises(SlotTaken) as taken:
        review(of_birch, start, desk, clinician=osei_at_birch)
    assert taken.value.message.startswith("Dr Amara Osei is taken at 12:00")
    assert all(slot.starts_at >= start + dt.timedelta(minutes=30) or slot.ends_at <= start for slot in taken.value.nearest)
    there = review(of_birch, start + dt.timedelta(hours=2), desk, clinician=osei_at_birch)
    assert (there.site, there.room.name) == (birch, "Birch room")
    with pytest.raises(SlotTaken):
        book(there.starts_at, kind="review", room=diary.room2)
    assert Booking.objects.count() == 2


@pytest.mark.both_engines
def test_the_database_itself_refuses_the_person_at_the_other_site(osei_at_birch, diary, book, of_birch, desk):
    """Past every service: a hold of the person is a hold of the person, whatever the site of the visit."""
    start = diary.at(diary.monday(), 11)
    here = book(start, kind="review")
    other = review(of_birch, start + dt.timedelta(hours=2), desk, clinician=osei_at_birch)
    with pytest.raises(IntegrityError, match="hold_no_overlap"), transaction.atomic():
        Hold.objects.filter(booking=other, resource=osei_at_birch).update(starts_at=here.starts_at, ends_at=here.ends_at)
    with pytest.raises(IntegrityError), transaction.atomic():  # nor is there a way round it: one person, one row
        Resource.objects.create(site=other.site, kind="clinician", name="Dr Osei again", user=osei_at_birch.user)


def test_free_times_at_each_site_are_its_own_hours_on_its_own_clock_less_what_is_held_anywhere(osei_at_birch, birch, diary, book, of_birch):
    monday = diary.monday()
    asked = {"kind": "review", "first_day": monday, "clinician": osei_at_birch}
    there = free_times(site=birch, patient=of_birch, **asked)
    assert there[0].starts_at == diary.at(monday, 8)  # nine o'clock in Berlin
    assert free_times(site=diary.site, **asked)[0].starts_at == diary.at(monday, 9)
    assert free_times(site=birch, **{**asked, "first_day": monday + dt.timedelta(days=1)}) == []
    book(diary.at(monday, 9), kind="review")
    again = {slot.starts_at for slot in free_times(site=birch, patient=of_birch, **asked)}
    gone = {slot.starts_at for slot in there} - again
    assert {f"{at.astimezone(diary.zone):%H:%M}" for at in gone} == {"08:45", "09:00", "09:15"}


def test_the_other_sites_room_is_refused_in_words(osei_at_birch, diary, of_birch, desk, here):
    with pytest.raises(NotSuitable, match=r"Room 1 takes no bookings here\. Choose another room\."):
        review(of_birch, diary.at(diary.monday(), 11), desk, clinician=osei_at_birch, room=diary.room1)
    sent = {"patient": 20001, "kind": "review", "day": diary.monday().isoformat(), "time": "12:00", "clinician": osei_at_birch.pk}
    refused = here.post(reverse("sessions:book"), {**sent, "room": diary.room1.pk, "request_key": uuid.uuid4()})
    assert refused.status_code == 422
    assert "Choose one from the list" in refused.content.decode()
    assert here.post(reverse("sessions:book"), {**sent, "request_key": uuid.uuid4()}).status_code == 302
    assert Booking.objects.get().site == of_birch.site


def test_the_calendar_says_at_which_other_site_somebody_is_and_not_with_whom(osei_at_birch, birch, diary, here, desk, book, of_birch):
    book(diary.at(diary.monday(), 10), kind="review")
    page = here.get(day(diary, site="birch")).content.decode()
    assert "Dr Amara Osei" in page
    assert f"At {diary.site.name}" in page
    assert "RAHMAN" not in page
    review(of_birch, diary.at(diary.monday(), 14), desk, clinician=osei_at_birch)
    assert "At Birch Skin Clinic" in here.get(day(diary)).content.decode()


def test_a_manager_makes_somebody_of_another_site_bookable_with_hours_of_their_own(client, manager, clinician, birch, diary, of_birch):
    manager.sites.add(birch)
    clinician.sites.add(birch)
    client.force_login(manager)
    overview = reverse("sessions:diary_settings") + "?site=birch"
    assert "Make bookable" in client.get(overview).content.decode()
    made = client.post(reverse("sessions:add_resource"), {"kind": "clinician", "user": clinician.pk, "site": "birch"})
    url = reverse("sessions:resource", args=[diary.osei.pk]) + "?site=birch"
    assert made["Location"] == url
    page = client.get(url)
    assert "belongs to" in page.content.decode()
    was = page.context["hours_form"]["was"].value()
    sent = {f"day_{number}": "10 to 12" if number == 0 else "" for number in range(7)} | {"was": was, "site": "birch"}
    assert client.post(reverse("sessions:resource_hours", args=[diary.osei.pk]), sent)["Location"] == url
    asked = {"kind": "review", "first_day": diary.monday(), "clinician": diary.osei}
    assert len(free_times(site=birch, patient=of_birch, **asked)) == 7
    assert len(free_times(site=diary.site, **asked)) == 31  # their own site's hours are as they were
    assert "Make bookable" not in client.get(overview).content.decode()
    # What they are is said where they belong.
    assert client.post(url, {"retired_on": "", "site": "birch"}).status_code == 404


def test_a_manager_of_one_site_only_reaches_those_who_work_there(client, manager, birch, diary):
    manager.sites.set([birch])
    client.force_login(manager)
    assert client.get(reverse("sessions:resource", args=[diary.osei.pk])).status_code == 404
