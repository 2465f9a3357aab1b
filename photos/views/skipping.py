"""Why a session has no photos: said once at its record, and never in the way of signing."""

import secrets

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import about, note_read
from sessions.models import TreatmentSession

from ..forms import SkipForm
from ..services import progress_of
from ..services import skip as say_why


@require_http_methods(["GET", "HEAD", "POST"])
@requires("photos.take")
def skip(request, pk: int):
    rows = TreatmentSession.objects.visible_to(request.user).select_related("patient__site", "booking__site", "plan__protocol_version")
    session = get_object_or_404(rows.prefetch_related("zones"), pk=pk)
    about(session.patient_id)
    session.site.set_clock()
    form = SkipForm(request.POST or None, initial={"request_key": secrets.token_urlsafe(16)})
    failed = request.method == "POST" and not form.is_valid()
    if request.method == "POST" and not failed:
        said = form.cleaned_data
        say_why(session, reason=said["reason"], note=said["note"], by=request.user, request_key=said["request_key"])
        messages.success(request, _("Kept why there are no photos."))
        return redirect("sessions:record", session.pk)
    if request.method != "POST":
        note_read("photos.prepared", request=request, patient=session.patient_id, obj=session)
    context = {"session": session, "patient": session.patient, "form": form, "progress": progress_of(session), "errors_on_page": failed}
    return render(request, "photos/skip.html", context, status=422 if failed else 200)
