"""When two records become one person's: what was signed under either holds for the person, and stays where it was written."""

from patients.merging import Part
from patients.models import Patient

from .models import Consent, ConsentWithdrawal, PhotoPermission


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: the newest signature or withdrawal of either holds (see `consent.standing`)."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    for one, many, rows in (
        ("consent", "consents", Consent.objects.filter(patient__pk=kept.pk, signed_at__gte=since)),
        (
            "withdrawal of consent",
            "withdrawals of consent",
            ConsentWithdrawal.objects.filter(item__consent__patient__pk=kept.pk, at__gte=since),
        ),
        ("answer about photos", "answers about photos", PhotoPermission.objects.filter(patient__pk=kept.pk, at__gte=since)),
    ):
        if count := rows.count():
            found.append(f"{count} {one if count == 1 else many}")
    return found


PART = Part("consent", obstacles, stays=stays)
