"""When two records become one person's: calls and events of either are the person's, and stay where they were written."""

from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import AdverseEvent, FollowUpCall


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: an alert of either goes on waiting, and a file of either is added to as before."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    if count := FollowUpCall.objects.filter(patient__pk=kept.pk, at__gte=since).count():
        found.append(ngettext("%(count)s follow-up call", "%(count)s follow-up calls", count) % {"count": count})
    if count := AdverseEvent.objects.filter(patient__pk=kept.pk, opened_at__gte=since).count():
        found.append(ngettext("%(count)s adverse event", "%(count)s adverse events", count) % {"count": count})
    return found


PART = Part("events", obstacles, stays=stays)
