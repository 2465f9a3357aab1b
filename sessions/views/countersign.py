"""The countersignature of a signed record, or its confirmation: why it is asked, the record itself, and the answer under a signature."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.desk import signature
from accounts.permissions import requires
from audit.services import note_read

from .. import countersigning
from ..services import countersign as service
from .record import session_or_404, version_of
from .record_page import countersign_page
from .signature import refused_of, say, signed

_LONGEST = 300


@sensitive_post_parameters("password", "credential")
@requires("plans.countersign")
@require_http_methods(["GET", "HEAD", "POST"])
def countersign(request, pk):
    """For who may; anybody else reads on the record itself how it stands."""
    session = session_or_404(request, pk)
    record = reverse("sessions:record", args=[session.pk])
    if not countersigning.roles_of(session, request.user) or countersigning.refusal_of(session) is not None:
        return redirect(record)
    page = reverse("sessions:countersign", args=[session.pk])
    if request.method != "POST":
        note_read("record.viewed", request=request, patient=session.patient_id, obj=session)
        said = refused_of(request, page)
        context = countersign_page(session, request.user) | {"ways": signature.ways(request), "errors_on_page": bool(said)} | said
        return render(request, "sessions/record/countersign.html", context)
    agreed, words = request.POST.get("do") != "refuse", " ".join(request.POST.get("words", "").split())
    if len(words) > _LONGEST:
        return say(
            request, page, words_fault=gettext("The words must be %(longest)s letters or fewer") % {"longest": _LONGEST}, words=words[:2000]
        )

    def act(how):
        seen = request.POST.get("seen", "")[:64]
        said = {"agreed": agreed, "words": words, "shown": how}
        service.answer(session, by=request.user, seen=seen, version=version_of(request), request=request, **said)

    try:
        tried = signed(request, page, act, words=words)
    except service.NothingSaid:
        return say(request, page, words_fault=gettext("Say what you do not agree to"), words=words)
    except service.CorrectedSince:
        return say(request, page, is_corrected=True, words=words)
    except service.NotWaiting:
        messages.info(request, gettext("Nothing was changed: this record does not wait for you any more."))
        return redirect(record)
    if tried.answer is not None:
        return tried.answer
    confirms = request.user.pk == session.clinician_id
    if confirms and agreed:
        said = gettext("Session %(session_number)s of %(patient)s is confirmed.")
    elif confirms:
        said = gettext("Session %(session_number)s of %(patient)s is not confirmed. %(reader)s reads why, and adds a correction.")
    elif agreed:
        said = gettext("Session %(session_number)s of %(patient)s is countersigned.")
    else:
        said = gettext("Session %(session_number)s of %(patient)s is not countersigned. %(reader)s reads why, and adds a correction.")
    reader = session.signed_by if confirms else session.clinician
    messages.success(request, said % {"session_number": session.session_number, "patient": session.patient, "reader": reader})
    return redirect(record)
