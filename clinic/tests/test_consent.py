"""Whose consent is to be renewed before a visit; a signed consent on paper; two records of one person."""

import datetime as dt
import subprocess

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from clinic.consent_ahead import ahead_of
from clinic.today import worklist_of
from consent.services.withdrawing import withdraw
from consent.standing import newest_items, stands_for
from consent.tests.signed import consented, sign, text_in_use
from patients.models import Patient
from sessions.models import Booking
from sessions.tests.record_case import RecordCase

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def another(case, number, surname):
    """One more patient with a plan and everything signed."""
    other = Patient.objects.create(number=number, site=case.site, surname=surname, given="A", birth_date=dt.date(1990, 1, 2))
    made = RecordCase.__new__(RecordCase)
    made.__dict__ |= case.__dict__ | {"patient": other}
    made.plan = made.make_plan()
    return made


def comes(case, days=7, **fields) -> Booking:
    starts = timezone.now() + dt.timedelta(days=days)
    given = {"site": case.site, "kind": "session", "session_number": 1, "status": "booked", "clinician": case.person, **fields}
    return Booking.objects.create(
        patient=case.patient, plan=case.plan, starts_at=starts, ends_at=starts + dt.timedelta(hours=1), created_by=case.clinician,
        request_key=f"ahead-{case.patient.pk}-{days}", **given,
    )  # fmt: skip


def taken_back(case):
    withdraw(case.patient, list(newest_items(case.patient).values())[:1], said_by="The patient", reason="", by=case.clinician)


def test_who_signed_the_text_in_use_is_on_no_list(case):
    comes(case)
    assert ahead_of(case.clinician) == []


@pytest.mark.both_engines
def test_an_older_text_or_a_withdrawal_before_a_visit_is_listed_the_nearest_first(case):
    later, nobody_comes, gone = another(case, 20101, "Later"), another(case, 20102, "Nobody"), another(case, 20103, "Gone")
    comes(case, 3)
    comes(later, 9)
    comes(gone, 5, status="cancelled")
    text_in_use(by=case.clinician)  # a newer text for what all of them signed
    taken_back(later)
    found = ahead_of(case.clinician)
    assert [(row.visit.patient, row.is_withdrawn) for row in found] == [(case.patient, False), (later.patient, True)]
    assert "on an older text" in found[0].words
    assert nobody_comes.patient not in [row.visit.patient for row in found]


def test_signed_anew_it_is_off_the_list(case):
    comes(case)
    text_in_use(by=case.clinician)
    assert len(ahead_of(case.clinician)) == 1
    consented(case.plan, by=case.clinician)
    assert ahead_of(case.clinician) == []


def test_nobody_sees_patients_of_another_site(case, make_user):
    comes(case)
    taken_back(case)
    stranger = make_user("petra", "clinician")
    stranger.sites.clear()
    assert ahead_of(stranger) == []


@pytest.mark.both_engines
def test_many_cost_what_one_costs(case):
    comes(case)
    text_in_use(by=case.clinician)
    ahead_of(case.clinician)  # what a request asks once
    with CaptureQueriesContext(connection) as one:
        ahead_of(case.clinician)
    for number in range(3):
        comes(another(case, 20110 + number, f"More{number}"), number + 1)
    text_in_use(by=case.clinician)
    with CaptureQueriesContext(connection) as many:
        assert len(ahead_of(case.clinician)) == 4
    assert len(many) == len(one)


def test_today_says_so_and_leads_there(client, case, desk, manager):
    comes(case)
    taken_back(case)
    pile = next(pile for pile in worklist_of(desk).piles if pile.id == "consent")
    assert pile.words == "1 consent to renew before a visit"
    assert pile.items[0].facts.startswith("Withdrawn, next session")
    assert not [pile for pile in worklist_of(manager).piles if pile.id == "consent"]
    client.force_login(desk)
    page = client.get(pile.url).content.decode()
    assert "Withdrawn" in page
    assert f"{reverse('consent:sign', args=[case.patient.number])}?plan={case.plan.pk}" in page
    assert client.get(pile.items[0].url).status_code == 200


@pytest.mark.both_engines
def test_under_either_record_the_newest_signature_or_withdrawal_holds(case):
    """Two records of one person: signed under the one, withdrawn under the other, and each verifies as it was written."""
    other = Patient.objects.create(
        number=20120, site=case.site, surname=case.patient.surname, given=case.patient.given, birth_date=case.patient.birth_date
    )
    text = text_in_use("indication", "acne_scars", by=case.clinician)
    sign(other, [text], by=case.clinician)
    assert stands_for(case.plan).state == "older"
    Patient.objects.filter(pk=other.pk).update(merged_into=case.patient, merged_at=timezone.now())
    case.plan.refresh_from_db()
    assert stands_for(case.plan).state == "signed"
    taken_back(case)
    assert stands_for(case.plan).state == "withdrawn"
    call_command("verify_consents")


@pytest.mark.parametrize("way", ["drawn", "typed"])
def test_on_paper_it_says_what_was_signed_and_leaves_no_file(client, case, way, tmp_path):
    typed = {"strokes": [], "typed_name": "Nadia Rahman"} if way == "typed" else {}
    consent = sign(case.patient, [text_in_use(by=case.clinician, body="It may bleed.\n\nRötung ist üblich.")], by=case.clinician, **typed)
    client.force_login(case.clinician)
    answer = client.get(reverse("consent:pdf", args=[consent.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert b"/StructTreeRoot" in answer.content or b"/ObjStm" in answer.content
    (tmp_path / "c.pdf").write_bytes(answer.content)
    words = subprocess.run(["pdftotext", "-layout", tmp_path / "c.pdf", "-"], capture_output=True, check=True).stdout.decode()
    for said in ("It may bleed.", "Rötung ist üblich.", "Witness Example", str(case.patient.number), consent.sha256):
        assert said in words
    assert ("Signed with a typed name" in words) == (way == "typed")
    assert AuditEvent.objects.filter(action="consent.printed", outcome="done", patient_pk=case.patient.pk).count() == 1
