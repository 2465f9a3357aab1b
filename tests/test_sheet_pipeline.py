"""
From the request to the stored sheet with a real broker and a real worker: nothing is lost and nothing is made twice,
whoever is killed when. Worker and test share the test database, so the database is a file or a server.
"""

import os
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
pytestmark = [
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
def broker(folder: Path):
    publishing._away_until = 0.0
    with servers.broker(folder) as url:
        current_app.conf.broker_url = url
        yield url


def start_worker(folder: Path, url: str, *, app: str = "microneedle_clinic") -> subprocess.Popen:
    environment = {**os.environ, "CLINIC_DATA": str(folder), "BROKER_URL": url, "PYTHONPATH": str(ROOT)}
    # The rows of this test are signed with its key: to a worker with another one they would be forged, and it would write nothing.
    environment |= {"SECRET_KEY": settings.SECRET_KEY, "AUDIT_DIR": str(settings.AUDIT_DIR)}
    if connection.vendor == "postgresql":
        base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        environment["DATABASE_URL"] = f"{base}/{connection.settings_dict['NAME']}"
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", "2"]
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


def ask_for(number: int, site, clinician) -> None:
    for index in range(number):
        request_sheet(signed(site, clinician, surname=f"Example{index:02}"), by=clinician)


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


def test_a_sheet_that_is_asked_for_is_made_and_kept(place, site, clinician):
    with broker(place) as url, worker(place, url):
        ask_for(1, site, clinician)
        until(lambda: count("ready") == 1, place, sweeping=False)  # the request itself told the queue
    each_made_once(place, 1)


@pytest.mark.parametrize("number", [6, pytest.param(20, marks=pytest.mark.prove)])
def test_a_killed_worker_loses_no_sheet_and_doubles_none(place, site, clinician, number):
    with broker(place) as url:
        first = start_worker(place, url)
        try:
            ask_for(number, site, clinician)
            stop_while_one_is_being_made(first, place)
        finally:
            end(first)
        assert count("ready") < number
        let_leases_run_out()
        with worker(place, url):
            until(lambda: count("ready") == number, place)
        assert Sheet.objects.filter(attempts__gt=1).exists()
    each_made_once(place, number)


@pytest.mark.prove
def test_without_the_sweep_the_killed_workers_sheet_is_lost(place, site, clinician):
    """The negative control: messages taken early and nobody looking after the rows."""
    with broker(place) as url:
        first = start_worker(place, url, app="tests.careless_worker")
        try:
            ask_for(4, site, clinician)
            in_hand = stop_while_one_is_being_made(first, place)
        finally:
            end(first)
        with worker(place, url, app="tests.careless_worker"):
            # A later sheet comes through, so the queue is served; what the dead worker held does not come back.
            later = request_sheet(signed(site, clinician, surname="Later"), by=clinician)
            until(lambda: Sheet.objects.get(pk=later.pk).state == "ready", place, sweeping=False)
            assert count("rendering") >= in_hand


def test_a_dead_broker_fails_no_request_and_the_sheet_comes_when_it_is_back(place, site, clinician):
    current_app.conf.broker_url = f"redis+socket://{place}/broker.sock?virtual_host=0"
    session = signed(site, clinician)
    began = time.monotonic()
    sheet = request_sheet(session, by=clinician)
    assert time.monotonic() - began < 2
    sheet.refresh_from_db()
    assert (sheet.state, sheet.published_at) == ("requested", None)
    with broker(place) as url, worker(place, url):
        until(lambda: count("ready") == 1, place)
    each_made_once(place, 1)


def test_a_frozen_broker_holds_no_request_up(place, site, clinician):
    with broker(place) as url:
        pid = _pid_of_broker(place)
        os.kill(pid, signal.SIGSTOP)
        try:
            session = signed(site, clinician)
            began = time.monotonic()
            request_sheet(session, by=clinician)
            assert time.monotonic() - began < 3
            # Left alone from then on: the next request does not even try.
            began = time.monotonic()
            request_sheet(session, by=clinician, variant="Letter")
            assert time.monotonic() - began < 0.5
            assert count("requested") == 2
        finally:
            os.kill(pid, signal.SIGCONT)
        publishing._away_until = 0.0
        with worker(place, url):
            until(lambda: count("ready") == 2, place)
    each_made_once(place, 2)


def _pid_of_broker(folder: Path) -> int:
    import redis

    with redis.Redis(unix_socket_path=str(folder / "broker.sock")) as client:
        return client.info("server")["process_id"]
