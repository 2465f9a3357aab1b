"""When two records become one person's: the photos of both are shown and compared together, and stay where they were added."""

from patients.merging import Part
from patients.models import Patient

from .models import Photo


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: each photo keeps its session and its record."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = Photo.objects.filter(patient__pk=kept.pk, added_at__gte=since).count()
    return [f"{count} {'photo' if count == 1 else 'photos'}"] if count else []


PART = Part("photos", obstacles, stays=stays)
