"""Answering the scales: from the patient's page, an open consultation, or a visit."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.addresses import inside
from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404
from plans.models import Consultation
from sessions.models import Booking

from ..asked import asked_at, asked_at_visit, asked_of
from ..forms import AnswersForm
from ..models import OutcomeAnswer
from ..services.recording import AnswerRefused, keep


def _linked(rows, patient, text: str):
    """The row of this patient that an address names; None where it names none."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return rows.filter(patient=patient, pk=int(text)).first()


def _from(request, patient) -> tuple[Consultation | None, Booking | None]:
    user = request.user
    consultations = Consultation.objects.visible_to(user).select_related("protocol_version").without_documents()
    bookings = Booking.objects.visible_to(user).select_related("plan__protocol_version", "patient", "site")
    return (
        _linked(consultations, patient, request.GET.get("consultation", "")),
        _linked(bookings, patient, request.GET.get("visit", "")),
    )


def _asked(patient, consultation, booking):
    if consultation is not None:
        return asked_at(consultation)
    return asked_at_visit(booking) if booking is not None else asked_of(patient)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("outcomes.record")
def record(request, number: int):
    patient = patient_or_404(request, number)
    consultation, booking = _from(request, patient)
    moment = OutcomeAnswer.Moment.BASELINE if consultation else ""
    if booking is not None and booking.kind == Booking.Kind.REVIEW:
        moment = OutcomeAnswer.Moment.REVIEW
    asked = _asked(patient, consultation, booking)
    back = inside(request, request.POST.get("next") or request.GET.get("next", ""), reverse("outcomes:patient", args=[number]))
    form = AnswersForm(request.POST or None, patient=patient, asked=asked, moment=moment)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = keep(
                patient,
                form.given,
                moment=said["moment"],
                rated_on=said["rated_on"],
                site=booking.site if booking else patient.site,
                by=request.user,
                request_key=said["request_key"],
                consultation=consultation,
                booking=booking,
            )
        except AnswerRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, ngettext("%(n)s answer kept.", "%(n)s answers kept.", len(made)) % {"n": len(made)})
            return redirect(back)
    if request.method != "POST":
        note_read("outcome.prepared", request=request, patient=patient)
    context = {"patient": patient, "form": form, "asked": asked, "next": back, "booking": booking, "consultation": consultation}
    context["errors_on_page"] = bool(form.errors)
    return render(request, "outcomes/record.html", context, status=422 if form.errors else 200)
