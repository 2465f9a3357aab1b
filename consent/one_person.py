"""When two records become one person's: what was signed under either holds for the person, and stays where it was written."""

from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import Consent, ConsentWithdrawal, PhotoPermission


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: the newest signature or withdrawal of either holds (see `consent.standing`)."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    if count := Consent.objects.filter(patient__pk=kept.pk, signed_at__gte=since).count():
        found.append(ngettext("%(count)s consent", "%(count)s consents", count) % {"count": count})
    if count := ConsentWithdrawal.objects.filter(item__consent__patient__pk=kept.pk, at__gte=since).count():
        found.append(ngettext("%(count)s withdrawal of consent", "%(count)s withdrawals of consent", count) % {"count": count})
    if count := PhotoPermission.objects.filter(patient__pk=kept.pk, at__gte=since).count():
        found.append(ngettext("%(count)s answer about photos", "%(count)s answers about photos", count) % {"count": count})
    return found


PART = Part("consent", obstacles, stays=stays)
