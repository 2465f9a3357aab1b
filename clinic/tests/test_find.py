"""The search box in the bar: patients, then bookings, then protocols."""

import pytest
from django.urls import reverse

from audit.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_patients_come_before_todays_bookings(client, desk, book, person):
    patient = person("Okafor", "Chidi")
    booking = book(patient, 0)
    client.force_login(desk)
    html = client.post("/find/", {"q": "okaf"}).content.decode()
    assert html.index(reverse("patients:detail", args=[patient.number])) < html.index(reverse("sessions:booking", args=[booking.pk]))


def test_a_booking_is_found_by_its_number(client, desk, book, person):
    booking = book(person("Okafor"), 3 * 24 * 60)
    client.force_login(desk)
    assert [hit.url for hit in client.post("/find/", {"q": str(booking.pk)}).context["bookings"]] == [
        reverse("sessions:booking", args=[booking.pk])
    ]


def test_a_booking_of_another_day_is_not_found_by_name(client, desk, book, person):
    book(person("Okafor"), 3 * 24 * 60)
    client.force_login(desk)
    assert client.post("/find/", {"q": "okafor"}).context["bookings"] == []


def test_bookings_of_other_sites_are_not_found(client, desk, book, person):
    booking = book(person("Okafor"), 0)
    desk.sites.clear()
    client.force_login(desk)
    found = client.post("/find/", {"q": str(booking.pk)}).context
    assert (found["patients"], found["bookings"]) == ([], [])


def test_one_search_is_one_log_row_without_its_words(client, desk):
    client.force_login(desk)
    client.post("/find/", {"q": "okafor"})
    row = AuditEvent.objects.get(action="patients.searched")
    assert "okafor" not in f"{row.detail} {row.path}"


@pytest.mark.parametrize("text", ["", "%", "9" * 60, "\x00", "'; drop table", "²"])
def test_odd_text_is_answered(client, desk, text):
    client.force_login(desk)
    assert client.post("/find/", {"q": text}).status_code == 200


def test_protocols_are_found_by_a_word_of_their_label(client, desk, clinician):
    from protocols.knowledge import packaged
    from protocols.services import load_pack

    version, _ = load_pack(packaged().document, by=clinician)
    indication = packaged().document["indications"][0]
    client.force_login(desk)
    hits = client.post("/find/", {"q": indication["label"].split()[-1]}).context["protocols"]
    assert reverse("protocols:indication", args=[version.version, indication["id"]]) in [hit.url for hit in hits]
