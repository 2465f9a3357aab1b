"""The chain after a crash, a restore or a loss: what a sealer mends by itself, and going on with a record."""

import os
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from audit import chain, guards
from audit.chain import Unusable, anchors, folder, heads, resume, sealing
from audit.chain.sealing import Sealer
from audit.chain.verifying import verify
from audit.models import AuditEvent, AuditSeal

from .chain_rows import GUARDS, ROOT, both, marked, seal, verify_in_words, write

# A machine that stops


@marked(both)
def test_killed_between_the_database_and_the_head_the_next_sealer_writes_the_head():
    write(2)
    seal()
    path = heads.files()[0]
    before = path.read_bytes()
    write(3)
    seal()
    path.write_bytes(before)  # committed, and the machine stopped before the line
    assert verify().is_whole
    write(1)
    assert seal() == 1
    assert [one.kind for one in heads.read(folder.key())][-2:] == [heads.RECOVERED, heads.SEALED]
    assert verify().is_whole


@marked(both)
def test_killed_in_the_middle_of_a_line_the_rest_is_taken_away_and_the_next_line_says_so():
    write(2)
    seal()
    write(3)
    seal()
    path = heads.files()[0]
    path.write_bytes(path.read_bytes()[:-70])
    assert verify().is_whole
    write(1)
    assert seal() == 1
    recovered = list(heads.read(folder.key()))[-2]
    assert recovered.kind == heads.RECOVERED
    assert recovered.more["torn_bytes"] > 0
    assert verify().is_whole


@marked(both)
def test_killed_before_the_commit_nothing_happened(monkeypatch):
    write(2)

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    monkeypatch.setattr(sealing.AuditSeal.objects, "bulk_create", die)
    with pytest.raises(Killed):
        Sealer().once()
    monkeypatch.undo()
    assert AuditSeal.objects.count() == 0
    assert seal() == 2
    assert verify().is_whole


