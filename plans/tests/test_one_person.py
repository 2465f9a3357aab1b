"""A plan of one of two records of a person: read, taken on and replaced at the address it was made under."""

import uuid

import pytest
from django.urls import reverse

from patients import merge_services as service
from patients.models import Patient
from plans.models import TreatmentPlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(client, consultation, typed, clinician):
    """Accepted over the screen, so that it is whole."""
    client.force_login(clinician)
    url = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    consultation.refresh_from_db()
    sent = {**typed, "version": consultation.version, "saved_from": "page-1"}
    html = client.post(url, sent, HTTP_HX_REQUEST="true").content.decode()
    shown = html.split('id="state-shown" value="')[1].split('"')[0]
    consultation.refresh_from_db()
    client.post(f"{url}accept/", {**sent, "version": consultation.version, "shown": shown})
    return TreatmentPlan.objects.get(patient__pk=consultation.patient_id)


def test_the_plan_of_the_merged_record_stands_at_its_address(client, plan, site, clinician):
    kept = Patient.objects.create(number=10490, site=site, surname="Rahmann", given="Nadja", birth_date=plan.patient.birth_date)
    away = Patient.objects.get(pk=plan.patient_id)
    holds = dict.fromkeys(service.differing(kept, away), away.number)
    versions = {kept.pk: kept.version, away.pk: away.version}
    service.merge(kept, away, by=clinician, versions=versions, holds=holds, request_key=uuid.uuid4())
    address = reverse("plans:plan", args=[away.number, plan.number])
    page = client.get(address)
    assert page.status_code == 200
    assert f"Merged into no. {kept.number}" in page.content.decode()
    assert address in client.get(reverse("patients:detail", args=[kept.number])).content.decode()
    assert client.get(reverse("plans:plan", args=[kept.number, plan.number])).status_code == 404
    closed = client.get(reverse("plans:consultation", args=[away.number, plan.consultation_id]))
    assert (closed.status_code, closed["Location"]) == (302, address)
