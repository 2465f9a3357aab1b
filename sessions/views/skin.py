"""How the skin was after earlier sessions: said before a session, at a consultation, or on a page of its own."""

import secrets

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.addresses import inside
from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from ..models import TreatmentSession
from ..services import skin
from ..skin_form import read, skin_rows

PAGE = "sessions/skin/page.html"


@requires("records.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def seen(request, number):
    patient = patient_or_404(request, number)
    earlier = skin.earlier_of(patient, patient.site.day_of(timezone.now()))
    sent = request.POST
    back = inside(request, sent.get("back") or request.GET.get("back", ""), reverse("patients:detail", args=[number]))
    context = {"patient": patient, "back": back, "key": secrets.token_urlsafe(12)}
    if request.method != "POST":
        note_read("record.viewed", request=request, patient=patient)
        asked = skin.to_answer(earlier)
        named = request.GET.get("session", "")
        return render(
            request, PAGE, context | {"rows": skin_rows([row for row in earlier if row in asked or str(row.session.pk) == named])}
        )
    shown = set(sent.getlist("session"))
    about = [row for row in earlier if str(row.session.pk) in shown]
    if not about or len(about) != len(shown):
        raise Http404
    said, faults = read(sent, about)
    if faults:
        rows = skin_rows(about, typed=sent.dict(), faults=faults)
        return render(request, PAGE, context | {"rows": rows, "faults": faults, "errors_on_page": True}, status=422)
    key = sent.get("key", "")[:60] or secrets.token_urlsafe(12)
    skin.see(patient, said, by=request.user, key=key, before=_draft(request, patient), request=request)
    return redirect(back)


def _draft(request, patient) -> TreatmentSession | None:
    """The draft of this patient at whose gate the form stood."""
    number = request.POST.get("record", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    drafts = TreatmentSession.objects.visible_to(request.user).filter(patient=patient, status=TreatmentSession.Status.DRAFT)
    return drafts.filter(pk=int(number)).first()
