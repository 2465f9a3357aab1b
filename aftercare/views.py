"""The print queue, the state of one sheet, and the sheet itself."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.core.signing import Signer
from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from audit.models import Outcome
from audit.services import about, note_nothing_new, note_read, record
from plans.querysets import PLAN_DOCUMENTS
from plans.said import in_english
from sessions.models import TreatmentSession
from sessions.querysets import RECORD_DOCUMENTS, of

from .models import HandOver, Sheet
from .services import NotSigned, links, request_sheet, signed_today, without_sheet
from .services.files import NotTheFile, read

STOP_POLLING = 286
OPEN = (Sheet.State.REQUESTED, Sheet.State.RENDERING)
# What the queue shows: all that is not done, and what was done lately.
LATELY = timedelta(days=2)
MOST_ROWS = 100
SLOW_AFTER = timedelta(seconds=10)
_signer = Signer(salt="aftercare.shown-in-the-queue")
TODAY = "today"


def sheets_of(user):
    rows = Sheet.objects.visible_to(user).select_related("session__patient", "session__plan", "session__booking__site", "requested_by")
    rows = rows.defer(*of("session", RECORD_DOCUMENTS), *of("session__plan", PLAN_DOCUMENTS))
    return rows.prefetch_related(Prefetch("hand_overs", HandOver.objects.select_related("by")))


def _with_age(sheets, now: datetime):
    for sheet in sheets:
        sheet.is_slow = sheet.is_open and now - sheet.requested_at > SLOW_AFTER
    return sheets


def _progress(user, since: datetime | None) -> dict:
    """How far the sheets asked for from *since* on have come; without it those of the records signed today."""
    rows = Sheet.objects.visible_to(user)
    if since is None:
        rows = rows.filter(session__in=[session.pk for session in signed_today(user)], superseded_at=None)
    else:
        rows = rows.filter(requested_at__gte=since)
    states = list(rows.values_list("state", flat=True))
    return {
        "since": TODAY if since is None else since.isoformat(),
        "before": f"{gettext('Today:')} " if since is None else "",
        "total": len(states),
        "ready": states.count(Sheet.State.READY),
        "failed": states.count(Sheet.State.FAILED),
        "open": sum(1 for state in states if state in OPEN),
    }


@requires("sheets.view")
@require_safe
def queue(request):
    """The whole page, or for htmx the progress with the rows that were still open on the screen."""
    now = timezone.now()
    if request.htmx:
        return _queue_news(request, now)
    rows = list(
        sheets_of(request.user)
        .filter(Q(state__in=(*OPEN, Sheet.State.FAILED)) | Q(requested_at__gte=now - LATELY))
        .order_by("-requested_at", "-pk")[:MOST_ROWS]
    )
    note_read("sheets.listed", request=request, detail={"rows": len(rows)})
    waiting = [row for row in rows if row.is_open]
    today = signed_today(request.user)
    if request.GET.get("batch") == TODAY:
        progress = _progress(request.user, None)
    else:
        progress = _progress(request.user, min(row.requested_at for row in waiting)) if waiting else None
    return render(
        request,
        "aftercare/queue.html",
        {
            "sheets": _with_age(rows, now),
            "open_ids": _shown(request.user, waiting),
            "progress": progress,
            "today": len(today),
            "missing_today": len(without_sheet(today)),
            "may_make": request.user.may("sheets.make"),
        },
    )


def _shown(user, rows: list[Sheet]) -> str:
    """The numbers of *rows*, which are on the screen of *user* from now on, signed: only what was shown is asked for without a look."""
    numbers = ",".join(str(row.pk) for row in rows)
    return f"{numbers}:{_signer.signature(f'{user.pk}:{numbers}')}" if rows else ""


def _asked_for(request) -> tuple[list[int], bool]:
    """(numbers of the sheets the page asks for, whether they were on this person's screen)."""
    numbers, _, sign = request.GET.get("open", "").partition(":")
    was_shown = constant_time_compare(sign, _signer.signature(f"{request.user.pk}:{numbers}"))
    return [int(part) for part in numbers.split(",")[:MOST_ROWS] if part.isdecimal()], was_shown


def _queue_news(request, now: datetime):
    asked, was_shown = _asked_for(request)
    rows = list(sheets_of(request.user).filter(pk__in=asked))
    waiting = [row for row in rows if row.is_open]
    since = _since(request.GET.get("since", ""), rows, now)
    done = [row for row in rows if not row.is_open]
    if was_shown and not done:
        note_nothing_new()
    else:
        note_read("sheets.listed", request=request, detail={"rows": len(done if was_shown else rows)})
    return render(
        request,
        "aftercare/partials/_news.html",
        {
            "sheets": _with_age(rows, now),
            "open_ids": _shown(request.user, waiting),
            "progress": _progress(request.user, since),
            "may_make": request.user.may("sheets.make"),
        },
        status=200 if waiting else STOP_POLLING,
    )


def _since(text: str, rows: list[Sheet], now: datetime) -> datetime | None:
    """From when on the progress counts; None for the batch of today."""
    if text == TODAY:
        return None
    try:
        since = parse_datetime(text)
    except ValueError:
        since = None
    if since is None or timezone.is_naive(since):
        since = min((row.requested_at for row in rows), default=now)
    return since


@requires("sheets.make")
@require_POST
def make_today(request):
    """Ask for every sheet of today that is not there: those nobody asked for, and those that failed."""
    for session in without_sheet(signed_today(request.user)):
        request_sheet(session, by=request.user)
    return redirect(f"{reverse('aftercare:queue')}?batch={TODAY}")


@requires("sheets.make")
@require_POST
def ask(request, pk):
    """Ask for the sheet of one session, or for a failed one again. Answers at once."""
    session = get_object_or_404(TreatmentSession.objects.visible_to(request.user).select_related("booking__site", "patient"), pk=pk)
    about(session.patient_id)
    variant = request.POST.get("variant") or None
    if variant not in (None, *Sheet.Variant.values):
        return render(
            request,
            "aftercare/not_yet.html",
            {"session": session, "fault": gettext("Choose A4 or US Letter, in usual or in large print.")},
            status=422,
        )
    try:
        sheet = request_sheet(session, by=request.user, variant=variant)
    except NotSigned:
        fault = gettext("Sign the record first: the sheet is made from what was signed.")
        return render(request, "aftercare/not_yet.html", {"session": session, "fault": fault}, status=422)
    if not request.htmx:
        return redirect("aftercare:sheet", pk=sheet.pk)
    return _state(request, sheet)


@requires("sheets.view")
@require_safe
def sheet(request, pk):
    row = get_object_or_404(sheets_of(request.user), pk=pk)
    if request.htmx and row.is_open:
        note_nothing_new()
        return _state(request, row, stop=True)
    note_read("sheet.viewed", request=request, patient=row.session.patient_id, obj=row)
    if request.htmx:
        return _state(request, row, stop=True)
    return state_page(request, row)


def state_page(request, row: Sheet, *, fault: str = "", typed: dict | None = None, status: int = 200):
    """The page of one sheet; *fault* with what was *typed*, where it was not noted whom it was given to."""
    _with_age([row], timezone.now())
    newest = None
    if row.superseded_at:
        newest = Sheet.objects.filter(session=row.session_id, variant=row.variant, superseded_at=None).order_by("-record_version").first()
    link = getattr(row, "link", None)
    return render(
        request,
        "aftercare/state.html",
        {
            "sheet": row,
            "session": row.session,
            "newest": newest,
            "link": link,
            "link_is_open": link is not None and link.page != "" and link.ended_at is None and link.ends_at > timezone.now(),
            "link_until": _until(link) if link else "",
            "may_make": request.user.may("sheets.make"),
            "to": HandOver.To,
            "request_key": uuid4(),
            "fault": fault,
            "typed": typed or {},
        },
        status=status,
    )


def _until(link) -> str:
    """As the sheet writes days where the page is English, else in the language of the page."""
    return links.until(link) if in_english() else in_words(links.last_day(link))


def _state(request, row: Sheet, *, stop: bool = False):
    """The sheet's state alone; *stop* ends the asking once there is nothing left to wait for."""
    _with_age([row], timezone.now())
    return render(
        request,
        "aftercare/partials/_sheet_state.html",
        {"sheet": row, "session": row.session, "may_make": request.user.may("sheets.make"), "is_news": True},
        status=STOP_POLLING if stop and not row.is_open else 200,
    )


@requires("sheets.view")
@require_safe
def pdf(request, pk):
    """The file, byte for byte as it was made. Each opening is noted: from here it is printed."""
    row = get_object_or_404(sheets_of(request.user), pk=pk)
    if row.state != Sheet.State.READY:
        return redirect("aftercare:sheet", pk=row.pk)
    try:
        data = read(row)
    except NotTheFile as error:
        record(
            "sheet.opened", request=request, patient=row.session.patient_id, obj=row, outcome=Outcome.REFUSED, detail={"file": str(error)}
        )
        return render(request, "aftercare/not_the_file.html", {"sheet": row, "session": row.session}, status=409)
    note_read("sheet.opened", request=request, patient=row.session.patient_id, obj=row, detail={"sha256": row.sha256})
    return _as_pdf(row, data)


def _as_pdf(row: Sheet, data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{row.number}.pdf"'
    return response
