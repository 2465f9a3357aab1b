"""A plan of one zone with an adjuvant, before anything was signed."""

import pytest
from django.utils import timezone

from consent.models import ConsentText
from consent.tests.signed import texts_for
from plans.models import Consultation
from plans.tests.rows import plan_with
from protocols.documents import canonical, sha256
from protocols.knowledge import packaged
from protocols.models import ProtocolVersion

ZONE = {
    "zone": "cheeks", "zone_label": "Cheeks", "indication": "acne_scars", "level": "grade_2", "depth_mm": 1, "proposed_depth_mm": 1,
    "min_depth_mm": 1, "max_depth_mm": 2, "passes_min": 1, "passes_typical": 2, "passes_max": 3, "endpoint": "even redness",
}  # fmt: skip


@pytest.fixture
def protocol(medical_lead):
    document = canonical(packaged().document)
    fields = {"status": "approved", "approved_by": medical_lead, "approved_at": timezone.now()}
    return ProtocolVersion.objects.create(version="2026.1", document=document, sha256=sha256(document), **fields)


@pytest.fixture
def plan_of(protocol, clinician):
    def make(patient, number=1, **fields):
        consultation = Consultation.objects.create(
            patient=patient,
            site=patient.site,
            clinician=clinician,
            visit_date=timezone.localdate(),
            protocol_version=protocol,
            status="planned",
        )
        return plan_with(
            [ZONE], patient=patient, consultation=consultation, number=number, protocol_version=protocol, planner_version="1", case={},
            proposal={}, device_kind="pen", sessions_count=4, interval_weeks_min=4, interval_weeks_typical=4, interval_weeks_max=8,
            downtime_days_min=0, downtime_days_max=2, accepted_by=clinician, accepted_at=timezone.now(),
            **{"adjuvants": ["hyaluronic_acid"], **fields},
        )  # fmt: skip

    return make


@pytest.fixture
def plan(plan_of, patient):
    return plan_of(patient)


@pytest.fixture
def texts(plan, clinician) -> list[ConsentText]:
    """In use, in English: one for each thing the plan needs."""
    return texts_for(plan, by=clinician)
