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
from django.db import connection, transaction


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
    Return a guard that refuses UPDATE and DELETE (and TRUNCATE where there is no condition) of *table*, and on SQLite
    the INSERT OR REPLACE that would push a locked row out without firing a DELETE trigger.

    when: SQL condition over OLD, the same on both engines, for rows that are locked; empty locks all rows.
    columns: where given, only a change of one of these is refused (DELETE always is).
    """
    name = name or f"{table}_locked"
    condition = f"WHEN ({when})" if when else ""
    quoted = ", ".join(f'"{column}"' for column in columns)  # a column may be called as an SQL word is, for example "case"
    of = f" OF {quoted}" if columns else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    sqlite = [
        f"CREATE TRIGGER IF NOT EXISTS {name}_{event.lower()} BEFORE {event}{of if event == 'UPDATE' else ''} ON {table} "
        f"FOR EACH ROW {condition} {refuse}"
        for event in ("UPDATE", "DELETE")
    ]
    kept = f"SELECT 1 FROM {table} AS OLD WHERE OLD.id = NEW.id{f' AND ({when})' if when else ''}"  # noqa: S608 - our own names
    sqlite.append(f"CREATE TRIGGER IF NOT EXISTS {name}_insert BEFORE INSERT ON {table} FOR EACH ROW WHEN EXISTS ({kept}) {refuse}")
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
        sqlite=tuple(sqlite),
        sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event}" for event in ("update", "delete", "insert")),
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
    """Create the named guards, or all, where their table stands. One that is there in an older wording is replaced."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic():
        for guard in _guards.values():
            if guard.table in tables and (not names or guard.name in names):
                if connection.vendor == "sqlite":
                    _run(guard.sqlite_drop)  # it has no CREATE OR REPLACE TRIGGER
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


def _wording(statement: str) -> str:
    return " ".join(statement.replace("IF NOT EXISTS ", "").split())


def _standing() -> dict[str, str]:
    """Triggers and constraints of this database that are switched on; on SQLite with their wording."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Those of other schemas are other databases to us; tgenabled: O and A fire for ordinary sessions, D and R do not.
            cursor.execute(
                "SELECT t.tgname, '' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid) "
                "UNION SELECT n.conname, '' FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid WHERE pg_table_is_visible(c.oid)"
            )
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def missing() -> list[str]:
    """Names of the triggers and constraints that should stand in this database and do not, or stand in other words."""
    standing = _standing()
    tables = set(connection.introspection.table_names())
    absent = []
    for guard in _guards.values():
        if guard.table not in tables:
            continue
        for statement in _pick(guard, drop=False):
            words = _wording(statement).split()
            for kind in ("TRIGGER", "CONSTRAINT"):
                if kind not in words:
                    continue
                name = words[words.index(kind) + 1]
                worded = standing.get(name)
                if worded is None or (worded and _wording(worded) != _wording(statement)):
                    absent.append(name)
    return absent


def install_after_migrate(sender, using, **kwargs) -> None:
    if using == connection.alias:
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
