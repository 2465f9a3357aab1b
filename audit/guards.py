"""
Rules that the database itself refuses to break, on both engines.

Django drops SQLite triggers without a word when it rebuilds a table, so no migration owns them: every guard is
registered by its app, created anew after each `migrate`, and looked for by a system check. The flush between
tests needs them away for a moment: `suspended()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.checks import Error, Tags, register
from django.db import connection


@dataclass(frozen=True)
class Guard:
    """
    One trigger or constraint. *sqlite* and *postgresql* are lists of statements that create it; each engine's
    *_drop* statements take it away and must succeed where it does not stand. *table* is where it lives, so that it
    is made only once the table is.
    """

    name: str
    table: str
    sqlite: tuple[str, ...]
    sqlite_drop: tuple[str, ...]
    postgresql: tuple[str, ...]
    postgresql_drop: tuple[str, ...]


_guards: dict[str, Guard] = {}


def protect(guard: Guard) -> None:
    """Register *guard*; called from AppConfig.ready."""
    _guards[guard.name] = guard


def no_change(table: str, *, when: str = "", reason: str, name: str | None = None, columns: tuple[str, ...] = ()) -> Guard:
    """
    Return a guard that refuses UPDATE and DELETE (and TRUNCATE where there is no condition) of *table*.

    when: SQL condition over OLD, the same on both engines, for rows that are locked; empty locks all rows.
    columns: where given, only a change of one of these is refused (DELETE always is).
    """
    name = name or f"{table}_locked"
    condition = f"WHEN ({when})" if when else ""
    of = f" OF {', '.join(columns)}" if columns else ""
    sqlite = tuple(
        f"CREATE TRIGGER IF NOT EXISTS {name}_{event.lower()} BEFORE {event}{of if event == 'UPDATE' else ''} ON {table} "
        f"FOR EACH ROW {condition} BEGIN SELECT RAISE(ABORT, '{reason}'); END"
        for event in ("UPDATE", "DELETE")
    )
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    ]
    postgresql += [
        f"CREATE OR REPLACE TRIGGER {name}_{event.lower()} BEFORE {event}{of if event == 'UPDATE' else ''} ON {table} "
        f"FOR EACH ROW {condition} EXECUTE FUNCTION {name}_refuse()"
        for event in ("UPDATE", "DELETE")
    ]
    drop = [f"DROP TRIGGER IF EXISTS {name}_{event} ON {table}" for event in ("update", "delete")]
    if not when:
        postgresql.append(
            f"CREATE OR REPLACE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
        )
        drop.append(f"DROP TRIGGER IF EXISTS {name}_truncate ON {table}")
    return Guard(
        name=name,
        table=table,
        sqlite=sqlite,
        sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event}" for event in ("update", "delete")),
        postgresql=tuple(postgresql),
        postgresql_drop=tuple(drop),
    )


def _run(statements) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _pick(guard: Guard, drop: bool) -> tuple[str, ...]:
    if connection.vendor == "postgresql":
        return guard.postgresql_drop if drop else guard.postgresql
    return guard.sqlite_drop if drop else guard.sqlite


def install(*names: str) -> None:
    """Create the named guards, or all, where their table stands."""
    tables = set(connection.introspection.table_names())
    for guard in _guards.values():
        if guard.table in tables and (not names or guard.name in names):
            _run(_pick(guard, drop=False))


def remove(*names: str) -> None:
    """Take the named guards away, or all. For tests: the negative control of each rule, and the flush."""
    tables = set(connection.introspection.table_names())
    for guard in _guards.values():
        if guard.table in tables and (not names or guard.name in names):
            _run(_pick(guard, drop=True))


@contextmanager
def suspended(*names: str) -> Iterator[None]:
    """Run a block with the named guards (or all) away, and put them back."""
    remove(*names)
    try:
        yield
    finally:
        install(*names)


def missing() -> list[str]:
    """Names of the triggers and constraints that should stand in this database and do not."""
    query = (
        "SELECT tgname FROM pg_trigger UNION SELECT conname FROM pg_constraint"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    tables = set(connection.introspection.table_names())
    absent = []
    for guard in _guards.values():
        if guard.table not in tables:
            continue
        for statement in _pick(guard, drop=False):
            words = statement.replace("IF NOT EXISTS ", "").split()
            for kind in ("TRIGGER", "CONSTRAINT"):
                if kind in words and words[words.index(kind) + 1] not in present:
                    absent.append(words[words.index(kind) + 1])
    return absent


def install_after_migrate(sender, **kwargs) -> None:
    install()


@register(Tags.database)
def check_guards(app_configs, databases=None, **kwargs):
    """`manage.py check --database default` fails when a guard does not stand."""
    if not databases or "default" not in databases:
        return []
    return [
        Error(f"The database guard {name} is not there.", hint="Run `manage.py migrate`: it creates all guards.", id="audit.E001")
        for name in missing()
    ]
