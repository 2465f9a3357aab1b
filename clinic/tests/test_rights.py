"""Who is due and when, the archive of one patient and of everything, the journal after a restore, and the screens of all three."""

import datetime as dt
import hashlib
import io
import json
import time
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.signing_in.session import PASSWORD, PROVED
from aftercare.models import Sheet
from audit import guards
from audit.models import AuditEvent, ErasureOrder
from audit.patient_models import of_patients
from clinic.models import RetentionRule
from clinic.rights import erasing, exporting, journal, retention
from patients.models import NumberCounter, Patient
from patients.services import register

from .whole_patient import make, traces_of

pytestmark = pytest.mark.django_db
MARKER = "Zqmarkerx"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


@pytest.fixture
def whole(site, clinician):
    return make(site, clinician, marker=MARKER)


@pytest.fixture
def proved(client, manager):
    """A manager at the screen who said a moment ago who they are."""
    client.force_login(manager)
    session = client.session
    session[PROVED] = {PASSWORD: time.time()}
    session.save()
    return client


def _wish(patient):
    return erasing.Wish(patient.number, patient.birth_date, "patient_asked", "Letter of 3 May, folder 12")


def _unzip(pieces) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def _files_of(said: dict, section: str) -> list[dict]:
    return [file for file in said["files"] if file["section"] == section]


# Who is due


@pytest.mark.parametrize(
    ("born", "last", "until"),
    [
        ("1980-01-01", "2018-05-03", "2026-05-03"),
        ("1980-01-01", "2016-02-29", "2024-02-29"),
        ("1980-01-01", "2020-02-29", "2028-02-29"),
        ("2005-06-01", "2018-05-03", "2030-06-01"),  # 12 then: until 25
        ("2000-05-04", "2018-05-03", "2026-05-03"),  # 17 to the day before 18: eight years are longer by no day
        ("2000-05-03", "2018-05-03", "2026-05-03"),  # 18 that day
        ("2004-02-29", "2010-01-01", "2029-03-01"),  # the 25th birthday of somebody born on 29 February
    ],
)
def test_the_last_day_of_the_period(born, last, until):
    rule = RetentionRule(country="GB", years=8, minor_age=18, minor_years=7)
    day = dt.date.fromisoformat
    assert retention.last_day(rule, last=day(last), born=day(born)) == day(until)


def _patient(site, number, *, born="1970-01-01", seen="2010-01-01", **fields):
    patient = Patient.objects.create(number=number, site=site, surname=f"Due{number}", birth_date=dt.date.fromisoformat(born), **fields)
    moment = timezone.make_aware(dt.datetime.fromisoformat(seen))
    Patient.objects.filter(pk=patient.pk).update(created_at=moment)
    return patient


@pytest.mark.both_engines
def test_the_list_and_the_last_word_agree(site, manager):
    """The list asks the database by a cutoff; `kept` reckons each patient. Both are asked about many, near every border."""
    RetentionRule.objects.create(country="GB", years=8, minor_age=18, minor_years=7, basis="Test")
    today, number = dt.date(2026, 11, 22), 20000
    for seen in ("2018-11-21", "2018-11-22", "2018-11-23", "2010-01-01", "2026-01-01"):
        for born in ("1970-01-01", "2000-11-21", "2000-11-22", "2000-11-23", "2001-11-21", "2001-11-22", "2001-11-23", "2009-01-01"):
            number += 1
            _patient(site, number, born=born, seen=seen)
    everybody = list(Patient.objects.select_related("site"))
    due = {one.patient.number for one in retention.kept(everybody) if one.is_over(today)}
    listed, more = retention.due(manager, today)
    assert {one.patient.number for one in listed} == due
    assert not more
    assert 0 < len(due) < len(everybody)


def test_anything_newer_keeps_a_patient(site, clinician, manager):
    RetentionRule.objects.create(country="GB", years=8, minor_age=18, minor_years=7, basis="Test")
    old = _patient(site, 20001)
    today = timezone.localdate()
    assert [one.patient for one in retention.due(manager, today)[0]] == [old]
    old.allergies.create(substance="nickel", recorded_by=clinician)
    assert retention.due(manager, today)[0] == []
    assert retention.kept_of(old).last == today


