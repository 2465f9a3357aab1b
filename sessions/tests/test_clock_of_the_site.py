"""A visit is shown on the clock of the site it is at, on every page, also where the installation runs on another clock."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from sessions.models import Booking, Hold

pytestmark = pytest.mark.django_db

KARACHI = ZoneInfo("Asia/Karachi")  # five hours on, and no clock changes


@pytest.fixture
def visit(site, diary, patient, desk):
    """A consultation of today that begins at five past twelve, at a site five hours east of the clinic's own clock."""
    Site.objects.filter(pk=site.pk).update(time_zone="Asia/Karachi")
    noon = timezone.localtime().replace(hour=12, minute=5, second=0, microsecond=0)
    made = Booking.objects.create(
        site=site, patient=patient, kind="consultation", status="arrived", starts_at=noon, ends_at=noon + dt.timedelta(minutes=30),
        arrived_at=noon - dt.timedelta(minutes=7), clinician=diary.osei, created_by=desk, request_key=diary.key(),
    )  # fmt: skip
    times = {"starts_at": made.starts_at, "ends_at": made.ends_at}
    Hold.objects.create(booking=made, resource=diary.osei, subject=f"r{diary.osei.pk}", **times)
    Hold.objects.create(booking=made, patient=patient, subject=f"p{patient.pk}", **times)
    with time_machine.travel(made.ends_at, tick=False):  # in the evening it is the next day there already
        yield made


def address(page: str, visit) -> str:
    local = visit.starts_at.astimezone(KARACHI)
    day = reverse("sessions:day_on", args=[local.date().isoformat()])
    return {
        "today": reverse("clinic:today"),
        "patient": reverse("patients:detail", args=[visit.patient.number]),
        "calendar": day,
        "list": f"{day}?view=list",
        "booking": reverse("sessions:booking", args=[visit.pk]),
    }[page]


@pytest.mark.parametrize("page", ["today", "patient", "calendar", "list", "booking"])
def test_a_visit_is_shown_on_the_clock_of_its_site(client, desk, visit, page):
    client.force_login(desk)
    text = client.get(address(page, visit)).content.decode()
    assert f"{visit.starts_at.astimezone(KARACHI):%H:%M}" == "17:05"
    assert "17:05" in text
    assert "12:05" not in text


def test_a_search_shows_it_on_that_clock_too(client, desk, visit):
    client.force_login(desk)
    text = client.post(reverse("clinic:find"), {"q": str(visit.pk)}).content.decode()
    assert "17:05" in text
    assert "12:05" not in text


@pytest.mark.parametrize("page", ["today", "calendar", "list", "booking"])
def test_so_is_when_the_patient_came(client, desk, visit, page):
    client.force_login(desk)
    text = client.get(address(page, visit)).content.decode()
    assert "16:58" in text
    assert "11:58" not in text


def test_the_line_of_the_patients_header_too(client, clinician, visit):
    client.force_login(clinician)
    coming = visit.starts_at + dt.timedelta(days=1, hours=8)  # 01:05 there, on the day after
    Booking.objects.filter(pk=visit.pk).update(
        status="booked", arrived_at=None, starts_at=coming, ends_at=coming + dt.timedelta(minutes=30)
    )
    text = client.get(reverse("patients:detail", args=[visit.patient.number])).content.decode()
    local = coming.astimezone(KARACHI)
    assert f"{local:%H:%M}" == "01:05"
    assert text.count("01:05") >= 2  # in the header and in the list of what was and will be
    assert f"{local.day}\xa0{local:%b}\xa0{local.year}" in text


@pytest.mark.parametrize("sites", ["there alone", "there and here"])
def test_today_is_the_day_it_is_there(client, desk, visit, site, sites):
    """In the evening by the installation's clock the next day has begun there: its visits are today's."""
    if sites == "there and here":
        desk.sites.add(Site.objects.create(name="Thames Street", slug="thames-street", time_zone="Europe/London"))
    evening = timezone.localtime().replace(hour=21, minute=30, second=0, microsecond=0)  # half past one or half past two there
    early = dt.datetime.combine(evening.astimezone(KARACHI).date(), dt.time(9), tzinfo=KARACHI)
    times = {"starts_at": early, "ends_at": early + dt.timedelta(minutes=30)}
    Booking.objects.filter(pk=visit.pk).update(status="booked", arrived_at=None, **times)
    with time_machine.travel(evening, tick=False):
        client.force_login(desk)
        text = client.get(reverse("clinic:today")).content.decode()
    assert reverse("sessions:booking", args=[visit.pk]) in text
    assert "09:00" in text


@pytest.mark.parametrize("page", ["the form", "drawn again"])
def test_free_times_beside_the_form_are_on_that_clock_and_pressed_are_booked_at_it(client, desk, site, diary, make_patient, page):
    """On the clock of the installation a time was shown five hours early, and pressed was booked five hours early."""
    Site.objects.filter(pk=site.pk).update(time_zone="Asia/Karachi")
    client.force_login(desk)
    patient, day = make_patient(), diary.monday()
    asked = {"patient": patient.number, "kind": "consultation", "day": day.isoformat(), "clinician": diary.osei.pk}
    shown = client.get(reverse("sessions:book"), asked) if page == "the form" else client.post(reverse("sessions:free_times"), asked)
    slots = re.findall(r'name="slot" value="([^"]+)"', shown.content.decode())
    assert slots[0] == f"{day.isoformat()}T09:00/{diary.osei.pk}"
    form = {**asked, "request_key": diary.key(), "plan": "", "time": "", "room": "", "device": "", "note": "", "slot": slots[0]}
    assert client.post(reverse("sessions:book"), form).status_code == 302
    booked = Booking.objects.get(patient=patient)
    assert booked.starts_at == dt.datetime.combine(day, dt.time(9), tzinfo=KARACHI)
