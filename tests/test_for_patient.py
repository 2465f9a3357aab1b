"""A form says, signed, for which patient it was opened: sent to another patient's address it answers for nobody."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from patients import services, whose
from patients.models import Patient
from sessions.models import TreatmentSession
from sessions.tests.record_case import RecordCase

pytestmark = pytest.mark.django_db
NOTHING_TO_SEND = ("consent:sign", "photos:take")  # everything is signed; photos are not allowed yet
FIELD = re.compile(rf'name="{whose.FIELD}" value="([^"]+)"')


@pytest.fixture
def other(site, clinician, patient):
    return services.register(surname="Brandt", given="Ines", birth_date=patient.birth_date, sex="F", site=site, by=clinician)


@pytest.fixture
def session(client, clinician, site, patient):
    client.force_login(clinician)
    return RecordCase(site, clinician, patient).started()


def save(client, session, **fields):
    sent = {"version": session.version, "note": "Typed in a tab", **fields}
    return client.post(reverse("sessions:record", args=[session.pk]), sent)


def note(session) -> str:
    return TreatmentSession.objects.get(pk=session.pk).note


@pytest.mark.parametrize("opened_for", ["another patient", "made up", ""])
def test_a_form_of_another_patient_is_refused_and_writes_nothing(client, session, other, opened_for):
    sealed = whose.sealed(other) if opened_for == "another patient" else opened_for
    answer = save(client, session, **{whose.FIELD: sealed})
    assert answer.status_code == 409
    assert "opened for another patient" in answer.content.decode()
    assert note(session) == ""
    save(client, session)
    assert note(session) == "Typed in a tab", "what refused it was the field alone"


def test_the_patients_own_form_is_saved(client, session, patient):
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    found = set(FIELD.findall(page))
    assert len(found) == 1
    assert save(client, session, **{whose.FIELD: found.pop()}).status_code == 302
    assert note(session) == "Typed in a tab"


def test_two_records_of_one_person_are_no_mix_up(client, session, patient, other):
    Patient.objects.filter(pk=other.pk).update(merged_into=patient, merged_at=timezone.now())
    assert save(client, session, **{whose.FIELD: whose.sealed(other)}).status_code == 302


@pytest.mark.parametrize(
    "name",
    ["consent:sign", "consent:photos", "photos:take", "events:new", "patients:edit"],
)
def test_forms_about_a_patient_say_for_whom_they_are(client, session, patient, other, name):
    client.force_login(session.clinician)
    page = client.get(reverse(name, args=[patient.number])).content.decode()
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", page.split("<main")[1], re.S)
    assert forms or name in NOTHING_TO_SEND
    assert all(FIELD.search(form) for form in forms), name
    answer = client.post(reverse(name, args=[other.number]), {whose.FIELD: whose.sealed(patient)})
    assert answer.status_code == 409
