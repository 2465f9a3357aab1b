"""Editing: only what differs is saved, a stale form loses nothing, the desk never touches clinical fields."""

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from patients import services
from patients.forms import EditForm
from patients.models import Patient

pytestmark = pytest.mark.django_db


def typed(patient, **changes):
    form = EditForm(patient=patient, clinical=False)
    return {name: form.initial.get(name, "") or "" for name in form.fields} | changes


@pytest.fixture
def url(patient):
    return reverse("patients:edit", args=[patient.number])


def test_saving_changes_the_fields_and_the_search_keys(client, desk, patient, url):
    client.force_login(desk)
    answer = client.post(url, typed(patient, surname="Núñez", phone="07700 900555"))
    patient.refresh_from_db()
    assert answer.url == reverse("patients:detail", args=[patient.number])
    assert (patient.surname, patient.surname_key) == ("Núñez", "nunez")
    assert patient.phone_reversed == "55500900770"
    assert patient.version == 2


def test_the_log_holds_field_names_and_no_values(client, desk, patient, url):
    client.force_login(desk)
    client.post(url, typed(patient, surname="Núñez"))
    assert AuditEvent.objects.get(action="patient.changed").detail == {"fields": ["surname"]}


def test_a_stale_form_shows_both_values_and_keeps_what_was_typed(client, desk, clinician, patient, url):
    form = typed(patient, given="Nadya", phone="07700 900111")
    services.change(patient, version=1, by=clinician, phone="07700 900222")
    client.force_login(desk)
    answer = client.post(url, form)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Changed by Dr Amara Osei at" in html
    assert "07700 900222" in html
    assert 'value="07700 900111"' in html
    assert 'value="Nadya"' in html
    assert Patient.objects.get().phone == "07700 900222"


def test_keep_mine_saves_over_what_was_shown(client, desk, clinician, patient, url):
    form = typed(patient, phone="07700 900111")
    services.change(patient, version=1, by=clinician, phone="07700 900222")
    client.force_login(desk)
    shown = client.post(url, form)
    answer = client.post(url, form | {"version": shown.context["form"]["version"].value()})
    assert answer.status_code == 302
    assert Patient.objects.get().phone == "07700 900111"


def test_what_is_wrong_keeps_what_was_typed(client, desk, patient, url):
    client.force_login(desk)
    answer = client.post(url, typed(patient, surname="", given="Nadya"))
    assert answer.status_code == 422
    assert 'value="Nadya"' in answer.content.decode()
    assert Patient.objects.get().given == "Nadia"


def test_clinicians_set_the_phototype_and_the_desk_cannot(client, desk, clinician, patient, url):
    client.force_login(desk)
    client.post(url, typed(patient, phototype="6"))
    assert Patient.objects.get().phototype is None
    client.force_login(clinician)
    client.post(url, typed(patient, phototype="4", version="2"))
    assert Patient.objects.get().phototype == 4


def test_an_edit_leaves_clinical_lists_alone(client, desk, clinician, patient, url):
    form = typed(patient, given="Nadya")
    services.add_allergy(patient, by=clinician, substance="Nickel")
    client.force_login(desk)
    client.post(url, form)
    patient.refresh_from_db()
    assert (patient.given, patient.allergies_asked) == ("Nadya", "listed")


def test_patients_of_other_sites_are_not_here(client, desk, patient, url):
    desk.sites.clear()
    client.force_login(desk)
    assert client.get(url).status_code == 404
    assert client.post(url, typed(patient)).status_code == 404


def test_edit_page_is_logged_as_a_read(client, desk, patient, url):
    client.force_login(desk)
    client.get(url)
    assert AuditEvent.objects.filter(action="patient.viewed", patient_pk=patient.pk, actor=desk).count() == 1


def test_birth_date_can_be_corrected(client, desk, patient, url):
    client.force_login(desk)
    client.post(url, typed(patient, birth_day="5"))
    assert Patient.objects.get().birth_date == dt.date(1991, 3, 5)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_a_post_changes_anything(client, desk, patient, url, method):
    client.force_login(desk)
    for address in (url, "/patients/new/"):
        assert getattr(client, method)(address).status_code == 405
