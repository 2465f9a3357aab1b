"""Two records of one person on Today, on paper, in the log, in the export and in an erasure; and that nobody asks past the key."""

import ast
import datetime as dt
import io
import uuid
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.reach import forget
from audit.models import AuditEvent, ErasureOrder
from clinic.day.pack import pack_of
from clinic.log.reading import patient_pks
from clinic.rights import erasing, exporting
from clinic.rights.retention import kept
from clinic.today import worklist_of
from followup.models import ContactChoice
from followup.services import contact
from followup.services.waiting import add as wait
from patients import emergency
from patients import merge_services as service
from patients.merged import MergedAway
from patients.models import Allergy, Patient, PatientMerge
from plans.models import Consultation, KeptCase, TreatmentPlan
from sessions.models import Hold
from sessions.tests.record_case import RecordCase

from .test_costs import ZONE
from .whole_patient import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


def merge(one, two, by):
    one, two = Patient.objects.get(pk=one.pk), Patient.objects.get(pk=two.pk)
    versions = {one.pk: one.version, two.pk: two.version}
    holds = dict.fromkeys(service.differing(one, two), one.number)
    return service.merge(one, two, by=by, versions=versions, holds=holds, request_key=uuid.uuid4())


@pytest.fixture
def other(person, patient):
    other = person("Rahmann", "Nadja")
    Patient.objects.filter(pk=other.pk).update(birth_date=patient.birth_date)
    return Patient.objects.get(pk=other.pk)


def test_the_alert_word_of_either_record_stands_beside_todays_visit(book, patient, other, desk, site):
    Allergy.objects.create(patient=other, substance="lidocaine")
    Allergy.objects.create(patient=patient, substance="latex")
    book(patient, 30)
    book(other, 90)
    merge(patient, other, desk)
    rows = worklist_of(desk).next
    assert len(rows) == 2
    for row in rows:
        assert [flag.text for flag in row.flags] == ["Allergy: lidocaine, latex"], "and nobody with the same name"
    paper = pack_of(desk, site, timezone.localdate())
    assert [line.alerts for line in paper.lines] == [("Allergy: lidocaine, latex",)] * 2


@pytest.mark.both_engines
def test_the_patient_page_shows_visits_and_plans_of_both(client, site, patient, other, clinician):
    case = RecordCase(site, clinician, other)
    visit = case.booking()
    merge(patient, other, clinician)
    client.force_login(clinician)
    page = client.get(reverse("patients:detail", args=[patient.number])).content.decode()
    assert reverse("plans:plan", args=[other.number, 1]) in page
    assert f"recorded under no. {other.number}" in page
    assert reverse("sessions:booking", args=[visit.pk]) in page
    assert reverse("sessions:book_course", args=[other.number, 1]) in page
    assert reverse("plans:plan", args=[patient.number, 1]) not in page
    assert client.get(reverse("plans:plan", args=[patient.number, 1])).status_code == 404
    assert client.get(reverse("sessions:booking", args=[visit.pk])).status_code == 200
    assert client.get(reverse("sessions:book_course", args=[other.number, 1])).status_code == 200


@pytest.mark.both_engines
def test_the_page_costs_as_much_for_many_lines_of_the_other_record_as_for_one(client, patient, other, plan_of, clinician):
    def talk(day):
        said = {"site": other.site, "clinician": clinician, "visit_date": dt.date(2026, 1, day), "status": "closed"}
        Consultation.objects.create(patient=other, protocol_version=plan.protocol_version, **said)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("patients:detail", args=[patient.number])).status_code == 200
        return len(queries)

    plan = plan_of(other, zones=[ZONE])
    talk(1)
    merge(patient, other, clinician)
    client.force_login(clinician)
    asked()
    one = asked()
    for day in range(2, 6):
        talk(day)
    assert asked() == one


