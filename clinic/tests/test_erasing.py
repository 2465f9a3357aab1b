"""One patient's data goes in one transaction under its order, and nothing else makes locked rows yield."""

import datetime as dt
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from audit import guards
from audit.models import AuditEvent, ErasedFile, ErasureOrder
from audit.patient_models import of_patients
from audit.services import record
from clinic.models import RetentionRule
from clinic.rights import erasing, finishing, leftovers
from clinic.rights.erasing import CannotErase, NotThatPatient, Wish
from patients.models import EmergencyOpening, ErasedOpening, Patient, SurnameSlip
from patients.services import register
from plans.models import Consultation, TreatmentPlan

from .whole_patient import make, traces_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
committed = pytest.mark.django_db(transaction=True)

MARKER = "Zqmarkerx"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


@pytest.fixture
def whole(site, clinician):
    return make(site, clinician, marker=MARKER)


def _wish(patient, reason="patient_asked"):
    return Wish(patient.number, patient.birth_date, reason, "Letter of 3 May, folder 12")


@committed
def test_nothing_of_the_patient_is_left_anywhere_and_the_log_keeps_numbers(whole, manager, client, site, clinician):
    other = make(site, clinician, number=48214, marker="Yqotherx")
    client.force_login(manager)
    session = client.session
    session["_messages"] = f"“{MARKER}” taken back."
    session["refused_signature"] = {"page": "/", "at": 0, "said": {"words": f"{MARKER} asked"}}
    session.save()
    record("patient.viewed", actor=manager, patient=whole, obj=whole)
    before = {entry.label: entry.rows_of(other.pk).count() for entry in of_patients()}
    gone = whole.pk
    assert all(entry.rows_of(gone).exists() for entry in of_patients()), "the patient of this test has a row of every model"
    assert len(traces_of(MARKER)) > 60, "the control: the walk finds what is there"
    order = erasing.erase(whole, _wish(whole), by=manager)
    assert traces_of(MARKER) == []
    assert not any(entry.rows_of(gone).exists() for entry in of_patients())
    assert {entry.label: entry.rows_of(other.pk).count() for entry in of_patients()} == before
    kept = AuditEvent.objects.filter(patient_pk=gone)
    assert set(kept.values_list("action", flat=True)) >= {"patient.viewed", "patient.erased"}
    order.refresh_from_db()
    assert (order.pending_id, order.patient_number, order.ground) == (None, 48213, "override")
    assert order.erased["patients.Allergy"] == 2


@committed
def test_sqlites_own_files_hold_nothing_either(whole, manager):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps deleted rows until its vacuum: docs/operations.md")
    name = Path(connection.settings_dict["NAME"])
    files = [name, name.with_name(f"{name.name}-wal")]
    if not name.is_file():
        pytest.skip("the test database is not a file")

    def held():
        return sum(path.read_bytes().lower().count(MARKER.lower().encode()) for path in files if path.exists())

    assert held() > 60
    # Rows before and after, so that pages of indexes were divided and something was left in their gaps.
    for number in range(40):
        Patient.objects.create(number=number + 1, site=whole.site, surname=f"Zq{number:02}abcdefgh", birth_date=dt.date(1980, 1, 1))
    erasing.erase(whole, _wish(whole), by=manager)
    finishing.finish()
    assert held() == 0


