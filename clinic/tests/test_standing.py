"""The health page for people, and what managers are told above every page."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic import standing
from clinic.durability import backup, schedule, status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.CLINIC_DATA = tmp_path
    settings.AUDIT_DIR = tmp_path / "audit"
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.DISK_WARN_MB = 0
    settings.BACKUP_AT = dt.time(2, 30)
    return tmp_path


def _made(ago: dt.timedelta, **more):
    at = (timezone.now() - ago).isoformat()
    return {"at": at, "file": "clinic-x.age", "bytes": 2_000_000, "rows": 10, "files": 2, "seconds": 1.0, "verified": True, **more}


def _line(what: str) -> standing.Line:
    return next(line for line in standing.lines() if line.what == what)


def test_a_clinic_without_backup_says_so(client, manager):
    client.force_login(manager)
    page = client.get(reverse("clinic:standing"))
    assert page.status_code == 200
    assert "There is none yet." in page.content.decode()
    said = "The first is taken 5 minutes after the backup schedule has started, then one each day at 02:30."
    assert said in page.content.decode()
    assert schedule.backup_is_due({}, timezone.now()), "and so it is: the first waits for no hour"


@pytest.mark.both_engines
def test_each_thing_has_its_line():
    wanted = {"Database", "Guards", "Queue", "Sheets", "Audit log", "Sealer", "Erasures", "Anchor", "Disk", "Versions"}
    assert {line.what for line in standing.lines()} == wanted | {"Last backup", "Last good restore drill"}


@pytest.mark.parametrize(("hours", "tone"), [(1, standing.LOOK), (40, standing.LOOK), (100, standing.ACT)])
def test_an_old_backup_is_told(hours, tone):
    """One hour old on the same disk is to be looked at as well."""
    status.note(backup=_made(dt.timedelta(hours=hours)))
    assert _line("Last backup").tone == tone


def test_a_backup_and_a_drill_that_failed_say_why():
    status.note(
        backup=_made(dt.timedelta(hours=1)),
        failed_backup={"at": timezone.now().isoformat(), "why": "No space left on device."},
        drill=_made(dt.timedelta(days=1), where="sqlite", said=["10 rows"]),
        failed_drill={"at": timezone.now().isoformat(), "why": "It is damaged.", "file": "clinic-x.age"},
    )
    assert "No space left on device." in _line("Last backup").said
    assert _line("Last backup").tone == standing.ACT
    assert "It is damaged." in _line("Last good restore drill").said
    assert "1 day ago" in _line("Last good restore drill").said


def test_a_disk_that_is_nearly_full_is_told_to_managers_on_every_page(client, manager, clinician, settings):
    client.force_login(manager)
    assert "free of" not in client.get(reverse("clinic:today")).content.decode(), "the control"
    settings.DISK_WARN_MB = 10**9
    assert "free of" in client.get(reverse("clinic:today")).content.decode()
    assert _line("Disk").tone == standing.ACT
    client.force_login(clinician)
    assert "free of" not in client.get(reverse("clinic:today")).content.decode()


def test_a_status_file_that_cannot_be_read_is_no_fault(folder):
    (folder / "backup-status.json").write_text("{half")
    assert _line("Last backup").said == "There is none yet."


NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)  # 9:00 in London, winter


def _at(*moment) -> dict:
    return {"at": dt.datetime(*moment, tzinfo=dt.UTC).isoformat()}


@pytest.mark.parametrize(
    ("state", "due"),
    [
        ({}, True),
        ({"backup": _at(2026, 11, 22, 2, 31)}, False),
        ({"backup": _at(2026, 11, 22, 2, 29)}, True),
        ({"backup": _at(2026, 11, 21, 2, 31), "failed_backup": _at(2026, 11, 22, 8, 45)}, False),
        ({"backup": _at(2026, 11, 21, 2, 31), "failed_backup": _at(2026, 11, 22, 8, 20)}, True),
        ({"backup": _at(2026, 11, 23, 2, 31)}, True),  # the clock was put back since
        ({"backup": _at(2026, 11, 21, 2, 31), "failed_backup": _at(2026, 11, 23, 8, 45)}, True),
        ({"backup": _at(2026, 11, 22, 9, 0)}, False),
    ],
)
def test_when_a_backup_is_due(state, due):
    assert schedule.backup_is_due(state, NOW) is due


@pytest.mark.parametrize(
    ("state", "hour", "due"),
    [
        ({}, 3, False),
        ({"backup": _at(2026, 11, 22, 2, 31)}, 3, True),
        ({"backup": _at(2026, 11, 22, 2, 31)}, 9, False),  # people work; it waits for the night
        ({"backup": _at(2026, 11, 22, 2, 31), "drill": _at(2026, 11, 16, 3, 0)}, 3, False),
        ({"backup": _at(2026, 11, 22, 2, 31), "drill": _at(2026, 11, 15, 2, 0)}, 3, True),
        ({"backup": _at(2026, 11, 22, 2, 31), "drill": _at(2026, 11, 12, 3, 0)}, 9, True),  # never on at night
        ({"backup": _at(2026, 11, 22, 2, 31), "failed_drill": _at(2026, 11, 22, 2, 40)}, 3, False),
        ({"backup": _at(2026, 11, 22, 2, 31), "failed_drill": _at(2026, 11, 23, 2, 40)}, 3, True),  # the clock was put back since
        ({"backup": _at(2026, 11, 22, 2, 31), "drill": _at(2026, 12, 22, 3, 0)}, 3, True),
    ],
)
def test_when_a_drill_is_due(state, hour, due):
    assert schedule.drill_is_due(state, NOW.replace(hour=hour)) is due


def test_backups_named_ahead_of_the_clock_are_older_than_those_made_since_it_was_put_back(folder):
    (folder / "backups").mkdir()
    ahead = [f"clinic-{timezone.now() + dt.timedelta(days=days):%Y%m%dT%H%M%SZ}.age" for days in (30, 31)]
    since = [f"clinic-{timezone.now() - dt.timedelta(hours=hours):%Y%m%dT%H%M%SZ}.age" for hours in (5, 1)]
    for name in (*ahead, *since):
        (folder / "backups" / name).touch()
    assert [path.name for path in backup.backups()] == [*ahead, *since]