def test_a_wish_said_under_either_record_holds(patient, other, desk):
    ContactChoice.objects.create(patient=patient)
    ContactChoice.objects.create(patient=other, email_stopped_at=timezone.now())
    merge(patient, other, desk)
    kept_one = Patient.objects.get(pk=patient.pk)
    for one in (patient, other):
        assert ContactChoice.of(one.pk).stopped_at("email")
    choice = contact.choice_of(kept_one)
    contact.set_choice(kept_one, wanted={"email": True, "sms": False}, was=contact.seen_of(choice), by=desk)
    for one in (patient, other):
        found = ContactChoice.of(one.pk)
        assert found.stopped_at("email") is None
        assert found.stopped_at("sms")


def test_the_language_that_is_said_to_hold_is_the_persons_under_either_record(patient, other, desk, clinician):
    Patient.objects.filter(pk=patient.pk).update(language="de")
    assert "language" in service.differing(Patient.objects.get(pk=patient.pk), other)
    row = merge(patient, other, desk)
    assert {one.language for one in Patient.objects.filter(pk__in=(patient.pk, other.pk))} == {"de"}
    service.undo(row, by=clinician)
    assert {one.pk: one.language for one in Patient.objects.filter(pk__in=(patient.pk, other.pk))} == {patient.pk: "de", other.pk: ""}


def test_who_wants_no_reminders_gets_none_under_either_record_after_they_are_taken_apart(patient, other, desk, clinician):
    ContactChoice.objects.create(patient=other)
    row = merge(patient, other, desk)
    kept_one = Patient.objects.get(pk=patient.pk)
    was = contact.seen_of(contact.choice_of(kept_one))
    contact.set_choice(kept_one, wanted={"email": False, "sms": True}, was=was, by=desk)
    service.undo(row, by=clinician)
    for one in (patient, other):
        found = ContactChoice.of(one.pk)
        assert (found.patient_id, bool(found.email_stopped_at), found.sms_stopped_at) == (one.pk, True, None)


@pytest.mark.both_engines
def test_the_merged_record_goes_on_no_waiting_list(patient, other, desk):
    merge(patient, other, desk)
    with pytest.raises(MergedAway):
        wait(patient=other, kind="consultation", by=desk, request_key="w", until=timezone.localdate())


@pytest.mark.both_engines
def test_the_log_of_the_kept_record_holds_the_others(patient, other, manager):
    assert patient_pks(manager, patient.number) == [patient.pk]
    merge(patient, other, manager)
    assert set(patient_pks(manager, patient.number)) == {patient.pk, other.pk}


@pytest.fixture
def stranger(make_user):
    person = make_user("ada", "medical_lead")
    person.sites.set([Site.objects.create(name="Birch", slug="birch")])
    return person


def _open(one, by):
    reason = "Stands here with a swollen eye"
    return emergency.open_record(number=one.number, birth_date=one.birth_date, reason=reason, by=by, request_key=uuid.uuid4())


@pytest.mark.parametrize("of_the_kept", [True, False])
@pytest.mark.parametrize("merged_first", [True, False])
def test_an_emergency_opens_both_and_is_closed_by_hand(client, person, patient, other, stranger, desk, of_the_kept, merged_first):
    """By either number, and also where the two were merged while it stood open; nobody else's record with it."""
    third = person("Somebody")
    if merged_first:
        merge(patient, other, desk)
    opening = _open(patient if of_the_kept else other, stranger)
    if not merged_first:
        assert set(Patient.objects.visible_to(stranger)) == {opening.patient}
        merge(patient, other, desk)
        forget(stranger)
    assert set(Patient.objects.visible_to(stranger)) == {patient, other}
    assert third not in Patient.objects.visible_to(stranger)
    assert _open(patient, stranger) == opening, "it stands open already"
    client.force_login(stranger)
    assert client.get(reverse("patients:detail", args=[patient.number])).status_code == 200
    client.post(reverse("patients:close_emergency", args=[opening.patient.number]))
    opening.refresh_from_db()
    assert opening.closed_at is not None
    assert client.get(reverse("patients:detail", args=[patient.number])).status_code == 404