@marked(both)
def test_a_head_whose_rows_the_database_lost_is_told_as_what_it_is(without_guards):
    """The other order: the line is on the disk and the database came back from before it. Nothing is smoothed over."""
    made = write(5)
    seal()
    without_guards()
    AuditSeal.objects.filter(pk__gt=3).delete()
    AuditEvent.objects.filter(pk__gt=made[2].pk).delete()
    assert "ends at position 3" in chain.trouble()
    write(1)
    assert seal() == 1  # new rows are not left unprotected; the hole stays
    first = verify().first
    assert (first.kind, first.position, first.last_position) == ("seals missing", 4, 5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_engines
def test_a_sealer_that_is_killed_again_and_again_leaves_an_honest_chain(audit_folder, tmp_path):
    """The real process, killed with SIGKILL at any moment, while rows are written."""
    kills = 25 if os.environ.get("PROVE") else 2
    audit_folder.mkdir(parents=True)
    environment = os.environ | {"AUDIT_DIR": str(audit_folder), "CLINIC_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment |= {"TEST_DATABASE": str(connection.settings_dict["NAME"]), "DJANGO_SETTINGS_MODULE": "microneedle_clinic.settings"}
    environment["SECRET_KEY"] = settings.SECRET_KEY
    program = (
        "import os, django\n"
        "from django.conf import settings\n"
        "settings.DATABASES['default']['NAME'] = os.environ['TEST_DATABASE']\n"
        "django.setup()\n"
        "from audit.chain.sealing import Sealer\n"
        "sealer = Sealer()\n"
        "print('ready', flush=True)\n"
        "while True: sealer.once()\n"
    )
    written = 0
    for round_ in range(kills):
        sealer = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert sealer.stdout.readline() == b"ready\n", sealer.stderr.read()[-2000:]
        before = AuditSeal.objects.count()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and sealer.poll() is None and AuditSeal.objects.count() < before + 5 + round_:
            write(1)
            written += 1
        sealer.send_signal(signal.SIGKILL)
        assert sealer.wait(10) == -signal.SIGKILL, sealer.stderr.read()[-2000:]
        assert verify().is_whole
    seal()
    assert AuditSeal.objects.count() == written
    report = verify()
    assert (report.is_whole, report.checked, report.waiting) == (True, written, 0)


# Going on with a record


@marked(both)
def test_after_a_restore_the_chain_goes_on_with_a_record_of_the_hole(without_guards, tmp_path, manager):
    made = write(5)
    seal()
    call_command("audit_anchor", stdout=(said := StringIO()))
    newer = Path(shutil.copy(said.getvalue().strip(), tmp_path))
    without_guards()  # an older backup came back: the last two rows are not in it
    AuditSeal.objects.filter(pk__gt=3).delete()
    AuditEvent.objects.filter(pk__gt=made[2].pk).delete()
    guards.install(*GUARDS)
    assert chain.trouble()
    row = resume("The disk failed", actor=manager, source="clinic-2026-11-21.age", backup_made_at="2026-11-21T20:00:00Z")
    assert (row.action, row.actor) == ("chain.resumed", manager)
    assert row.detail["missing"] == [[4, 5]]
    assert AuditSeal.objects.filter(event_id=row.pk).exists()
    assert chain.trouble() == ""
    write(2)
    seal()
    code, words = verify_in_words()
    assert code == 0
    assert "Told in a resume record: Position" in words
    assert chain.trouble() == ""
    code, words = verify_in_words("--anchor", str(newer))  # whose rows are not here: said, with the reason
    assert code == 1
    assert "A resume record of" in words


@marked(both)
def test_what_comes_after_a_resume_record_is_not_covered_by_it(without_guards):
    made = write(6)
    seal()
    without_guards()
    AuditEvent.objects.filter(pk=made[1].pk).update(actor_name="somebody else")
    resume("Looked at with the supplier")
    assert verify().is_whole
    assert [one.row for one in verify().known] == [made[1].pk]
    AuditEvent.objects.filter(pk=made[3].pk).update(actor_name="somebody else")
    assert [one.row for one in verify().findings] == [made[3].pk]
    AuditEvent.objects.filter(pk=made[3].pk).update(actor_name="system")
    assert verify().is_whole
    AuditEvent.objects.filter(pk=made[1].pk).update(actor_name="a third one")  # a second change of the same row
    assert [one.row for one in verify().findings] == [made[1].pk]


@marked(both)
@pytest.mark.parametrize("lost", ["key", "heads-000001.log", "all", "damaged list"])
def test_key_or_list_lost_begin_anew_with_a_record(audit_folder, lost):
    write(4)
    seal()
    anchors.make(folder.key())
    if lost == "all":
        shutil.rmtree(audit_folder)
    elif lost == "damaged list":
        (audit_folder / "heads-000001.log").write_bytes(b"\0" * 500 + b"\n")
    else:
        (audit_folder / lost).unlink()
    write(1)
    row = resume("The audit folder was lost")
    write(2)
    seal()
    report = verify()
    assert report.is_whole
    assert report.waiting == 0
    assert chain.trouble() == ""
    if lost in ("key", "all"):
        assert row.detail["unchecked_to"] == 4
        assert "Positions 1 to 4" in report.notes[0]
    else:
        assert report.checked == AuditSeal.objects.count()  # the key is there: every link is checked still


@marked(both)
def test_rows_that_nobody_signed_are_named_and_sealed_by_a_resume(settings):
    write(2)
    seal()
    write(2)
    settings.SECRET_KEY = "restored with another secret, of fifty characters or more"
    assert seal() == 0
    assert "inserted" in chain.trouble()
    assert chain.lag().rows == 0  # they are trouble, not what the sealer is behind with
    row = resume("Restored with another secret")
    assert row.detail["findings"] == 2
    assert chain.trouble() == ""
    assert len([note for note in verify().notes if "not written by this program" in note]) == 2
    assert AuditSeal.objects.count() == AuditEvent.objects.count()


@marked(both)
def test_resume_where_nothing_is_wrong_and_where_nothing_was_sealed():
    resume("Moved to a new machine")
    assert verify().is_whole
    write(3)
    seal()
    assert resume("Moved again").detail["findings"] == 0
    assert verify().is_whole


@marked(both)
def test_forged_seals_behind_the_end_stop_the_sealer_until_a_record(without_guards):
    made = write(3)
    seal()
    AuditSeal.objects.create(id=4, event_id=made[0].pk + 10**6, link="a" * 64)
    write(1)
    with pytest.raises(Unusable, match="not made with the clinic's audit key"):
        seal()
    assert chain.trouble()
    resume("Looked at")
    write(1)
    seal()
    assert verify().is_whole
    assert chain.trouble() == ""


@marked(both)
def test_resume_by_somebody_unknown_or_without_a_reason_is_refused():
    with pytest.raises(CommandError, match="Nobody here signs in"):
        call_command("resume_audit", reason="x", by="nobody")
    with pytest.raises(CommandError, match="Say why"):
        call_command("resume_audit", reason=" ")
