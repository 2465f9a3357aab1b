"""The end of a day, and tomorrow on paper: one site and one day each."""

import datetime as dt

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import gathered, note_read, record
from papers.drawing import CannotPrint, as_pdf
from sessions.forms.booking import read_day, within_reach
from sessions.services.hours import chosen, clinic_zone, local_day, sites_of

from .ending import ending_of
from .pack import pack_of

A_DAY = dt.timedelta(days=1)


def _asked(request, sent, *, days_on: int = 0):
    """(sites of the user, the chosen one, the day asked for): today at that site, or *days_on* days later, where none can be read."""
    sites = sites_of(request.user)
    site = chosen(sites, sent.get("site", ""))
    if site is None:
        return sites, None, None
    today = local_day(timezone.now(), clinic_zone(site))
    day = read_day(sent.get("day", ""), today)
    return sites, site, day if day is not None and within_reach(day, today) else today + days_on * A_DAY


@require_safe
@requires("day.end")
def end_of_day(request):
    sites, site, day = _asked(request, request.GET)
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    ending = ending_of(request.user, site, day)
    today = local_day(timezone.now(), clinic_zone(site))
    note_read("day.end_viewed", request=request, detail={"site": site.pk, "day": day.isoformat(), "left": ending.count})
    context = {
        "ending": ending,
        "sites": sites if len(sites) > 1 else [],
        "before": day - A_DAY,
        "after": day + A_DAY if day < today else None,
        "today": today,
        "tomorrow": day + A_DAY,
    }
    return render(request, "clinic/end_of_day.html", context)


@require_safe
@requires("day.pack")
def pack(request):
    """What would be printed, before anything is: the day, and for whom."""
    sites, site, day = _asked(request, request.GET, days_on=1)
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    return _pack_page(request, sites, site, day)


def _pack_page(request, sites, site, day, *, problem: str = "", status: int = 200):
    found = pack_of(request.user, site, day)
    note_read("day.pack_viewed", request=request, detail={"site": site.pk, "day": day.isoformat(), "visits": found.count})
    context = {
        "pack": found,
        "sites": sites if len(sites) > 1 else [],
        "site": site,
        "day": day,
        "before": day - A_DAY,
        "after": day + A_DAY,
        "problem": problem,
        "errors_on_page": bool(problem),
    }
    return render(request, "clinic/pack.html", context, status=status)


@require_POST
@requires("day.pack")
def print_pack(request):
    """The pack as a PDF. It is made now, sent once and kept nowhere: what is out of date must not lie about."""
    sites, site, day = _asked(request, request.POST, days_on=1)
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    with translation.override("en-gb"):
        found = pack_of(request.user, site, day)
    said = {"site": site.pk, "day": day.isoformat()}
    try:
        with translation.override("en-gb"):
            data = as_pdf("clinic/pack_print.html", "clinic/pack_print.css", {"pack": found}, paper=site.paper)
    except CannotPrint as error:
        record("day.pack_printed", request=request, outcome=Outcome.FAILED, detail=said)
        return _pack_page(request, sites, site, day, problem=str(error), status=503)
    # One row for each whose name went onto the paper, so that the log of each patient shows it.
    with transaction.atomic(), gathered():
        for pk in sorted({line.patient_pk for line in found.lines}) or [None]:
            record("day.pack_printed", request=request, patient=pk, detail=said)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="day-{site.slug}-{day.isoformat()}.pdf"'
    return response
