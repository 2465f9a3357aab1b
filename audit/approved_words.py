"""Words that two people approve: a draft may change, what was approved never does and only goes on to retired. For every such model."""

from .guards import Guard, no_change, refuse

WAY = (("draft", "approved"), ("approved", "retired"))
MAY_FOLLOW = frozenset({"id", "version", "status", "retired_by_id", "retired_at"})


def guards_of(model, *, prefix: str, approved: str, way: str, begins: str) -> list[Guard]:
    """
    The guards of *model*, whose rows have a status and who retired them when. prefix: of the guards' names. approved, way, begins: the
    sentences for who changes what was approved, leaves the way of the status, or begins with anything but a draft.
    """
    table = model._meta.db_table
    words = tuple(field.column for field in model._meta.concrete_fields if field.column not in MAY_FOLLOW)
    ways = " OR ".join(f"(OLD.status = '{start}' AND NEW.status = '{end}')" for start, end in WAY)
    retired = ("retired_by_id", "retired_at")
    return [
        no_change(table, when="OLD.status <> 'draft'", columns=words, reason=approved, name=f"{prefix}_approved"),
        no_change(table, when="OLD.status = 'retired'", columns=retired, reason=approved, name=f"{prefix}_retired"),
        refuse(
            table,
            event="UPDATE",
            columns=("status",),
            when=f"OLD.status <> NEW.status AND NOT ({ways})",
            reason=way,
            name=f"{prefix}_way",
        ),
        refuse(table, event="INSERT", when="NEW.status <> 'draft'", reason=begins, name=f"{prefix}_begins"),
    ]
