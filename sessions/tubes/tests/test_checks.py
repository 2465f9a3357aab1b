"""Patient against tube: two different people, each by the own password, the same label, before the patient's own blood is used."""

import datetime as dt
import itertools

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from patients.models import Patient
from sessions.models import Product, TreatmentSession, TubeCheck, UsedLot
from sessions.services import gate, record
from sessions.services.drafts import Locked
from sessions.services.signing import NotComplete, sign
from sessions.services.verifying import faults_of
from sessions.tests.record_case import PASSWORD, RecordCase, as_json
from sessions.tubes import rule, services

pytestmark = pytest.mark.django_db
TUBE = "Rahman 10482 11:05"
GUARDS = ("signed_record_locked", "signed_tubes_locked", "blood_checked_by_two", "tube_checks_added")


class PlasmaCase(RecordCase):
    ADJUVANTS = ("prp",)

    def typed(self, session, **changes):
        none = dict.fromkeys(("adj-hyaluronic_acid-used", "adj-hyaluronic_acid-product", "adj-hyaluronic_acid-lot"))
        plasma = {"adj-prp-used": "on", "adj-prp-product": "Example kit", "adj-prp-lot": "PT-0902"}
        return super().typed(session, **none | plasma | changes)


@pytest.fixture
def case(site, clinician, patient):
    return PlasmaCase(site, clinician, patient)


def save(case, session, **changes):
    session.refresh_from_db()
    return record.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


def check(session, by, label=TUBE, adjuvant="prp"):
    return services.check(session, adjuvant=adjuvant, label=label, by=by)


def unmet(session):
    return {row.name for row in gate.unmet(gate.may_sign(TreatmentSession.objects.get(pk=session.pk)))}


def send(client, session, who, *, password=PASSWORD, **fields):
    typed = {"adjuvant": "prp", "tube_who": str(who.pk), "tube_label": TUBE, "tube_seen": "on", "password": password} | fields
    return client.post(reverse("sessions:record_tube", args=[session.pk]), typed)


# The rule


def test_two_people_and_one_label_let_it_be_used_and_signed(case, desk):
    session = case.started()
    check(session, case.clinician)
    check(session, desk, "RAHMAN 10482, 11:05")  # as the scanner reads it: letters and digits are what counts
    saved = save(case, session)
    assert saved.form.errors == {}
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    said = as_json(done)
    assert [(row["by"], row["label"]) for row in said["record"]["tube_checks"]] == [
        (case.clinician.pk, TUBE),
        (desk.pk, "RAHMAN 10482, 11:05"),
    ]
    assert [row["own_blood"] for row in said["lots"] if row["place"] == "adj-prp"] == [True]
    assert list(faults_of(done)) == []


@pytest.mark.parametrize("people", [*itertools.product(["first", "second"], repeat=2), ("first",), ()], ids=str)
def test_every_way_two_checks_can_be_made_gives_its_one_answer(case, desk, people):
    session, by = case.started(), {"first": case.clinician, "second": desk}
    for name in people:
        check(session, by[name])
    saved = save(case, session)
    is_checked = len(set(people)) == 2
    assert ("adj-prp-used" in saved.form.errors) is not is_checked
    assert bool(unmet(session)) is not is_checked


def test_a_second_person_who_reads_another_label_stops_it(case, desk):
    session = case.started()
    check(session, case.clinician)
    with pytest.raises(services.Refused, match="Do not use the tube"):
        check(session, desk, "Smith 10999 11:05")
    assert TubeCheck.objects.count() == 1
    assert AuditEvent.objects.filter(action="tube.checked", outcome="refused", actor=desk).count() == 1
    check(session, case.clinician, "Rahman 10482 11:20")  # another tube is drawn, and both read that
    check(session, desk, "Rahman 10482 11:20")
    assert save(case, session).form.errors == {}


def somebody_else(site) -> Patient:
    names = {"surname": "Other", "given": "Olive", "surname_key": "other", "given_key": "olive"}
    return Patient.objects.create(number=20_483, site=site, birth_date=dt.date(1990, 2, 3), **names)


def test_a_label_that_was_read_for_another_patient_stops_it(case, site, clinician, desk):
    check(case.started(), clinician)
    other = PlasmaCase.__new__(PlasmaCase)
    other.__dict__ |= case.__dict__ | {"patient": somebody_else(site)}
    for name in ("phototype", "allergies_asked", "medicines_asked", "allergies_asked_at", "medicines_asked_at"):
        setattr(other.patient, name, getattr(case.patient, name))
    other.patient.save()
    other.plan = other.make_plan()
    before = timezone.now() - dt.timedelta(hours=4)
    times = {"starts_at": before, "ends_at": before + dt.timedelta(hours=1)}
    session = other.started(plan=other.plan, device=None, request_key="other", **times)
    with pytest.raises(services.Refused, match="read for another patient"):
        check(session, clinician, "RAHMAN 10482 / 11:05")
    assert session.tube_checks.count() == 0
    assert check(session, clinician, "Other 10483 11:20").pk
    TreatmentSession.objects.filter(pk=session.pk).update(started_at=session.started_at - rule.A_DAY * 2)
    assert check(session, clinician).pk  # of another day: numbers come again


