"""Accepted plans with sessions that nobody has booked yet: the desk's list of courses to place, beside the calendar."""

from django.db.models import F
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from audit.services import note_read
from plans.models import TreatmentPlan

from ..querysets import settled
from ..services.hours import chosen, clinic_zone, local_day, sites_of
from .calendar_drawer import before, drawer_reply, part_of

MOST_SHOWN = 40


def to_place(user, site):
    """Plans in force at *site* with sessions still to place, those that wait longest first. What was passed over is not to book."""
    rows = TreatmentPlan.objects.visible_to(user).filter(status=TreatmentPlan.Status.ACCEPTED, patient__site=site)
    rows = (
        rows.annotate(placed=settled(timezone.now(), "bookings__"))
        .filter(placed__lt=F("sessions_count"))
        .order_by("accepted_at", "pk")
        .select_related("patient")
    )
    return rows.only("number", "sessions_count", "accepted_at", "patient__number", "patient__surname", "patient__given")


@require_safe
@requires("bookings.edit")
def to_place_list(request):
    sites = sites_of(request.user)
    where = before(request)
    site = chosen(sites, where.site if where else request.GET.get("site", ""))
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    zone = clinic_zone(site)
    rows = list(to_place(request.user, site)[: MOST_SHOWN + 1])
    today = local_day(timezone.now(), zone)
    plans = [(row, row.sessions_count - row.placed, _since(local_day(row.accepted_at, zone), today)) for row in rows[:MOST_SHOWN]]
    context = {"plans": plans, "more": len(rows) > MOST_SHOWN, "site": site}
    note_read("plan.to_place_listed", request=request, detail={"found": len(plans)})
    if part_of(request):
        return drawer_reply(request, "sessions/calendar/partials/to_place.html", context, open={"open": "place"})
    return render(request, "sessions/calendar/to_place.html", context)


def _since(accepted, today) -> str:
    days = (today - accepted).days
    ago = gettext("today") if days <= 0 else gettext("yesterday") if days == 1 else gettext("%(days)s\u00a0days ago") % {"days": days}
    return (
        gettext("Accepted %(ago)s, %(accepted)s") % {"ago": ago, "accepted": in_words(accepted)}
        if days > 1
        else gettext("Accepted %(ago)s") % {"ago": ago}
    )
