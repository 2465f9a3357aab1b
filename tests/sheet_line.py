"""
What the proofs about sheets share: a real broker and real workers on the database of the test, and ways to hurt both. Worker and test
share the database, so it is a file or a server.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone

from aftercare.models import Sheet
from aftercare.services import files, publishing, request_sheet
from aftercare.tests.signed_record import signed
from audit.models import AuditEvent
from scripts import servers
from scripts.supervisor import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
WAIT = 120
MARKS = [
    pytest.mark.broker,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform == "win32", reason="the embedded broker needs a Unix system"),
]


@pytest.fixture
def place(tmp_path, settings, monkeypatch):
    """A clinic's data folder for the worker, on the database of this test. Short: a socket's path must be."""
    folder = Path(tempfile.mkdtemp(prefix="sheets-"))
    settings.MEDIA_ROOT = folder / "files"
    settings.SHEET_REPUBLISH_SECONDS = 5
    monkeypatch.setattr(publishing, "_away_until", 0.0)
    (folder / "fonts").symlink_to(_fonts(settings))
    if connection.vendor == "sqlite":
        (folder / "clinic.sqlite3").symlink_to(Path(connection.settings_dict["NAME"]).resolve())
    before = current_app.conf.broker_url
    yield folder
    current_app.conf.broker_url = before
    for left in sorted(folder.rglob("*"), reverse=True):
        left.unlink() if left.is_symlink() or not left.is_dir() else left.rmdir()
    folder.rmdir()


def _fonts(settings) -> Path:
    """Cut once for all tests of this machine."""
    from aftercare.fonts import folders
    from aftercare.render import font_folder

    folders(font_folder())
    return font_folder()


@contextmanager
def broker(folder: Path, *, keeps: bool = False, port: int = 0):
    """keeps: as the broker of the embedded clinic does; port: reached over the network, as Redis is in production."""
    publishing._away_until = 0.0
    server = servers.Broker(folder, keeps=keeps, port=port)
    server.start()
    try:
        current_app.conf.broker_url = server.url
        yield server.url
    finally:
        server.stop()


def start_worker(folder: Path, url: str, *, app: str = "microneedle_clinic", children: int = 2, **more: str) -> subprocess.Popen:
    """*more* goes into its environment."""
    environment = {**os.environ, "CLINIC_DATA": str(folder), "BROKER_URL": url, "PYTHONPATH": str(ROOT), **more}
    # The rows of this test are signed with its key: to a worker with another one they would be forged, and it would write nothing.
    environment |= {"SECRET_KEY": settings.SECRET_KEY, "AUDIT_DIR": str(settings.AUDIT_DIR)}
    if connection.vendor == "postgresql":
        base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        environment["DATABASE_URL"] = f"{base}/{connection.settings_dict['NAME']}"
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", str(children)]
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # A test run that is stopped leaves no worker behind.
            preexec_fn=die_with_parent(os.getpid()),
        )


def end(worker: subprocess.Popen, number: int = signal.SIGKILL) -> None:
    """The worker and its children at once: they are one process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, number)
    worker.wait(30)


@contextmanager
def worker(folder: Path, url: str, **options):
    process = start_worker(folder, url, **options)
    try:
        yield process
    finally:
        end(process)


def until(condition, folder: Path, *, sweeping: bool = True, step: float = 0.05) -> None:
    deadline, next_sweep = time.monotonic() + WAIT, 0.0
    while not condition():
        if time.monotonic() > deadline:
            log = (folder / "worker.log").read_text(errors="replace") if (folder / "worker.log").exists() else ""
            pytest.fail(f"not within {WAIT} s: {list(Sheet.objects.values('pk', 'state', 'attempts', 'problem'))}\n{log[-3000:]}")
        if sweeping and time.monotonic() > next_sweep:
            publishing.sweep()
            next_sweep = time.monotonic() + 1
        time.sleep(step)


def count(state: str) -> int:
    return Sheet.objects.filter(state=state).count()


def each_made_once(folder: Path, number: int) -> None:
    sheets = list(Sheet.objects.all())
    assert [sheet.state for sheet in sheets] == ["ready"] * number
    stored = sorted(path.relative_to(folder / "files").as_posix() for path in (folder / "files").rglob("*") if path.is_file())
    assert stored == sorted(sheet.file for sheet in sheets)
    assert len(set(stored)) == number
    for sheet in sheets:
        assert files.sha256(files.read(sheet)) == sheet.sha256
        assert sheet.attempts >= 1
    made = list(AuditEvent.objects.filter(action="sheet.made").values_list("object_pk", flat=True))
    assert sorted(made) == sorted(str(sheet.pk) for sheet in sheets)


def ask_for(number: int, site, clinician, *, name: str = "Example") -> list[int]:
    asked = [request_sheet(signed(site, clinician, surname=f"{name}{index:02}"), by=clinician) for index in range(number)]
    return [sheet.pk for sheet in asked]


def stop_while_one_is_being_made(process: subprocess.Popen, folder: Path) -> int:
    """Kill the worker at a moment at which it surely has a sheet in hand; returns how many it had."""
    while True:
        until(lambda: count("rendering") > 0, folder, sweeping=False, step=0.002)
        os.killpg(process.pid, signal.SIGSTOP)
        in_hand = count("rendering")
        if in_hand:
            end(process)
            return in_hand
        os.killpg(process.pid, signal.SIGCONT)


def let_leases_run_out() -> None:
    """As if the time had passed, so that a slow machine and a fast one test the same."""
    begun = timezone.now() - timedelta(seconds=settings.SHEET_LEASE_SECONDS + 1)
    Sheet.objects.filter(state=Sheet.State.RENDERING).update(started_at=begun)


def pid_of_broker(folder: Path) -> int:
    import redis

    with redis.Redis(unix_socket_path=str(folder / "broker.sock")) as client:
        return client.info("server")["process_id"]


def children_of(worker: subprocess.Popen) -> list[int]:
    """The processes that make the sheets."""
    try:
        listed = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in listed.split()]


def alive_in(group: int) -> list[int]:
    """Processes of the group of a worker that has gone."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(entry.name))
    return found


def words_of(data: bytes) -> str:
    """The text of a PDF."""
    told = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s+", " ", told.replace("\u00a0", " "))
