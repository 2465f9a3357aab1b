"""An accepted plan, read only: everything as it was agreed, from what was pinned to it."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from ..catalogue import catalogue_of
from ..countersigning import CountersignPanel
from ..models import Consultation, TreatmentPlan
from ..page import PlanPage
from ..registry import plan_sections


@require_safe
@requires("plans.view")
def plan(request, number, plan_number):
    rows = TreatmentPlan.objects.visible_to(request.user).select_related(
        "patient", "protocol_version__approved_by", "accepted_by", "countersigned_by", "consultation", "supersedes"
    )
    patient = patient_or_404(request, number, as_recorded=True)
    found = get_object_or_404(rows.defer("protocol_version__document"), patient__pk=patient.pk, number=plan_number)
    return show(request, found)


def show(request, found: TreatmentPlan, *, typed=None, faults=None, refused="", status=200):
    """The page of *found*; typed, faults, refused: what was sent to countersign it, and why it was not taken."""
    note_read("plan.viewed", request=request, patient=found.patient, obj=found)
    sections = plan_sections(found, request.user)
    book = reverse("sessions:book_course", args=[found.patient.number, found.number])
    catalogue = catalogue_of(found.protocol_version)
    panel = CountersignPanel(found, catalogue, request.user, typed=typed, faults=faults, refused=refused) if found.needs else None
    return render(
        request,
        "plans/plan.html",
        {
            "plan": found,
            "patient": found.patient,
            "page": PlanPage(found, catalogue),
            "countersigning": panel,
            "reopened": _reopened(found),
            "errors_on_page": status == 422,
            "sections": sections,
            # The diary says whether anything is left to book, and in which words.
            "to_book": next((link for section in sections for link in section.links if link[1] == book), None),
        },
        status=status,
    )


def _reopened(found: TreatmentPlan) -> Consultation | None:
    """The consultation that is open again where the plan was sent back."""
    if found.status != TreatmentPlan.Status.RETURNED:
        return None
    ended = found.consultation
    same = {"patient": found.patient_id, "clinician": ended.clinician_id, "visit_date": ended.visit_date}
    return Consultation.objects.filter(**same, status=Consultation.Status.OPEN).first()
