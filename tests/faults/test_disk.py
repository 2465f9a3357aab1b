"""The disk under the clinic fills up: a warning first, then calm answers, nothing half-written, and work goes on when there is room."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .clients import Person, redirected
from .clinic import FaultyClinic, faulty_clinic
from .disk import MB, SmallDisk, small_disk
from .test_broker import Team, sheets, times_made
from .test_wire import Wired

ROOM = 60 * MB  # beyond what the clinic's files take
WARNED_BELOW = 20  # MB
# PostgreSQL keeps its journal in files of 16 MB, and no more of them than these allow.
SERVER = {"min_wal_size": "32MB", "max_wal_size": "64MB"}
FOR_THE_JOURNAL = 80 * MB
MOST_BOOKINGS = 100
NO_ROOM = "no room left"


@dataclass
class Full:
    clinic: FaultyClinic
    disk: SmallDisk


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)])
def place(request, made) -> Iterator[Full]:
    """All of it lies on the small disk: data, database, queue."""
    like = made(request.param)
    taken = sum(_size(path) for part in ("data", "pg/data") for path in (like.folder / part).rglob("*"))
    server = SERVER if like.database is not None else {}
    with small_disk(taken + ROOM + (FOR_THE_JOURNAL if server else 0)) as disk:
        extra = {"DISK_WARN_MB": str(WARNED_BELOW)}
        with faulty_clinic(like, folder=disk.folder, extra=extra, **server) as clinic:
            yield Full(clinic, disk)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


@pytest.fixture
def full(place) -> Iterator[Full]:
    yield place
    place.disk.empty()
    place.clinic.mend()


def test_managers_are_warned_before_it_hurts(full):
    omar = Person(full.clinic.url).sign_in("omar")
    assert "free of" not in omar.ask("/today/").body
    full.disk.fill(leave=(WARNED_BELOW - 5) * MB)
    assert "Make room" in omar.ask("/settings/health/").body
    assert "free of" in omar.ask("/today/").body


def test_nothing_is_half_written_and_work_goes_on_when_there_is_room(full):
    clinic = full.clinic
    desk = Wired(clinic, None)
    team = Team(clinic, clinic.drafts(1))
    full.disk.fill()
    key, day = until_refused(desk)
    answers = [desk.june.ask("/today/"), team.amara.ask(f"/sessions/{team.drafts[0]['session']}/")]
    assert all(answer.status in (200, 503) for answer in answers), [answer.status for answer in answers]
    full.disk.empty()
    clinic.mend()  # a server that gave up for want of room is started again by those who run it
    clinic.wait_until(lambda: redirected(desk.book(key, day)), 30, "a booking on a disk with room")
    assert desk.there(key) == (1, 1, 1)
    team.round()
    clinic.wait_until(lambda: set(sheets(clinic, team.signed).values()) == {"ready"}, 120, "the sheets")
    if clinic.database is None:
        assert clinic.rows("PRAGMA integrity_check") == [("ok",)]
    clinic.the_log_holds()


def until_refused(desk: Wired) -> tuple[str, dt.date]:
    """
    Book until there is no room for it: what was acknowledged is there, what was refused is not. SQLite refuses the first one;
    PostgreSQL has room left in the pages of its files. Gives key and day of the one that was refused.
    """
    for _ in range(MOST_BOOKINGS):
        key, day = str(uuid.uuid4()), desk.free_day()
        answer = desk.book(key, day)
        if answer.status == 503:
            assert NO_ROOM in answer.body, answer.body[-2000:]
            assert desk.there(key) == (0, 0, 0)
            return key, day
        assert redirected(answer), (answer.status, answer.body[-2000:])
        assert desk.there(key) == (1, 1, 1)
    raise AssertionError("everything fitted: the disk is not full")


def test_what_dies_on_a_full_disk_is_started_again(full):
    """The supervisor has no room for its own file and words either."""
    clinic = full.clinic
    before = clinic.pid_of("web")
    full.disk.fill()
    clinic.kill("web")
    clinic.wait_until(lambda: Person(clinic.url).ask("/accounts/sign-in/").status in (200, 503), what="a page from a full disk")
    assert clinic.process.poll() is None, clinic.output[-3000:]
    full.disk.empty()
    clinic.wait_until(lambda: clinic.pid_of("web") != before, what="the number of the one that runs now")
    clinic.mend()


def test_sheets_wait_for_room(full):
    """Signed with a little room left: the record stands, the sheet does not fit, and is made when it does."""
    clinic = full.clinic
    team = Team(clinic, clinic.drafts(1))
    parts = clinic.data / "files" / "sheets"
    full.disk.fill(leave=1 * MB)
    team.round()
    full.disk.fill()
    clinic.wait_until(lambda: not list(parts.glob("parts/*")), 30, "no half sheet lies about")
    full.disk.empty()
    clinic.wait_until(lambda: "requested" not in sheets(clinic, team.signed).values(), 120, "an end of each sheet's making")
    for pk, state in sheets(clinic, team.signed).items():
        if state == "failed":  # it says so, and is made again on a press
            again = team.amara.ask(f"/sessions/{team.signed[0]}/sheet/", {"variant": _variant(clinic, pk)})
            assert redirected(again)
    clinic.wait_until(lambda: set(sheets(clinic, team.signed).values()) == {"ready"}, 120, "the sheets")
    assert set(times_made(clinic, sheets(clinic, team.signed))) == {1}


def test_a_backup_on_a_full_disk_fails_and_leaves_no_broken_file(full):
    clinic = full.clinic
    full.disk.fill(leave=200_000)
    before = sorted(path.name for path in (clinic.data / "backups").glob("**/*"))
    ended = clinic.manage("backup")
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr, ended.stderr
    assert sorted(path.name for path in (clinic.data / "backups").glob("**/*")) == before
    full.disk.empty()
    ended = clinic.manage("backup")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.prove
def test_a_drill_without_room_says_so_and_leaves_nothing(full):
    """Neither its note nor its row fits either. The disk is not filled by it: people work on it."""
    clinic = full.clinic
    assert clinic.manage("backup").returncode == 0
    # Where a second database would lie is PostgreSQL's own business; a second SQLite lies here.
    for left in (200_000, (WARNED_BELOW + 2) * MB)[: 2 if clinic.database is None else 1]:
        full.disk.fill(leave=left)
        ended = clinic.manage("restore_drill")
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Make room, then run it again" in ended.stderr, ended.stderr
        assert not (clinic.data / "run" / "drill").exists()
        full.disk.empty()
    ended = clinic.manage("restore_drill")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def _variant(clinic: FaultyClinic, pk: int) -> str:
    return clinic.rows("SELECT variant FROM aftercare_sheet WHERE id = %s", (pk,))[0][0]
