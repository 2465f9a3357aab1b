"""The one way to take a draft for writing."""

from ..models import TreatmentSession


class Locked(Exception):
    """The record is signed or closed. Only a correction may be added."""


def for_writing(session: TreatmentSession) -> TreatmentSession:
    """The row as it stands, taken for this transaction. Raises Locked."""
    row = (
        TreatmentSession.objects.select_for_update(of=("self",))
        .select_related(
            "booking__site",
            "patient__site",
            "plan__protocol_version",
            "clinician",
            "device__site",
            "device__file",
            "gap_by",
            "consent_by",
            "saved_by",
            "entered_by",
        )
        .defer("plan__protocol_version__document")
        .prefetch_related("plan__zones")  # asked for by every condition of the day; a plan is never edited
        .get(pk=session.pk)
    )
    if row.is_locked:
        raise Locked
    return row
