"""Asking, making and keeping. The queue itself is tested with a real broker in tests/test_sheet_pipeline.py."""

import hashlib
import re
import time

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from aftercare.models import Sheet
from aftercare.services import NotSigned, files, request_sheet
from aftercare.services.making import make
from aftercare.services.publishing import sweep
from audit import guards
from audit.models import AuditEvent
from sessions.models import SessionCorrection

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]


def age(sheet, **fields):
    Sheet.objects.filter(pk=sheet.pk).update(**fields)


def stored(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_sheet_is_asked_for_once_and_answers_at_once_with_the_queue_away(signed, clinician, django_capture_on_commit_callbacks):
    session = signed()
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        first = request_sheet(session, by=clinician)
    assert time.monotonic() - began < 2
    assert request_sheet(session, by=clinician) == first
    assert (first.state, first.variant, first.published_at) == ("requested", "A4", None)
    assert AuditEvent.objects.filter(action="sheet.requested").count() == 1


def test_each_paper_and_each_version_of_the_record_has_its_own_sheet(signed, clinician):
    session = signed()
    request_sheet(session, by=clinician)
    assert request_sheet(session, by=clinician, variant="Letter").variant == "Letter"
    SessionCorrection.objects.create(
        session=session,
        number=1,
        text="Lot was B24-0918",
        reason="Misread",
        made_by=clinician,
        made_at=timezone.now(),
        request_key="k1",
        sha256="0" * 64,
    )
    assert request_sheet(type(session).objects.get(pk=session.pk), by=clinician).record_version == 2
    assert Sheet.objects.count() == 3


def test_no_sheet_of_a_draft(signed, clinician):
    session = signed()
    session.status = "draft"
    with pytest.raises(NotSigned):
        request_sheet(session, by=clinician)
    assert not Sheet.objects.exists()


def test_making_it_stores_one_whole_file_with_its_hash(signed, clinician, storage):
    sheet = request_sheet(signed(), by=clinician)
    assert make(sheet.pk) is True
    sheet.refresh_from_db()
    data = (storage / sheet.file).read_bytes()
    assert (sheet.state, sheet.pages, sheet.attempts, sheet.problem) == ("ready", 2, 1, "")
    assert sheet.sha256 == hashlib.sha256(data).hexdigest()
    assert files.read(sheet) == data
    assert stored(storage) == [sheet.file]
    assert AuditEvent.objects.filter(action="sheet.made").count() == 1


def test_making_it_again_changes_nothing(signed, clinician, storage):
    sheet = request_sheet(signed(), by=clinician)
    make(sheet.pk)
    before = (storage / Sheet.objects.get().file).read_bytes()
    assert make(sheet.pk) is False
    assert make(sheet.pk + 1000) is False
    assert (storage / Sheet.objects.get().file).read_bytes() == before
    assert Sheet.objects.get().attempts == 1


def test_a_file_name_says_nothing_about_a_patient(signed, clinician):
    sheet = request_sheet(signed(), by=clinician)
    make(sheet.pk)
    assert re.fullmatch(r"sheets/\d{4}/\d+\.pdf", Sheet.objects.get().file)


def test_a_worker_that_lost_its_claim_changes_neither_row_nor_file(signed, clinician, storage, monkeypatch):
    sheet = request_sheet(signed(), by=clinician)
    from aftercare.services import making

    whole = making.render

    def slow(content, **more):
        # While this worker renders, its lease runs out and another one makes the sheet.
        monkeypatch.setattr(making, "render", whole)
        age(sheet, state="requested")
        assert make(sheet.pk) is True
        return whole(content, **more)

    monkeypatch.setattr(making, "render", slow)
    assert make(sheet.pk) is False
    row = Sheet.objects.get()
    assert (row.state, row.attempts) == ("ready", 2)
    assert stored(storage) == [row.file]
    assert AuditEvent.objects.filter(action="sheet.made").count() == 1


def test_an_unapproved_protocol_makes_no_sheet_and_says_why(signed, clinician, storage):
    sheet = request_sheet(signed(approved=False), by=clinician)
    assert make(sheet.pk) is False
    sheet.refresh_from_db()
    assert sheet.state == "failed"
    assert sheet.problem.startswith("Protocol 2026.2-draft is not approved")
    assert stored(storage) == []


def test_a_letter_that_cannot_be_printed_fails_in_plain_words(signed, clinician):
    sheet = request_sheet(signed(surname="张", given="伟"), by=clinician)
    make(sheet.pk)
    assert "Our print fonts cannot draw" in Sheet.objects.get().problem


def test_a_failed_sheet_is_made_again_when_asked(signed, clinician, site):
    site.phone = ""
    site.save()
    session = signed()
    make(request_sheet(session, by=clinician).pk)
    assert Sheet.objects.get().state == "failed"
    site.phone = "020 7946 0118"
    site.save()
    again = request_sheet(session, by=clinician)
    assert (again.state, again.problem) == ("requested", "")
    make(again.pk)
    assert Sheet.objects.get().state == "ready"


def test_a_full_disk_is_said_and_leaves_nothing_behind(signed, clinician, storage, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device", "/somewhere/30001-rahman.pdf")

    monkeypatch.setattr(files.default_storage, "save", full)
    make(request_sheet(signed(), by=clinician).pk)
    row = Sheet.objects.get()
    assert row.state == "failed"
    assert "Check that the disk has room" in row.problem
    assert "rahman" not in row.problem
    assert stored(storage) == []


def test_a_file_that_was_changed_is_not_handed_out(signed, clinician, storage):
    make(request_sheet(signed(), by=clinician).pk)
    row = Sheet.objects.get()
    path = storage / row.file
    path.write_bytes(path.read_bytes()[:-10] + b"0123456789")
    with pytest.raises(files.NotTheFile):
        files.read(row)
    path.unlink()
    with pytest.raises(files.NotTheFile):
        files.read(row)


@pytest.mark.both_engines
@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"file": "sheets/other.pdf"}, {"state": "failed"}, {"record_version": 9}])
def test_the_database_keeps_a_ready_sheet_as_it_is(signed, clinician, change):
    make(request_sheet(signed(), by=clinician).pk)
    with pytest.raises((IntegrityError, DatabaseError), match="stays as it was handed out"), transaction.atomic():
        Sheet.objects.update(**change)
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        Sheet.objects.all().delete()


