"""
Every row of the database as text that either engine can read again.

A row is a JSON array, in the order of its table's columns. Each value is in one neutral form, whatever the engine: times in UTC
without a zone, JSON as its text, decimals as the engine keeps them, truth as 0 or 1. The digest of a table is the sum of its rows'
hashes, so the order in which an engine gives them does not matter.
"""

import base64
import decimal
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from django.apps import apps
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import ForeignKey

from .problems import Problem

AT_ONCE = 2000  # rows
# Sessions stay out: whoever was signed out since the backup would be in again. After a restore everybody signs in. So do calendar
# links: one taken back since would work again.
LEFT_OUT = frozenset({"django_session", "accounts_websession", "followup_calendarlink"})
MIGRATIONS = "django_migrations"

_KINDS = {
    "AutoField": "plain",
    "BigAutoField": "plain",
    "SmallAutoField": "plain",
    "BigIntegerField": "plain",
    "IntegerField": "plain",
    "SmallIntegerField": "plain",
    "PositiveBigIntegerField": "plain",
    "PositiveIntegerField": "plain",
    "PositiveSmallIntegerField": "plain",
    "FloatField": "plain",
    "CharField": "plain",
    "TextField": "plain",
    "SlugField": "plain",
    "FileField": "plain",
    "FilePathField": "plain",
    "BooleanField": "bool",
    "DateField": "date",
    "TimeField": "date",
    "DateTimeField": "datetime",
    "DecimalField": "decimal",
    "JSONField": "json",
    "UUIDField": "uuid",
    "GenericIPAddressField": "ip",
    "BinaryField": "bytes",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order, what kind of value each holds, and the column that counts up by itself, if one does."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    key: str
    counts_up: bool

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> "Table":
        return cls(data["name"], tuple(data["columns"]), tuple(data["kinds"]), data["key"], data["counts_up"])


def tables(connection=None) -> list[Table]:
    """
    Every table of every model, also those Django makes for many-to-many fields, and the list of migrations. With a *connection* as
    they are in that database, which may still wait for migrations: a backup is wanted before them, too.
    """
    found = {}
    for model in (_models_in(connection) if connection else apps).get_models(include_auto_created=True):
        meta = model._meta
        if meta.managed and not meta.proxy and not meta.swapped and meta.db_table not in LEFT_OUT:
            fields = [field for field in meta.concrete_fields if not getattr(field, "generated", False)]
            counts_up = meta.pk.get_internal_type() in ("AutoField", "BigAutoField", "SmallAutoField")
            columns, kinds = tuple(field.column for field in fields), tuple(_kind(field) for field in fields)
            found[meta.db_table] = Table(meta.db_table, columns, kinds, meta.pk.column, counts_up)
    found[MIGRATIONS] = Table(MIGRATIONS, ("id", "app", "name", "applied"), ("plain", "plain", "plain", "datetime"), "id", True)
    return [found[name] for name in sorted(found)]


def _models_in(connection):
    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    unknown = sorted(applied - set(loader.disk_migrations))
    if unknown:
        raise Problem(f"The database is newer than this software (it has {'.'.join(unknown[0])}). Use the software that goes with it.")
    if not applied:
        raise Problem("The database is empty: there is nothing to save.")
    steps = applied & set(loader.graph.nodes)  # without those that one longer step has replaced
    return apps if steps == set(loader.graph.nodes) else loader.project_state(sorted(steps)).apps


def _kind(field) -> str:
    while isinstance(field, ForeignKey):  # a one-to-one field is one as well
        field = field.target_field
    try:
        return _KINDS[field.get_internal_type()]
    except KeyError:
        raise Problem(f"A backup does not know how to keep {field}: add its kind to clinic/durability/rows.py.") from None


def unknown_tables(connection) -> list[str]:
    """Tables that belong to no model: a backup would not hold them."""
    known = {table.name for table in tables(connection)} | LEFT_OUT
    return sorted(set(connection.introspection.table_names()) - known)


def applied_migrations(connection) -> list[tuple[str, str]]:
    return sorted(MigrationRecorder(connection).applied_migrations())


def snapshot(alias: str = "default"):
    """A connection of its own that sees the database as it is now and nothing that is written later. Close it."""
    connection = connections.create_connection(alias)
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        connection.connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    else:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")
            cursor.execute("BEGIN DEFERRED")
    with connection.cursor() as cursor:  # the first read is the moment
        cursor.execute(f"SELECT COUNT(*) FROM {MIGRATIONS}")  # noqa: S608 - our own name
        cursor.fetchone()
    return connection


# Out


def read(connection, table: Table) -> Iterator[list]:
    """The rows of *table* in neutral form, in the order of their keys."""
    is_postgresql = connection.vendor == "postgresql"
    quote = connection.ops.quote_name
    asked = [_asked(quote(column), kind, is_postgresql) for column, kind in zip(table.columns, table.kinds, strict=True)]
    query = f"SELECT {', '.join(asked)} FROM {quote(table.name)} ORDER BY {quote(table.key)}"  # noqa: S608 - names of our models
    changes = [(place, change) for place, kind in enumerate(table.kinds) if (change := _OUT[is_postgresql].get(kind))]
    cursor = connection.connection.cursor(name="backup") if is_postgresql else connection.connection.cursor()
    try:
        if is_postgresql:
            cursor.itersize = AT_ONCE
        cursor.execute(query)
        for row in cursor:
            values = list(row)
            for place, change in changes:
                if values[place] is not None:
                    values[place] = change(values[place])
            yield values
    finally:
        cursor.close()


def _asked(column: str, kind: str, is_postgresql: bool) -> str:
    if not is_postgresql:
        return f"+{column}"  # without its declared type, by which Django's converters would change it
    return {
        "json": f"{column}::text",
        "uuid": f"{column}::text",
        "decimal": f"{column}::text",
        "ip": f"host({column})",
        "datetime": f"({column} AT TIME ZONE 'UTC')",
    }.get(kind, column)


_OUT: dict[bool, dict[str, Callable]] = {
    True: {
        "bool": int,
        "date": lambda value: value.isoformat(),
        "datetime": lambda value: value.isoformat(" "),
        "uuid": lambda value: value.replace("-", ""),
        "bytes": lambda value: base64.b64encode(value).decode(),
    },
    False: {"bytes": lambda value: base64.b64encode(value).decode()},
}


def as_line(row: list) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def last_numbers(connection, found: Iterable[Table]) -> dict[str, int]:
    """The last number each table has given out, also to rows that are gone: none is ever given twice."""
    numbers = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in found:
                if table.counts_up:
                    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [connection.ops.quote_name(table.name), table.key])
                    sequence = cursor.fetchone()[0]
                    if sequence:
                        cursor.execute(f"SELECT last_value FROM {sequence} WHERE is_called")  # noqa: S608 - PostgreSQL's own name
                        for (number,) in cursor.fetchall():
                            numbers[table.name] = number
        else:
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            numbers = {name: number for name, number in cursor.fetchall() if name in {table.name for table in found}}
    return numbers


