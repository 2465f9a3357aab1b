"""
Rules that the database itself refuses to break, on both engines.

Django drops SQLite triggers without a word when it rebuilds a table, and no engine changes a table that a trigger names, so no
migration owns them: every guard is registered by its app, taken away before tables change, created anew after each `migrate`, and
looked for by a system check. The flush between tests needs them away for a moment: `suspended()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.apps import apps
from django.core.checks import Error, Tags, register
from django.db import connection, transaction
from django.db.models import UniqueConstraint


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


def unique_together(table: str) -> list[tuple[str, ...]]:
    """The columns of *table* that are unique together, whatever else a row holds, as its model says; called when models are loaded."""
    model = next((one for one in apps.get_models() if one._meta.db_table == table), None)
    if model is None:
        return []
    fields = [(field.column,) for field in model._meta.concrete_fields if field.unique and not field.primary_key]
    constraints = [one for one in model._meta.constraints if isinstance(one, UniqueConstraint) and one.fields and not one.condition]
    return fields + [tuple(model._meta.get_field(name).column for name in one.fields) for one in constraints]


def let_go(patient: str, engine: str) -> str:
    """
    SQL that holds where an erasure order of *patient* (an SQL expression for the patient's id) is open in this very transaction:
    an open one cannot be committed (see `audit.models.ErasureOrder`). On PostgreSQL its transaction is compared as well.
    """
    here = " AND o.made_in = pg_current_xact_id()::text::bigint" if engine == "postgresql" else ""
    return f"EXISTS (SELECT 1 FROM audit_erasureorder AS o WHERE o.pending_id = -1 AND o.patient_pk = {patient}{here})"  # noqa: S608


def refuse(table: str, *, event: str, when: str, reason: str, name: str, columns: tuple[str, ...] = (), patient: str = "") -> Guard:
    """
    Return a guard that refuses *event* where *when* holds of OLD and NEW; the same SQL condition on both engines, and it may ask
    other tables. patient: as for `no_change`, for a DELETE.
    """
    of = f" OF {', '.join(columns)}" if columns else ""
    at = {engine: f"({when})" + (f" AND NOT {let_go(patient, engine)}" if patient else "") for engine in ("sqlite", "postgresql")}
    sqlite = (
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event}{of} ON {table} FOR EACH ROW WHEN {at['sqlite']} "
        f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    )
    # A condition of a trigger may not ask other tables on PostgreSQL: its function does.
    function = (
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {at['postgresql']} THEN "
        f"RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
    )
    trigger = f"CREATE OR REPLACE TRIGGER {name} BEFORE {event}{of} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
    return Guard(
        name=name,
        table=table,
        sqlite=(sqlite,),
        sqlite_drop=(f"DROP TRIGGER IF EXISTS {name}",),
        postgresql=(function, trigger),
        postgresql_drop=(f"DROP TRIGGER IF EXISTS {name} ON {table}",),
    )


def _pushing_out(table: str, name: str, *, reason: str, when: str = "") -> tuple[str, str]:
    """
    SQLite's triggers against the INSERT OR REPLACE and UPDATE OR REPLACE that push a row out without firing a DELETE trigger: one
    with the same id, or with the same values of a unique constraint. when: as for `no_change`.
    """
    refusal = f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    locked = f" AND ({when})" if when else ""
    unique = unique_together(table)
    alike = " OR ".join("(" + " AND ".join(f'OLD."{column}" = NEW."{column}"' for column in together) + ")" for together in unique)
    # In the words below OLD is the row that would be pushed out: the condition over OLD is about that one.
    kept = f"SELECT 1 FROM {table} AS OLD WHERE (OLD.id = NEW.id{f' OR {alike}' if alike else ''}){locked}"  # noqa: S608 - our own names
    other = f"SELECT 1 FROM {table} AS OLD WHERE OLD.id <> NEW.id AND ({alike or 'FALSE'}){locked}"  # noqa: S608 - our own names
    same_id = f"SELECT 1 FROM {table} AS OLD WHERE OLD.id = NEW.id{locked}"  # noqa: S608 - our own names
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name}_insert BEFORE INSERT ON {table} FOR EACH ROW WHEN EXISTS ({kept}) {refusal}",
        f"CREATE TRIGGER IF NOT EXISTS {name}_over BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN EXISTS ({other}) OR (OLD.id <> NEW.id AND EXISTS ({same_id})) {refusal}",
    )


def never_pushed_out(table: str, *, reason: str, name: str) -> Guard:
    """
    Return a guard for rows that may be changed and go by DELETE alone, which another guard judges. PostgreSQL knows no REPLACE:
    its ON CONFLICT DO UPDATE changes the row that is there.
    """
    return Guard(
        name=name,
        table=table,
        sqlite=_pushing_out(table, name, reason=reason),
        sqlite_drop=(f"DROP TRIGGER IF EXISTS {name}_insert", f"DROP TRIGGER IF EXISTS {name}_over"),
        postgresql=(),
        postgresql_drop=(),
    )


def no_change(
    table: str,
    *,
    when: str = "",
    reason: str,
    name: str | None = None,
    columns: tuple[str, ...] = (),
    patient: str = "",
    gone: str = "",
) -> Guard:
    """
    Return a guard that refuses UPDATE and DELETE (and every TRUNCATE) of *table*, and on SQLite
    the INSERT OR REPLACE or UPDATE OR REPLACE that would push a locked row out without firing a DELETE trigger: one with the
    same id, or with the same values of a unique constraint.

    when: SQL condition over OLD, the same on both engines, for rows that are locked; empty locks all rows.
    columns: where given, only a change of one of these is refused (DELETE always is).
    patient: SQL over OLD for the id of the patient whose row it is. A DELETE, and nothing else, is then let through while that
    patient's erasure order is open in the same transaction; without it nothing ever is.
    gone: SQL over OLD that holds once what the row belongs to is not there any more. A DELETE, and nothing else, is then let through.
    """
    name = name or f"{table}_locked"
    condition = f"WHEN ({when})" if when else ""
    quoted = ", ".join(f'"{column}"' for column in columns)  # a column may be called as an SQL word is, for example "case"
    of = f" OF {quoted}" if columns else ""
    refusal = f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    kept = {
        engine: " AND ".join([f"NOT {let_go(patient, engine)}"] * bool(patient) + [f"NOT ({gone})"] * bool(gone))
        for engine in ("sqlite", "postgresql")
    }
    gone_only_by_order = f"({when or 'TRUE'}) AND {kept['sqlite']}"
    sqlite = [
        f"CREATE TRIGGER IF NOT EXISTS {name}_{event.lower()} BEFORE {event}{of if event == 'UPDATE' else ''} ON {table} "
        f"FOR EACH ROW {f'WHEN {gone_only_by_order}' if kept['sqlite'] and event == 'DELETE' else condition} {refusal}"
        for event in ("UPDATE", "DELETE")
    ]
    sqlite += _pushing_out(table, name, reason=reason, when=when)
    by_order = f"IF TG_OP = 'DELETE' THEN IF NOT ({kept['postgresql']}) THEN RETURN OLD; END IF; END IF; " if kept["postgresql"] else ""
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {by_order}RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    ]
    postgresql += [
        f"CREATE OR REPLACE TRIGGER {name}_{event.lower()} BEFORE {event}{of if event == 'UPDATE' else ''} ON {table} "
        f"FOR EACH ROW {condition} EXECUTE FUNCTION {name}_refuse()"
        for event in ("UPDATE", "DELETE")
    ]
    drop = [f"DROP TRIGGER IF EXISTS {name}_{event} ON {table}" for event in ("update", "delete")]
    # It runs no trigger of a row, and asks nobody whether a row is locked.
    postgresql.append(
        f"CREATE OR REPLACE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
    )
    drop.append(f"DROP TRIGGER IF EXISTS {name}_truncate ON {table}")
    return Guard(
        name=name,
        table=table,
        sqlite=tuple(sqlite),
        sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event}" for event in ("update", "delete", "insert", "over")),
        postgresql=tuple(postgresql),
        postgresql_drop=tuple(drop),
    )


def _run(statements) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _look_nowhere_else(guard: Guard) -> None:
    """PostgreSQL: anybody may make a temporary table, and it would hide ours of that name from the function that asks it."""
    begins = "CREATE OR REPLACE FUNCTION "
    names = [one.removeprefix(begins).partition("(")[0] for one in guard.postgresql if one.startswith(begins)]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT format('ALTER FUNCTION %%I() SET search_path = %%I, pg_temp', %s::text, current_schema())", [name])
            cursor.execute(cursor.fetchone()[0])


def _pick(guard: Guard, drop: bool) -> tuple[str, ...]:
    if connection.vendor == "postgresql":
        return guard.postgresql_drop if drop else guard.postgresql
    return guard.sqlite_drop if drop else guard.sqlite


def known() -> list[Guard]:
    """Every guard that an app has declared."""
    return list(_guards.values())


def install(*names: str) -> None:
    """Create the named guards, or all, where their table stands. One that is there in an older wording is replaced."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic():
        for guard in _guards.values():
            if guard.table in tables and (not names or guard.name in names):
                if connection.vendor == "sqlite":
                    _run(guard.sqlite_drop)  # it has no CREATE OR REPLACE TRIGGER
                _run(_pick(guard, drop=False))
                if connection.vendor == "postgresql":
                    _look_nowhere_else(guard)


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


def remove_before_migrate(sender, using, plan, **kwargs) -> None:
    """
    Where tables are about to change, every trigger goes, also one that an older release made and this one does not know: SQLite
    rebuilds no table that any of them names, PostgreSQL changes no such column.
    """
    if using != connection.alias or not plan:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT format('DROP TRIGGER %I ON %I', t.tgname, c.relname) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
            )
        else:
            cursor.execute("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'")
        drops = [row[0] for row in cursor.fetchall()]
    _run(drops)


def install_after_migrate(sender, using, **kwargs) -> None:
    if using == connection.alias:
        install()


_looked_for = ContextVar("_looked_for", default=True)


@contextmanager
def not_looked_for() -> Iterator[None]:
    """For `migrate`, which asks every check before it makes what this one misses."""
    before = _looked_for.set(False)
    try:
        yield
    finally:
        _looked_for.reset(before)


@register(Tags.database)
def check_guards(app_configs, databases=None, **kwargs):
    """`manage.py check --database default` fails when a guard does not stand."""
    if not databases or "default" not in databases or not _looked_for.get():
        return []
    return [
        Error(f"The database guard {name} is not there.", hint="Run `manage.py migrate`: it creates all guards.", id="audit.E001")
        for name in missing()
    ]
