"""
No overlap, ever: the database itself refuses two live holds of one subject that share a minute.

PostgreSQL does it with an exclusion constraint over [starts_at, ends_at); SQLite with triggers, which compare the texts
Django stores. Those sort as the times do only in the one form Django writes (UTC, a space, seconds, then nothing or
six decimals), so any other form is refused as well. No hold is longer than a day, which keeps every search short.
"""

from django.db import IntegrityError

from audit.guards import Guard

TABLE = "treatment_sessions_hold"
OVERLAP = "hold_no_overlap"

_FORM = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
_SIX = ".[0-9][0-9][0-9][0-9][0-9][0-9]"


def _as_django_writes(column: str) -> str:
    return f"({column} GLOB '{_FORM}' OR {column} GLOB '{_FORM}{_SIX}')"


def _trigger(event: str) -> str:
    # Only names of this module are put together here, nothing that anybody types.
    of = " OF subject, starts_at, ends_at, is_live" if event == "UPDATE" else ""
    return f"""CREATE TRIGGER IF NOT EXISTS {OVERLAP}_{event.lower()} BEFORE {event}{of} ON {TABLE} FOR EACH ROW WHEN NEW.is_live BEGIN
        SELECT RAISE(ABORT, 'hold_time_in_another_form')
        WHERE NOT ({_as_django_writes("NEW.starts_at")} AND {_as_django_writes("NEW.ends_at")});
        SELECT RAISE(ABORT, 'hold_within_a_day') WHERE NEW.ends_at > datetime(NEW.starts_at, '+1 day');
        SELECT RAISE(ABORT, '{OVERLAP}') WHERE EXISTS (
            SELECT 1 FROM {TABLE} AS other
            WHERE other.subject = NEW.subject AND other.is_live AND other.id <> COALESCE(NEW.id, -1)
            AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
            AND other.starts_at >= datetime(NEW.starts_at, '-1 day'));
    END"""  # noqa: S608


def _constraint(name: str, body: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}' AND conrelid = '{TABLE}'::regclass) "  # noqa: S608
        f"THEN ALTER TABLE {TABLE} ADD CONSTRAINT {name} {body} ; END IF; END $$"
    )


no_overlap = Guard(
    name=OVERLAP,
    table=TABLE,
    sqlite=(_trigger("INSERT"), _trigger("UPDATE")),
    sqlite_drop=(f"DROP TRIGGER IF EXISTS {OVERLAP}_insert", f"DROP TRIGGER IF EXISTS {OVERLAP}_update"),
    postgresql=(
        "CREATE EXTENSION IF NOT EXISTS btree_gist",
        _constraint(OVERLAP, "EXCLUDE USING gist (subject WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (is_live)"),
        _constraint("hold_within_a_day", "CHECK (ends_at <= starts_at + interval '24 hours')"),
    ),
    postgresql_drop=(
        f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {OVERLAP}",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS hold_within_a_day",
    ),
)


def is_overlap(error: IntegrityError) -> bool:
    """Whether the database refused because the time is taken."""
    return OVERLAP in str(error)