def test_who_opened_the_record_is_asked_by_either_number(client, patient, other, manager, desk):
    for one in (patient, other):
        client.force_login(desk)
        client.get(reverse("patients:detail", args=[one.number]))
    merge(patient, other, manager)
    client.force_login(manager)
    for one in (patient, other):
        assert set(patient_pks(manager, one.number)) == {patient.pk, other.pk}
        page = client.get(reverse("clinic:patient_log", args=[one.number]))
        assert {line.number for line in page.context["lines"]} == {patient.number, other.number}
    looked = AuditEvent.objects.filter(action="log.viewed", actor=manager)
    assert set(looked.values_list("patient_pk", flat=True)) == {patient.pk, other.pk}, "and looking is on both"


def test_a_place_on_the_waiting_list_of_another_site_is_settled_first(patient, other, clinician):
    birch = Site.objects.create(name="Birch", slug="birch")
    clinician.sites.add(birch)
    wait(patient=other, kind="consultation", by=clinician, request_key="w", until=timezone.localdate())
    Patient.objects.filter(pk=patient.pk).update(site=birch)
    with pytest.raises(service.MergeRefused, match=r"is on the waiting list of Alder Skin Clinic, .* goes to Birch"):
        merge(patient, other, clinician)
    merge(other, patient, clinician)


# Export and erasure


@pytest.fixture
def two(site, clinician):
    one, away = make(site, clinician, number=48213), make(site, clinician, number=48214, marker="Yqotherx")
    for table in ("plans", "bookings"):
        getattr(away, table).filter(status__in=("accepted", "booked")).update(status="stopped" if table == "plans" else "cancelled")
    return one, away


