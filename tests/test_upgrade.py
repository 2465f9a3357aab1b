"""A release that changes tables comes to a clinic that is at work: every row stays, and the guards stand again."""

import contextlib
from decimal import Decimal

import pytest

from scripts import servers
from tests.a_clinic_at_work import Place
from tests.places import Places

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)]
NEXT, CARELESS = ({"DJANGO_SETTINGS_MODULE": f"tests.next_release.{name}"} for name in ("settings", "careless"))
NEW = "audit_auditevent_locked_update"  # as if the clinic had run without this guard until now
LEFT_BEHIND = "older_release_said"  # a trigger of a rule that this release no longer has
CHANGED_BY_IT = {"django_migrations"}


@pytest.fixture
def clinic(request, tmp_path):
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(servers.postgresql()) if request.param == "postgresql" else ""
        yield Places(tmp_path, url).filled()


def _leave_a_trigger(clinic: Place) -> None:
    if clinic.url:
        clinic.ask("CREATE FUNCTION older() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'older'; END $$")
        clinic.ask(
            f"CREATE TRIGGER {LEFT_BEHIND} BEFORE UPDATE OF note ON treatment_sessions_booking FOR EACH ROW EXECUTE FUNCTION older()"
        )
    else:
        that = "(SELECT note FROM treatment_sessions_booking WHERE id = NEW.booking_id) = 'no'"
        clinic.ask(
            f"CREATE TRIGGER {LEFT_BEHIND} BEFORE INSERT ON treatment_sessions_hold WHEN {that} BEGIN SELECT RAISE(ABORT, 'older'); END"
        )


def _triggers(clinic: Place) -> set[str]:
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal" if clinic.url else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    return {name for (name,) in clinic.ask(query)}


def _rows(clinic: Place) -> dict[str, list[list[str]]]:
    """Every row of every table, whatever the order of its columns: SQLite makes a table anew."""
    query = 'SELECT * FROM "{}"'
    return {table: sorted(sorted(map(repr, row)) for row in clinic.ask(query.format(table))) for table in clinic.tables()}


@pytest.mark.parametrize("clinic", ENGINES, indirect=True)
def test_a_release_keeps_rows_and_guards_and_brings_new_ones(clinic):
    rows, guards = _rows(clinic), _triggers(clinic)
    clinic.ask(f"DROP TRIGGER {NEW}{' ON audit_auditevent' if clinic.url else ''}")
    assert clinic.run("check", "--database", "default").returncode != 0
    clinic.must("migrate")
    assert _triggers(clinic) == guards
    _leave_a_trigger(clinic)
    assert clinic.run("migrate", **CARELESS).returncode != 0, "the control: a table that a guard names does not change"
    clinic.must("migrate", **NEXT)
    assert _triggers(clinic) == guards
    clinic.must("check", "--database", "default", **NEXT)
    assert {table for table, found in _rows(clinic).items() if rows[table] != found} == CHANGED_BY_IT


# One release ago, and before: the steps that one longer step per app has replaced

LONG_AGO = """
import django
django.setup()
from decimal import Decimal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
executor = MigrationExecutor(connection)
executor.loader = MigrationLoader(connection, replace_migrations=False)
steps = [(app, "0001_initial") for app in ("treatment_sessions", "aftercare", "sessions")]
steps += [("accounts", "0002_competence"), ("audit", "0004_outcomes_and_search")]
executor.migrate(steps)
User = executor.loader.project_state(steps).apps.get_model("accounts", "User")
User.objects.create(username="lena", role="clinician", max_depth_mm=Decimal("1.25"))
User.objects.create(username="amara", role="clinician")
"""
LIMITS = (
    "SELECT u.username, c.max_depth_mm, c.device, c.valid_until, c.recorded_by_id "
    "FROM accounts_competence c JOIN accounts_user u ON u.id = c.user_id"
)


@pytest.mark.prove
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_old_clinic_and_its_backup_come_to_this_release(engine, tmp_path):
    """With what a step in between does to rows: the one limit of a person becomes a row without an end."""
    with contextlib.ExitStack() as stack:
        places = Places(tmp_path, stack.enter_context(servers.postgresql()) if engine == "postgresql" else "")
        old = places.next()
        old.data.mkdir(mode=0o700, exist_ok=True)
        old.program(LONG_AGO)
        old.must("backup")
        old.must("migrate")
        old.must("check", "--database", "default")
        assert [(name, Decimal(str(depth)), *rest) for name, depth, *rest in old.ask(LIMITS)] == [("lena", Decimal("1.25"), "", None, None)]
        come = places.next()
        come.data.mkdir(mode=0o700, exist_ok=True)
        come.must("restore", str(old.backups()[0]), "--key", str(old.data / "backup-key.txt"))
        assert come.ask(LIMITS) == old.ask(LIMITS)
        assert come.tables() == old.tables()
        come.must("backup")
