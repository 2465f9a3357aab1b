"""
An opening in an emergency says for good who opened whose record, when and why: the database refuses to change it, and what is left
of it after an erasure.
"""

from audit.guards import Guard, no_change

LATER = frozenset({"closed_at", "reviewed_by_id", "reviewed_at", "review_note"})
LOOKED_AT = ("reviewed_by_id", "reviewed_at", "review_note")


def guards() -> list[Guard]:
    from .models import EmergencyOpening, ErasedOpening

    table = EmergencyOpening._meta.db_table
    said = tuple(field.column for field in EmergencyOpening._meta.concrete_fields if field.column not in LATER)
    left = ErasedOpening._meta.db_table
    kept = tuple(field.column for field in ErasedOpening._meta.concrete_fields if field.column not in LATER)
    reason = "What was said when a record was opened in an emergency is never changed"
    return [
        no_change(table, columns=said, reason=reason, name="patients_opening_said", patient="OLD.patient_id"),
        no_change(
            table,
            columns=("closed_at",),
            when="OLD.closed_at IS NOT NULL",
            reason=reason,
            name="patients_opening_closed",
            patient="OLD.patient_id",
        ),
        no_change(
            table,
            columns=LOOKED_AT,
            when="OLD.reviewed_at IS NOT NULL",
            reason=reason,
            name="patients_opening_reviewed",
            patient="OLD.patient_id",
        ),
        no_change(left, columns=kept, reason=reason, name="patients_erased_opening_said"),
        no_change(left, columns=LOOKED_AT[:2], when="OLD.reviewed_at IS NOT NULL", reason=reason, name="patients_erased_opening_reviewed"),
    ]
