"""The board of courses that drift: by site and kind, the latest first, each with the way to mend it."""

from collections import Counter

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from sessions.services.hours import chosen, sites_of

from ..services import drift as service

PER_PAGE = 25


@require_safe
@requires("bookings.edit")
def board(request):
    sites = sites_of(request.user)
    site = chosen(sites, request.GET.get("site", ""))
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    courses = service.board(request.user, site)
    kind = request.GET.get("kind", "")
    kind = kind if kind in service.WORDS else ""
    counts = Counter(str(course.kind) for course in courses)
    page = Paginator([course for course in courses if not kind or course.kind == kind], PER_PAGE).get_page(request.GET.get("page", ""))
    lines = service.lines(request.user, list(page), site)
    note_read("courses.drift_listed", request=request, detail={"found": len(lines)})
    context = {
        "site": site,
        "sites": sites,
        "page": page,
        "rows": [(line, service.ON_THE_SCREEN[line.kind], service.TONES[line.kind], *_do(line)) for line in lines],
        "kinds": [("", _("All"), len(courses)), *((name, words, counts[name]) for name, words in service.WORDS.items())],
        "kind": kind,
        "query": f"&kind={kind}" if kind else "",
        "tab": "drift",
    }
    return render(request, "followup/drift.html", context)


def _do(line: service.Line) -> tuple[str, str]:
    """(words, address) of the one thing to do."""
    number = line.plan.patient.number
    if line.kind == service.Kind.REVIEW:
        return _("Book the review"), f"{reverse('sessions:book')}?patient={number}&kind=review&plan={line.plan.number}"
    if line.unmarked is not None:
        return _("Say what came of it"), reverse("sessions:booking", args=[line.unmarked.pk])
    course = reverse("sessions:book_course", args=[number, line.plan.number])
    return (_("Look at the course") if line.next_at else _("Book the next session")), course
