"""The top of the clinic: Today, the search box, and whether all stands."""

from django.core.paginator import Paginator
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.desk.middleware import while_locked
from accounts.permissions import may, public, requires
from accounts.reach import reach_of
from accounts.settings_links import groups_for
from audit.services import note_nothing_new, note_read
from patients.views.people import shown
from protocols.services import current_version

from . import find as finding
from . import purpose
from .consent_ahead import ahead_of
from .health import state
from .standing import lines as standing_lines
from .today import worklist_of
from .today_html import rows_of

PER_PAGE = 25


@require_safe
@requires("today.view")
def home(request):
    return redirect("clinic:today")


@require_safe
@requires("today.view")
def today(request):
    if clock := reach_of(request.user).clock:
        timezone.activate(clock)
    everyone = request.GET.get("who") == "everyone"
    work = worklist_of(request.user, everyone=everyone)
    context = {"work": work, "rows": rows_of(work, request)}
    if "poll" in request.GET:
        if request.GET.get("seen") == work.seen:
            note_nothing_new()  # the same list looked at for longer
        else:
            note_read("today.viewed", request=request, detail={"found": work.count, "news": True})
        return render(request, "clinic/partials/worklist.html", context)
    response = render(request, "clinic/today.html", context)
    note_read("today.viewed", request=request, detail={"found": work.count})
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.find")
def find(request):
    """What is looked for is sent, not put in the address: addresses stay in histories and in the logs of whatever stands between."""
    text = request.POST.get("q", "").strip()[:100]
    context = {"q": text}
    if text:
        context |= {
            "patients": shown(finding.patients(request.user, text)),
            "bookings": finding.bookings(request.user, text),
            "protocols": finding.protocols(request.user, text),
        }
        note_read("patients.searched", request=request, detail={"found": len(context["patients"]), "bookings": len(context["bookings"])})
    return render(request, "clinic/find.html", context)


@require_safe
@requires("protocols.view")
def intended_purpose(request):
    """What the planner is for, and which protocol version holds now."""
    return render(request, "clinic/intended_purpose.html", {"page": purpose.intended_purpose(), "version": current_version()})


@require_safe
@requires("settings.view")
def settings(request):
    """Links to everything this person may set or look up."""
    return render(request, "clinic/settings.html", {"groups": groups_for(request.user)})


@require_safe
@requires("health.view")
def standing(request):
    """How the clinic's software stands, in words. Says nothing of patients."""
    return render(request, "clinic/standing.html", {"lines": standing_lines(), "now": timezone.now()})


@never_cache
@require_safe
@while_locked
@public
def health(request):
    """200 where all stands, else 503. What is wrong is said only to people who may see the settings."""
    found = state()
    whole = not any(found.values())
    answer = {"status": "ok" if whole else "failing"}
    if not found["database"] and may(request.user, "settings.view"):
        answer["checks"] = {name: problem or "ok" for name, problem in found.items()}
    return JsonResponse(answer, status=200 if whole else 503)


@require_safe
@requires("consent.take")
def consent_ahead(request):
    """Whose consent is to be renewed before a visit to come."""
    rows = ahead_of(request.user)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", ""))
    note_read("consent.ahead_listed", request=request, detail={"found": len(rows)})
    return render(request, "clinic/consent_ahead.html", {"page": page, "rows": list(page), "query": ""})