def test_the_same_person_twice_is_one_check(case):
    session = case.started()
    assert check(session, case.clinician) == check(session, case.clinician)
    assert TubeCheck.objects.count() == 1


def test_a_tube_of_blood_is_known_by_its_code_where_the_protocol_does_not_mark_it(site, clinician, patient, desk):
    Product.objects.create(kind="prp", name="Example kit", gtin="09506000134390")
    case = RecordCase(site, clinician, patient)
    session = case.started()
    scanned = {"adj-hyaluronic_acid-lot": "010950600013439017310331" + "10PT-0902", "adj-hyaluronic_acid-product": "Example kit"}
    saved = save(case, session, **scanned)
    assert "two people check" in str(saved.form.errors)
    for person in (clinician, desk):
        check(session, person, adjuvant="hyaluronic_acid")
    assert save(case, session, **scanned).form.errors == {}


def test_nothing_is_checked_after_the_signature(case, desk):
    session = case.started()
    for person in (case.clinician, desk):
        check(session, person)
    saved = save(case, session)
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    with pytest.raises(Locked):
        check(session, desk, "Another")


# The last door


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_the_database_signs_for_no_blood_that_two_people_did_not_check(case, desk):
    session = case.started()
    first = check(session, case.clinician)
    second = check(session, desk)
    saved = save(case, session)
    with guards.suspended("tube_checks_added"):
        second.delete()
    assert UsedLot.objects.get(session=session, place="adj-prp").own_blood
    version = saved.session.version

    def sign_past_the_rule():
        with transaction.atomic():
            TreatmentSession.objects.filter(pk=session.pk).update(
                status="signed", signed_by=case.clinician, signed_at=saved.session.saved_at, signed_sha256="0" * 64
            )

    with pytest.raises(NotComplete):
        sign(saved.session, by=case.clinician, password=PASSWORD, version=version)
    with pytest.raises(DatabaseError, match="two people"):
        sign_past_the_rule()
    with guards.suspended("blood_checked_by_two"):  # the control
        sign_past_the_rule()
    assert TreatmentSession.objects.get(pk=session.pk).is_signed
    with pytest.raises(IntegrityError, match=r"only ever added|never changed"), transaction.atomic():
        TubeCheck.objects.filter(pk=first.pk).update(by=desk)


# On the screen


def test_each_proves_who_they_are_on_the_screen_of_who_treats(case, client, desk):
    session = case.started()
    client.force_login(case.clinician)
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert "Nobody has checked yet" in page
    assert "selected" not in page.split('id="tube_who"')[1].split("</select>")[0]
    assert send(client, session, case.clinician).status_code == 302
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert TUBE not in page  # the second reads for themselves
    assert f'<option value="{case.clinician.pk}"' not in page.split('id="tube_who"')[1].split("</select>")[0]
    assert send(client, session, desk).status_code == 302
    assert "Checked by two" in client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert {row.by for row in TubeCheck.objects.all()} == {case.clinician, desk}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tube_who": ""}, "Choose who checks"),
        ({"tube_who": "999999"}, "Choose who checks"),
        ({"tube_label": " "}, "Type or scan the label of the tube"),
        ({"tube_label": "x" * 41}, "The label must be 40 letters or fewer"),
        ({"tube_seen": ""}, "Tick that the tube bears the name"),
        ({"password": ""}, "types the own password here"),
        ({"password": "another horse battery"}, "This is not the password of"),
        ({"adjuvant": "hyaluronic_acid"}, ""),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_kept(case, client, desk, fields, words):
    session = case.started()
    client.force_login(case.clinician)
    answer = send(client, session, desk, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not TubeCheck.objects.exists()
    if not fields.get("tube_label") and "adjuvant" not in fields:
        assert TUBE in answer.content.decode()
    assert PASSWORD not in answer.content.decode()


def test_nobody_guesses_at_a_colleagues_password_here(case, client, desk):
    session = case.started()
    client.force_login(case.clinician)
    for number in range(5):
        send(client, session, desk, password=f"guess {number} horse battery")
    answer = send(client, session, desk)
    assert answer.status_code == 422
    assert "Too many passwords did not match" in answer.content.decode()
    assert not TubeCheck.objects.exists()


def test_a_manager_checks_no_tube(case, client, manager):
    session = case.started()
    client.force_login(case.clinician)
    assert "Choose who checks" in send(client, session, manager).content.decode()
