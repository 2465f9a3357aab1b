"""When two records become one person's: quotes and papers stay with the record and the plan they were made for, and are shown for both."""

from patients.merging import Part
from patients.models import Patient

from .models import Paper, Quote


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: a quote goes with its plan, and two open plans are settled before."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    for one, rows in (
        ("quote", Quote.objects.filter(patient__pk=kept.pk, given_at__gte=since)),
        ("paper", Paper.objects.filter(patient__pk=kept.pk, made_at__gte=since)),
    ):
        if count := rows.count():
            found.append(f"{count} {one}{'' if count == 1 else 's'}")
    return found


PART = Part("papers", obstacles, stays=stays)
