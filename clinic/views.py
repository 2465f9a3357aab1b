"""The top of the clinic: Today, the search box, and whether all stands."""

from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import may, public, requires
from audit.services import record
from patients.views.people import shown

from . import find as finding
from .health import state
from .today import worklist_of


@require_safe
@requires("today.view")
def home(request):
    return redirect("clinic:today")


@require_safe
@requires("today.view")
def today(request):
    everyone = request.GET.get("who") == "everyone"
    context = {"work": worklist_of(request.user, everyone=everyone)}
    if "poll" in request.GET:
        # The same list looked at for longer: the page's first load is what the log keeps.
        return render(request, "clinic/partials/worklist.html", context)
    response = render(request, "clinic/today.html", context)
    record("today.viewed", request=request, detail={"found": context["work"].count})
    return response


@require_safe
@requires("patients.find")
def find(request):
    text = request.GET.get("q", "").strip()[:100]
    context = {"q": text}
    if text:
        context |= {
            "patients": shown(finding.patients(request.user, text)),
            "bookings": finding.bookings(request.user, text),
            "protocols": finding.protocols(request.user, text),
        }
        record("patients.searched", request=request, detail={"found": len(context["patients"]), "bookings": len(context["bookings"])})
    return render(request, "clinic/find.html", context)


@never_cache
@require_safe
@public
def health(request):
    """200 where all stands, else 503. What is wrong is said only to people who may see the settings."""
    found = state()
    whole = not any(found.values())
    answer = {"status": "ok" if whole else "failing"}
    if not found["database"] and may(request.user, "settings.view"):
        answer["checks"] = {name: problem or "ok" for name, problem in found.items()}
    return JsonResponse(answer, status=200 if whole else 503)
