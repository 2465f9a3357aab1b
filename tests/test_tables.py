"""A copy of the tables that were made once is what migrating makes: its tables, its indexes, its guards and its rows."""

import contextlib
import sqlite3

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit import guards

from . import tables

SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "copy.sqlite3"
    tables.copy_into(path)
    with contextlib.closing(sqlite3.connect(path)) as copy:
        yield copy


@pytest.mark.django_db
def test_the_copy_has_every_table_index_and_guard_of_this_release(copy):
    if connection.vendor != "sqlite":
        pytest.skip("a file is what is copied")
    found = {(kind, name): sql for kind, name, sql in copy.execute(SCHEMA)}
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        assert found == {(kind, name): sql for kind, name, sql in cursor.fetchall()}
    triggers = {name for kind, name in found if kind == "trigger"}
    for guard in guards.known():
        assert all(any(name in statement for name in triggers) for statement in guard.sqlite), guard.name
    assert MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes()) == []


def test_a_guard_of_the_copy_refuses(copy):
    columns = [name for _, name, *_ in copy.execute("PRAGMA table_info(audit_auditseal)")]
    copy.execute(f"INSERT INTO audit_auditseal ({', '.join(columns)}) VALUES ({', '.join('1' for _ in columns)})")  # noqa: S608
    with pytest.raises(sqlite3.IntegrityError):
        copy.execute("DELETE FROM audit_auditseal")


def test_tables_of_another_state_are_not_taken(tmp_path):
    (tmp_path / "plans" / "migrations").mkdir(parents=True)
    (tmp_path / "plans" / "tests").mkdir()
    first = tables.written_by(tmp_path)
    (tmp_path / "plans" / "tests" / "test_one.py").write_text("")
    assert tables.written_by(tmp_path) == first
    (tmp_path / "plans" / "migrations" / "0002_more.py").write_text("")
    second = tables.written_by(tmp_path)
    (tmp_path / "plans" / "migrations" / "0002_more.py").write_text("1")
    assert len({first, second, tables.written_by(tmp_path)}) == 3
