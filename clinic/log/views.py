"""Who opened this record; the search of the log; its rows as a file. Looking into the log is itself a row of it."""

import datetime as dt
import hashlib
import json
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import about, note_read
from patients.models import Patient

from ..csv_out import lines as csv_lines
from . import reading
from .forms import SearchForm
from .reading import Search, found, lines_of, page_of, patient_pks, people_of
from .words import words_of

MOST_IN_FILE = 50_000
_CHUNK = 2_000
HEADER = (
    "Row", "Time (UTC)", "Person", "Person's number", "Action", "In words", "How it ended", "Patient number", "What kind", "Its number",
    "Network address", "Address of the page", "Details",
)  # fmt: skip


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _fields(search: Search) -> dict:
    return {name: value for name in Search.__dataclass_fields__ if (value := getattr(search, name)) not in (None, "")}


def _context(request, rows, search: Search, **more) -> dict:
    """A page of *rows* and the addresses of the pages beside it, which keep what was searched."""
    page = page_of(rows, before=_number(request.GET.get("before")), after=_number(request.GET.get("after")))
    asked = _fields(search) if "form" in more else {}
    return {
        "lines": lines_of(request.user, page.rows),
        "older": f"?{urlencode({**asked, 'before': page.before})}" if page.before else "",
        "newer": f"?{urlencode({**asked, 'after': page.after})}" if page.after else "",
        "newest": f"?{urlencode(asked)}" if page.after else "",
        "file": urlencode(_fields(search)),
        "search": search,
        **more,
    }


def _note(request, search: Search, action: str = "log.viewed", **detail) -> None:
    pks = patient_pks(request.user, search.patient) if search.patient is not None else []
    for pk in pks or [None]:  # of a person registered twice, at both records
        note_read(action, request=request, patient=pk, detail={**search.as_detail(), **detail})


@require_safe
@requires("audit.view")
def log(request):
    form = SearchForm(request.GET, user=request.user)
    if not form.is_valid():
        return render(request, "clinic/log/search.html", {"form": form, "errors_on_page": True}, status=422)
    search = form.search
    rows = found(request.user, search)
    people = people_of(rows) if search.patient is not None else []
    context = _context(request, rows, search, form=form, people=people)
    _note(request, search, rows=len(context["lines"]))
    return render(request, "clinic/log/search.html", context)


@require_safe
@requires("audit.view")
def patient_log(request, number: int):
    """Who opened this record: the people first, then every row. For an auditor without the name."""
    pks = patient_pks(request.user, number)
    if not pks:
        raise Http404
    about(pks[0])
    search = Search(patient=number)
    rows = found(request.user, search)
    shown = Patient.objects.visible_to(request.user).select_related("site").filter(number=number).first()
    context = _context(request, rows, search, number=number, patient=shown, people=people_of(rows), tab="log")
    _note(request, search, rows=len(context["lines"]))
    return render(request, "clinic/log/patient.html", context)


@require_safe
@requires("audit.view")
def log_file(request):
    """
    The rows of a search as a file for a spreadsheet, newest first, made whole before it leaves: the row that says it was taken out
    holds how many rows and the file's SHA-256.
    """
    form = SearchForm(request.GET, user=request.user)
    if not form.is_valid():
        return render(request, "clinic/log/search.html", {"form": form, "errors_on_page": True}, status=422)
    search, before = form.search, _number(request.GET.get("before"))
    rows = found(request.user, search).filter(**({"pk__lt": before} if before else {}))
    whole = hashlib.sha256()
    parts = []
    with translation.override("en-gb"):
        for line in csv_lines(HEADER, _cells(rows)):
            parts.append(line.encode())
            whole.update(parts[-1])
    count = len(parts) - 1  # the first line names the columns
    _note(request, search, "log.exported", rows=count, sha256=whole.hexdigest(), **({"before": before} if before else {}))
    response = HttpResponse(b"".join(parts), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(_last_row(parts, count))}"'
    return response


def _last_row(parts: list[bytes], count: int) -> int | None:
    """The number of the oldest row in a file that is full, from which the next file goes on."""
    return int(parts[-1].split(b",", 1)[0].strip(b'"')) if count == MOST_IN_FILE else None


def _file_name(last: int | None) -> str:
    day = timezone.localdate().isoformat()
    return f"log-{day}-more-before-{last}.csv" if last else f"log-{day}.csv"


def _cells(rows):
    """Rows as cells, read along the index some thousand at a time."""
    before, left = None, MOST_IN_FILE
    while left:
        chunk = list((rows.filter(pk__lt=before) if before else rows)[: min(_CHUNK, left)])
        if not chunk:
            return
        pks = {row.patient_pk for row in chunk if row.patient_pk is not None}
        numbers = reading.numbers_of(pks)
        for row in chunk:
            yield (
                row.pk, row.at.astimezone(dt.UTC).isoformat(), row.actor_name, row.actor_id,
                row.action, words_of(row.action), row.get_outcome_display(), numbers.get(row.patient_pk, ""), row.object_type,
                row.object_pk, row.address, row.path, json.dumps(row.detail, sort_keys=True, ensure_ascii=False) if row.detail else "",
            )  # fmt: skip
        before, left = chunk[-1].pk, left - len(chunk)