@pytest.mark.both_engines
def test_the_export_of_the_kept_record_holds_the_other(two, manager):
    one, away = two
    merge(one, away, manager)
    data = b"".join(exporting.of_patient(Patient.objects.get(pk=one.pk), by="Omar Reed"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {"record.json", f"merged/{away.number}/record.json"} <= set(archive.namelist())
        assert "Yqotherx" in archive.read(f"merged/{away.number}/record.json").decode()


@pytest.mark.both_engines
def test_an_erasure_takes_both_each_under_its_own_order(two, manager):
    one, away = two
    merge(one, away, manager)
    here = Patient.objects.get(pk=one.pk)
    assert [row.pk for row in erasing.records(here)] == [away.pk, one.pk]
    wish = erasing.Wish(here.number, here.birth_date, "patient_asked", "Letter of 3 May")
    merged = Patient.objects.get(pk=away.pk)
    with pytest.raises(erasing.CannotErase, match=f"No. {away.number} was merged into no. {one.number}"):
        erasing.erase(merged, erasing.Wish(merged.number, merged.birth_date, "patient_asked", "Letter"), by=manager)
    erasing.erase(here, wish, by=manager)
    assert not Patient.objects.filter(pk__in=[one.pk, away.pk]).exists()
    assert not PatientMerge.objects.filter(kept__in=[one.pk, away.pk]).exists()
    orders = ErasureOrder.objects.order_by("pk").values_list("patient_number", "reason", "pending")
    assert list(orders) == [(away.number, "patient_asked", None), (one.number, "patient_asked", None)]


def test_both_are_kept_as_long_as_the_one_in_use_last(two, manager):
    one, away = two
    merge(one, away, manager)
    rows = Patient.objects.filter(pk__in=[one.pk, away.pk]).select_related("site")
    assert len({row.last for row in kept(rows)}) == 1


@pytest.mark.both_engines
def test_what_would_go_is_counted_over_both(two, manager):
    one, away = two
    before = [dict(erasing.counts(row))["allergies"] for row in (one, away)]
    merge(one, away, manager)
    assert dict(erasing.counts(Patient.objects.get(pk=one.pk)))["allergies"] == sum(before)


def _order(one, by) -> ErasureOrder:
    return ErasureOrder(
        site_pk=one.site_id, ordered_by=by, ordered_by_name=str(by), ordered_at=timezone.now(), reason="patient_asked", ground="override"
    )


@pytest.mark.both_engines
def test_taken_apart_the_other_one_is_erased_though_its_plan_was_replaced_meanwhile(patient, other, plan_of, clinician, manager):
    """The plan of the kept one stays, and says no more which it replaced."""
    old = plan_of(other)
    row = merge(patient, other, clinician)
    TreatmentPlan.objects.filter(pk=old.pk).update(status="superseded")
    new = plan_of(Patient.objects.get(pk=patient.pk), supersedes=old)
    assert f"Plan 1 of no. {other.number} stays superseded" in service.stays(row)
    service.undo(row, by=clinician)
    with transaction.atomic():
        erasing.carry_out(_order(other, manager), Patient.objects.get(pk=other.pk))
    connection.check_constraints()
    new.refresh_from_db()
    assert (new.supersedes, new.status, new.patient_id) == (None, "accepted", patient.pk)
    assert not TreatmentPlan.objects.filter(pk=old.pk).exists()


@pytest.mark.both_engines
def test_a_restored_backup_may_hold_a_merge_that_was_undone_before_one_of_the_two_was_erased(patient, other, book, clinician, manager):
    """The kept one goes again; the other one, which was not erased, says what it said before, and its visits hold it."""
    Patient.objects.filter(pk=other.pk).update(phone="020 7946 0999", medicines_asked="none", medicines_asked_at=timezone.now())
    visit = book(other, 25 * 60)
    Hold.objects.create(
        booking=visit, patient=other, subject=f"p{other.pk}", segment="needling", starts_at=visit.starts_at, ends_at=visit.ends_at
    )
    before = service._said(Patient.objects.get(pk=other.pk))
    merge(patient, other, clinician)
    assert Patient.objects.get(pk=other.pk).phone == patient.phone
    assert Hold.objects.get(booking=visit).patient == patient
    with transaction.atomic():
        erasing.carry_out(_order(patient, manager), Patient.objects.get(pk=patient.pk))
    connection.check_constraints()
    left = Patient.objects.get(pk=other.pk)
    assert left.merged_into is None
    assert service._said(left) == before
    assert (Hold.objects.get(booking=visit).patient, Hold.objects.get(booking=visit).subject) == (other, f"p{other.pk}")
    assert not PatientMerge.objects.exists()


def test_an_erasure_of_one_record_takes_no_case_of_the_other(two, manager):
    """Also while they are one person, as in a restored backup."""
    one, away = two
    cases = KeptCase.objects.filter(consultation__patient__pk=one.pk)
    assert cases.exists()
    merge(one, away, manager)
    with transaction.atomic():
        erasing.carry_out(_order(away, manager), Patient.objects.get(pk=away.pk))
    assert cases.exists()
    assert not KeptCase.objects.filter(consultation__patient__pk=away.pk).exists()


# Nobody asks past the key


APPS = ("accounts", "aftercare", "audit", "clinic", "consent", "events", "followup", "papers", "patients", "plans", "sessions")


def _past_the_key(tree: ast.AST) -> list[int]:
    """Lines that ask for rows of several records by their numbers, and so would miss those of the other record."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg and (node.arg == "patient__in" or node.arg.endswith("__patient__in")):
            found.append(node.value.lineno)
    return found


def test_nobody_asks_for_rows_of_many_patients_but_by_person():
    wrong = []
    for app in APPS:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if {"tests", "migrations", "bench", "demo"} & set(path.parts):
                continue
            wrong += [f"{path.relative_to(settings.BASE_DIR)}:{line}" for line in _past_the_key(ast.parse(path.read_text()))]
    assert wrong == [], "use .of_people({patient.person_pk ...})"


def test_a_question_past_the_key_is_noticed():
    assert _past_the_key(ast.parse("Allergy.objects.filter(patient__in=pks)")) == [1]


def test_every_row_of_history_hangs_on_a_person():
    """A new model with a plain key to a patient would be asked for by record: each of those says here why it is."""
    from django.apps import apps

    from patients.person import PersonKey, PersonOneToOneKey

    by_record = {
        "patients.Patient.merged_into": "points to the record itself",
        "patients.PatientMerge.kept": "one of two records",
        "patients.PatientMerge.other": "one of two records",
        "patients.EmergencyOpening.patient": "says which record was opened; the reach of it is by person",
        "treatment_sessions.Hold.patient": "who is held: the kept record for all",
    }
    plain = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Patient and not isinstance(field, PersonKey | PersonOneToOneKey)
    }
    assert plain == set(by_record)
