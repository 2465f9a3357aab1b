"""When two records become one person's: what of plans and consultations is settled first, and what stays when it is undone."""

from patients.merging import Part
from patients.models import Patient
from planner.wording import day

from .models import Consultation, TreatmentPlan

OPEN = (TreatmentPlan.Status.ACCEPTED, TreatmentPlan.Status.AWAITING)


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """Of either with what was merged into it before: `patient=` asks for all of that, and the two are not one person yet."""
    found = []
    # It began with what stood under its own record: what stands under the other would not be in it.
    for one in (kept, other):
        for row in Consultation.objects.filter(patient=one, status=Consultation.Status.OPEN).select_related("patient").without_documents():
            found.append(f"The consultation of {day(row.visit_date)} of no. {row.patient.number} is open. Finish or close it first.")
    plans = {one.pk: _open_plan(one) for one in (kept, other)}
    mine, theirs = plans[kept.pk], plans[other.pk]
    if theirs is not None and theirs.status == TreatmentPlan.Status.AWAITING:
        found.append(f"Plan {theirs.number} of no. {other.number} waits for a countersignature. It is decided or taken back first.")
    elif mine is not None and theirs is not None:
        # The same words whichever of the two is to be kept: either plan may be the one to end.
        one, two = sorted((mine, theirs), key=lambda plan: plan.patient.number)
        found.append(
            f"Both have an open plan: plan {one.number} of no. {one.patient.number} and plan {two.number} of no. {two.patient.number}. "
            "Stop one of the two first."
        )
    return found


def _open_plan(patient: Patient) -> TreatmentPlan | None:
    """The one that waits, where one does; else the one in force."""
    rows = TreatmentPlan.objects.filter(patient=patient, status__in=OPEN).select_related("patient").without_documents()
    return max(rows, key=lambda row: (row.status == TreatmentPlan.Status.AWAITING, row.number), default=None)


def stays(kept: Patient, other: Patient, since) -> list[str]:
    found = []
    for one, many, count in (
        ("consultation", "consultations", Consultation.objects.filter(patient__pk=kept.pk, started_at__gte=since).count()),
        ("plan", "plans", TreatmentPlan.objects.filter(patient__pk=kept.pk, accepted_at__gte=since).count()),
    ):
        if count:
            found.append(f"{count} {one if count == 1 else many}")
    ended = TreatmentPlan.objects.filter(patient__pk=other.pk, superseded_by__patient__pk=kept.pk).without_documents().first()
    if ended is not None:
        found.append(f"Plan {ended.number} of no. {other.number} stays superseded")
    return found


PART = Part("plans", obstacles, stays=stays)
