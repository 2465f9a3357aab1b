"""Visits that stand although somebody or something they need is away, the site is closed, or a thing is retired: entered after them."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words

from ..models import Absence, Booking, Holiday, Resource
from .hours import clinic_zone, local_day

_A_DAY = dt.timedelta(days=1)
WAITING = (Booking.Status.BOOKED, Booking.Status.ARRIVED)


def away_words(visits: Iterable[Booking]) -> dict[int, str]:
    """
    `Closed: Christmas Day`, `Room 2 away: repair` or `Pen A out of service from 3 Dec 2026` for each of *visits* that has not begun
    and stands in it, by the visit's pk. Three queries, and one more where somebody is away and the holds are not loaded yet.
    """
    waiting = [visit for visit in visits if visit.status in WAITING]
    if not waiting:
        return {}
    start, end = min(visit.starts_at for visit in waiting), max(visit.ends_at for visit in waiting)
    absences: dict[int, list[Absence]] = {}
    for absence in Absence.objects.filter(starts_at__lt=end, ends_at__gt=start).select_related("resource"):
        absences.setdefault(absence.resource_id, []).append(absence)
    sites = {visit.site_id for visit in waiting}
    around = (start.date() - _A_DAY, end.date() + _A_DAY)
    closed = {(row.site_id, row.day): row.name for row in Holiday.objects.filter(site__in=sites, day__range=around)}
    here = Q(site__in=sites) | Q(hours__site__in=sites)
    retired = {row.pk: row for row in Resource.objects.filter(here, retired_on__lte=around[1]).select_related("site")}
    if not absences and not closed and not retired:
        return {}
    words: dict[int, str] = {}
    prefetch_related_objects(waiting, "holds")
    for visit in waiting:
        if said := _of(visit, absences, closed, retired):
            words[visit.pk] = said
    return words


def _of(visit: Booking, absences: dict[int, list[Absence]], closed: dict, retired: dict[int, Resource]) -> str:
    zone = clinic_zone(visit.site)
    days = (local_day(at, zone) for at in (visit.starts_at, visit.ends_at))
    if name := next((closed[visit.site_id, day] for day in days if (visit.site_id, day) in closed), ""):
        return closed_words(name)
    for hold in visit.holds.all():
        away = next((a for a in absences.get(hold.resource_id, ()) if a.starts_at < hold.ends_at and a.ends_at > hold.starts_at), None)
        if away is not None:
            return absent_words(away.resource, away.reason)
        gone = retired.get(hold.resource_id)
        if gone is not None and local_day(hold.starts_at, clinic_zone(gone.site)) >= gone.retired_on:
            return retired_words(gone)
    return ""


# In which words it is said, wherever it is


def closed_words(name: str) -> str:
    """Nobody is away on a day on which the site is closed."""
    return gettext("Closed: %(name)s") % {"name": name}


def absent_words(resource: Resource, reason: str) -> str:
    return gettext("%(resource)s away: %(reason)s") % {"resource": resource, "reason": reason}


def retired_words(resource: Resource) -> str:
    return gettext("%(resource)s out of service from %(retired_on)s") % {"resource": resource, "retired_on": in_words(resource.retired_on)}
