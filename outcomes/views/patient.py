"""Everything that was answered about one patient: charts with their tables, and each row with who and when."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from ..asked import asked_of
from ..chart import charts
from ..models import OutcomeAnswer


@require_safe
@requires("outcomes.view")
def overview(request, number: int):
    patient = patient_or_404(request, number)
    note_read("outcome.listed", request=request, patient=patient)
    rows = OutcomeAnswer.objects.visible_to(request.user).filter(patient=patient)
    context = {
        "patient": patient,
        "tab": "outcomes",
        "charts": charts(rows.standing()),
        "rows": rows.select_related("recorded_by", "patient", "site", "protocol_version", "corrects", "correction").defer(
            "protocol_version__document"
        ),
        "asked": asked_of(patient),
        "raters": OutcomeAnswer.Rater.labels,
    }
    return render(request, "outcomes/patient.html", context)
