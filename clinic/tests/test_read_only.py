"""Read-only: pages open and nothing is taken, whoever asks and by whatever way; and it goes when the chain goes on with a record."""

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftercare import tasks
from audit import guards, read_only
from audit.chain.sealing import Sealer
from audit.models import AuditEvent
from audit.services import record
from clinic.read_only import OPEN, SAY
from patients.models import Patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.AUDIT_DIR = tmp_path / "audit"
    settings.AUDIT_DIR.mkdir()
    return settings.AUDIT_DIR


@pytest.fixture
def shut(folder):
    (folder / read_only.FILE).write_text("Row 7 was edited after it was sealed.\n")


PERSON = {"surname": "Example", "given": "Nora", "birth_date_0": "1", "birth_date_1": "2", "birth_date_2": "1990", "sex": "F"}


def test_nothing_is_taken_and_the_page_says_what_is_safe(shut, client, desk):
    client.force_login(desk)
    answer = client.post(reverse("patients:register"), PERSON)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "Nothing new is saved" in page
    assert "note what matters on paper" in page
    assert "still here" in answer[SAY]
    assert not Patient.objects.exists()
    refused = AuditEvent.objects.filter(action="write.refused")
    assert [(row.actor, row.outcome) for row in refused] == [(desk, "refused")]


def test_the_control_without_it_the_form_is_looked_at(client, desk):
    client.force_login(desk)
    assert client.post(reverse("patients:register"), PERSON).status_code in (302, 422)


def test_pages_open_with_a_banner(shut, client, clinician, patient):
    client.force_login(clinician)
    for address in (reverse("clinic:today"), reverse("patients:detail", args=[patient.number])):
        page = client.get(address)
        assert page.status_code == 200
        assert "Read-only." in page.content.decode()
    assert AuditEvent.objects.filter(action="patient.viewed").exists(), "reading is still accounted for"


def test_no_banner_where_all_stands(client, clinician):
    client.force_login(clinician)
    assert "Read-only." not in client.get(reverse("clinic:today")).content.decode()


def test_signing_in_works(shut, client, desk):
    answer = client.post(reverse("accounts:sign_in"), {"username": "june", "password": "correct horse battery"})
    assert answer.status_code == 302
    assert client.get(reverse("clinic:today")).status_code == 200
    assert client.post(reverse("accounts:sign_out")).status_code == 302


@pytest.mark.both_engines
def test_the_connection_itself_refuses_what_a_service_or_task_writes(shut, patient, site):
    with connection.execute_wrapper(read_only._refuse):
        for write in (
            lambda: Patient.objects.filter(pk=patient.pk).update(given="Other"),
            lambda: Patient.objects.bulk_create([Patient(number=9, site=site, surname="X", given="Y", birth_date="1990-01-01")]),
            lambda: Patient.objects.filter(pk=patient.pk).delete(),
        ):
            with pytest.raises(read_only.ReadOnly), transaction.atomic():
                write()
        record("patient.viewed", patient=patient)
        assert Patient.objects.get().given == patient.given
    Patient.objects.filter(pk=patient.pk).update(given="Other")  # the control: without it the same statement goes through


def test_a_task_leaves_the_sheets_for_later(shut, folder, django_assert_num_queries):
    with django_assert_num_queries(0):
        tasks.sweep_sheets()
        tasks.render_sheet(1)
    (folder / read_only.FILE).unlink()
    with CaptureQueriesContext(connection) as asked:
        tasks.sweep_sheets()
    assert len(asked), "the control"


@pytest.mark.both_engines
def test_a_chain_that_does_not_hold_makes_it_so_and_a_record_lets_it_go_on(manager):
    rows = [record("patient.viewed", detail={"n": number}) for number in range(5)]
    Sealer().all()
    assert read_only.look() == ""
    with guards.suspended("audit_auditevent_locked"):
        AuditEvent.objects.filter(pk=rows[2].pk).update(actor_name="somebody else")
    said = read_only.look()
    assert str(rows[2].pk) in said
    assert read_only.reason() == said
    assert read_only.lift() != "", "it stays while the chain does not hold"
    call_command("resume_audit", reason="looked at it", by="omar")
    assert read_only.reason() == ""


def test_every_name_that_stays_open_is_an_address():
    from django.urls import NoReverseMatch

    for name in OPEN:
        for arguments in ([], [1]):
            try:
                reverse(name, args=arguments)
                break
            except NoReverseMatch:
                continue
        else:
            pytest.fail(name)
