"""The record of a visit that is over, begun on a later day."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read
from audit.services import record as log
from patients import whose

from ..forms.late_record import LateRecordForm
from ..services import late
from .visit import visit_or_404


@requires("records.sign")
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request, pk: int):
    """GET asks when it was done, by whom, from what, and why it is late; POST begins the record."""
    booking = visit_or_404(request, pk)
    whose.check(request, booking.patient_id)
    booking.site.set_clock()
    if booking.is_live and getattr(booking, "record", None) is not None:
        return redirect("sessions:record", booking.record.pk)
    if words := late.why_not(booking):
        return _refused(request, booking, words)
    form = LateRecordForm(request.POST if request.method == "POST" else None, booking=booking, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            session = late.begin(booking, form.entry, by=request.user, request=request)
        except late.NotEntered as refused:
            if not refused.field:
                return _refused(request, booking, refused.message)
            form.add_error(refused.field, refused.message)
        else:
            return redirect("sessions:record", session.pk)
    if request.method != "POST":
        note_read("booking.viewed", request=request, patient=booking.patient, obj=booking)
    context = {"booking": booking, "patient": booking.patient, "form": form, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/record/enter_late.html", context, status=422 if form.errors else 200)


def _refused(request, booking, words: str):
    if request.method == "POST":
        log(
            "record.entered_late",
            request=request,
            patient=booking.patient_id,
            obj=booking,
            outcome=Outcome.REFUSED,
            detail={"booking": booking.pk},
        )
    else:
        note_read("booking.viewed", request=request, patient=booking.patient, obj=booking)
    return render(request, "sessions/record/cannot_start.html", {"booking": booking, "why": words, "is_late": True}, status=422)