def test_no_rule_no_country_no_site_nobody_is_due(site, manager, make_user):
    _patient(site, 20001)
    today = timezone.localdate()
    assert retention.due(manager, today) == ([], False)
    RetentionRule.objects.create(country="DE", years=1, basis="Test")
    assert retention.due(manager, today) == ([], False)
    RetentionRule.objects.create(country="GB", years=1, basis="Test")
    stranger = make_user("ada", "manager")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    assert retention.due(stranger, today) == ([], False)
    assert len(retention.due(manager, today)[0]) == 1


def test_a_rule_that_keeps_minors_longer_than_the_years_is_refused(client, manager, site):
    client.force_login(manager)
    sent = {"years": "5", "minor_age": "18", "minor_years": "7", "basis": "A law"}
    response = client.post(reverse("clinic:retention_rule", args=["GB"]), sent)
    assert response.status_code == 422
    assert "must not be more than the years kept" in response.content.decode()
    assert not RetentionRule.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        RetentionRule.objects.create(country="GB", years=5, minor_years=7, basis="x")


@pytest.mark.parametrize("years", ["", "0", "-1", "8.5", "eight", "101", "9" * 30, "٨"])
def test_years_are_a_whole_number(client, manager, site, years):
    client.force_login(manager)
    sent = {"years": years, "minor_age": "18", "minor_years": "0", "basis": "A law"}
    response = client.post(reverse("clinic:retention_rule", args=["GB"]), sent)
    assert response.status_code == 422
    assert 'value="A law"' in response.content.decode(), "what was typed is kept"


@pytest.mark.both_engines
def test_a_rule_is_saved_and_logged(client, manager, site):
    client.force_login(manager)
    sent = {"years": "8", "minor_age": "18", "minor_years": "7", "basis": "A law"}
    assert client.post(reverse("clinic:retention_rule", args=["GB"]), sent).status_code == 302
    row = AuditEvent.objects.get(action="retention.shortened")
    assert row.detail["years"] == [None, 8]
    assert client.post(reverse("clinic:retention_rule", args=["GB"]), {**sent, "years": "9"}).status_code == 302
    assert not RetentionRule.objects.exists(), "the first one of a country waits as a shorter one does"
    assert client.post(reverse("clinic:retention_rule", args=["FR"]), sent).status_code == 404, "no site of theirs is there"


# The archive


@pytest.mark.both_engines
def test_the_archive_holds_the_sheets_and_checksums_that_are_right(whole):
    found = _unzip(exporting.of_patient(whole, by="Omar Reed"))
    sums = dict(reversed(line.split("  ")) for line in found.pop("SHA256SUMS").decode().splitlines())
    assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == sums
    said = json.loads(found["record.json"])
    for section in ("sheets", "photos"):
        file, *more = _files_of(said, section)
        assert file["state"] == "whole"
        assert hashlib.sha256(found[file["name"]]).hexdigest() == file["sha256"]
        assert [one["state"] for one in more] == (["withheld"] if section == "photos" else []), "it was taken out"
    assert MARKER in found["record.json"].decode()


def test_a_file_that_is_gone_or_changed_is_said_to_be_so(whole):
    sheet = Sheet.objects.get()
    path = default_storage.path(sheet.file)
    with open(path, "ab") as stored:
        stored.write(b"more")
    assert _files_of(json.loads(_unzip(exporting.of_patient(whole, by="x"))["record.json"]), "sheets")[0]["state"] == "changed"
    default_storage.delete(sheet.file)
    said = _files_of(json.loads(_unzip(exporting.of_patient(whole, by="x"))["record.json"]), "sheets")[0]
    assert (said["state"], said["name"]) == ("missing", "")


def test_one_archive_holds_nothing_of_another_patient(whole, site, clinician):
    other = make(site, clinician, number=48214, marker="Yqotherx")
    assert b"yqotherx" not in b"".join(_unzip(exporting.of_patient(whole, by="x")).values()).lower()
    assert b"yqotherx" in b"".join(_unzip(exporting.of_patient(other, by="x")).values()).lower()


