"""When two records become one person's: calls and events of either are the person's, and stay where they were written."""

from patients.merging import Part
from patients.models import Patient

from .models import AdverseEvent, FollowUpCall


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: an alert of either goes on waiting, and a file of either is added to as before."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    for one, many, rows in (
        ("follow-up call", "follow-up calls", FollowUpCall.objects.filter(patient__pk=kept.pk, at__gte=since)),
        ("adverse event", "adverse events", AdverseEvent.objects.filter(patient__pk=kept.pk, opened_at__gte=since)),
    ):
        if count := rows.count():
            found.append(f"{count} {one if count == 1 else many}")
    return found


PART = Part("events", obstacles, stays=stays)
