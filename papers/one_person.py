"""When two records become one person's: quotes and papers stay with the record and the plan they were made for, and are shown for both."""

from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import Paper, Quote


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """None: a quote goes with its plan, and two open plans are settled before."""
    return []


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    if count := Quote.objects.filter(patient__pk=kept.pk, given_at__gte=since).count():
        found.append(ngettext("%(count)s quote", "%(count)s quotes", count) % {"count": count})
    if count := Paper.objects.filter(patient__pk=kept.pk, made_at__gte=since).count():
        found.append(ngettext("%(count)s paper", "%(count)s papers", count) % {"count": count})
    return found


PART = Part("papers", obstacles, stays=stays)
