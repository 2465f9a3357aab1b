"""Correcting one answer: what is right stands beside what was said, with the reason."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import about, note_read
from protocols.knowledge import knowledge_of

from ..forms import CorrectForm
from ..models import OutcomeAnswer
from ..scales import Scale, of_indication
from ..services import recording


def _scale_of(row: OutcomeAnswer) -> Scale:
    """As the row's own protocol version gives it, whatever is in force today."""
    scales = of_indication(knowledge_of(row.protocol_version), row.indication)
    return next(scale for scale in scales.scales if scale.kind == row.kind)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("outcomes.record")
def correct(request, pk: int):
    rows = OutcomeAnswer.objects.visible_to(request.user).select_related("patient__site", "site", "protocol_version", "recorded_by")
    row = get_object_or_404(rows, pk=pk)
    about(row.patient_id)
    row.site.set_clock()
    later = OutcomeAnswer.objects.filter(corrects=row).select_related("recorded_by").first()
    form = CorrectForm(request.POST or None, patient=row.patient, scale=_scale_of(row))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            recording.correct(
                row, scale=_scale_of(row), value=form.value, reason=said["reason"], by=request.user, request_key=said["request_key"]
            )
        except recording.AnswerRefused as refusal:
            form.add_error(None, str(refusal))
        except recording.AlreadyCorrected as meanwhile:
            return _page(request, row, form, meanwhile.row, status=409)
        else:
            messages.success(request, _("Corrected. What was said before stays readable."))
            return redirect("outcomes:patient", row.patient.person.number)
    if request.method != "POST":
        note_read("outcome.viewed", request=request, patient=row.patient_id, obj=row)
    return _page(request, row, form, later, status=422 if form.errors else 200)


def _page(request, row, form, later, *, status):
    context = {"patient": row.patient, "row": row, "form": form, "later": later, "errors_on_page": status != 200}
    return render(request, "outcomes/correct.html", context, status=status)
