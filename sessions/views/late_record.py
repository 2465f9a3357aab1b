"""The record of a visit that is over, begun on a later day; of a session that nobody booked as well."""

import uuid

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import about, note_read
from audit.services import record as log
from patients import whose
from patients.models import Patient
from plans.models import TreatmentPlan

from ..forms.late_record import UnbookedForm, form_of
from ..services import late, visit_status
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
    changes = late.what_changes(booking)
    form = form_of(booking)(request.POST if request.method == "POST" else None, booking=booking, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            session = late.begin(booking, form.entry, by=request.user, request=request)
        except late.NotEntered as refused:
            if not refused.field:
                return _refused(request, booking, refused.message)
            form.add_error(refused.field, refused.message)
        else:
            if changes:
                words = (
                    gettext(
                        "%(title)s is no longer %(was)s and is not to be booked again. Signed, its visit is done as of when it was done."
                    )
                    if booking.session_number
                    else gettext("%(title)s is no longer %(was)s. Signed, its visit is done as of when it was done.")
                )
                messages.success(request, words % {"title": booking.title, "was": booking.get_status_display().lower()})
            return redirect("sessions:record", session.pk)
    if request.method != "POST":
        note_read("booking.viewed", request=request, patient=booking.patient, obj=booking)
    context = {"booking": booking, "patient": booking.patient, "form": form, "changes": changes, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/record/enter_late.html", context, status=422 if form.errors else 200)


@requires("records.sign")
@require_http_methods(["GET", "HEAD", "POST"])
def enter_unbooked(request, number: int, plan_number: int):
    """Of a session that nobody booked: as `enter`, with the day and who and what was used; its visit is made with it."""
    patient = get_object_or_404(Patient.objects.visible_to(request.user).select_related("site"), number=number)
    about(patient)
    whose.check(request, patient.pk)
    plan = get_object_or_404(
        TreatmentPlan.objects.visible_to(request.user).select_related("protocol_version", "patient__site"),
        patient__pk=patient.pk,
        number=plan_number,
    )
    site = plan.patient.site
    site.set_clock()
    now, why, stands = timezone.now(), late.why_not_unbooked(plan), None
    form = UnbookedForm(request.POST if request.method == "POST" else None, booking=late.unbooked_of(plan, now, now), user=request.user)
    if request.method == "POST" and not why and form.is_valid():
        key = request.POST.get("request_key", "")[:36] or uuid.uuid4().hex
        try:
            session = late.begin_unbooked(plan, form.entry, by=request.user, request_key=key, request=request)
        except late.NotEntered as refused:
            form.add_error(refused.field or None, refused.message)
            stands = refused.visit
        else:
            words = gettext(
                "Session %(session_number)s of %(sessions_count)s stands in the diary as it was held. Signed, it is done as of then."
            )
            messages.success(request, words % {"session_number": session.session_number, "sessions_count": plan.sessions_count})
            return redirect("sessions:record", session.pk)
    if request.method != "POST":
        note_read("plan.course_viewed", request=request, patient=patient, obj=plan)
    else:
        log("record.entered_late", request=request, patient=patient.pk, obj=plan, outcome=Outcome.REFUSED, detail={"plan": plan.number})
    context = {
        "plan": plan,
        "patient": patient,
        "form": form,
        "why": why,
        "stands": stands,
        "request_key": request.POST.get("request_key", "")[:36] or uuid.uuid4().hex,
        "errors_on_page": bool(form.errors),
    }
    status = 422 if form.errors or (why and request.method == "POST") else 200
    return render(request, "sessions/record/enter_unbooked.html", context, status=status)


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
    from_plan = booking.plan is not None and booking.status in late.GONE and visit_status.is_over(booking)
    return render(
        request,
        "sessions/record/cannot_start.html",
        {"booking": booking, "why": words, "is_late": True, "from_plan": from_plan},
        status=422,
    )
