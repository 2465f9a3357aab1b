"""When two records become one person's: a wish for no reminders counts whichever record it was said under (see `ContactChoice.of`)."""

from patients.merging import Part
from patients.models import Patient

from .models import WaitingEntry


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """Whoever waits under the other record goes on waiting, and takes a time as the same person: at the same site."""
    if kept.site_id == other.site_id:
        return []
    rows = WaitingEntry.objects.filter(patient=other, ended_at__isnull=True).select_related("site")
    return [
        f"No. {other.number} is on the waiting list of {row.site}, and the record goes to {kept.site}. "
        "Take it off that list first, or keep the other record."
        for row in rows.order_by("pk")
    ]


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = WaitingEntry.objects.filter(patient__pk=kept.pk, created_at__gte=since).count()
    return [f"{count} {'place' if count == 1 else 'places'} on the waiting list"] if count else []


PART = Part("followup", obstacles, stays=stays)
