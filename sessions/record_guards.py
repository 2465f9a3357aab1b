"""
A signed or closed record stays as it is, whoever asks: no UPDATE, no DELETE of the session or its zones, no zone added or
moved into it, on both engines. Corrections are only ever added.
"""

from audit.guards import Guard, let_go, no_change, protect, refuse

SESSION = "treatment_sessions_treatmentsession"
ZONE = "treatment_sessions_sessionzone"
USED = "treatment_sessions_usedlot"
LOT = "treatment_sessions_lot"
TUBE = "treatment_sessions_tubecheck"
CORRECTION = "treatment_sessions_sessioncorrection"
COUNTERSIGNED = "treatment_sessions_recordcountersignature"
SKIN = "treatment_sessions_skinseen"
# Whose row it is, for an erasure order: SQL over OLD.
OF_RECORD = f"(SELECT s.patient_id FROM {SESSION} AS s WHERE s.id = OLD.session_id)"  # noqa: S608 - our own names
REASON = "a signed record is never changed"


def _locked_session() -> Guard:
    return no_change(SESSION, when="OLD.status <> 'draft'", reason=REASON, name="signed_record_locked", patient="OLD.patient_id")


def _locked_rows(table: str, name: str) -> Guard:
    """The lock is on the parent's row, so the condition is a look-up: in the body, as PostgreSQL's WHEN takes none."""
    # Only names of this module are put together here, nothing that anybody types.
    locked = f"(SELECT status FROM {SESSION} WHERE id = {{row}}.session_id) <> 'draft'"  # noqa: S608
    rows = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
    seen_in = {event: " OR ".join(locked.format(row=row) for row in seen) for event, seen in rows.items()}
    seen_in["delete"] = f"({seen_in['delete']}) AND NOT {let_go(OF_RECORD, 'sqlite')}"
    sqlite = tuple(
        f"CREATE TRIGGER IF NOT EXISTS {name}_{event} BEFORE {event.upper()} ON {table} FOR EACH ROW "
        f"WHEN {seen_in[event]} BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
        for event in rows
    )
    refusal = f"RAISE EXCEPTION '{REASON}' USING ERRCODE = 'integrity_constraint_violation'"
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'TRUNCATE' THEN {refusal}; END IF; "
        f"IF TG_OP = 'DELETE' THEN IF {let_go(OF_RECORD, 'postgresql')} THEN RETURN OLD; END IF; END IF; "
        f"IF TG_OP <> 'INSERT' THEN IF {locked.format(row='OLD')} THEN {refusal}; END IF; END IF; "
        f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; "
        f"IF {locked.format(row='NEW')} THEN {refusal}; END IF; RETURN NEW; END $$"
    ]
    postgresql += [
        f"CREATE OR REPLACE TRIGGER {name}_{event} BEFORE {event.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
        for event in rows
    ]
    postgresql.append(
        f"CREATE OR REPLACE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
    )
    return Guard(
        name=name,
        table=table,
        sqlite=sqlite,
        sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event}" for event in rows),
        postgresql=tuple(postgresql),
        postgresql_drop=tuple(f"DROP TRIGGER IF EXISTS {name}_{event} ON {table}" for event in (*rows, "truncate")),
    )


def _no_blocked_lot_signed() -> Guard:
    """
    The last door (see `sessions.lots.rule`): no record is signed with a lot that is blocked, but for what was used before and of which
    the record says what was done about it.
    """
    of = "l.key = u.key AND (l.product_id IS NULL OR u.product_id IS NULL OR l.product_id = u.product_id)"
    # Only names of this module are put together here, nothing that anybody types.
    blocked = (
        f"EXISTS (SELECT 1 FROM {USED} AS u JOIN {LOT} AS l ON {of} "  # noqa: S608
        "WHERE u.session_id = NEW.id AND l.blocked_at IS NOT NULL AND u.after_block = '')"
    )
    when = f"OLD.status = 'draft' AND NEW.status = 'signed' AND {blocked}"
    return refuse(SESSION, event="UPDATE", columns=("status",), when=when, reason="a blocked lot is not signed for", name="no_blocked_lot")


def _two_people_checked() -> Guard:
    """The last door (see `sessions.tubes.rule`): nobody's own blood is signed for that two people did not check against the patient."""
    # Only names of this module are put together here, nothing that anybody types.
    checked = (
        f"EXISTS (SELECT 1 FROM {TUBE} AS a JOIN {TUBE} AS b ON b.session_id = a.session_id AND b.adjuvant = a.adjuvant "  # noqa: S608
        "AND b.key = a.key AND b.by_id <> a.by_id WHERE a.session_id = u.session_id AND u.place = 'adj-' || a.adjuvant)"
    )
    unchecked = f"EXISTS (SELECT 1 FROM {USED} AS u WHERE u.session_id = NEW.id AND u.own_blood AND NOT {checked})"  # noqa: S608
    when = f"OLD.status = 'draft' AND NEW.status = 'signed' AND {unchecked}"
    reason = "blood that two people did not check is not signed for"
    return refuse(SESSION, event="UPDATE", columns=("status",), when=when, reason=reason, name="blood_checked_by_two")


def _countersigned_as_signed() -> Guard:
    """
    A countersignature is of a signed record that asks for one, under its hash, once in a role, and by nobody who signed; by who treated
    where that is the role, and else by nobody who treated.
    """
    # Only names of this module are put together here, nothing that anybody types.
    asks = (
        f"EXISTS (SELECT 1 FROM {SESSION} AS s WHERE s.id = NEW.session_id AND s.status = 'signed' AND s.roles_asked > 0 "  # noqa: S608
        "AND s.signed_sha256 = NEW.record_sha256 AND s.signed_by_id <> NEW.by_id "
        "AND (s.clinician_id = NEW.by_id) = (NEW.role = 'treated'))"
    )
    again = f"EXISTS (SELECT 1 FROM {COUNTERSIGNED} AS c WHERE c.session_id = NEW.session_id AND c.role = NEW.role AND c.agreed)"  # noqa: S608
    reason = "a record is countersigned as it was signed, once, by somebody else"
    return refuse(COUNTERSIGNED, event="INSERT", when=f"NOT {asks} OR {again}", reason=reason, name="countersigned_as_signed")


def register() -> None:
    """Called from the app's ready()."""
    protect(_locked_session())
    protect(_locked_rows(ZONE, "signed_zones_locked"))
    protect(_locked_rows(USED, "signed_lots_locked"))
    protect(_no_blocked_lot_signed())
    protect(_locked_rows(TUBE, "signed_tubes_locked"))
    protect(no_change(TUBE, reason="checks of a tube are only ever added", name="tube_checks_added", patient=OF_RECORD))
    protect(_two_people_checked())
    protect(_countersigned_as_signed())
    protect(no_change(COUNTERSIGNED, reason="a countersignature is never changed", name="record_countersignature_stays", patient=OF_RECORD))
    protect(no_change("treatment_sessions_devicelog", reason="the log of a device is only ever added to", name="device_log_added"))
    protect(no_change(LOT, columns=("number", "key", "product_id", "added_at"), reason="a lot stays what it is", name="lot_stays"))
    protect(no_change("treatment_sessions_stockmove", reason="stock is counted by adding", name="stock_only_added"))
    protect(no_change(SKIN, reason="what was seen of the skin is only ever added", name="skin_seen_only_added", patient=OF_RECORD))
    protect(no_change(CORRECTION, reason="corrections are only ever added", name="corrections_only_added", patient=OF_RECORD))
