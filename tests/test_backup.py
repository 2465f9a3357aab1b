"""
Backup and restore with real processes on both engines: while people work, into an empty place, and what happens where something
is wrong with the file, the key or the place.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import servers
from tests.a_clinic_at_work import MARKER, ROOT, SECRET, Place
from tests.places import Places

WORKERS = 3
PROOFS = [(engine, f"proof {number}") for engine in ("sqlite", "postgresql") for number in (1, 2, 3)]
# In the ordinary run what is saved under load goes from SQLite to PostgreSQL; the way back, and onto empty machines three times more, is
# left to the long proofs, as is what is saved at rest.
AT_REST = [pytest.param(*one, marks=pytest.mark.prove) for one in PROOFS]
UNDER_LOAD = [("sqlite", "once"), pytest.param("postgresql", "once", marks=pytest.mark.prove), *AT_REST]
ADDED_BY_THE_RESTORE = {"audit_auditevent", "audit_auditseal"}  # its own record, and the seals of what waited


@pytest.fixture(scope="module")
def server():
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory):
    return Places(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory, server):
    return Places(tmp_path_factory.mktemp("postgresql"), server)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def places(request):
    return request.getfixturevalue(f"on_{request.param}")


@pytest.fixture(scope="module")
def others(places, on_sqlite, on_postgresql):
    """Places of the other engine."""
    return on_sqlite if places.server else on_postgresql


@pytest.fixture(scope="module")
def clinic(places):
    return places.filled()


@pytest.fixture(scope="module")
def small(on_sqlite):
    """A clinic on SQLite with one backup, which the tests below only read."""
    place = on_sqlite.filled()
    place.must("backup")
    return place


def _restore(place: Place, backup: Path, key: Path, *more: str) -> subprocess.CompletedProcess:
    place.data.mkdir(exist_ok=True)
    return place.run("restore", str(backup), "--key", str(key), *more)


def _said(log: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {"begun": {}, "done": {}}
    for line in log.read_text().splitlines():
        words = line.split()
        if len(words) == 3:
            found[words[0]][words[1]] = float(words[2])
    return found


@pytest.mark.parametrize(("places", "round_"), UNDER_LOAD, indirect=["places"])
def test_a_backup_under_load_is_one_moment_and_comes_back_on_either_engine(clinic, places, others, tmp_path, round_):
    """What was saved before it began is in it, what began after it is not, and of each worker the work up to one moment."""
    logs = [tmp_path / f"worker-{number}" for number in range(WORKERS)]
    begin_at = 1 + clinic.ask("SELECT COALESCE(MAX(number), 0) / 100000 FROM patients_patient")[0][0]
    workers = [clinic.start_work(begin_at + number, log) for number, log in enumerate(logs)]
    try:
        _wait(lambda: all(len(_said(log)["done"]) > 15 for log in logs), logs)
        began = time.time()
        said = clinic.must("backup")
        ended = time.time()
        counts = [len(_said(log)["done"]) for log in logs]
        _wait(lambda: all(len(_said(log)["done"]) > count + 5 for log, count in zip(logs, counts, strict=True)), logs)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert "Read back whole." in said
    query = "SELECT number, surname, birth_date FROM patients_patient WHERE surname <> 'Example' ORDER BY number"
    for restored in [others.ready()] if round_ == "once" else [others.next(), places.next()]:
        ended_restore = _restore(restored, clinic.backups()[-1], clinic.data / "backup-key.txt")
        assert ended_restore.returncode == 0, ended_restore.stdout + ended_restore.stderr
        assert "Restored in " in ended_restore.stdout
        there = {given for (given,) in restored.ask("SELECT given FROM patients_patient WHERE surname = 'Example'")}
        logged = restored.ask("SELECT COUNT(*) FROM audit_auditevent WHERE action = 'patient.registered'")[0][0]
        assert logged == len(there), "a patient and the row about it are one transaction"
        for log in logs:
            found = _said(log)
            assert {given for given, at in found["done"].items() if at < began} <= there
            assert not {given for given, at in found["begun"].items() if at > ended} & there
            own = sorted(found["begun"])
            kept = sum(given in there for given in own)
            assert set(own[:kept]) <= there, "the work of one person up to one moment"
        assert [tuple(map(str, row)) for row in restored.ask(query)] == [tuple(map(str, row)) for row in clinic.ask(query)]
        assert restored.files() == clinic.files()
        assert "whole" in restored.must("verify_audit")


@pytest.mark.parametrize(("places", "round_"), AT_REST, indirect=["places"])
def test_nothing_differs_after_a_wipe(clinic, places, round_):
    """At rest, onto an empty machine: every row of every table, every file, the numbers to come."""
    before, numbers = clinic.everything(), _next_numbers(clinic)
    clinic.must("backup")
    restored = places.next()
    ended = _restore(restored, clinic.backups()[-1], clinic.data / "backup-key.txt")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    after = restored.everything()
    assert set(after) == set(before)
    for table in before:
        if table in ADDED_BY_THE_RESTORE:
            assert before[table] <= after[table], table
        else:
            assert after[table] == before[table], table
    assert restored.files() == clinic.files()
    numbers_after = _next_numbers(restored)
    assert {table: number for table, number in numbers_after.items() if table in numbers and not table.startswith("audit_")} == {
        table: number for table, number in numbers.items() if not table.startswith("audit_")
    }
    wanted = dict(restored.ask("SELECT file, sha256 FROM aftercare_sheet WHERE state = 'ready'"))
    assert wanted
    assert {name: restored.files()[name] for name in wanted} == wanted, "a sheet is printed again from the same bytes"
    actions = [action for (action,) in restored.ask("SELECT action FROM audit_auditevent ORDER BY id DESC LIMIT 3")]
    assert {"chain.resumed", "backup.restored"} <= set(actions)


def _next_numbers(place: Place) -> dict[str, int]:
    if place.url:
        found = place.ask("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL")
        return {name.removesuffix("_id_seq"): number for name, number in found}
    return dict(place.ask("SELECT name, seq FROM sqlite_sequence WHERE name <> 'django_migrations' AND seq > 0"))


def _wait(condition, logs) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, [log.read_text()[-800:] for log in logs]
        time.sleep(0.05)


# What is refused, and what it leaves behind


def test_nothing_of_a_patient_is_readable_in_the_backup_or_left_beside_it(small):
    before = {path for path in small.data.rglob("*") if path.is_file()}
    small.must("backup")
    new = {path for path in small.data.rglob("*") if path.is_file()} - before
    assert {path.parent.name for path in new} == {"backups"}
    for path in (small.data / "backups").iterdir():
        data = path.read_bytes()
        assert MARKER.encode() not in data
        assert SECRET.encode() not in data
        assert path.stat().st_mode & 0o077 == 0
    assert MARKER in "".join(surname for (surname,) in small.ask("SELECT surname FROM patients_patient")), "the control"


def test_a_place_that_is_not_empty_is_refused_and_stays(small, tmp_path):
    other = Place(Path(shutil.copytree(small.data, tmp_path / "other")))
    before = other.everything()
    ended = _restore(other, small.backups()[-1], small.data / "backup-key.txt")
    assert ended.returncode == 1
    assert "not empty" in ended.stderr
    assert "Nothing was brought back." in ended.stderr
    assert other.everything() == before
    ended = _restore(other, small.backups()[-1], small.data / "backup-key.txt", "--replace-what-is-here")
    assert ended.returncode == 0, ended.stderr
    assert other.ask("SELECT COUNT(*) FROM patients_patient") == small.ask("SELECT COUNT(*) FROM patients_patient")
    assert list(other.data.glob("files.before-restore-*")), "what was there is set aside"


HARMED = {
    "cut": "",
    "byte": "",
    "not a backup": "",
    "other key": "",
    "gone": "",
    "a folder": "no file that can be read",
    # Made with the right key: found by its entries' hashes, and where those were made to fit, by the table's digest.
    "forged": "manifest",
    "forged with its entries": "patients_patient",
}
HARM = """
import os, sys, gzip, json
os.environ["DJANGO_SETTINGS_MODULE"] = "microneedle_clinic.settings"
import django; django.setup()
from pathlib import Path
from clinic.durability import archive, key
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
data = bytearray(source.read_bytes())
(folder / "cut").write_bytes(data[: len(data) // 2])
(folder / "other key").write_bytes(data)
data[len(data) // 2] ^= 1
(folder / "byte").write_bytes(data)
(folder / "not a backup").write_bytes(os.urandom(5000))
(folder / "a folder").mkdir()
for name in ("forged", "forged with its entries"):
    with archive.reading(source, key.own_identities()) as entries, archive.writing(folder / name, key.recipients()) as out:
        for entry, stream in entries:
            data = stream.read()
            if entry.startswith("tables/patients_patient/"):
                data = gzip.compress(gzip.decompress(data).replace(b"Zyxo", b"Wyxo"), 1, mtime=0)
            if entry == "manifest.json" and name != "forged":
                told = json.loads(data)
                told["entries"] = {n: [e.size, e.sha256] for n, e in out.entries.items()}
                data = json.dumps(told).encode()
            out.put(entry, data)
"""
RESTORES = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "microneedle_clinic.settings"
import django; django.setup()
from pathlib import Path
from django.core.management import CommandError, call_command
from django.db import connection
said = {}
for name, path, key in json.loads(sys.argv[1]):
    try:
        call_command("restore", path, "--key", key, stdout=sys.stderr)
        said[name] = "It was brought back."
    except CommandError as problem:
        said[name] = str(problem)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM patients_patient")
        if cursor.fetchone()[0]:
            said[name] += " Rows were left."
print(json.dumps(said))
"""


def _python(place: Place, program: str, *arguments: str, **more: str) -> str:
    environment = {**place.environment, **more}
    command = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_file_that_cannot_be_trusted_brings_nothing_back(small, on_sqlite, tmp_path):
    """One after another into one place, which stays empty: the last, the true one, comes in."""
    _python(small, HARM, str(small.backups()[-1]), str(tmp_path))
    own, other = small.data / "backup-key.txt", on_sqlite.next()
    other.data.mkdir()
    other.must("backup_key")
    keys = dict.fromkeys(HARMED, own) | {"other key": other.data / "backup-key.txt"}
    place = on_sqlite.ready()
    cases = [(name, str(tmp_path / name), str(keys[name])) for name in HARMED]
    said = json.loads(_python(place, RESTORES, json.dumps([*cases, ("true", str(small.backups()[-1]), str(own))])).splitlines()[-1])
    for name, word in HARMED.items():
        assert said[name].endswith("Nothing was brought back."), name
        assert word in said[name]
    assert said["true"] == "It was brought back. Rows were left.", "the control"
    assert not (place.data / "restoring").exists()
    assert not list(place.data.glob("*.before-restore-*")), "no file of those that were refused lay there"


def test_a_file_that_is_cut_ends_the_command_with_a_sentence(small, on_sqlite, tmp_path):
    backup, place = tmp_path / small.backups()[-1].name, on_sqlite.ready()
    backup.write_bytes(small.backups()[-1].read_bytes()[:-2000])
    ended = _restore(place, backup, small.data / "backup-key.txt")
    assert ended.returncode == 1
    assert "Nothing was brought back." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (place.data / "files").exists()


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(small, tmp_path):
    folder = tmp_path / "backups"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "backup"], cwd=ROOT, env={**small.environment, "BACKUP_DIR": str(folder)}, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("*.part")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list(folder.glob("clinic-*.age")) or process.returncode == 0
    small.must("backup", BACKUP_DIR=str(folder))
    assert not list(folder.glob("*.part"))
    assert len(list(folder.glob("clinic-*.age"))) == 1


THREE_BACKUPS = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "microneedle_clinic.settings"
import django; django.setup()
from django.core.management import call_command
for _ in range(3):
    call_command("backup")
"""


def test_so_many_are_kept_as_the_setting_says(small, tmp_path):
    folder = tmp_path / "backups"
    _python(small, THREE_BACKUPS, BACKUP_DIR=str(folder), BACKUP_KEEP="2")
    assert len(list(folder.glob("clinic-*.age"))) == 2


def test_a_file_that_is_gone_is_told_and_the_rest_is_saved(small, on_sqlite, tmp_path):
    folder = tmp_path / "backups"
    path = next((small.data / "files").rglob("*.pdf"))
    aside = path.rename(tmp_path / "aside")
    try:
        ended = small.run("backup", BACKUP_DIR=str(folder))
    finally:
        aside.rename(path)
    assert ended.returncode == 0
    assert "is gone" in ended.stderr
    ended = _restore(on_sqlite.ready(), next(iter(folder.glob("clinic-*.age"))), small.data / "backup-key.txt")
    assert "was gone or changed already when the backup was made" in ended.stderr


def test_the_drill_restores_the_newest_backup_and_leaves_nothing(small):
    said = small.must("restore_drill")
    assert "passed in" in said
    assert not (small.data / "run" / "drill").exists()
    assert '"drill"' in (small.data / "backup-status.json").read_text()
