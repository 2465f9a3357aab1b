"""What keeps the clinic from opening, each in one sentence that says what to do."""

import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from audit import guards
from clinic import starting
from clinic.durability import places
from microneedle_clinic.settings import _can_be_guessed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.CLINIC_DATA = tmp_path
    settings.AUDIT_DIR = tmp_path / "audit"


@pytest.mark.both_engines
def test_where_all_stands_nothing_is_said():
    assert starting.refusal() == ""


@pytest.mark.both_engines
def test_a_migration_that_waits():
    ((app, newest),) = MigrationLoader(connection).graph.leaf_nodes("aftercare")
    MigrationRecorder(connection).record_unapplied(app, newest)
    assert starting.refusal() == (f"The database is not at this version (1 migration waits, first {app}.{newest}): run manage.py migrate.")


@pytest.mark.both_engines
def test_a_guard_that_is_gone():
    with guards.suspended("hold_no_overlap"):
        assert "hold_no_overlap" in starting.refusal()
    assert starting.refusal() == ""


PARTS = {
    "sqlite": ["DROP TRIGGER hold_no_overlap_insert", "DROP TRIGGER hold_no_overlap_update"],
    "postgresql": [f"ALTER TABLE treatment_sessions_hold DROP CONSTRAINT {name}" for name in ("hold_no_overlap", "hold_within_a_day")],
}


@pytest.mark.both_engines
def test_each_part_of_what_refuses_overlaps_is_missed_by_its_name():
    for part in PARTS[connection.vendor]:
        name = part.split()[-1]
        with connection.cursor() as cursor:
            cursor.execute(part)
        assert starting.refusal() == f"The database does not guard its locked rows ({name} not there): run manage.py migrate."
        guards.install("hold_no_overlap")
        assert starting.refusal() == "", "the control"


def test_a_restore_that_was_cut_off():
    places.half_restored_mark().write_text("clinic-20260101T000000Z.age\n")
    assert "run it again before the clinic opens" in starting.refusal()
    with pytest.raises(CommandError, match="run it again"):
        call_command("prepare")


def _checked_with(secret, tmp_path):
    environment = {**os.environ, "CLINIC_DATA": str(tmp_path), "DATABASE_URL": "postgres://nobody@localhost/none"}
    environment |= {"SECRET_KEY": secret, "ALLOWED_HOSTS": "clinic.example", "BROKER_URL": "redis://localhost/0"}
    return subprocess.run(
        [sys.executable, str(project.BASE_DIR / "manage.py"), "check"], env=environment, capture_output=True, text=True, check=False
    )


GUESSABLE = {
    "short": "short",
    "one letter": "x" * 60,
    "a word again and again": "changeme" * 7,
    "digits again and again": "0123456789" * 6,
    "a phrase twice": "the clinic at the canal street 14" * 2,
    "the alphabet": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "Django's own": "django-insecure-" + "abcdefgh" * 8,
}


@pytest.mark.parametrize("secret", GUESSABLE.values(), ids=GUESSABLE)
def test_a_secret_that_can_be_guessed(secret):
    assert _can_be_guessed(secret)


def test_such_a_secret_stops_the_start_in_production(tmp_path):
    ended = _checked_with(GUESSABLE["the alphabet"], tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "SECRET_KEY is short, a default or a pattern that can be guessed. Set it to 50 or more random characters."
    )


def test_secrets_made_by_chance_open_the_clinic(tmp_path):
    """The control; hexadecimal and digits alone are chance as well."""
    ended = _checked_with(secrets.token_urlsafe(64), tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    made = [secrets.token_urlsafe(38)[:50], secrets.token_hex(32), "".join(secrets.choice("0123456789") for _ in range(50))]
    assert [_can_be_guessed(secret) for secret in made] == [False] * 3
