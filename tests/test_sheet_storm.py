"""
Many sheets at once, and what may befall them: the sheet of one person never holds a word of another; worker processes are killed at
any moment; one sheet kills, another never ends, a third wants all memory; a message comes three times. Small counts in the ordinary run.
"""

import os
import random
import re
import signal
import string
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from aftercare.models import Sheet
from aftercare.services import files, publishing, request_sheet
from aftercare.tests.signed_record import signed
from audit import guards
from audit.models import AuditEvent

from .running_clinic import free_port
from .sheet_line import (
    MARKS,
    WAIT,
    alive_in,
    ask_for,
    broker,
    children_of,
    count,
    each_made_once,
    end,
    let_leases_run_out,
    place,
    start_worker,
    until,
    words_of,
    worker,
)

__all__ = ["place"]
PROVE = bool(os.environ.get("PROVE"))
prove_only = pytest.mark.prove if PROVE else ()
pytestmark = [*MARKS, pytest.mark.skipif(sys.platform != "linux", reason="processes are counted and killed as Linux does it")]
AT_ONCE = 16
CHILDREN = 4 if PROVE else 2
SEED = int(os.environ.get("FAULT_SEED", "1"))
MARKER = re.compile(r"Zq[a-z]{4}zq")


def marker(index: int) -> str:
    letters = []
    for _ in range(4):
        index, place = divmod(index, 26)
        letters.append(string.ascii_lowercase[place])
    return f"Zq{''.join(letters)}zq"


def ask_at_once(number: int, site, clinician) -> dict[int, str]:
    """Sheets of so many people, sixteen asking at a time: {sheet: the marker of its patient}."""
    sessions = {marker(index): signed(site, clinician, surname=marker(index), given=marker(index)) for index in range(number)}

    def ask(item) -> tuple[int, str]:
        try:
            return request_sheet(item[1], by=clinician).pk, item[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as people:
        return dict(people.map(ask, sessions.items()))


def foreign(own: dict[int, str]) -> tuple[int, int]:
    """How many sheets hold their own marker, and how many markers of others there are."""
    with_own = others = 0
    for sheet in Sheet.objects.filter(state="ready"):
        found = set(MARKER.findall(words_of(files.read(sheet))))
        with_own += own[sheet.pk] in found
        others += len(found - {own[sheet.pk]})
    return with_own, others


def make_all(number: int, place, site, clinician, **options) -> dict[int, str]:
    with broker(place) as url, worker(place, url, children=CHILDREN, **options):
        own = ask_at_once(number, site, clinician)
        # A thousand take their time; what is bound is that they keep coming.
        for share in range(1, 11):
            until(lambda share=share: count("ready") >= number * share // 10, place)
    return own


@pytest.mark.parametrize("number", [pytest.param(1000 if PROVE else 16, marks=prove_only)])
def test_no_sheet_holds_a_word_of_another_patient(place, site, clinician, number):
    own = make_all(number, place, site, clinician)
    each_made_once(place, number)
    assert foreign(own) == (number, 0)


@pytest.mark.prove
def test_a_worker_that_remembers_is_found_out(place, site, clinician):
    """The negative control."""
    own = make_all(8, place, site, clinician, app="tests.bad_workers.leaky")
    assert foreign(own)[1] > 0


# Killed at any moment


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """What stands under the name of a sheet is looked at all the time; gives the names of those that were not whole."""
    half: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.01):
            for path in (folder / "files" / "sheets").glob("[0-9]*/*.pdf"):
                data = path.read_bytes()
                if not (data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")):
                    half.append(path.name)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield half
    finally:
        stop.set()
        watcher.join(30)


class Workers:
    """A worker that is started anew whenever its parent was killed."""

    def __init__(self, folder: Path, url: str):
        self.folder, self.url = folder, url
        self.groups: list[int] = []
        self.killed: Counter = Counter()
        self.start()

    def start(self) -> None:
        """Back once it has its children: a worker that is killed before it has any proves little."""
        self.process = start_worker(self.folder, self.url, children=CHILDREN)
        self.groups.append(self.process.pid)
        until(lambda: len(children_of(self.process)) == CHILDREN, self.folder, sweeping=False)

    def kill(self, chance: random.Random) -> None:
        """One of the children, or every third time the parent alone."""
        if sum(self.killed.values()) % 3 < 2:
            with suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(children_of(self.process)), signal.SIGKILL)
                self.killed["child"] += 1
        else:
            self.process.kill()
            self.process.wait(30)
            self.killed["parent"] += 1
            self.start()

    def orphans(self) -> list[int]:
        """What is left of workers whose parent is gone."""
        return [pid for group in self.groups[:-1] for pid in alive_in(group)]


KILLS = (300, 50) if PROVE else (3, 3)


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        pytest.param("redis", KILLS[0], marks=prove_only),
        pytest.param("embedded", KILLS[1], marks=pytest.mark.prove),
    ],
)
def test_killed_at_any_moment_each_sheet_is_made_once(place, site, clinician, settings, kind, kills):
    settings.SHEET_LEASE_SECONDS = 45 if PROVE else 6
    chance = random.Random(SEED)  # noqa: S311 - not a secret
    port = free_port() if kind == "redis" else 0
    with broker(place, keeps=kind == "embedded", port=port) as url, watched(place) as half:
        workers = Workers(place, url)
        try:
            while sum(workers.killed.values()) < kills:
                ask_for(1, site, clinician, name=f"Storm{Sheet.objects.count()}x")
                publishing.sweep()
                time.sleep(chance.uniform(0, 0.6))
                workers.kill(chance)
            owed, last_kill = Sheet.objects.count(), time.monotonic()
            until(lambda: count("ready") == owed, place)
            back = time.monotonic() - last_kill
            until(lambda: not workers.orphans(), place, sweeping=False)
        finally:
            for group in workers.groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            end(workers.process)
    print(f"{kind}: {dict(workers.killed)}, {owed} sheets, all back {back:.0f} s after the last kill, {len(half)} half files")
    assert set(workers.killed) == {"child", "parent"}
    assert back < WAIT
    assert half == []
    each_made_once(place, owed)