# In


def write(connection, table: Table, rows: list[list]) -> None:
    """Add *rows* in neutral form, as they are: no signal, no default, no guard of ours (they are away by then)."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in table.columns)
    if connection.vendor == "postgresql":
        text = "".join(_copied(row, table.kinds) for row in rows)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(f"COPY {quote(table.name)} ({columns}) FROM STDIN", io.StringIO(text))
        return
    bytes_at = [place for place, kind in enumerate(table.kinds) if kind == "bytes"]
    for row in rows if bytes_at else ():
        for place in bytes_at:
            row[place] = None if row[place] is None else base64.b64decode(row[place])
    marks = ", ".join("?" * len(table.columns))
    # The bare driver: Django's own layer would look at every value again.
    connection.connection.executemany(f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - our own names


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copied(row: list, kinds: tuple[str, ...]) -> str:
    """One line of COPY's text form."""
    values = []
    for value, kind in zip(row, kinds, strict=True):
        if value is None:
            values.append("\\N")
        elif kind == "datetime":
            values.append(f"{value}+00")
        elif kind == "bytes":
            values.append("\\\\x" + base64.b64decode(value).hex())
        else:
            values.append(str(value).translate(_ESCAPES))
    return "\t".join(values) + "\n"


def set_last_numbers(connection, found: Iterable[Table], numbers: dict[str, int]) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in found:
            if not table.counts_up:
                continue
            cursor.execute(f"SELECT COALESCE(MAX({quote(table.key)}), 0) FROM {quote(table.name)}")  # noqa: S608 - names of our models
            number = max(numbers.get(table.name, 0), cursor.fetchone()[0])
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [quote(table.name), table.key])
                sequence = cursor.fetchone()[0]
                if sequence:
                    cursor.execute("SELECT setval(%s, %s, %s)", [sequence, max(number, 1), number > 0])
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
                if number:
                    cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table.name, number])


# Are they the same?


class Digest:
    """Counts rows and sums their hashes. exact: as they were written; otherwise so that two engines' forms of one value are alike."""

    def __init__(self, kinds: tuple[str, ...] = (), *, exact: bool = True):
        self.rows = 0
        self._sum = 0
        self._changes = [] if exact else [(place, _ALIKE[kind]) for place, kind in enumerate(kinds) if kind in _ALIKE]

    def add(self, row: list, line: bytes | None = None) -> None:
        if self._changes:
            row = list(row)
            for place, change in self._changes:
                if row[place] is not None:
                    row[place] = change(row[place])
            line = None
        self._sum += int.from_bytes(hashlib.sha256(line or as_line(row)).digest())
        self.rows += 1

    def hex(self) -> str:
        return f"{self._sum % 2**256:064x}"


def _decimal_alike(value) -> str:
    return format(decimal.Decimal(str(value)).normalize(), "f")


def _json_alike(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


_ALIKE: dict[str, Callable] = {"decimal": _decimal_alike, "json": _json_alike}
