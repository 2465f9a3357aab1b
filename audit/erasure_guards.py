"""
An erasure order is written once, open, and closed once: the only change of a row is from open to closed.

That an open one cannot be committed is a deferred foreign key that points nowhere. SQLite heeds foreign keys only where the
connection says so, and a connection cannot say otherwise within a transaction: so an order is taken only where they are heeded.
PostgreSQL writes its transaction's number into the row itself, whatever the statement says.

That an order is closed only when its patient is gone is with the patients (`patients.guards`).
"""

from .guards import Guard, no_change, refuse

TABLE = "audit_erasureorder"
CLOSES = frozenset({"pending_id", "erased"})


def _only_in_its_transaction() -> Guard:
    name = "erasure_order_in_its_transaction"
    unheeded = "(SELECT foreign_keys FROM pragma_foreign_keys) = 0"
    reason = "An erasure order is given where foreign keys are heeded"
    return Guard(
        name=name,
        table=TABLE,
        sqlite=(
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE INSERT ON {TABLE} FOR EACH ROW "
            f"WHEN NEW.pending_id IS NOT NULL AND {unheeded} BEGIN SELECT RAISE(ABORT, '{reason}'); END",
            # A connection may say that checks are not heeded: an order numbered as the open end would then point to itself. After, as
            # SQLite knows the number of a row only then.
            f"CREATE TRIGGER IF NOT EXISTS {name}_number AFTER INSERT ON {TABLE} FOR EACH ROW "
            f"WHEN NEW.id < 1 OR NEW.pending_id <> -1 BEGIN SELECT RAISE(ABORT, '{reason}'); END",
        ),
        sqlite_drop=(f"DROP TRIGGER IF EXISTS {name}", f"DROP TRIGGER IF EXISTS {name}_number"),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}_stamp() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN NEW.made_in := pg_current_xact_id()::text::bigint; RETURN NEW; END $$",
            f"CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {name}_stamp()",
        ),
        postgresql_drop=(f"DROP TRIGGER IF EXISTS {name} ON {TABLE}",),
    )


def guards() -> list[Guard]:
    from .models import ErasureOrder

    written = tuple(field.column for field in ErasureOrder._meta.concrete_fields if field.column not in CLOSES)
    return [
        no_change(TABLE, columns=written, reason="an erasure order is never changed", name="erasure_order_written"),
        refuse(
            TABLE,
            event="UPDATE",
            columns=tuple(sorted(CLOSES)),
            when="OLD.pending_id IS NULL OR NEW.pending_id IS NOT NULL",
            reason="An erasure order is closed once, and stays closed",
            name="erasure_order_closed",
        ),
        _only_in_its_transaction(),
    ]
