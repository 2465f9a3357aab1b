"""When two records become one person's: what of plans and consultations is settled first, and what stays when it is undone."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.templatetags.clinic_format import in_words
from patients.merging import Part
from patients.models import Patient

from .models import Consultation, TreatmentPlan

OPEN = (TreatmentPlan.Status.ACCEPTED, TreatmentPlan.Status.AWAITING)


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """Of either with what was merged into it before: `patient=` asks for all of that, and the two are not one person yet."""
    found = []
    # It began with what stood under its own record: what stands under the other would not be in it.
    for one in (kept, other):
        for row in Consultation.objects.filter(patient=one, status=Consultation.Status.OPEN).select_related("patient").without_documents():
            found.append(
                _("The consultation of %(day)s of no. %(number)s is open. Finish or close it first.")
                % {"day": in_words(row.visit_date), "number": row.patient.number}
            )
    plans = {one.pk: _open_plan(one) for one in (kept, other)}
    mine, theirs = plans[kept.pk], plans[other.pk]
    if theirs is not None and theirs.status == TreatmentPlan.Status.AWAITING:
        found.append(
            _("Plan %(plan)s of no. %(number)s waits for a countersignature. It is decided or taken back first.")
            % {"plan": theirs.number, "number": other.number}
        )
    elif mine is not None and theirs is not None:
        # The same words whichever of the two is to be kept: either plan may be the one to end.
        one, two = sorted((mine, theirs), key=lambda plan: plan.patient.number)
        found.append(
            _(
                "Both have an open plan: plan %(one)s of no. %(one_number)s and plan %(two)s of no. %(two_number)s. "
                "Stop one of the two first."
            )
            % {"one": one.number, "one_number": one.patient.number, "two": two.number, "two_number": two.patient.number}
        )
    return found


def _open_plan(patient: Patient) -> TreatmentPlan | None:
    """The one that waits, where one does; else the one in force."""
    rows = TreatmentPlan.objects.filter(patient=patient, status__in=OPEN).select_related("patient").without_documents()
    return max(rows, key=lambda row: (row.status == TreatmentPlan.Status.AWAITING, row.number), default=None)


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    if count := Consultation.objects.filter(patient__pk=kept.pk, started_at__gte=since).count():
        found.append(ngettext("%(count)s consultation", "%(count)s consultations", count) % {"count": count})
    if count := TreatmentPlan.objects.filter(patient__pk=kept.pk, accepted_at__gte=since).count():
        found.append(ngettext("%(count)s plan", "%(count)s plans", count) % {"count": count})
    ended = TreatmentPlan.objects.filter(patient__pk=other.pk, superseded_by__patient__pk=kept.pk).without_documents().first()
    if ended is not None:
        found.append(_("Plan %(plan)s of no. %(number)s stays superseded") % {"plan": ended.number, "number": other.number})
    return found


PART = Part("plans", obstacles, stays=stays)
