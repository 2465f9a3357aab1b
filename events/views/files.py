"""The files of adverse events: opened, added to, and given out ready to report."""

import hashlib
import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read, record
from consent.printing import CannotPrint, as_pdf
from patients.access import patient_or_404, row_or_404

from ..forms import AdditionForm, EventForm
from ..models import AdverseEvent, FollowUpCall
from ..photos import Photo, is_there, photos_of
from ..report import report_of
from ..services import filing
from ..services.session_facts import facts_of, sessions_of

PER_PAGE = 25
NONE = "none"


@require_safe
@requires("events.view")
def listed(request):
    """Every file the reader may see, the newest first."""
    rows = AdverseEvent.objects.visible_to(request.user).select_related("patient", "site", "opened_by")
    page = Paginator(rows.prefetch_related("additions"), PER_PAGE).get_page(request.GET.get("page", ""))
    note_read("events.listed", request=request, detail={"found": page.paginator.count})
    outcomes = dict(AdverseEvent.Outcome.choices)
    lines = [(row, outcomes[filing.outcome_of(row, list(row.additions.all()))]) for row in page]
    return render(request, "events/list.html", {"page": page, "rows": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("events.edit")
def new(request, number: int):
    """
    The form of a new file. `session=none`: what happened has to do with no session; without it, the last one. What is sent says which
    session the page showed: a newer one that began meanwhile is not put in its place.
    """
    patient = patient_or_404(request, number)
    sessions = list(sessions_of(patient, request.user)[:20])
    call = _call_of(request, patient)
    wanted = str(call.session_id) if call else request.POST.get("session", "") or request.GET.get("session", "")
    session = None if wanted == NONE else next((row for row in sessions if str(row.pk) == wanted), None)
    if wanted and wanted != NONE and session is None:
        raise Http404
    if not wanted and sessions:
        session = sessions[0]
    facts = facts_of(session) if session else None
    site = session.site if session else patient.site
    site.set_clock()
    form = EventForm(
        request.POST or None,
        zones=[zone.label for zone in facts.zones] if facts else [],
        now=timezone.localtime().replace(tzinfo=None),
        began=site.local(session.started_at).replace(tzinfo=None) if session else None,
    )
    if request.method == "POST" and form.is_valid():
        with translation.override("en-gb"):  # what the file keeps of the session does not follow the language of the screen
            kept = facts_of(session) if session else None
        made = filing.open_file(patient, kept, site=site, by=request.user, call=call, request=request, **form.cleaned_data)
        messages.success(request, _("The file is open. What becomes known later is added to it."))
        return redirect("events:event", made.pk)
    if request.method != "POST":
        note_read("event.prepared", request=request, patient=patient, obj=session)
    context = {
        "patient": patient,
        "form": form,
        "facts": facts,
        "session": session,
        "sessions": sessions,
        "call": call,
        "errors_on_page": bool(form.errors),
    }
    return render(request, "events/new.html", context, status=422 if form.errors else 200)


def _call_of(request, patient) -> FollowUpCall | None:
    """The call the file follows from, where the address names one of this person."""
    wanted = request.GET.get("call", "")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise Http404
    rows = FollowUpCall.objects.visible_to(request.user).filter(patient=patient).select_related("session")
    return get_object_or_404(rows, pk=int(wanted))


def _event_or_404(request, pk: int) -> AdverseEvent:
    rows = AdverseEvent.objects.visible_to(request.user).select_related("patient__site", "site", "opened_by", "call", "session")
    return row_or_404(request, rows, pk)


@require_safe
@requires("events.view")
def event(request, pk: int):
    found = _event_or_404(request, pk)
    note_read("event.viewed", request=request, patient=found.patient_id, obj=found)
    return _page(request, found)


def _page(request, found: AdverseEvent, *, form=None, problem: str = "", status: int = 200):
    additions = list(found.additions.select_related("by"))
    context = {
        "event": found,
        "patient": found.patient,
        "additions": additions,
        "outcome": AdverseEvent.Outcome(filing.outcome_of(found, additions)).label,
        "photos": photos_of(found, request.user),
        "keeps_photos": is_there(),
        "form": form or AdditionForm(),
        "problem": problem,
        "errors_on_page": status != 200,
    }
    return render(request, "events/event.html", context, status=status)


@require_POST
@requires("events.edit")
def add(request, pk: int):
    found = _event_or_404(request, pk)
    form = AdditionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    filing.add(found, by=request.user, request=request, **form.cleaned_data)
    messages.success(request, _("Added to the file."))
    return redirect("events:event", found.pk)


def _photos(request, found: AdverseEvent) -> list[Photo]:
    """As a report names them: it does not follow the language of whoever makes it."""
    with translation.override("en-gb"):
        return photos_of(found, request.user)


def _report(request, found: AdverseEvent) -> dict:
    return report_of(found, list(found.additions.select_related("by")), _photos(request, found))


@require_safe
@requires("events.view")
def pdf(request, pk: int):
    """Made now from the rows that are locked, sent once, kept nowhere."""
    found = _event_or_404(request, pk)
    report = _report(request, found)
    context = {"event": found, "report": report, "outcomes": dict(AdverseEvent.Outcome.choices), "made_at": timezone.now()}
    context["additions"] = list(found.additions.select_related("by"))
    context["outcome"] = AdverseEvent.Outcome(report["outcome"]).label
    context["photos"] = _photos(request, found)
    try:
        data = as_pdf("events/report.html", "events/report.css", context, paper=found.site.paper)
    except CannotPrint as error:
        record("event.printed", request=request, patient=found.patient_id, obj=found, outcome=Outcome.FAILED)
        return _page(request, found, problem=str(error), status=503)
    record("event.printed", request=request, patient=found.patient_id, obj=found)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="adverse-event-{found.pk}.pdf"'
    return response


@require_safe
@requires("events.view")
def as_json(request, pk: int):
    """The file as data; its schema is docs/adverse-event.schema.json."""
    found = _event_or_404(request, pk)
    data = json.dumps(_report(request, found), ensure_ascii=False, indent=2).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    record("event.exported", request=request, patient=found.patient_id, obj=found, detail={"sha256": sha256})
    response = HttpResponse(data, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="adverse-event-{found.pk}.json"'
    return response
