"""
An approved or retired version cannot be changed or deleted by any path, on either engine.

The one change left open is the retirement of an approved one: `status` from approved to retired, with when, who and why. That
at most one is approved is a unique index; on SQLite the guard also stops the REPLACE that would push the other one out. What was
edited in a draft, and the steps of each version, are written once; nothing joins the history of a version that is locked. A draft
that was never handed over can be deleted, and its edits only after it.
"""

from audit.guards import Guard, no_change, refuse

TABLE = "protocols_protocolversion"
NAME = "protocol_version_locked"
_REASON = "an approved protocol version is never changed"
_LOCKED = "('approved', 'retired')"
_ANY_LOCKED = f"EXISTS (SELECT 1 FROM {TABLE} WHERE status IN {_LOCKED})"  # noqa: S608 - our own names
_FIXED = (
    "id",
    "version",
    "document",
    "sha256",
    "created_at",
    "approved_by_id",
    "approved_at",
    "approval_reason",
    "next_review_on",
    "is_demo",
    "based_on_id",
    "note",
    "created_by_id",
    "lock_version",
    "is_whole",
    "edited_by_id",
    "edited_at",
    "submitted_by_id",
    "submitted_at",
)


def _forbidden_change(differs: str) -> str:
    """SQL over OLD and NEW; *differs* is the engine's comparison that counts NULL as a value."""
    touched = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in _FIXED)
    not_a_retirement = f"NEW.status {differs} OLD.status AND NOT (OLD.status = 'approved' AND NEW.status = 'retired')"
    retirement = ("retired_at", "retired_by_id", "retirement_reason")
    changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in retirement)
    again = f"(OLD.status = 'retired' OR NEW.status = 'approved') AND ({changed})"
    undated = "NEW.status = 'retired' AND NEW.retired_at IS NULL"
    return f"OLD.status IN {_LOCKED} AND ({touched} OR ({not_a_retirement}) OR ({again}) OR ({undated}))"


def _in_the_way(but_not: str = "") -> str:
    """True where writing NEW with REPLACE would push a locked row out: SQLite deletes it without a DELETE trigger."""
    same = f"(kept.id = NEW.id OR kept.version = NEW.version OR (kept.status = 'approved' AND NEW.status = 'approved')){but_not}"
    return f"EXISTS (SELECT 1 FROM {TABLE} AS kept WHERE kept.status IN {_LOCKED} AND {same})"  # noqa: S608 - our own names


def _sqlite(event: str, condition: str, suffix: str = "") -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {NAME}_{event.lower()}{suffix} BEFORE {event} ON {TABLE} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{_REASON}'); END"
    )


def _postgresql(event: str, condition: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {NAME}_{event.lower()} BEFORE {event} ON {TABLE} FOR EACH ROW WHEN ({condition}) "
        f"EXECUTE FUNCTION {NAME}_refuse()"
    )


version_locked = Guard(
    name=NAME,
    table=TABLE,
    sqlite=(
        _sqlite("UPDATE", _forbidden_change("IS NOT")),
        _sqlite("UPDATE", _in_the_way(" AND kept.id IS NOT OLD.id"), "_over"),
        _sqlite("DELETE", f"OLD.status IN {_LOCKED}"),
        _sqlite("INSERT", _in_the_way()),
    ),
    sqlite_drop=tuple(f"DROP TRIGGER IF EXISTS {NAME}_{end}" for end in ("update", "update_over", "delete", "insert")),
    postgresql=(
        f"CREATE OR REPLACE FUNCTION {NAME}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REASON}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE OR REPLACE FUNCTION {NAME}_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {_ANY_LOCKED} THEN "
        f"RAISE EXCEPTION '{_REASON}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
        _postgresql("UPDATE", _forbidden_change("IS DISTINCT FROM")),
        _postgresql("DELETE", f"OLD.status IN {_LOCKED}"),
        f"CREATE OR REPLACE TRIGGER {NAME}_truncate BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {NAME}_refuse_truncate()",
    ),
    postgresql_drop=tuple(f"DROP TRIGGER IF EXISTS {NAME}_{event} ON {TABLE}" for event in ("update", "delete", "truncate")),
)

_OWN_GONE = f"NOT EXISTS (SELECT 1 FROM {TABLE} AS held WHERE held.id = OLD.protocol_version_id)"  # noqa: S608 - our own names
edit_locked = no_change("protocols_protocoledit", reason="the history of a protocol draft is written once", gone=_OWN_GONE)
_OF_LOCKED = f"EXISTS (SELECT 1 FROM {TABLE} AS held WHERE held.id = NEW.protocol_version_id AND held.status IN {_LOCKED})"  # noqa: S608
edit_of_draft = refuse(
    "protocols_protocoledit", event="INSERT", when=_OF_LOCKED, reason=_REASON, name="protocols_protocoledit_only_of_draft"
)
_AGAIN = (
    "EXISTS (SELECT 1 FROM protocols_protocolstep AS taken "
    "WHERE taken.protocol_version_id = NEW.protocol_version_id AND taken.step = NEW.step)"
)
step_in_order = refuse(
    "protocols_protocolstep",
    event="INSERT",
    when=f"{_OF_LOCKED} AND (NEW.step NOT IN {_LOCKED} OR {_AGAIN})",
    reason="a protocol version is approved once, retired once, and never handed over after that",
    name="protocols_protocolstep_in_order",
)
never_handed_over = refuse(
    TABLE,
    event="DELETE",
    when="EXISTS (SELECT 1 FROM protocols_protocolstep AS taken WHERE taken.protocol_version_id = OLD.id)",
    reason="a protocol version that was handed over for review is never deleted",
    name="protocol_version_never_handed_over",
)
step_locked = no_change("protocols_protocolstep", reason="the steps of a protocol version are written once")
