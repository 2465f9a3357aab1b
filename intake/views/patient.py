"""For staff: what a patient was asked on the tablet and how far it is, handing the tablet over, the questions on paper."""

import secrets

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import about, note_read, record
from consent.printing import CannotPrint, as_pdf
from patients.access import patient_or_404
from plans.inputs import one, rows
from plans.services.consultation import NoProtocol

from ..fields import LISTS, steps_of
from ..forms import HandOverForm
from ..models import Language, QuestionnaireResponse
from ..paper import Paper
from ..services import handing
from ..wording import in_language, language_of


def _answered(response: QuestionnaireResponse) -> str:
    """`5 of 14 answered`: how far it is, and nothing of what was said."""
    steps = steps_of(response.asked)
    done = sum(
        bool(one(response.inputs, f"{step.code}_asked") or rows(response.inputs, LISTS[step.code][0]))
        if step.is_list
        else one(response.inputs, f"q.{step.code}") in ("yes", "no")
        for step in steps
    )
    return _("%(done)s of %(count)s answered") % {"done": done, "count": len(steps)}


@require_safe
@requires("intake.hand_over")
def overview(request, number: int):
    patient = patient_or_404(request, number)
    note_read("intake.listed", request=request, patient=patient)
    return _overview(request, patient)


def _overview(request, patient, *, form=None, problem: str = "", status: int = 200):
    found = QuestionnaireResponse.objects.visible_to(request.user).filter(patient=patient)
    found = list(
        found.select_related("patient", "site", "handed_by", "closed_by", "protocol_version").defer("protocol_version__document")[:50]
    )
    for row in found:
        row.answered = _answered(row)
    begun = next((row for row in found if row.is_open), None)
    language = begun.language if begun else language_of(patient)
    form = form or HandOverForm(initial={"language": language, "request_key": secrets.token_urlsafe(16)})
    context = {
        "patient": patient,
        "rows": found,
        "open": begun,
        "form": form,
        "languages": Language.choices,
        "problem": problem,
        "errors_on_page": bool(problem or form.errors),
    }
    return render(request, "intake/patient.html", context, status=status)


@require_POST
@requires("intake.hand_over")
def hand_over(request, number: int):
    patient = patient_or_404(request, number)
    form = HandOverForm(request.POST)
    if not form.is_valid():
        return _overview(request, patient, form=form, status=422)
    try:
        handing.hand_over(patient, language=form.cleaned_data["language"], request=request, request_key=form.cleaned_data["request_key"])
    except NoProtocol as refusal:
        return _overview(request, patient, form=form, problem=str(refusal), status=422)
    return redirect("intake:tablet")


@require_safe
@requires("intake.hand_over")
def paper(request, number: int):
    """The same questions, to be filled in by hand; made now, sent once, kept nowhere."""
    patient = patient_or_404(request, number)
    language = request.GET.get("language", "")
    language = language if language in Language.values else language_of(patient)
    try:
        page = Paper(patient, handing.version_to_ask(), language)
        with in_language(language):
            data = as_pdf("intake/paper.html", "intake/paper.css", {"page": page}, paper=patient.site.paper)
    except (CannotPrint, NoProtocol) as error:
        record("intake.printed", request=request, patient=patient, outcome=Outcome.FAILED)
        return _overview(request, patient, problem=str(error), status=503)
    record("intake.printed", request=request, patient=patient, detail={"language": language})
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="questions-{patient.number}.pdf"'
    return response


@require_POST
@requires("intake.hand_over")
def put_away(request, pk: int):
    found = get_object_or_404(QuestionnaireResponse.objects.visible_to(request.user).select_related("patient__merged_into"), pk=pk)
    about(found.patient_id)
    try:
        handing.put_away(found, by=request.user, request=request)
        messages.success(request, _("Put away. What was answered goes nowhere."))
    except handing.NotOpen:
        messages.info(request, _("These questions were sent already."))
    return redirect("intake:patient", found.patient.person.number)
