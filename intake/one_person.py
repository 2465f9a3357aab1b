"""When two records become one person's: what was answered under either stays where it was written, and is gone through for the person."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import QuestionnaireResponse


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """A form that is open was begun beside one record alone."""
    rows = QuestionnaireResponse.objects.filter(patient__pk__in=[kept.pk, other.pk], status=QuestionnaireResponse.Status.OPEN)
    return [
        _("The questions of no. %(number)s are being answered on a tablet. Have them sent, or put them away first.")
        % {"number": row.patient.number}
        for row in rows.select_related("patient").without_answers()
    ]


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = QuestionnaireResponse.objects.filter(patient__pk=kept.pk, handed_at__gte=since).count()
    return (
        [ngettext("%(n)s set of answers from the tablet", "%(n)s sets of answers from the tablet", count) % {"n": count}] if count else []
    )


PART = Part("intake", obstacles, stays=stays)
