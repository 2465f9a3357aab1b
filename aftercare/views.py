"""The print queue, the state of one sheet, and the sheet itself."""

from datetime import datetime, timedelta

from django.core.signing import Signer
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import about, note_nothing_new, note_read, record
from plans.querysets import PLAN_DOCUMENTS
from sessions.models import TreatmentSession
from sessions.querysets import RECORD_DOCUMENTS, of

from .models import Sheet
from .services import NotSigned, request_sheet
from .services.files import NotTheFile, read

STOP_POLLING = 286
OPEN = (Sheet.State.REQUESTED, Sheet.State.RENDERING)
# What the queue shows: all that is not done, and what was done lately.
LATELY = timedelta(days=2)
MOST_ROWS = 100
SLOW_AFTER = timedelta(seconds=10)
_signer = Signer(salt="aftercare.shown-in-the-queue")


def _sheets_of(user):
    rows = Sheet.objects.visible_to(user).select_related("session__patient", "session__plan", "session__booking__site", "requested_by")
    return rows.defer(*of("session", RECORD_DOCUMENTS), *of("session__plan", PLAN_DOCUMENTS))


def _with_age(sheets, now: datetime):
    for sheet in sheets:
        sheet.is_slow = sheet.is_open and now - sheet.requested_at > SLOW_AFTER
    return sheets


def _progress(user, since: datetime) -> dict:
    """How far the sheets asked for from *since* on have come."""
    states = list(Sheet.objects.visible_to(user).filter(requested_at__gte=since).values_list("state", flat=True))
    return {
        "since": since.isoformat(),
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
        _sheets_of(request.user)
        .filter(Q(state__in=(*OPEN, Sheet.State.FAILED)) | Q(requested_at__gte=now - LATELY))
        .order_by("-requested_at", "-pk")[:MOST_ROWS]
    )
    note_read("sheets.listed", request=request, detail={"rows": len(rows)})
    waiting = [row for row in rows if row.is_open]
    return render(
        request,
        "aftercare/queue.html",
        {
            "sheets": _with_age(rows, now),
            "open_ids": _shown(request.user, waiting),
            "progress": _progress(request.user, min(row.requested_at for row in waiting)) if waiting else None,
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
    rows = list(_sheets_of(request.user).filter(pk__in=asked))
    waiting = [row for row in rows if row.is_open]
    try:
        since = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        since = None
    if since is None or timezone.is_naive(since):
        since = min((row.requested_at for row in rows), default=now)
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
            {"session": session, "fault": "Choose A4 or US Letter, in usual or in large print."},
            status=422,
        )
    try:
        sheet = request_sheet(session, by=request.user, variant=variant)
    except NotSigned:
        fault = "Sign the record first: the sheet is made from what was signed."
        return render(request, "aftercare/not_yet.html", {"session": session, "fault": fault}, status=422)
    if not request.htmx:
        return redirect("aftercare:sheet", pk=sheet.pk)
    return _state(request, sheet)


@requires("sheets.view")
@require_safe
def sheet(request, pk):
    row = get_object_or_404(_sheets_of(request.user), pk=pk)
    if request.htmx and row.is_open:
        note_nothing_new()
        return _state(request, row, stop=True)
    note_read("sheet.viewed", request=request, patient=row.session.patient_id, obj=row)
    if request.htmx:
        return _state(request, row, stop=True)
    _with_age([row], timezone.now())
    return render(request, "aftercare/state.html", {"sheet": row, "session": row.session, "may_make": request.user.may("sheets.make")})


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
    row = get_object_or_404(_sheets_of(request.user), pk=pk)
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
