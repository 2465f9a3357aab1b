"""
A signed or closed record stays as it is, whoever asks: no UPDATE, no DELETE of the session or its zones, no zone added or
moved into it, on both engines. Corrections are only ever added.
"""

from audit.guards import Guard, let_go, no_change, protect

SESSION = "treatment_sessions_treatmentsession"
ZONE = "treatment_sessions_sessionzone"
CORRECTION = "treatment_sessions_sessioncorrection"
# Whose row it is, for an erasure order: SQL over OLD.
OF_RECORD = f"(SELECT s.patient_id FROM {SESSION} AS s WHERE s.id = OLD.session_id)"  # noqa: S608 - our own names
REASON = "a signed record is never changed"


def _locked_session() -> Guard:
    return no_change(SESSION, when="OLD.status <> 'draft'", reason=REASON, name="signed_record_locked", patient="OLD.patient_id")


def _locked_zones() -> Guard:
    """The lock is on the parent's row, so the condition is a look-up: in the body, as PostgreSQL's WHEN takes none."""
    name = "signed_zones_locked"
    # Only names of this module are put together here, nothing that anybody types.
    locked = f"(SELECT status FROM {SESSION} WHERE id = {{row}}.session_id) <> 'draft'"  # noqa: S608
    rows = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
    seen_in = {event: " OR ".join(locked.format(row=row) for row in seen) for event, seen in rows.items()}
    seen_in["delete"] = f"({seen_in['delete']}) AND NOT {let_go(OF_RECORD, 'sqlite')}"
    sqlite = tuple(
        f"CREATE TRIGGER IF NOT EXISTS {name}_{event} BEFORE {event.upper()} ON {ZONE} FOR EACH ROW "
        f"WHEN {seen_in[event]} BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
        for event in rows
    )
    refuse = f"RAISE EXCEPTION '{REASON}' USING ERRCODE = 'integrity_constraint_violation'"
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'TRUNCATE' THEN {refuse}; END IF; "
        f"IF TG_OP = 'DELETE' THEN IF {let_go(OF_RECORD, 'postgresql')} THEN RETURN OLD; END IF; END IF; "
        f"IF TG_OP <> 'INSERT' THEN IF {locked.format(row='OLD')} THEN {refuse}; END IF; END IF; "
        f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; "
        f"IF {locked.format(row='NEW')} THEN {refuse}; END IF; RETURN NEW; END $$"
    ]
    postgresql += [
        f"CREATE OR REPLACE TRIGGER {name}_{event} BEFORE {event.upper()} ON {ZONE} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
        for event in rows
    ]
    postgresql.append(
        f"CREATE OR REPLACE TRIGGER {name}_truncate BEFORE TRUNCATE ON {ZONE} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
    )
    return Guard(
        name=name,
        table=ZONE,
        sqlite=sqlite,
        sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event}" for event in rows),
        postgresql=tuple(postgresql),
        postgresql_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event} ON {ZONE}" for event in (*rows, "truncate")),
    )


def register() -> None:
    """Called from the app's ready()."""
    protect(_locked_session())
    protect(_locked_zones())
    protect(no_change(CORRECTION, reason="corrections are only ever added", name="corrections_only_added", patient=OF_RECORD))
