"""When two records become one person's: answers stay where they were written and are read together."""

from patients.merging import Part
from patients.models import Patient

from .models import OutcomeAnswer


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = OutcomeAnswer.objects.filter(patient__pk=kept.pk, recorded_at__gte=since).count()
    return [f"{count} {'answer' if count == 1 else 'answers'} on outcome scales"] if count else []


PART = Part("outcomes", lambda kept, other: [], stays=stays)
