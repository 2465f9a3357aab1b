"""What somebody was signed off for is ended, never edited, never taken away and never brought back: the database refuses it."""

from audit.guards import Guard, no_change

ENDING = frozenset({"ended_at", "ended_by_id", "ended_reason"})


def guards() -> list[Guard]:
    from .models import Competence

    table = Competence._meta.db_table
    said = tuple(field.column for field in Competence._meta.concrete_fields if field.column not in ENDING)
    reason = "What somebody is signed off for is never changed: end it and record it anew"
    return [
        no_change(table, columns=said, reason=reason, name="accounts_competence_said"),
        no_change(table, when="OLD.ended_at IS NOT NULL", reason=reason, name="accounts_competence_ended"),
    ]