@committed
def test_an_emergency_access_is_reported_and_looked_at_after_the_erasure(whole, manager, medical_lead, clinician, client):
    """By numbers and times: neither the reason nor anything else of the patient is left."""
    opening = EmergencyOpening.objects.get(patient=whole)
    number = whole.number
    erasing.erase(whole, _wish(whole), by=manager)
    left = ErasedOpening.objects.get()
    assert (left.request_key, left.opening_pk, left.patient_number) == (opening.request_key, opening.pk, number)
    assert (left.user, left.opened_at, left.reviewed_at) == (clinician, opening.opened_at, None)
    assert left.over_at <= left.erased_at < opening.ends_at
    client.force_login(medical_lead)
    assert "1 emergency access to an erased record to look at" in client.get(reverse("clinic:today")).content.decode()
    page = client.get(reverse("patients:openings")).content.decode()
    assert f"No. {number}" in page
    assert clinician.display_name in page
    assert MARKER not in page
    assert client.post(reverse("patients:review_erased_opening", args=[left.request_key])).status_code == 302
    left.refresh_from_db()
    assert left.reviewed_by == medical_lead
    said = AuditEvent.objects.get(action="emergency.reviewed")
    assert (said.patient_pk, said.detail["opening"]) == (left.patient_pk, opening.pk)
    assert "erased record" not in client.get(reverse("clinic:today")).content.decode()
    for change in ({"user": manager}, {"patient_number": 1}, {"reviewed_at": None, "reviewed_by": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ErasedOpening.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasedOpening.objects.all()._raw_delete("default")


def test_who_opened_it_does_not_look_at_it_and_another_site_does_not_see_it(whole, manager, clinician, client, make_user):
    erasing.erase(whole, _wish(whole), by=manager)
    address = reverse("patients:review_erased_opening", args=[ErasedOpening.objects.get().request_key])
    elsewhere = make_user("eve", "medical_lead")
    elsewhere.sites.set([Site.objects.create(name="Cedar", slug="cedar")])
    type(clinician).objects.filter(pk=clinician.pk).update(role="medical_lead")
    for person in (clinician, elsewhere):
        client.force_login(type(person).objects.get(pk=person.pk))
        assert client.post(address).status_code == 404
    client.force_login(elsewhere)
    assert str(whole.number) not in client.get(reverse("patients:openings")).content.decode()
    assert ErasedOpening.objects.get().reviewed_at is None


# What the database refuses


def _order(patient_pk, *, pending="-1", number=None):
    statement = (
        "INSERT INTO audit_erasureorder (key, patient_pk, patient_number, patient_key, ground, reason, reference, ordered_by_name, "
        "ordered_at, erased, is_reapplied, pending_id) "
        "VALUES (%s, %s, 1, %s, 'override', 'in_error', '', 'x', '2026-01-01 00:00:00', '{}', FALSE, "
    )
    values = [_key(), patient_pk, _key()]
    if number is not None:
        statement = statement.replace("(key,", "(id, key,").replace("VALUES (", "VALUES (%s, ")
        values.insert(0, number)
    _sql(f"{statement}{pending})", *values)


def _in_one(*steps):
    """*steps*, each (function, *arguments), in one transaction."""
    with transaction.atomic():
        for step, *arguments in steps:
            step(*arguments)


def _key():
    return uuid.uuid4().hex


def _sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


LOCKED = {
    "plans_consultation": "patient_id = %s",
    "plans_treatmentplan": "patient_id = %s",
    "plans_planzone": "plan_id IN (SELECT id FROM plans_treatmentplan WHERE patient_id = %s)",
    "plans_planoverride": "plan_id IN (SELECT id FROM plans_treatmentplan WHERE patient_id = %s)",
    "plans_plancountersignature": "plan_id IN (SELECT id FROM plans_treatmentplan WHERE patient_id = %s)",
    "treatment_sessions_treatmentsession": "patient_id = %s",
    "treatment_sessions_sessionzone": "session_id IN (SELECT id FROM treatment_sessions_treatmentsession WHERE patient_id = %s)",
    "treatment_sessions_skinseen": "session_id IN (SELECT id FROM treatment_sessions_treatmentsession WHERE patient_id = %s)",
    "treatment_sessions_sessioncorrection": "session_id IN (SELECT id FROM treatment_sessions_treatmentsession WHERE patient_id = %s)",
    "aftercare_sheet": "session_id IN (SELECT id FROM treatment_sessions_treatmentsession WHERE patient_id = %s)",
    "patients_emergencyopening": "patient_id = %s",
    "patients_patient": "id = %s",
}


def _delete_locked(table, patient_pk):
    _sql(f"DELETE FROM {table} WHERE {LOCKED[table]}", patient_pk)  # noqa: S608


def test_without_an_order_of_this_patient_open_now_locked_rows_stay(whole, site, clinician):
    other = make(site, clinician, number=48214, marker="Yqotherx")

    def nothing():
        pass

    def of_another():
        _order(other.pk)

    def closed_already():
        _order(other.pk + 1000, pending="NULL")
        _order(whole.pk, pending="NULL")

    for table in LOCKED:
        for prepare in (nothing, of_another, closed_already):
            with pytest.raises(IntegrityError):
                _in_one((prepare,), (_delete_locked, table, whole.pk))
        # The control: with an order of this patient, open in this transaction, the same statement goes through.
        with transaction.atomic():
            _order(whole.pk)
            _delete_locked(table, whole.pk)
            transaction.set_rollback(True)


def test_under_an_order_rows_go_and_are_never_changed(whole):
    changes = {
        "plans_consultation": "visit_date = '2020-01-01'",
        "plans_treatmentplan": "device_brand = 'changed'",
        "plans_planzone": "zone_label = 'changed'",
        "plans_planoverride": "chosen = 'changed'",
        "plans_plancountersignature": "reason = 'changed'",
        "treatment_sessions_treatmentsession": "note = 'changed'",
        "treatment_sessions_sessionzone": "note = 'changed'",
        "treatment_sessions_sessioncorrection": "text = 'changed'",
        "treatment_sessions_skinseen": "healed = 'no'",
        "aftercare_sheet": "file = 'changed'",
        "patients_emergencyopening": "reason = 'changed'",
    }
    for table, change in changes.items():
        with pytest.raises(IntegrityError):
            _in_one((_order, whole.pk), (_sql, f"UPDATE {table} SET {change} WHERE {LOCKED[table]}", whole.pk))  # noqa: S608


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows no REPLACE")
@pytest.mark.parametrize("same", ["number", "request_key", "id"])
@pytest.mark.parametrize("verb", ["INSERT", "UPDATE"])
def test_no_other_row_pushes_a_patient_out(site, same, verb):
    """With rights on the database alone, and of a patient on whom nothing hangs: no foreign key would notice."""
    born = dt.date(1990, 1, 1)
    patient, other = (Patient.objects.create(number=number, site=site, surname="Marsh", birth_date=born) for number in (7001, 7002))
    there = set(Patient.objects.values_list("pk", "number", "request_key"))

    def push():
        if verb == "UPDATE":
            _sql(
                f"UPDATE OR REPLACE patients_patient SET {same} = (SELECT {same} FROM patients_patient WHERE id = %s) WHERE id = %s",  # noqa: S608
                patient.pk,
                other.pk,
            )
            return
        columns = [field.column for field in Patient._meta.concrete_fields]
        fresh = {"id": str(10**6), "number": "7003", "request_key": f"'{_key()}'"}
        values = [fresh[one] if one in fresh and one != same else f'"{one}"' for one in columns]
        quoted = ", ".join(f'"{one}"' for one in columns)
        _sql(
            f"INSERT OR REPLACE INTO patients_patient ({quoted}) SELECT {', '.join(values)} FROM patients_patient WHERE id = %s",  # noqa: S608
            patient.pk,
        )

    with pytest.raises(IntegrityError, match="never pushed out"), transaction.atomic():
        push()
    assert set(Patient.objects.values_list("pk", "number", "request_key")) == there
    with guards.suspended("patient_never_pushed_out"):  # the control
        push()
    assert set(Patient.objects.values_list("pk", "number", "request_key")) != there


@committed
def test_an_order_left_open_cannot_be_committed(whole):
    with pytest.raises(IntegrityError), transaction.atomic():
        _order(whole.pk)
    assert not ErasureOrder.objects.exists()


def test_an_order_is_not_closed_while_the_patient_is_there(whole):
    for ending in ("UPDATE audit_erasureorder SET pending_id = NULL", "DELETE FROM audit_erasureorder"):
        with pytest.raises(IntegrityError):
            _in_one((_order, whole.pk), (_delete_locked, "aftercare_sheet", whole.pk), (_sql, ending))
    assert whole.records.get().sheets.exists()


@committed
def test_the_patient_does_not_go_without_what_hangs_on_it(whole):
    with pytest.raises(IntegrityError):
        _in_one(
            (_order, whole.pk),
            (_delete_locked, "patients_patient", whole.pk),
            (_sql, "UPDATE audit_erasureorder SET pending_id = NULL"),
        )
    assert Patient.objects.filter(pk=whole.pk).exists()


def test_an_order_of_yesterday_is_never_opened_again_nor_changed_nor_deleted(whole, manager):
    erasing.erase(whole, _wish(whole), by=manager)
    for statement in (
        "UPDATE audit_erasureorder SET pending_id = -1",
        "UPDATE audit_erasureorder SET patient_pk = patient_pk + 1",
        "UPDATE audit_erasureorder SET erased = '{}'",
        "UPDATE audit_erasureorder SET id = -1",
        "DELETE FROM audit_erasureorder",
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            _sql(statement)


def test_an_order_points_nowhere_else(whole):
    for pending in ("0", "1"):
        with pytest.raises(IntegrityError), transaction.atomic():
            _order(whole.pk, pending=pending)


@committed
def test_the_row_says_its_transaction_or_foreign_keys_are_heeded(whole):
    """What stands behind the foreign key, on each engine."""
    if connection.vendor == "postgresql":
        _sql("ALTER TABLE audit_erasureorder DISABLE TRIGGER ALL")  # its foreign key too: an open order can stand now
        try:
            _order(whole.pk)
        finally:
            _sql("ALTER TABLE audit_erasureorder ENABLE TRIGGER ALL")
        assert ErasureOrder.objects.filter(pending_id=-1).exists()
        with pytest.raises(IntegrityError), transaction.atomic():
            _delete_locked("aftercare_sheet", whole.pk)
        return
    _sql("PRAGMA ignore_check_constraints = ON")
    try:
        with pytest.raises(IntegrityError, match="heeded"):
            _order(whole.pk, number=-1)
    finally:
        _sql("PRAGMA ignore_check_constraints = OFF")
    _sql("PRAGMA foreign_keys = OFF")
    try:
        with pytest.raises(IntegrityError), transaction.atomic():
            _order(whole.pk)
    finally:
        _sql("PRAGMA foreign_keys = ON")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite looks for the tables of a trigger in its own file only")
def test_a_table_of_that_name_that_somebody_made_for_themselves_is_no_order(whole):
    connection.check_constraints()
    _sql("CREATE TEMPORARY TABLE audit_erasureorder (pending_id int, patient_pk int, made_in bigint) ON COMMIT DROP")
    _sql(f"INSERT INTO audit_erasureorder VALUES (-1, {whole.pk}, pg_current_xact_id()::text::bigint)")  # noqa: S608
    for table in ("aftercare_sheet", "treatment_sessions_sessioncorrection", "plans_planzone"):
        with pytest.raises(IntegrityError), transaction.atomic():
            _delete_locked(table, whole.pk)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", ["aftercare_sheet", "treatment_sessions_treatmentsession", "plans_treatmentplan", "plans_planzone"])
def test_a_table_with_locked_rows_is_not_emptied(whole, table):
    connection.check_constraints()
    with pytest.raises(IntegrityError), transaction.atomic():
        _sql(f"TRUNCATE {table} CASCADE")


def test_without_the_guard_the_order_is_not_asked_for(whole):
    """The control of all of the above."""
    connection.check_constraints()
    with guards.suspended("corrections_only_added"):
        _delete_locked("treatment_sessions_sessioncorrection", whole.pk)
    assert not whole.records.get().corrections.exists()


# Numbers


def test_a_number_is_never_given_again(whole, manager, site):
    erasing.erase(whole, _wish(whole), by=manager)
    new = register(site=site, by=manager, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    assert new.number > 48213
    with pytest.raises(IntegrityError, match="never given again"), transaction.atomic():
        Patient.objects.create(number=48213, site=site, surname="Okafor", birth_date=dt.date(1980, 1, 1))
    with pytest.raises(IntegrityError, match="never given again"), transaction.atomic():
        Patient.objects.filter(pk=new.pk).update(number=48213)


def test_the_key_of_a_patient_is_never_given_again(whole, manager, site):
    gone = whole.pk
    erasing.erase(whole, _wish(whole), by=manager)
    new = register(site=site, by=manager, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    assert new.pk > gone
    with pytest.raises(IntegrityError, match="never given again"), transaction.atomic():
        Patient.objects.create(pk=gone, number=77777, site=site, surname="Okafor", birth_date=dt.date(1980, 1, 1))


def test_the_search_keeps_a_surname_that_somebody_else_bears(whole, manager, site):
    Patient.objects.create(number=9, site=site, surname=MARKER, birth_date=dt.date(1980, 1, 1))
    Patient.objects.filter(pk=whole.pk).update(surname=MARKER)
    erasing.erase(whole, _wish(whole), by=manager)
    assert SurnameSlip.objects.filter(surname_key=MARKER.lower()).exists()


# Who, when and why


def test_the_period_over_needs_no_reason_and_before_it_one_is_needed(site, clinician, manager):
    whole = make(site, clinician, ended_at=timezone.now() - dt.timedelta(days=400))
    whole.screening_answers.update(answered_at=timezone.now() - dt.timedelta(days=400))
    for rows in (whole.allergies.model.all_rows, whole.medications.model.all_rows, whole.procedures.model.all_rows):
        rows.filter(patient=whole).update(recorded_at=timezone.now() - dt.timedelta(days=400))
    Patient.objects.filter(pk=whole.pk).update(created_at=timezone.now() - dt.timedelta(days=400))
    connection.check_constraints()
    with guards.suspended():
        Consultation.objects.filter(patient=whole).update(saved_at=timezone.now() - dt.timedelta(days=400))
        TreatmentPlan.objects.filter(patient=whole).update(accepted_at=timezone.now() - dt.timedelta(days=400))
    wish = Wish(whole.number, whole.birth_date)
    with pytest.raises(CannotErase, match="not over"):
        erasing.erase(whole, wish, by=manager)  # no rule: nobody is due
    RetentionRule.objects.create(country="GB", years=2, basis="Test")
    with pytest.raises(CannotErase, match="not over"):
        erasing.erase(whole, wish, by=manager)
    RetentionRule.objects.update(years=1)
    order = erasing.erase(whole, wish, by=manager)
    assert (order.ground, order.reason) == ("retention", "period_over")
    assert order.kept_until < timezone.localdate()


NOT_IN_FULL = [
    ({"reason": "because"}, "Choose one"),
    ({"reason": "period_over"}, "Choose one"),
    ({"reference": " "}, "where the request is filed"),
    ({"number": 1}, "Type the number"),
    ({"number": None}, "Type the number"),
    ({"birth_date": dt.date(1991, 4, 3)}, "Type the number"),
]


def test_what_is_not_said_in_full_erases_nothing(whole, manager):
    for change, says in NOT_IN_FULL:
        with pytest.raises(CannotErase, match=says):
            erasing.erase(whole, replace(_wish(whole), **change), by=manager)
    assert Patient.objects.filter(pk=whole.pk).exists()
    assert not ErasureOrder.objects.exists()
    assert not AuditEvent.objects.filter(action="patient.erased").exists()


def test_a_wrong_number_is_told_apart(whole, manager):
    with pytest.raises(NotThatPatient):
        erasing.erase(whole, Wish(1, None, "in_error", "x y z"), by=manager)


@pytest.mark.parametrize("who", ["clinician", "desk"])
def test_others_erase_nobody(whole, request, who):
    with pytest.raises(CannotErase, match="Only a manager"):
        erasing.erase(whole, _wish(whole), by=request.getfixturevalue(who))


def test_somebody_of_another_site_erases_nobody(whole, make_user):
    stranger = make_user("ada", "manager")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    with pytest.raises(CannotErase):
        erasing.erase(whole, _wish(whole), by=stranger)
    assert Patient.objects.filter(pk=whole.pk).exists()


def test_what_somebody_waits_for_is_settled_first(whole, manager):
    connection.check_constraints()
    with guards.suspended():
        Consultation.objects.filter(patient=whole).exclude(plan__isnull=False).update(status="open")
    with pytest.raises(CannotErase, match="A consultation is open"):
        erasing.erase(whole, _wish(whole), by=manager)
    assert whole.records.exists()


# Files


@committed
def test_files_are_tried_until_no_worker_can_write_them_again(whole, manager, settings):
    sheet = whole.records.get().sheets.get()
    erasing.erase(whole, _wish(whole), by=manager)
    assert not default_storage.exists(sheet.file)
    # A worker that had begun before writes the part once more.
    default_storage.save(f"sheets/parts/{sheet.pk}.2.part", ContentFile(MARKER.encode()))
    assert leftovers.clear() > 0
    assert traces_of(MARKER) == []
    assert ErasedFile.objects.filter(gone_at=None).exists(), "a slow worker may still come"
    settings.SHEET_LEASE_SECONDS = 0
    assert leftovers.clear() == 0
    assert not ErasedFile.objects.filter(gone_at=None).exclude(name=leftovers.DATABASE).exists()


@committed
def test_a_storage_that_fails_stops_no_erasure_and_is_tried_again(whole, manager, settings, tmp_path):
    held = tmp_path / "files" / "sheets"
    parts = held / "parts"
    for path in parts.iterdir():
        path.unlink()
    parts.rmdir()
    parts.write_text("not a folder")
    erasing.erase(whole, _wish(whole), by=manager)
    assert not Patient.objects.filter(pk=whole.pk).exists()
    assert ErasedFile.objects.filter(gone_at=None).exists()
    parts.unlink()
    settings.SHEET_LEASE_SECONDS = 0
    assert leftovers.clear() == 0


def test_an_erasure_that_fails_half_way_leaves_everything(whole, manager, monkeypatch):
    before = {entry.label: entry.rows_of(whole.pk).count() for entry in of_patients()}
    failing = of_patients()[3]

    def fail(self, pk):
        if self.label == failing.label:
            raise RuntimeError("cut off")
        return rows_of(self, pk)

    rows_of = type(failing).rows_of
    with monkeypatch.context() as patched:
        patched.setattr(type(failing), "rows_of", fail)
        with pytest.raises(RuntimeError):
            erasing.erase(whole, _wish(whole), by=manager)
    assert {entry.label: entry.rows_of(whole.pk).count() for entry in of_patients()} == before
    assert not ErasureOrder.objects.exists()
