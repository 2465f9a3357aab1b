"""Health: 200 or 503, details only for people of the clinic, and never a long wait for a broker that is away."""

import socket
import tempfile
import time
from pathlib import Path

import pytest
from django.utils import timezone

from audit import guards
from clinic import health
from scripts import servers

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running_broker():
    with tempfile.TemporaryDirectory(prefix="clinic-b-") as folder, servers.broker(Path(folder)) as url:
        yield url


@pytest.fixture
def broker(running_broker, settings):
    settings.BROKER_URL = running_broker


def test_all_well_is_200_and_says_no_more_to_strangers(client, broker):
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_no_broker_is_503_at_once(client, settings, tmp_path):
    settings.BROKER_URL = f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0"
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (503, {"status": "failing"})


def test_a_broker_that_does_not_answer_is_given_up_soon(settings, tmp_path):
    path = tmp_path / "deaf.sock"
    deaf = socket.socket(socket.AF_UNIX)
    deaf.bind(str(path))
    deaf.listen()
    settings.BROKER_URL = f"redis+socket://{path}?virtual_host=0"
    started = time.perf_counter()
    assert "did not answer" in health._broker()
    assert time.perf_counter() - started < 10 * health.BROKER_SECONDS
    deaf.close()


def test_a_missing_guard_is_503_and_named_to_staff(client, broker, desk):
    client.force_login(desk)
    with guards.suspended():
        answer = client.get("/health/")
    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["checks"]["guards"]
    assert client.get("/health/").status_code == 200


def test_sheets_that_wait_too_long_tell_on_the_worker(broker, book, person, plan_of, clinician, now):
    from aftercare.models import Sheet
    from sessions.models import TreatmentSession

    patient = person("Okafor")
    plan = plan_of(patient)
    booking = book(patient, 0, "done", kind="session", plan=plan, number=1)
    record = TreatmentSession.objects.create(
        booking=booking, patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=now
    )
    Sheet.objects.create(session=record, record_version=1, variant="A4", requested_at=timezone.now() - 2 * health.SHEET_PATIENCE)
    assert "1 sheets" in health.state()["worker"]
    # One that failed and was offered again by itself just now: the worker has done nothing wrong.
    Sheet.objects.update(again_at=timezone.now())
    assert health.state()["worker"] == ""
    Sheet.objects.update(again_at=timezone.now() - 2 * health.SHEET_PATIENCE)
    assert "1 sheets" in health.state()["worker"]
