"""Verifying the chain: what is lost or changed outside the database, anchors from elsewhere, and the command."""

import datetime as dt
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from audit import chain
from audit.chain import Unusable, anchors, folder, heads, sealing
from audit.chain.reading import rows as rows_of
from audit.chain.verifying import verify
from audit.models import AuditEvent, AuditSeal

from .chain_rows import both, marked, seal, verify_in_words, write

# What lies outside is lost


@marked(both)
@pytest.mark.parametrize("lost", ["key", "heads-000001.log", "all"])
def test_what_is_missing_is_said_and_nothing_begins_anew_by_itself(audit_folder, lost):
    write(3)
    seal()
    if lost == "all":
        shutil.rmtree(audit_folder)
    else:
        (audit_folder / lost).unlink()
    write(1)
    with pytest.raises(Unusable, match="missing"):
        seal()
    assert AuditSeal.objects.count() == 3
    assert "missing" in chain.trouble()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", stdout=StringIO(), stderr=(said := StringIO()))
    assert ended.value.code == 2
    assert "missing" in said.getvalue()


@marked(both)
def test_a_list_of_heads_that_lost_lines_is_said(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 2)
    write(1)
    seal()
    path = heads.files()[0]
    short = path.read_bytes()
    write(7)
    seal()
    path.write_bytes(short)
    assert "lines of the list were lost" in chain.trouble()
    write(1)
    with pytest.raises(Unusable, match="lines of it were lost"):
        seal()


@marked(both)
def test_a_line_that_was_changed_is_said():
    for _ in range(3):
        write(1)
        seal()
    path = heads.files()[0]
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"position":1', b'"position":2')
    path.write_bytes(b"".join(lines))
    assert "line 2 of heads-000001.log" in verify().first.words


@marked(both)
def test_another_key_does_not_open_the_list(audit_folder):
    write(2)
    seal()
    (audit_folder / "key").write_text("ab" * 32 + "\n")
    write(1)
    with pytest.raises(Unusable, match="does not fit the audit key"):
        seal()
    assert "does not fit" in chain.trouble()


@marked(both)
def test_an_emptied_database_is_not_taken_for_a_new_one(without_guards):
    write(3)
    seal()
    without_guards()
    AuditSeal.objects.all().delete()
    AuditEvent.objects.all().delete()
    write(1)
    with pytest.raises(Unusable, match="it was emptied"):
        seal()


@marked(both)
def test_key_and_heads_are_for_their_owner_only(audit_folder):
    write(1)
    seal()
    for path in (audit_folder, audit_folder / "key", *heads.files()):
        assert path.stat().st_mode & 0o077 == 0, path


# Anchors


@marked(both)
def test_the_log_is_held_against_an_anchor_from_elsewhere(tmp_path, without_guards):
    write(5)
    call_command("audit_anchor", stdout=(said := StringIO()))
    kept = Path(shutil.copy(said.getvalue().strip(), tmp_path / "kept.txt"))
    write(2)
    seal()
    assert verify(against=anchors.read(kept)).is_whole
    # Somebody with the key as well: heads and chain made anew after an edit.
    from . import attacks

    without_guards()
    AuditEvent.objects.filter(pk=AuditSeal.objects.get(pk=2).event_id).update(actor_name="somebody else")
    secret = folder.key()
    from audit.chain.links import first_link, link

    before = first_link(secret)
    for one in AuditSeal.objects.order_by("pk"):
        row = rows_of([one.event_id])[one.event_id]
        before = link(secret, before, one.pk, row.number, row.said, row.signature)
        AuditSeal.objects.filter(pk=one.pk).update(link=before)
    for path in heads.files():
        path.unlink()
    heads.append(secret, heads.Head(heads.BEGUN, 0, 0, first_link(secret)))
    heads.append(secret, heads.Head(heads.SEALED, one.pk, one.event_id, before))
    assert secret != attacks.THEIR_KEY
    assert verify().is_whole  # the machine itself has nothing left to tell
    assert verify(against=anchors.read(kept)).first.kind == "rebuilt"


@marked(both)
def test_an_anchor_that_was_changed_or_is_none_is_refused(tmp_path):
    write(2)
    call_command("audit_anchor", stdout=(said := StringIO()))
    path = Path(said.getvalue().strip())
    changed = tmp_path / "changed.txt"
    changed.write_text(path.read_text().replace("Position: 2", "Position: 1"))
    with pytest.raises(anchors.NoAnchor, match="was changed"):
        anchors.read(changed)
    changed.write_text("A shopping list\n")
    with pytest.raises(anchors.NoAnchor, match="not an anchor"):
        anchors.read(changed)


@marked(both)
def test_since_the_anchor_only_later_rows_are_looked_at(without_guards):
    made = write(5)
    call_command("audit_anchor", stdout=StringIO())
    write(3)
    seal()
    report = verify(since=chain.last_anchor())
    assert (report.is_whole, report.checked) == (True, 3)
    without_guards()
    AuditEvent.objects.filter(pk=made[0].pk).update(actor_name="x")
    assert verify(since=chain.last_anchor()).is_whole
    assert not verify().is_whole
    AuditEvent.objects.filter(pk=AuditSeal.objects.latest("pk").event_id).update(actor_name="x")
    assert "edited" in chain.trouble()


@marked(both)
def test_one_anchor_a_day_also_where_the_clock_went_back():
    write(1)
    seal()
    now = dt.datetime.now(dt.UTC)
    assert anchors.is_due(now)
    anchors.make(folder.key())
    assert not anchors.is_due(now)
    assert anchors.is_due(now + dt.timedelta(days=1))
    assert anchors.is_due(now - dt.timedelta(days=1))


# The command


@marked(both)
def test_the_command_names_the_first_bad_row_on_its_first_line(without_guards):
    made = write(4)
    call_command("seal_audit", "--once", stdout=StringIO())
    assert verify_in_words()[0] == 0
    without_guards()
    AuditEvent.objects.filter(pk=made[2].pk).update(path="/elsewhere/")
    code, words = verify_in_words()
    assert code == 1
    assert words.splitlines()[0] == f"Row {made[2].pk} (position 3) was edited after it was sealed."