@pytest.mark.both_engines
def test_everything_holds_everybody_and_no_secret(whole, site, clinician, tmp_path):
    make(site, clinician, number=48214, marker="Yqotherx")
    out = tmp_path / "all.zip"
    call_command("export_all", out=out)
    assert out.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        text = b"".join(archive.read(name) for name in names)
    assert {"patients/48213/record.json", "patients/48214/record.json", "tables/accounts.User.jsonl"} <= names
    assert clinician.password.encode() not in text
    assert AuditEvent.objects.filter(action="clinic.exported").count() == 1
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_all", out=out)


def test_the_page_gives_the_archive_and_leaves_one_row(proved, whole):
    address = reverse("clinic:export", args=[whole.number])
    page = proved.get(address).content.decode()
    assert "not encrypted" in page
    response = proved.post(address)
    assert response["Content-Type"] == "application/zip"
    assert str(whole.number) in response["Content-Disposition"]
    assert MARKER not in response["Content-Disposition"]
    assert "record.json" in _unzip([response.content])
    assert AuditEvent.objects.filter(action="patient.exported", patient_pk=whole.pk).count() == 1


# A screen that was left open


@pytest.mark.parametrize("name", ["export", "erasure"])
@pytest.mark.parametrize("hours", [None, 1])
def test_before_a_record_is_given_away_or_ended_it_is_asked_who_is_there(proved, whole, name, hours):
    session = proved.session
    session[PROVED] = {PASSWORD: time.time() - 3600 * hours} if hours else {}
    session.save()
    address = reverse(f"clinic:{name}", args=[whole.number])
    confirm = reverse("accounts:confirm")
    for answer in (proved.post(address, _typed(whole)), proved.get(address)):
        assert (answer.status_code, answer["Location"]) == (302, confirm)
    assert Patient.objects.filter(pk=whole.pk).exists()
    assert not ErasureOrder.objects.exists()
    assert not AuditEvent.objects.filter(action__in=["patient.exported", "patient.erased"], outcome="done").exists()
    assert proved.post(confirm, {"password": "correct horse battery"})["Location"] == address
    assert proved.get(address).status_code == 200
    assert proved.post(address, _typed(whole))["Location" if name == "erasure" else "Content-Disposition"]


# The erasure on the screen


def _typed(patient, **fields):
    born = patient.birth_date
    sent = {"number": patient.number, "birth_day": born.day, "birth_month": born.month, "birth_year": born.year}
    return {**sent, "reason": "patient_asked", "reference": "Letter of 3 May", **fields}


@pytest.mark.both_engines
def test_the_screen_erases_and_a_second_press_is_told_so(proved, whole):
    address = reverse("clinic:erasure", args=[whole.number])
    assert "allergies" in proved.get(address).content.decode()
    response = proved.post(address, _typed(whole))
    assert response.status_code == 302
    assert not Patient.objects.filter(pk=whole.pk).exists()
    assert proved.post(address, _typed(whole)).status_code == 302, "pressed twice"
    assert ErasureOrder.objects.count() == 1
    page = proved.get(reverse("clinic:retention")).content.decode()
    assert f"No. {whole.number}" in page
    assert MARKER not in page
    assert proved.get(reverse("patients:detail", args=[whole.number])).status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"number": "10482"}, "must be this patient"),
        ({"number": ""}, "Enter the patient number"),
        ({"birth_year": "1990"}, "must be this patient"),
        ({"reason": ""}, "Choose why now"),
        ({"reason": "period_over"}, "Choose why now"),
        ({"reference": ""}, "Say where the request is filed"),
    ],
)
def test_the_screen_says_what_to_mend_and_keeps_what_was_typed(proved, whole, fields, says):
    response = proved.post(reverse("clinic:erasure", args=[whole.number]), _typed(whole, **fields))
    assert response.status_code == 422
    page = response.content.decode()
    assert says in page
    assert "There is a problem" in page
    assert 'value="Letter of 3 May"' in page or "reference" in fields
    assert Patient.objects.filter(pk=whole.pk).exists()


