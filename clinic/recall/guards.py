"""What was said of a recall stays: each attempt to reach somebody is added, never changed; a lifted recall is lifted for good."""

from audit.guards import no_change, protect


def register() -> None:
    """Called from the app's ready()."""
    contact = "clinic_recallcontact"
    protect(
        no_change(contact, reason="attempts to reach somebody are only ever added", name="recall_contacts_added", patient="OLD.patient_id")
    )
    columns = ("lot_id", "reason", "letter", "ordered_at", "ordered_by_id")
    protect(no_change("clinic_recall", columns=columns, reason="a recall says what it said", name="recall_stays"))
