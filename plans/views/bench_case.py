"""Keeping a consultation as a case of the bench, without anything that leads to the patient."""

import re
import unicodedata

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404
from planner.expectations import protective
from planner.propose import propose
from protocols.anonymous import anonymous, free_texts
from protocols.forms.bench import as_text
from protocols.knowledge import knowledge_of
from protocols.library import library_case
from protocols.services.cases import ProtocolRefused, add_case

from ..catalogue import catalogue_of
from ..models import Consultation, KeptCase

NAME_MOST = 120


@require_http_methods(["GET", "HEAD", "POST"])
@requires("protocols.edit")
def keep_case(request, number, pk):
    """What would be kept is shown first, without its free texts; only what somebody ticks stays in."""
    rows = Consultation.objects.visible_to(request.user).select_related("patient", "protocol_version")
    found = rows.defer("protocol_version__document").filter(pk=pk, patient__number=number).first()
    if found is None:
        patient_or_404(request, number)  # somebody of another site is logged
        raise Http404
    known = catalogue_of(found.protocol_version).rules
    texts = free_texts(found.case, known) if found.case else []
    paths = {text.path for text in texts}
    keep = [path for path in request.POST.getlist("keep") if path in paths]
    case = anonymous(found.case, known, keep) if found.case else {}
    name = request.POST.get("name", "").strip()
    error = ""
    if request.method == "POST" and "look" not in request.POST:
        kept_texts = [text.text for text in texts if text.path in keep]
        error = _name_error(name, found) or _naming_error(kept_texts, found)
        if not error and case:
            try:
                expect = _expected(case, found) if request.POST.get("expect") else {}
                with transaction.atomic():
                    kept = add_case(
                        name=name, case=case, expect=expect, by=request.user, note=f"From a consultation, {found.visit_date.year}"
                    )
                    KeptCase.objects.create(consultation=found, case=kept, kept_by=request.user)
            except ProtocolRefused as refusal:
                error = str(refusal)
            else:
                messages.success(request, _("Case “%(name)s” kept for the bench.") % {"name": kept.name})
                return redirect("protocols:case_edit", pk=kept.pk)
    note_read("consultation.viewed", request=request, patient=found.patient, obj=found, detail={"for": "bench case"})
    context = {
        "consultation": found,
        "patient": found.patient,
        "texts": [{"path": text.path, "text": text.text, "kept": text.path in keep} for text in texts],
        "case_text": as_text(case),
        "name": name,
        "with_expect": request.method != "POST" or bool(request.POST.get("expect")),
        "error": error,
    }
    return render(request, "plans/keep_case.html", context, status=422 if error else 200)


def _expected(case: dict, found: Consultation) -> dict:
    """What the consultation's protocol gives for the case as it is kept, or something more careful."""
    parsed = library_case("", case, {}, must_hold=False).parsed
    return protective(propose(parsed, knowledge_of(found.protocol_version)).as_mapping()) if parsed is not None else {}


def _names(found: Consultation) -> set[str]:
    patient = found.patient
    return {word for word in _words(f"{patient.surname} {patient.given} {patient.preferred_name}") if len(word) > 1}


def _words(text: str) -> set[str]:
    """Words without case and accents, and the parts of those with an apostrophe or a hyphen: the 's of a name hides nothing."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    whole = set(re.findall(r"[\w'\u2019-]+", plain))
    return whole | {part for word in whole for part in re.split(r"['\u2019-]", word) if part}


def _name_error(name: str, found: Consultation) -> str:
    if not name:
        return _("Enter a name for the case")
    if len(name) > NAME_MOST:
        return _("The name must have at most %(most)s characters") % {"most": NAME_MOST}
    return _("The name of the case must not name the patient") if _words(name) & _names(found) else ""


def _naming_error(texts: list[str], found: Consultation) -> str:
    return _("A text that is ticked names the patient: keep it back") if any(_words(text) & _names(found) for text in texts) else ""