@pytest.mark.both_engines
def test_without_the_guard_a_ready_sheet_could_be_changed(signed, clinician):
    make(request_sheet(signed(), by=clinician).pk)
    with guards.suspended("ready_sheet_locked"):
        assert Sheet.objects.update(sha256="0" * 64) == 1
    assert not guards.missing()


def test_the_sweep_gives_a_dead_workers_sheet_again_and_stops_after_some_times(signed, clinician, settings):
    sheet = request_sheet(signed(), by=clinician)
    long_ago = timezone.now() - timezone.timedelta(seconds=settings.SHEET_LEASE_SECONDS + 1)
    age(sheet, state="rendering", started_at=timezone.now(), attempts=1)
    sweep()
    assert Sheet.objects.get().state == "rendering"
    age(sheet, started_at=long_ago)
    sweep()
    assert Sheet.objects.get().state == "requested"
    age(sheet, state="rendering", started_at=long_ago, attempts=5)
    sweep()
    row = Sheet.objects.get()
    assert row.state == "failed"
    assert "stopped 5 times" in row.problem


@pytest.mark.parametrize(
    "left",
    [
        {"state": "rendering", "started_at": "ahead", "attempts": 1},
        {"state": "requested", "published_at": "ahead"},
        {"state": "requested", "requested_at": "ahead", "published_at": None},
    ],
    ids=["begun", "handed over", "asked for"],
)
def test_a_sheet_of_before_the_clock_was_put_back_does_not_wait_for_that_time_to_come_again(signed, clinician, monkeypatch, left):
    from aftercare.services import publishing

    offered = []
    monkeypatch.setattr(publishing, "_send", offered.append)
    monkeypatch.setattr(publishing, "_away_until", 0.0)
    sheet = request_sheet(signed(), by=clinician)
    ahead = timezone.now() + timezone.timedelta(days=1)
    age(sheet, requested_at=timezone.now() - timezone.timedelta(minutes=5))
    age(sheet, **{name: ahead if value == "ahead" else value for name, value in left.items()})
    sweep()
    assert offered == [sheet.pk]


def test_no_patient_in_the_log(signed, clinician, caplog, monkeypatch):
    from aftercare.services import making

    def broken(content, **more):
        raise ValueError(f"cannot print {content.name}")

    monkeypatch.setattr(making, "render", broken)
    make(request_sheet(signed(), by=clinician).pk)
    assert Sheet.objects.get().state == "failed"
    assert "Rahman" not in caplog.text


def test_two_who_ask_at_once_share_one_row(signed, clinician):
    session = signed()
    Sheet.objects.create(
        session=session, record_version=1, language="en", variant="A4", requested_at=timezone.now(), requested_by=clinician
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Sheet.objects.create(
            session=session, record_version=1, language="en", variant="A4", requested_at=timezone.now(), requested_by=clinician
        )
    request_sheet(session, by=clinician)
    assert Sheet.objects.count() == 1
    assert connection.vendor in ("sqlite", "postgresql")
