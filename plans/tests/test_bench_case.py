"""A consultation becomes a bench case: shown first, without names, only by those who may see it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from audit.models import AuditEvent
from plans.models import Consultation
from protocols.models import ProtocolCase

pytestmark = pytest.mark.django_db

NOTE = "Nadia Rahman says it began after her sister's wedding"


@pytest.fixture
def consultation(protocol, patient, clinician):
    case = {
        "visit_date": timezone.localdate().isoformat(),
        "patient": {"age": 34, "sex": "F", "phototype": "III"},
        "pregnancy_or_breastfeeding": "none",
        "screening_default": False,
        "screening": {"raised_mole": {"answer": True, "zone": "cheeks", "note": NOTE}},
        "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
        "devices": ["pen"],
    }
    return Consultation.objects.create(
        patient=patient,
        site=patient.site,
        clinician=clinician,
        visit_date=timezone.localdate(),
        protocol_version=protocol,
        case=case,
    )


def address(consultation) -> str:
    return reverse("plans:keep_case", args=[consultation.patient.number, consultation.pk])


def test_what_would_be_kept_is_shown_first_and_nothing_is_saved(client, consultation, clinician):
    client.force_login(clinician)
    page = client.get(address(consultation)).content.decode()
    kept = page.split('aria-label="The case that is kept"')[1].split("</pre>")[0]
    assert "text kept back" in kept
    assert "wedding" not in kept
    assert "wedding" in page  # beside its box, so that somebody can judge it
    assert not ProtocolCase.objects.exists()


def test_a_kept_case_names_nobody_and_expects_what_its_protocol_gives(client, consultation, clinician):
    client.force_login(clinician)
    reply = client.post(address(consultation), {"name": "Scars beside a raised mole", "expect": "1"})
    row = ProtocolCase.objects.get()
    assert reply.status_code == 302
    assert row.case["screening"]["raised_mole"]["note"] == "text kept back"
    assert row.case["visit_date"] == "2026-03-02"
    assert row.expect["status_at_least"] == "caution"
    stored = f"{row.name} {row.case} {row.expect} {row.note}"
    assert not any(word in stored for word in ("Nadia", "Rahman", "10482"))
    assert AuditEvent.objects.filter(action="protocol.case_added").count() == 1


@pytest.mark.parametrize("name", ["", "Nadia's scars", "RAHMAN, face", "x" * 121])
def test_a_name_that_is_missing_too_long_or_the_patients_is_refused(client, consultation, clinician, name):
    client.force_login(clinician)
    reply = client.post(address(consultation), {"name": name})
    assert reply.status_code == 422
    assert not ProtocolCase.objects.exists()


def test_a_ticked_text_that_names_the_patient_is_refused(client, consultation, clinician):
    client.force_login(clinician)
    reply = client.post(address(consultation), {"name": "Scars", "keep": "screening.raised_mole.note"})
    assert reply.status_code == 422
    assert "names the patient" in reply.content.decode()
    consultation.case["screening"]["raised_mole"]["note"] = "began after a wedding"
    consultation.save()
    assert client.post(address(consultation), {"name": "Scars", "keep": "screening.raised_mole.note"}).status_code == 302
    assert ProtocolCase.objects.get().case["screening"]["raised_mole"]["note"] == "began after a wedding"


def test_the_desk_and_another_site_keep_nothing(client, consultation, desk, make_user):
    client.force_login(desk)
    assert client.get(address(consultation)).status_code == 403
    stranger = make_user("ada", "medical_lead")
    stranger.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
    client.force_login(stranger)
    assert client.get(address(consultation)).status_code == 404
