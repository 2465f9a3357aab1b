"""What was asked, done, agreed to and read is never changed nor taken away: the database refuses it."""

from audit.guards import Guard, no_change

LATER = frozenset({"agreed_by_id", "agreed_at", "refused_by_id", "refused_at", "done_at"})


def guards() -> list[Guard]:
    from .models import ActRead, WatchedAct

    table = WatchedAct._meta.db_table
    said = tuple(field.column for field in WatchedAct._meta.concrete_fields if field.column not in LATER)
    reason = "What two people are to know is never changed"
    return [
        no_change(table, columns=said, reason=reason, name="watched_act_said"),
        no_change(
            table,
            columns=("agreed_by_id", "agreed_at"),
            when="OLD.agreed_at IS NOT NULL",
            reason=reason,
            name="watched_act_agreed",
        ),
        no_change(
            table,
            columns=tuple(sorted(LATER)),
            when="OLD.done_at IS NOT NULL OR OLD.refused_at IS NOT NULL",
            reason=reason,
            name="watched_act_over",
        ),
        no_change(ActRead._meta.db_table, reason=reason, name="watched_act_read"),
    ]
