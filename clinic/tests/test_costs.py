"""What lists, diary and patient page may cost: as many queries for many rows as for one, and no whole document for a line of text."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plans.models import TreatmentPlan
from sessions.models import Hold, TreatmentSession

pytestmark = pytest.mark.django_db
DOCUMENTS = tuple(f'"{table}"."{column}"' for table, column in [
    ("plans_treatmentplan", "case"), ("plans_treatmentplan", "proposal"), ("plans_consultation", "case"), ("plans_consultation", "inputs"),
    ("treatment_sessions_treatmentsession", "signed_content"), ("protocols_protocolversion", "document"),
])  # fmt: skip

ZONE = {
    "zone": "z1", "zone_label": "Zone one", "indication": "i", "level": "l", "depth_mm": 1, "proposed_depth_mm": 1, "min_depth_mm": 1,
    "max_depth_mm": 2, "passes_min": 1, "passes_typical": 2, "passes_max": 3, "endpoint": "e",
}  # fmt: skip


@pytest.fixture
def visit(clinician, book, person, plan_of, now):
    """A session of a patient of its own, with its record and what it holds; or one more of *patient*."""

    def make(minutes, patient=None, number=1):
        patient = patient or person(f"P{minutes}")
        plan = TreatmentPlan.objects.filter(patient=patient).first() or plan_of(patient, zones=[ZONE])
        booking = book(patient, minutes, "in_room", kind="session", plan=plan, number=number)
        times = {"starts_at": booking.starts_at, "ends_at": booking.ends_at}
        Hold.objects.create(booking=booking, resource=booking.clinician, subject=f"r{booking.clinician_id}", **times)
        TreatmentSession.objects.create(
            booking=booking, patient=patient, plan=plan, session_number=number, clinician=clinician, started_at=now, reaction="none"
        )
        return patient

    return make


def asked(client, address) -> list[str]:
    client.get(address)  # what a process reads once
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("role", ["clinician", "desk"])
@pytest.mark.parametrize("address", ["/today/", "/today/?who=everyone", "/calendar/", "/calendar/?by=rooms", "/calendar/?by=devices"])
def test_a_day_of_six_costs_what_a_day_of_one_costs(client, request, visit, address, role):
    client.force_login(request.getfixturevalue(role))
    visit(-240)
    one = asked(client, address)
    for hour in range(-3, 2):
        visit(hour * 60)
    six = asked(client, address)
    assert len(six) == len(one)
    assert not [sql for sql in six for name in DOCUMENTS if name in sql]


@pytest.mark.parametrize("role", ["clinician", "desk"])
def test_a_long_history_costs_what_a_short_one_costs(client, request, visit, role):
    client.force_login(request.getfixturevalue(role))
    patient = visit(-240)
    address = reverse("patients:detail", args=[patient.number])
    short = asked(client, address)
    for number in range(2, 5):
        visit(number * 60 - 240, patient, number)
    long = asked(client, address)
    assert len(long) == len(short)
    assert not [sql for sql in long for name in DOCUMENTS if name in sql]


def test_this_file_would_notice_a_document(client, clinician, visit):
    """The control: a list that loads plans whole is seen by the check above."""
    visit(0)
    with CaptureQueriesContext(connection) as queries:
        list(TreatmentPlan.objects.all())
    assert [query["sql"] for query in queries if DOCUMENTS[1] in query["sql"]]
