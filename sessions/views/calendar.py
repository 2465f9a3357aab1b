"""The day on one page: by people, rooms or devices."""

import datetime as dt

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import record

from ..day_list import VIEWS, day_of
from ..forms.booking import read_day, within_reach
from ..models import Booking
from ..services.hours import clinic_zone, site_of


@require_safe
@requires("bookings.view")
def day(request, date: str = ""):
    """`/calendar/2026-11-24/?by=rooms`. A day typed into the picker comes as ?day= and goes on to its own address."""
    site = site_of(request.user)
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    zone = clinic_zone(site)
    now = timezone.now()
    today = now.astimezone(zone).date()
    by = request.GET.get("by", "people")
    by = by if by in VIEWS else "people"
    if "day" in request.GET:
        wanted = read_day(request.GET["day"], today)
        return redirect(_address(wanted or today, by))
    try:
        shown = dt.date.fromisoformat(date) if date else today
    except ValueError as error:
        raise Http404 from error
    if not within_reach(shown, today):
        raise Http404
    diary = day_of(Booking.objects.visible_to(request.user), site, shown, by, now)
    steps = {"before": shown - dt.timedelta(days=1), "after": shown + dt.timedelta(days=1)}
    context = {
        "site": site,
        "diary": diary,
        "day": shown,
        "today": today,
        "now": now,
        "by": by,
        "views": [(name, name.capitalize(), _address(shown, name)) for name in VIEWS],
        "before": _address(steps["before"], by),
        "after": _address(steps["after"], by),
        "to_today": _address(today, by),
        "iso": shown.isoformat(),
        "bookable": request.user.may("bookings.edit") and shown >= today,
    }
    response = render(request, "sessions/booking/day.html", context)
    record("calendar.viewed", request=request, detail={"day": shown.isoformat(), "by": by, "bookings": diary.count + len(diary.gone)})
    return response


def _address(day: dt.date, by: str) -> str:
    return f"{reverse('sessions:day_on', args=[day.isoformat()])}?by={by}"
