"""A new clinic is set up on its settings pages: people, rooms, bays, devices, hours, leave, closed days, lengths of visits."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from audit.models import AuditEvent
from sessions.forms.diary_settings import read_spans
from sessions.models import Absence, Booking, DeviceUse, Holiday, NumbingTime, Resource, ServiceTime
from sessions.services.booking import book
from sessions.services.free_time import free_times
from sessions.services.hours import moments_at

from .clock_changes import coming

pytestmark = pytest.mark.django_db
OVERVIEW = "sessions:diary_settings"
WEEK = {f"day_{number}": "9:00 to 17:00" for number in range(7)}


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


def was(client, url: str, form: str) -> str:
    return client.get(url).context[form]["was"].value()


def test_an_empty_clinic_takes_its_first_visit_without_a_shell(as_manager, site, clinician, desk, patient):
    page = as_manager.get(reverse(OVERVIEW))
    assert "Dr Amara Osei" in page.content.decode()
    made = as_manager.post(reverse("sessions:add_resource"), {"kind": "clinician", "user": clinician.pk})
    person = Resource.objects.get(user=clinician)
    assert made["Location"] == reverse("sessions:resource", args=[person.pk])
    for kind, fields in (("room", {}), ("bay", {}), ("device", {"device_kind": "pen"})):
        sent = {"kind": kind, "name": f"First {kind}", **fields}
        assert as_manager.post(reverse("sessions:add_resource"), sent).status_code == 302
    for one in Resource.objects.all():
        url = reverse("sessions:resource_hours", args=[one.pk])
        sent = WEEK | {"was": was(as_manager, reverse("sessions:resource", args=[one.pk]), "hours_form")}
        assert as_manager.post(url, sent).status_code == 302
    day = timezone.localdate() + dt.timedelta(days=7)
    slot = free_times(site=site, kind="session", first_day=day, patient=patient, limit=1)[0]
    visit = book(patient=patient, kind="session", starts_at=slot.starts_at, by=desk, request_key="first")
    assert [str(one) for one in (visit.clinician, visit.room, visit.bay, visit.device)] == [
        "Dr Amara Osei", "First room", "First bay", "First device",
    ]  # fmt: skip


def test_made_bookable_twice_there_is_one_column(as_manager, clinician):
    for _ in range(2):
        as_manager.post(reverse("sessions:add_resource"), {"kind": "clinician", "user": clinician.pk})
    assert Resource.objects.filter(user=clinician).count() == 1


def test_somebody_who_does_not_treat_gets_no_column(as_manager, desk):
    as_manager.post(reverse("sessions:add_resource"), {"kind": "clinician", "user": desk.pk})
    assert not Resource.objects.exists()


def test_a_name_stands_once_at_a_site(as_manager, diary):
    page = as_manager.post(reverse("sessions:add_resource"), {"kind": "room", "name": "Room 1"})
    assert page.status_code == 422
    assert "There is a room called Room 1" in page.content.decode()


def test_new_hours_begin_on_their_day_and_the_old_ones_stay_before_it(as_manager, diary):
    monday = diary.monday(2)
    url = reverse("sessions:resource", args=[diary.osei.pk])
    sent = {f"day_{number}": "" for number in range(7)} | {"day_0": "12 to 14:30, 15 to 18", "from_day": monday.isoformat()}
    sent["was"] = was(as_manager, url, "hours_form")
    assert as_manager.post(reverse("sessions:resource_hours", args=[diary.osei.pk]), sent).status_code == 302
    asked = {"site": diary.site, "kind": "consultation", "clinician": diary.osei}
    assert free_times(first_day=monday - dt.timedelta(days=7), **asked)[0].starts_at == diary.at(monday - dt.timedelta(days=7), 9)
    new = [slot.starts_at for slot in free_times(first_day=monday, days=7, **asked)]
    assert (new[0], new[-1]) == (diary.at(monday, 12), diary.at(monday, 17 - 1, 15))
    again = sent | {"was": sent["was"]}
    assert as_manager.post(reverse("sessions:resource_hours", args=[diary.osei.pk]), again).status_code == 409


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", []),
        ("9-17", [(9, 17)]),
        ("9:00 to 12:00, 13:00 to 17:00", [(9, 12), (13, 17)]),
        ("9am to 12 and 1pm \u2013 5pm", [(9, 12), (13, 17)]),
        ("17 to 9", None),
        ("9 to 12, 11 to 13", None),
        ("nine to five", None),
        ("9", None),
        ("9 to 25", None),
    ],
)
def test_hours_are_read_or_refused_never_guessed(typed, read):
    spans = read_spans(typed)
    assert (spans and [(opens.hour, closes.hour) for opens, closes in spans]) == read


def test_hours_that_cannot_be_read_stay_on_the_page(as_manager, diary):
    page = as_manager.post(reverse("sessions:resource_hours", args=[diary.osei.pk]), WEEK | {"day_3": "mornings"})
    assert page.status_code == 422
    text = page.content.decode()
    assert "Thursday must be times like" in text
    assert 'value="mornings"' in text
    assert diary.osei.hours.count() == 5


def test_leave_over_a_visit_says_that_it_stands(as_manager, diary, book):
    visit = book(diary.at(diary.monday(), 10))
    sent = {"day": diary.monday().isoformat(), "until": diary.monday().isoformat(), "reason": "Annual leave"}
    url = reverse("sessions:resource_absences", args=[diary.osei.pk])
    page = as_manager.post(url, sent, follow=True)
    assert "1 visit stands in that time" in page.content.decode()
    absence = Absence.objects.get()
    assert (absence.starts_at, absence.ends_at) == (diary.at(diary.monday(), 0), diary.at(diary.monday() + dt.timedelta(days=1), 0))
    as_manager.post(url, sent)
    assert Absence.objects.count() == 1
    assert Booking.objects.get(pk=visit.pk).status == "booked"
    as_manager.post(url, {"remove": absence.pk})
    as_manager.post(url, {"remove": absence.pk})
    assert not Absence.objects.exists()
    events = AuditEvent.objects.filter(action__startswith="diary.absence", object_type="treatment_sessions.resource")
    assert sorted(events.values_list("action", flat=True)) == ["diary.absence_added", "diary.absence_removed"]


def leave(client, diary, day: dt.date, **typed):
    sent = {"day": day.isoformat(), "until": day.isoformat(), "reason": "Annual leave", **typed}
    return client.post(reverse("sessions:resource_absences", args=[diary.osei.pk]), sent)


@pytest.mark.parametrize("field", ["time", "until_time"])
def test_leave_at_a_time_that_does_not_exist_is_refused_in_words(as_manager, diary, field):
    page = leave(as_manager, diary, coming(forward=True), **{field: "01:30"})
    assert page.status_code == 422
    assert "There is no 01:30 on" in page.content.decode()
    assert 'value="01:30"' in page.content.decode()
    assert not Absence.objects.exists()


@pytest.mark.parametrize("field", ["time", "until_time"])
def test_leave_at_a_time_that_comes_twice_says_which_is_meant(as_manager, diary, field):
    day = coming(forward=False)
    page = leave(as_manager, diary, day, **{field: "1.30am"})
    assert page.status_code == 422
    assert "Type 01:30 first or 01:30 second" in page.content.decode()
    for which, moment in zip(("first", "second"), moments_at(day, dt.time(1, 30), diary.zone), strict=True):
        assert leave(as_manager, diary, day, **{field: f"01:30 {which}"}).status_code == 302
        absence = Absence.objects.get()
        assert (absence.starts_at if field == "time" else absence.ends_at) == moment
        absence.delete()


def test_leave_that_ends_before_it_begins_is_refused(as_manager, diary):
    sent = {"day": diary.monday().isoformat(), "until": (diary.monday() - dt.timedelta(days=3)).isoformat(), "reason": "Leave"}
    page = as_manager.post(reverse("sessions:resource_absences", args=[diary.osei.pk]), sent)
    assert page.status_code == 422
    assert "The end must be after the beginning" in page.content.decode()


def test_closed_days_are_entered_once_and_taken_back(as_manager, diary):
    sent = {"day": diary.monday().isoformat(), "name": "Spring holiday"}
    for _ in range(2):
        assert as_manager.post(reverse("sessions:holidays"), sent).status_code == 302
    holiday = Holiday.objects.get()
    assert not free_times(site=diary.site, kind="consultation", first_day=diary.monday())
    as_manager.post(reverse("sessions:holidays"), {"remove": holiday.pk})
    assert free_times(site=diary.site, kind="consultation", first_day=diary.monday())
    past = as_manager.post(reverse("sessions:holidays"), {"day": "2020-01-01", "name": "Long ago"})
    assert past.status_code == 422


def test_lengths_of_visits_and_numbing_products(as_manager, diary):
    url = reverse(OVERVIEW)
    form = as_manager.get(url).context["lengths_form"]
    sent = {field.name: field.value() for field in form} | {"session-needling_minutes": "60", "products": "Numbing cream 45\nNo numbing 0"}
    assert as_manager.post(reverse("sessions:visit_lengths"), sent).status_code == 302
    assert ServiceTime.objects.get(site=diary.site, kind="session").needling_minutes == 60
    assert dict(NumbingTime.objects.values_list("product", "minutes")) == {"Numbing cream": 45, "No numbing": 0}
    assert as_manager.post(reverse("sessions:visit_lengths"), sent).status_code == 409  # from the page as it was before
    bad = as_manager.post(reverse("sessions:visit_lengths"), sent | {"products": "Numbing cream", "session-needling_minutes": "0"})
    assert bad.status_code == 422
    assert "write the product and its minutes" in bad.content.decode()


def test_a_device_is_retired_and_given_to_those_trained_on_it(as_manager, diary, book):
    url = reverse("sessions:resource", args=[diary.pen.pk])
    book(diary.at(diary.monday(2), 10))
    form = as_manager.get(url).context["form"]
    sent = {field.name: field.value() or "" for field in form if field.name != "trained"}
    sent |= {"trained": [diary.berg.pk], "is_active": "on", "retired_on": diary.monday().isoformat(), "cleaning_minutes": "15"}
    page = as_manager.post(url, sent, follow=True)
    assert "1 visit stands in that time" in page.content.decode()
    pen = Resource.objects.get(pk=diary.pen.pk)
    assert (pen.retired_on, pen.cleaning_minutes) == (diary.monday(), 15)
    assert list(DeviceUse.objects.values_list("clinician", flat=True)) == [diary.berg.pk]
    assert as_manager.post(url, sent).status_code == 409


def test_another_sites_things_are_not_there(as_manager, diary, manager):
    elsewhere = Site.objects.create(slug="elsewhere", name="Elsewhere")
    one = Resource.objects.create(site=elsewhere, kind="room", name="Room 9")
    for name in ("resource", "resource_hours", "resource_absences"):
        url = reverse(f"sessions:{name}", args=[one.pk])
        assert as_manager.post(url, {}).status_code == 404
    as_manager.post(reverse("sessions:add_resource"), {"kind": "room", "name": "Room 8", "site": "elsewhere"})
    assert not Resource.objects.filter(site=elsewhere, name="Room 8").exists()
