"""All papers of one patient: what can be printed now, and who printed what when."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read, record
from patients.access import patient_or_404, row_or_404

from ..content.common import CannotBeMade
from ..drawing import CannotPrint
from ..models import Paper
from ..offers import offers_of, subject_of
from ..services.making import make
from ..services.printed import printed_of
from ..storage import NotTheFile, read


@require_safe
@requires("papers.view")
def patient(request, number: int):
    found = patient_or_404(request, number)
    note_read("papers.listed", request=request, patient=found)
    return _page(request, found)


def _page(request, found, *, problem: str = "", status: int = 200):
    printed, more = printed_of(found, request.user)
    context = {
        "patient": found,
        "offers": offers_of(found, request.user),
        "printed": printed,
        "more": more,
        "problem": problem,
        "errors_on_page": bool(problem),
        "now": timezone.now(),
    }
    return render(request, "papers/patient.html", context, status=status)


@require_POST
@requires("papers.make")
def print_paper(request, number: int):
    """Make the paper, or find it as it was made, and open it."""
    found = patient_or_404(request, number, as_recorded=True)
    kind, about = request.POST.get("kind", ""), request.POST.get("about", "")
    try:
        subject = subject_of(found, kind, about, request.user)
        if subject is None:
            raise CannotBeMade(_("There is no such paper for this patient. Choose one from the list."))
        made = make(subject, by=request.user, request=request)
    except CannotBeMade as error:
        return _page(request, found, problem=str(error), status=422)
    except CannotPrint as error:
        record("paper.made", request=request, patient=found, outcome=Outcome.FAILED, detail={"kind": kind[:20]})
        return _page(request, found, problem=str(error), status=503)
    return redirect("papers:pdf", made.pk)


@require_safe
@requires("papers.view")
def pdf(request, pk: int):
    """The file, byte for byte as it was made. Each opening is noted: from here it is printed."""
    if pk > 2**63 - 1:
        raise Http404
    found = row_or_404(request, Paper.objects.visible_to(request.user).select_related("patient__site", "patient__merged_into__site"), pk)
    try:
        data = read(found.file, found.sha256)
    except NotTheFile as error:
        record("paper.printed", request=request, patient=found.patient_id, obj=found, outcome=Outcome.REFUSED, detail={"file": str(error)})
        return render(request, "papers/not_the_file.html", {"paper": found, "patient": found.patient, "errors_on_page": True}, status=409)
    note_read("paper.printed", request=request, patient=found.patient_id, obj=found, detail={"sha256": found.sha256, "kind": found.kind})
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response
