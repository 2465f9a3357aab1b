"""The patient page costs the same number of queries with five sessions and with five hundred, and leaves long texts where they are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.bench.long_history import PHOTOS, SESSIONS, fill
from patients.timeline import PAGE, timeline_of
from sessions.models import TreatmentSession

from .test_costs import DOCUMENTS, ZONE

pytestmark = pytest.mark.django_db
MOST = 60


@pytest.fixture
def with_history(clinician, column, person, plan_of):
    def make(sessions, photos):
        plan = plan_of(person(f"P{sessions}"), zones=[ZONE])
        fill(plan, by=clinician, sessions=sessions, photos=photos)
        return plan.patient

    return make


def _asked(client, patient, **asked) -> list[str]:
    address = reverse("patients:detail", args=[patient.number])
    client.get(address, asked)  # what a process reads once
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, asked).status_code == 200
    return [query["sql"] for query in queries]


def test_500_sessions_and_2000_photos_cost_as_many_queries_as_a_page_full(client, clinician, with_history):
    few, many = with_history(8, 30), with_history(SESSIONS, PHOTOS)
    client.force_login(clinician)
    asked = _asked(client, few), _asked(client, many)
    assert len(asked[1]) == len(asked[0]) <= MOST
    assert not [sql for sql in asked[1] for name in DOCUMENTS if name in sql]
    # The control: one that reads a row for each session would stand out by hundreds.
    with CaptureQueriesContext(connection) as each:
        for row in TreatmentSession.objects.filter(patient=many)[: 2 * PAGE]:
            row.plan.number  # noqa: B018
    assert len(each) > 2 * PAGE


@pytest.mark.parametrize("kind", ["sessions", "photos", "consent", "documents", "corrections", "plans", "visits", "outcomes"])
def test_an_older_page_of_one_kind_asks_for_its_source_alone(client, clinician, with_history, kind):
    patient = with_history(SESSIONS // 2, PHOTOS // 10)
    page = timeline_of(patient, clinician, kind=kind)
    while page.older and len(page.entries) == PAGE:
        before, page = page, timeline_of(patient, clinician, kind=kind, before=page.older)
        if page.is_first:
            break
        assert page.entries[0].order <= before.entries[-1].order
        with CaptureQueriesContext(connection) as queries:
            timeline_of(patient, clinician, kind=kind, before=before.older)
        assert len(queries) <= 12
        break
