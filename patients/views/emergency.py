"""Opening a patient of another site in an emergency, closing it, and the report to those who answer for that site."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from audit.services import about, note_read

from .. import emergency as service
from ..access import patient_or_404
from ..emergency_forms import EmergencyForm, ReviewForm
from ..models import EmergencyOpening, ErasedOpening

MOST = 100
NO_MATCH = gettext_lazy("No patient of another site has this number with this date of birth. Check both against what the patient carries.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("emergency.open")
def emergency(request):
    if request.method != "POST":
        return _ask(request, EmergencyForm())
    form, status = EmergencyForm(request.POST), 422
    if form.is_valid():
        try:
            opening = service.open_record(by=request.user, request=request, **_asked(form))
        except service.WithinReach as own:
            messages.info(request, _("This is a patient of your own site: the record is open to you as always."))
            return redirect("patients:detail", own.patient.number)
        except service.NoSuchPatient:
            form.add_error(None, NO_MATCH)
        except service.TooManyTries as tries:
            until = timezone.localtime(tries.until)
            words = _("Five tries did not fit. The next one is taken from %(time)s on. Ring the other site meanwhile.")
            form.add_error(None, words % {"time": f"{until:%H:%M}"})
            status = 429
        else:
            return redirect("patients:detail", opening.patient.number)
    return _ask(request, form, status)


def _ask(request, form, status: int = 200):
    context = {"form": form, "minutes": settings.EMERGENCY_MINUTES, "errors_on_page": status != 200}
    return render(request, "patients/emergency/open.html", context, status=status)


def _asked(form) -> dict:
    return {name: form.cleaned_data[name] for name in ("number", "birth_date", "reason", "request_key")}


@require_POST
@requires("emergency.open")
def close_emergency(request, number: int):
    patient = patient_or_404(request, number, as_recorded=True)
    if not service.close(patient, by=request.user, request=request):
        messages.info(request, _("This record was not open to you in an emergency. Nothing was changed."))
        return redirect("patients:detail", number)
    messages.success(request, _("The record of patient %(number)s is closed to you again.") % {"number": number})
    return redirect("patients:list")


@require_safe
@requires("emergency.view")
def openings(request):
    return _report(request)


def _report(request, *, pk: int | None = None, form=None, status: int = 200):
    rows = EmergencyOpening.objects.visible_to(request.user).select_related("user", "patient__site", "reviewed_by")[:MOST]
    named = request.user.may("patients.view")
    sites = request.user.site_ids()
    shown = []
    for row in rows:
        # A name is told where the patient belongs to one's own site; the auditor reads numbers.
        row.name = str(row.patient) if named and row.patient.site_id in sites else ""
        row.may_review = row.reviewed_at is None and row.user_id != request.user.pk and request.user.may("emergency.review")
        if row.may_review:
            row.form = form if row.pk == pk else ReviewForm(auto_id=f"opening-{row.pk}-%s")
        shown.append(row)
    for row in ErasedOpening.objects.visible_to(request.user).select_related("user", "site", "reviewed_by")[:MOST]:
        row.may_review = row.reviewed_at is None and row.user_id != request.user.pk and request.user.may("emergency.review")
        shown.append(row)
    shown = sorted(shown, key=lambda row: row.opened_at, reverse=True)[:MOST]
    if status == 200:
        note_read("emergency.listed", request=request, detail={"found": len(shown)})
    context = {"openings": shown, "failed": form, "errors_on_page": status == 422, "most": MOST if len(shown) == MOST else None}
    return render(request, "patients/emergency/openings.html", context, status=status)


@require_POST
@requires("emergency.review")
def review_opening(request, pk: int):
    opening = EmergencyOpening.objects.visible_to(request.user).exclude(user=request.user).filter(pk=pk).first()
    if opening is None:
        raise Http404
    about(opening.patient_id)
    form = ReviewForm(request.POST, auto_id=f"opening-{pk}-%s")
    if not form.is_valid() and opening.reviewed_at is None:
        return _report(request, pk=pk, form=form, status=422)
    if form.is_valid() and service.review(opening, by=request.user, note=form.cleaned_data["note"], request=request):
        messages.success(request, _("Kept: you have looked at it."))
    else:
        messages.info(request, _("Somebody looked at it before you. Nothing was changed."))
    return redirect("patients:openings")


@require_POST
@requires("emergency.review")
def review_erased_opening(request, key):
    opening = ErasedOpening.objects.visible_to(request.user).exclude(user=request.user).filter(request_key=key).first()
    if opening is None:
        raise Http404
    about(opening.patient_pk)
    if service.review_erased(opening, by=request.user, request=request):
        messages.success(request, _("Kept: you have looked at it."))
    else:
        messages.info(request, _("Somebody looked at it before you. Nothing was changed."))
    return redirect("patients:openings")