@pytest.mark.prove
def test_a_sheet_written_straight_under_its_name_is_seen_half(place, site, clinician):
    """The negative control of the watcher."""
    with broker(place) as url, watched(place) as half, worker(place, url, app="tests.bad_workers.straight"):
        ask_for(2, site, clinician)
        until(lambda: bool(half), place)


# Sheets that do harm


def harmful(names, site, clinician) -> dict[str, int]:
    return {name: ask_for(1, site, clinician, name=name)[0] for name in names}


@pytest.mark.parametrize("good", [pytest.param(100 if PROVE else 6, marks=prove_only)])
def test_a_poison_an_endless_and_a_huge_one_stop_and_the_others_are_made(place, site, clinician, good):
    names = ["Poison", "Endless", "Huge", *(["Deaf"] if PROVE else [])]
    limits = {"SHEET_SECONDS": "6", "WORKER_MOST_MB": "700"}
    with broker(place) as url, worker(place, url, app="tests.bad_workers.hurt", children=CHILDREN, **limits):
        bad = harmful(names, site, clinician)
        well = ask_for(good, site, clinician)

        def come_to_an_end() -> bool:
            # Its worker is dead the moment it has begun: nothing is gained by waiting for the lease.
            begun = timezone.now() - timezone.timedelta(seconds=60)
            Sheet.objects.filter(pk=bad["Poison"], state="rendering").update(started_at=begun)
            return not Sheet.objects.filter(state__in=("requested", "rendering")).exists()

        until(come_to_an_end, place, step=0.5)
    assert Sheet.objects.filter(pk__in=well, state="ready").count() == good
    for name, pk in bad.items():
        sheet = Sheet.objects.get(pk=pk)
        print(name, sheet.attempts, sheet.problem)
        assert (sheet.state, sheet.file, sheet.again_at) == ("failed", "", None), name
        assert 1 <= sheet.attempts <= publishing.MOST_ATTEMPTS, name
    problems = {name: Sheet.objects.get(pk=pk).problem for name, pk in bad.items()}
    assert "stopped 5 times" in problems["Poison"]
    assert "took too long" in problems["Endless"]
    assert "more memory" in problems["Huge"]
    stored = sorted(path.relative_to(place / "files").as_posix() for path in (place / "files").rglob("*") if path.is_file())
    assert stored == sorted(Sheet.objects.filter(state="ready").values_list("file", flat=True))


@pytest.mark.prove
def test_without_the_limit_of_memory_a_huge_one_takes_what_it_wants(place, site, clinician):
    """The negative control: nothing but the limit stops it. The machine is spared: it is ended at two gigabytes."""
    with broker(place) as url, worker(place, url, app="tests.bad_workers.hurt", children=1, WORKER_MOST_MB="16000") as process:
        harmful(["Huge"], site, clinician)

        def takes() -> bool:
            return any(_resident(pid) > 2_000_000_000 for pid in children_of(process))

        until(takes, place, step=0.02)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


# Messages that come three times


def three_times(number: int, place, site, clinician, **options) -> list[int]:
    with broker(place) as url, worker(place, url, children=CHILDREN, **options):
        asked = ask_for(number, site, clinician)
        for _ in range(2):
            for pk in asked:
                publishing._send(pk)
        until(lambda: count("ready") == number, place, sweeping=False)
        _until_nothing_is_queued(place)
    return asked


def _until_nothing_is_queued(place) -> None:
    """The broker is asked: whatever came has been taken and answered for."""
    import redis

    with redis.Redis(unix_socket_path=str(place / "broker.sock")) as client:
        until(lambda: not client.llen("celery") and not client.hlen("unacked"), place, sweeping=False)


@pytest.mark.parametrize("number", [pytest.param(100 if PROVE else 4, marks=prove_only)])
def test_a_message_that_comes_three_times_makes_one_sheet(place, site, clinician, number):
    three_times(number, place, site, clinician)
    each_made_once(place, number)
    assert set(Sheet.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.prove
def test_without_the_claim_it_would_be_made_three_times(place, site, clinician):
    """The negative control."""
    with guards.suspended("ready_sheet_locked"):
        three_times(4, place, site, clinician, app="tests.bad_workers.claimless")
        made = AuditEvent.objects.filter(action="sheet.made").count()
    assert made > 4


# What is left behind


def test_a_sheet_that_is_given_up_leaves_nothing_in_the_storage(place, site, clinician):
    """Its last worker was killed after the file had its name and before the row knew."""
    (pk,) = ask_for(1, site, clinician)
    files.write_part(pk, 5, b"part")
    files.promote(files.write_part(pk, 4, b"whole"), files.name_of(pk))
    Sheet.objects.filter(pk=pk).update(state="rendering", attempts=5, started_at=timezone.now())
    let_leases_run_out()
    publishing.sweep()
    assert Sheet.objects.get(pk=pk).state == "failed"
    assert [path for path in (place / "files").rglob("*") if path.is_file()] == []
    assert AuditEvent.objects.filter(action="sheet.failed").count() == 1


ASK = "from microneedle_clinic.celery import app; print(app.conf.worker_max_memory_per_child, app.conf.worker_max_tasks_per_child)"


def test_a_child_that_has_grown_is_replaced():
    """Read as the worker reads it: by size, in kilobytes, and by count."""
    environment = {**os.environ, "WORKER_RECYCLE_MB": "300"}
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.split() == ["300000", "500"]
