"""What a patient signed, shown and printed, and taking it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.addresses import inside
from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read, record
from patients.access import patient_or_404, row_or_404
from plans.models import TreatmentPlan

from ..forms import WithdrawForm
from ..models import Consent, ConsentItem, PhotoPermission
from ..page import page_of
from ..photos import answers_of
from ..printing import CannotPrint, as_pdf
from ..services.withdrawing import withdraw as take_back
from ..standing import OLDER, SIGNED, judged, needs_of, newest_items, state_of, with_state


def plans_in_force(patient) -> list[TreatmentPlan]:
    rows = TreatmentPlan.objects.filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED)
    rows = rows.select_related("protocol_version").defer("protocol_version__document", "case", "proposal", "decisions")
    return list(rows.prefetch_related("zones").order_by("pk"))


@require_safe
@requires("consent.view")
def overview(request, number: int):
    patient = patient_or_404(request, number)
    note_read("consent.listed", request=request, patient=patient)
    items = newest_items(patient)
    rows = with_state(ConsentItem.objects.visible_to(request.user).filter(consent__patient=patient)).order_by("-signed_at", "pk")
    signed: dict[int, list[ConsentItem]] = {}
    for row in rows.select_related("consent__patient"):
        signed.setdefault(row.consent_id, []).append(row)
    context = {
        "patient": patient,
        "plans": [(plan, judged(needs_of(plan), items)) for plan in plans_in_force(patient)],
        "documents": [(found[0].consent, found) for found in signed.values()],
        "can_withdraw": any(state_of(item) in (SIGNED, OLDER) for item in items.values()),
        "photos": answers_of(patient),
        "told": PhotoPermission.objects.visible_to(request.user).filter(patient=patient).select_related("recorded_by")[:50],
    }
    return render(request, "consent/patient.html", context)


def _consent_or_404(request, pk: int) -> Consent:
    rows = Consent.objects.visible_to(request.user).select_related("patient__site", "site", "taken_by", "witness")
    return row_or_404(request, rows, pk)


@require_safe
@requires("consent.view")
def document(request, pk: int):
    consent = _consent_or_404(request, pk)
    note_read("consent.viewed", request=request, patient=consent.patient_id, obj=consent)
    return _document_page(request, consent)


def _document_page(request, consent: Consent, *, problem: str = "", status: int = 200):
    context = {"patient": consent.patient, "page": page_of(consent), "problem": problem, "errors_on_page": bool(problem)}
    return render(request, "consent/document.html", context, status=status)


@require_safe
@requires("consent.view")
def pdf(request, pk: int):
    """Drawn from the row that is locked; made now, sent once, kept nowhere."""
    consent = _consent_or_404(request, pk)
    try:
        data = as_pdf("consent/print.html", "consent/print.css", {"page": page_of(consent)}, paper=consent.site.paper)
    except CannotPrint as error:
        record("consent.printed", request=request, patient=consent.patient_id, obj=consent, outcome=Outcome.FAILED)
        return _document_page(request, consent, problem=str(error), status=503)
    record("consent.printed", request=request, patient=consent.patient_id, obj=consent)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="consent-{consent.pk}.pdf"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@requires("consent.take")
def withdraw(request, number: int):
    patient = patient_or_404(request, number)
    standing = [item for item in newest_items(patient).values() if state_of(item) in (SIGNED, OLDER)]
    form = WithdrawForm(request.POST or None, patient=patient, items=standing)
    back = inside(request, request.POST.get("next") or request.GET.get("next", ""), reverse("consent:patient", args=[number]))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        take_back(patient, [form.rows[pk] for pk in said["items"]], said_by=said["who"], reason=said["reason"], by=request.user)
        messages.success(request, _("Withdrawn. No treatment begins on it from now on."))
        return redirect(back)
    if request.method != "POST":
        note_read("consent.listed", request=request, patient=patient)
    context = {"patient": patient, "form": form, "standing": standing, "next": back, "errors_on_page": bool(form.errors)}
    return render(request, "consent/withdraw.html", context, status=422 if form.errors else 200)
