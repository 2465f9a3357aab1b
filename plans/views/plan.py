"""An accepted plan, read only: everything as it was agreed, from what was pinned to it."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import record
from patients.access import patient_or_404

from ..catalogue import catalogue_of
from ..models import TreatmentPlan
from ..page import PlanPage
from ..registry import plan_sections


@require_safe
@requires("plans.view")
def plan(request, number, plan_number):
    rows = TreatmentPlan.objects.visible_to(request.user).select_related(
        "patient", "protocol_version__approved_by", "accepted_by", "countersigned_by", "consultation", "supersedes"
    )
    patient = patient_or_404(request, number)
    found = get_object_or_404(rows.defer("protocol_version__document"), patient=patient, number=plan_number)
    record("plan.viewed", request=request, patient=found.patient, obj=found)
    sections = plan_sections(found, request.user)
    book = reverse("sessions:book_course", args=[number, plan_number])
    return render(
        request,
        "plans/plan.html",
        {
            "plan": found,
            "patient": found.patient,
            "page": PlanPage(found, catalogue_of(found.protocol_version)),
            "sections": sections,
            # The diary says whether anything is left to book, and in which words.
            "to_book": next((link for section in sections for link in section.links if link[1] == book), None),
        },
    )
