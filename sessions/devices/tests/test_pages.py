"""The pages of the devices: what is due, one device, its label, and lines of its log with the words for what cannot be."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site, User
from audit.models import AuditEvent
from sessions.models import DeviceFile, DeviceLog, Resource
from sessions.tests.record_case import RecordCase, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def as_(client, make_user):
    def sign_in(role):
        person = User.objects.filter(username=f"who-{role}").first() or make_user(f"who-{role}", role, last_name="Berg")
        client.force_login(person)
        return client

    return sign_in


def post(client, case, what, **fields):
    day = case.site.day_of(timezone.now()).isoformat()
    start = {"what": what, "day": day, "done_by": "Lena Berg", "agent": "Example wipes", "note": "", "request_key": f"key-{what}"}
    return client.post(reverse("sessions:device_log", args=[case.pen.pk]), start | fields)


def label(client, case, **fields):
    address = reverse("sessions:device_label", args=[case.pen.pk])
    was = client.get(address).context["form"]["was"].value()
    return client.post(address, {"was": was, "serial": "", "max_depth": "", "label_source": ""} | fields)


def test_the_desk_keeps_a_cleaning_and_the_list_says_ready(case, as_):
    signed(case, is_cleaned=False)
    client = as_("front_desk")
    assert b"To be cleaned" in client.get(reverse("sessions:devices")).content
    assert post(client, case, "cleaned").status_code == 302
    page = client.get(reverse("sessions:devices")).content
    assert b"To be cleaned" not in page
    line = DeviceLog.objects.get()
    assert (line.agent, line.done_by) == ("Example wipes", "Lena Berg")
    assert AuditEvent.objects.filter(action="device.cleaned").count() == 1


def test_a_double_click_keeps_one_line(case, as_):
    client = as_("front_desk")
    post(client, case, "cleaned")
    post(client, case, "cleaned")
    assert DeviceLog.objects.count() == 1


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("cleaned", {"agent": ""}, "Say what it was cleaned with"),
        ("cleaned", {"done_by": ""}, "Say who did it"),
        ("cleaned", {"day": "2020-01-01"}, "Enter when it was cleaned"),
        ("cleaned", {"day": "2999-01-01", "time": "10:00"}, "This is still to come"),
        ("cleaned", {"time": "25:00"}, "Time must be a time such as 14:05"),
        ("serviced", {"next_due": "soon"}, "Next service due by must be a date"),
        ("serviced", {"next_due": "2020-01-01"}, "The next service must be after this one"),
        ("out", {"note": ""}, "Say why it goes out of service"),
    ],
)
def test_what_cannot_be_gets_words_and_keeps_what_was_typed(case, as_, what, fields, words):
    answer = post(as_("clinician"), case, what, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    if what == "cleaned" and "agent" not in fields:
        assert "Example wipes" in answer.content.decode()
    assert not DeviceLog.objects.exists()


def test_the_manager_puts_a_device_back_and_the_desk_does_not(case, as_):
    post(as_("front_desk"), case, "out", note="Display cracked")
    assert not Resource.objects.get(pk=case.pen.pk).is_active
    assert post(as_("clinician"), case, "back", note="Mended").status_code == 403
    assert post(as_("manager"), case, "back", note="Mended").status_code == 302
    assert Resource.objects.get(pk=case.pen.pk).is_active


def test_a_late_entry_keeps_when_it_was_done_and_when_it_was_written_down(case, as_):
    yesterday = case.site.day_of(timezone.now()) - dt.timedelta(days=1)
    post(as_("front_desk"), case, "cleaned", day=yesterday.isoformat(), time="10:05")
    line = DeviceLog.objects.get()
    assert case.site.local(line.done_at).strftime("%H:%M") == "10:05"
    assert line.at - line.done_at > dt.timedelta(hours=1)


def test_the_label_is_entered_with_a_decimal_comma_and_says_where_it_stands(case, as_):
    client = as_("manager")
    answer = label(client, case, serial="PB-0042", max_depth="1,5", label_zones=["cheeks"])
    assert answer.status_code == 422
    assert "Say where the label says so" in answer.content.decode()
    assert 'value="1,5"' in answer.content.decode()
    assert label(client, case, serial="PB-0042", max_depth="1,5", label_zones=["cheeks"], label_source="Page 7").status_code == 302
    file = DeviceFile.objects.get()
    assert (file.max_depth_mm, file.label_zones, file.serial) == (Decimal("1.5"), ["cheeks"], "PB-0042")


def test_one_serial_number_is_one_device(case, as_, site):
    other = Resource.objects.create(site=site, kind="device", name="Powered pen C", device_kind="pen")
    DeviceFile.objects.create(device=other, serial="PB-0042")
    answer = label(as_("manager"), case, serial="PB-0042")
    assert "Powered pen C has this serial number" in answer.content.decode()


def test_a_save_over_somebody_elses_says_so_and_keeps_what_was_typed(case, as_):
    client = as_("manager")
    address = reverse("sessions:device_label", args=[case.pen.pk])
    was = client.get(address).context["form"]["was"].value()
    DeviceFile.objects.create(device=case.pen, serial="OTHER-1")
    answer = client.post(address, {"was": was, "serial": "PB-0042"})
    assert answer.status_code == 409
    assert "PB-0042" in answer.content.decode()
    assert DeviceFile.objects.get().serial == "OTHER-1"


def test_who_was_treated_is_shown_to_those_who_see_records_alone(case, as_):
    signed(case, is_cleaned=False)
    address = reverse("sessions:device", args=[case.pen.pk])
    seen = {
        role: case.patient.surname.upper() in as_(role).get(address).content.decode().upper()
        for role in ("clinician", "front_desk", "manager")
    }
    assert seen == {"clinician": True, "front_desk": False, "manager": False}
    assert "b24-0917X" in as_("manager").get(address).content.decode()
    desk = as_("front_desk").get(address).content.decode()
    assert "Cheeks" in as_("clinician").get(address).content.decode(), "the control"
    assert ("b24-0917X" in desk, "Cheeks" in desk) == (False, False), "what was done stands in the record"


def test_a_device_of_another_site_is_not_there(case, client, make_user):
    person = make_user("ada", "manager", last_name="Stranger")
    person.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
    client.force_login(person)
    assert client.get(reverse("sessions:device", args=[case.pen.pk])).status_code == 404
    assert post(client, case, "cleaned").status_code == 404
    assert not DeviceLog.objects.exists()
