"""For what the patient's photos may be used: asked one by one, taken back at any time."""

import secrets

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from .. import photos as rule
from ..forms import PhotosForm
from ..wording import language_of, photo_question


@require_http_methods(["GET", "HEAD", "POST"])
@requires("consent.take")
def photos(request, number: int):
    patient = patient_or_404(request, number)
    language = language_of(patient)
    questions = {use: photo_question(use, language) for use in rule.Use.values}
    initial = {"request_key": secrets.token_urlsafe(16)}
    form = PhotosForm(request.POST or None, patient=patient, questions=questions, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        made = rule.answer(
            patient,
            form.answers,
            language=language,
            said_by=said["who"],
            by=request.user,
            request_key=said["request_key"],
            reason=said["reason"],
        )
        messages.success(request, _("Answers kept.") if made else _("That is what stood already: nothing was changed."))
        return redirect("consent:patient", number)
    if request.method != "POST":
        note_read("consent.listed", request=request, patient=patient)
    standing = rule.answers_of(patient)
    context = {
        "patient": patient,
        "form": form,
        "language": language,
        "asked": list(zip(form.uses, standing, strict=True)),
        "errors_on_page": bool(form.errors),
    }
    return render(request, "consent/photos.html", context, status=422 if form.errors else 200)