# After a restore


def _as_of_the_backup(patient_pk):
    """The rows of a patient, to be put back as a restore does: with guards away, order and all that followed forgotten."""
    return {entry: list(entry.rows_of(patient_pk)) for entry in of_patients()}


def _put_back(rows):
    connection.check_constraints()
    with guards.suspended():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_erasedfile")
            cursor.execute("DELETE FROM audit_erasureorder")
        for entry, some in rows.items():
            entry.model._base_manager.bulk_create(some)
        connection.check_constraints()


def _erased_then_restored(whole, manager):
    rows = _as_of_the_backup(whole.pk)
    cases = [row for entry, some in rows.items() if entry.label == "plans.KeptCase" for row in some]
    kept = {entry: some for entry, some in rows.items() if entry.label != "plans.KeptCase"}
    assert cases
    erasing.erase(whole, _wish(whole), by=manager)
    journal.write()
    _put_back(kept)
    assert Patient.objects.filter(pk=whole.pk).exists()


@pytest.mark.both_engines
def test_whoever_was_erased_is_erased_again_after_a_restore(whole, manager):
    _erased_then_restored(whole, manager)
    call_command("reapply_erasures")
    assert not Patient.objects.filter(number=48213).exists()
    assert traces_of(MARKER) == []
    order = ErasureOrder.objects.get()
    assert (order.is_reapplied, order.patient_number, order.ordered_by) == (True, 48213, manager)
    assert journal.reapply().erased == [], "safe to run twice"


@pytest.mark.both_engines
def test_a_patient_the_backup_did_not_know_yet_keeps_the_number_for_good(whole, manager, site):
    erasing.erase(whole, _wish(whole), by=manager)
    journal.write()
    highest = whole.pk
    _put_back({})
    NumberCounter.objects.all().delete()
    done = journal.reapply()
    assert (done.erased, done.noted) == ([], 1)
    new = register(site=site, by=manager, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    assert new.number > 48213
    assert new.pk > highest


def test_somebody_else_with_that_number_is_never_erased_for_it(whole, manager, site):
    erasing.erase(whole, _wish(whole), by=manager)
    journal.write()
    _put_back({})
    other = Patient.objects.create(number=48213, site=site, surname="Okafor", birth_date=dt.date(1980, 1, 1))
    done = journal.reapply()
    assert done.erased == []
    assert "somebody else" in done.problems[0]
    assert Patient.objects.filter(pk=other.pk).exists()


def test_a_changed_journal_is_not_believed(whole, manager):
    _erased_then_restored(whole, manager)
    text = journal.path().read_text()
    journal.path().write_text(text.replace("48213", "48214"))
    with pytest.raises(CommandError, match="not one of ours"):
        call_command("reapply_erasures")
    journal.path().write_bytes(bytes(range(128, 256)) + b" \n")  # a disk that came back with something else
    with pytest.raises(CommandError, match="not one of ours"):
        call_command("reapply_erasures")
    journal.path().write_text(text)
    call_command("reapply_erasures")
    assert not Patient.objects.filter(number=48213).exists()


def test_a_torn_line_is_written_again(whole, manager):
    erasing.erase(whole, _wish(whole), by=manager)
    journal.write()
    text = journal.path().read_text()
    journal.path().write_text(text[:40])
    assert journal.write() == 1
    assert journal.path().read_text() == text
    assert journal.write() == 0


def test_the_journal_a_restore_has_set_aside_is_read(whole, manager, settings, tmp_path):
    _erased_then_restored(whole, manager)
    aside = tmp_path / "audit.before-restore-20261122T183000Z"
    aside.mkdir()
    journal.path().rename(aside / journal.FILE)
    assert journal.reapply().erased == [48213]
    assert journal.path().exists()


def test_the_journal_holds_no_content(whole, manager):
    erasing.erase(whole, _wish(whole), by=manager)
    journal.write()
    assert "zqmarker" not in journal.path().read_text().lower()
