"""When two records become one person's: answers stay where they were written and are read together."""

from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import OutcomeAnswer


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = OutcomeAnswer.objects.filter(patient__pk=kept.pk, recorded_at__gte=since).count()
    return [ngettext("%(n)s answer on outcome scales", "%(n)s answers on outcome scales", count) % {"n": count}] if count else []


PART = Part("outcomes", lambda kept, other: [], stays=stays)
