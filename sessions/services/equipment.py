"""
What can be booked, when, and for how long: people, rooms, bays, devices, their hours and leave, closed days and lengths of visits.
Entered by a manager or medical lead of the site. Visits that stand are never moved: how many are touched comes back in words.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Site, User
from accounts.permissions import PERMISSIONS
from accounts.seen import digest
from audit.services import record

from ..models import Absence, Booking, DeviceUse, Hold, Holiday, NumbingTime, Resource, ResourceHours, ServiceTime
from .hours import clinic_zone, day_bounds, local_day, service_time

FIELDS = ("name", "device_kind", "device_brand", "cleaning_minutes", "retired_on", "is_active")
Week = dict[int, list[tuple[dt.time, dt.time]]]  # opening and closing times by weekday, 0 = Monday


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


class Changed(Exception):
    """Somebody else changed it since the form was shown."""


def of_site(site: Site) -> list[Resource]:
    """Everything bookable at *site*, also what is out of service, with its hours there as `hours_here`."""
    hours = Prefetch("hours", ResourceHours.objects.filter(_here(site)), to_attr="hours_here")
    return list(Resource.objects.at(site).select_related("user", "site").prefetch_related(hours).order_by("kind", "name", "pk"))


def _here(site: Site) -> Q:
    """Hours at *site*, of what belongs there and of who comes from elsewhere."""
    return Q(site=site) | Q(site__isnull=True, resource__site=site)


def hours_at(resource: Resource, site: Site):
    return resource.hours.filter(_here(site))


def not_bookable_yet(site: Site) -> list[User]:
    """Who treats at *site*, invited or signed in, and has no column in its diary; perhaps in that of another site."""
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS["records.sign"], sites=site)
    people = people.exclude(resource__in=Resource.objects.at(site))
    return list(people.order_by("last_name", "first_name", "pk"))


def seen_of(resource: Resource) -> str:
    trained = sorted(resource.users.values_list("clinician_id", flat=True)) if resource.kind == Resource.Kind.DEVICE else []
    return digest(*(getattr(resource, name) for name in FIELDS), trained)


def seen_hours(resource: Resource, site: Site) -> str:
    return digest(*sorted(map(str, hours_at(resource, site).values_list("weekday", "opens", "closes", "valid_from", "valid_until"))))


def add_resource(*, site: Site, kind: str, by: User, name: str = "", user: User | None = None, request=None, **fields) -> Resource:
    """
    Raises Refused where the name is taken. A clinician is a person who works at *site*, and is called as they are; the same one
    again is the one that stands, also where they belong to another site: hours here are what makes them bookable here.
    """
    if kind == Resource.Kind.CLINICIAN:
        standing = Resource.objects.filter(user=user, user__sites=site).first() if user else None
        if standing is not None:
            return standing
        if user is None or user not in not_bookable_yet(site):
            raise Refused(gettext("Choose somebody who treats at this site and takes no bookings yet."), field="user")
        name = user.display_name
    try:
        with transaction.atomic():
            made = Resource.objects.create(site=site, kind=kind, name=name, user=user, **fields)
            record("diary.resource_added", actor=by, obj=made, request=request, detail={"kind": kind, "site": site.pk})
    except IntegrityError as clash:
        raise Refused(
            gettext("There is a %(kind)s called %(name)s at %(site)s already.")
            % {"kind": Resource.Kind(kind).label.lower(), "name": name, "site": site.name},
            field="name",
        ) from clash
    return made


def change_resource(resource: Resource, *, by: User, was: str, trained: list[Resource] | None = None, request=None, **fields) -> int:
    """
    Write *fields* and, for a device, who is *trained* on it. Returns how many visits stand after it is retired.
    Raises Refused, Changed.
    """
    try:
        with transaction.atomic():
            stored = Resource.objects.select_for_update(no_key=True, of=("self",)).get(pk=resource.pk)
            if seen_of(stored) != was:
                raise Changed
            for name, value in fields.items():
                setattr(stored, name, value)
            stored.save(update_fields=list(fields))
            if trained is not None:
                stored.users.exclude(clinician__in=trained).delete()
                for clinician in trained:
                    DeviceUse.objects.get_or_create(device=stored, clinician=clinician)
            record(
                "diary.resource_changed", actor=by, obj=stored, request=request, detail={name: str(value) for name, value in fields.items()}
            )
    except IntegrityError as clash:
        raise Refused(
            gettext("There is one called %(fields)s already.") % {"fields": fields.get("name", resource.name)}, field="name"
        ) from clash
    if not stored.is_active:
        return standing(stored, timezone.now())
    return standing(stored, day_bounds(stored.retired_on, clinic_zone(stored.site))[0]) if stored.retired_on else 0


def standing(resource: Resource, start: dt.datetime, end: dt.datetime | None = None) -> int:
    """Visits to come that hold *resource* between *start* and *end*."""
    holds = Hold.objects.filter(resource=resource, is_live=True, ends_at__gt=max(start, timezone.now()))
    holds = holds.filter(booking__status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED))
    if end is not None:
        holds = holds.filter(starts_at__lt=end)
    return holds.values("booking").distinct().count()


def week_of(resource: Resource, day: dt.date, site: Site) -> Week:
    """The weekly hours at *site* that hold on *day*."""
    week: Week = {}
    valid = hours_at(resource, site).filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day), Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    )
    for row in valid.order_by("weekday", "opens"):
        week.setdefault(row.weekday, []).append((row.opens, row.closes))
    return week


def set_hours(resource: Resource, *, site: Site, week: Week, from_day: dt.date | None, by: User, was: str, request=None) -> None:
    """
    The weekly hours at *site* from *from_day* on; None = always. What held before that day stays for the days before it, and hours at
    other sites stay as they are.
    Raises Changed where others were entered since the form was shown.
    """
    with transaction.atomic():
        stored = Resource.objects.select_for_update(no_key=True, of=("self",)).get(pk=resource.pk)
        if seen_hours(stored, site) != was:
            raise Changed
        here = hours_at(stored, site)
        if from_day is None or not here.exists():
            here.delete()
        else:
            here.filter(valid_from__gte=from_day).delete()
            running = here.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=from_day))
            running.update(valid_until=from_day - dt.timedelta(days=1))
        ResourceHours.objects.bulk_create(
            ResourceHours(
                resource=stored,
                site=None if stored.site_id == site.pk else site,
                weekday=weekday,
                opens=opens,
                closes=closes,
                valid_from=from_day,
            )
            for weekday, spans in week.items()
            for opens, closes in spans
        )
        days = len([spans for spans in week.values() if spans])
        detail = {"from": from_day.isoformat() if from_day else "always", "days": days, "site": site.pk}
        record("diary.hours_changed", actor=by, obj=stored, request=request, detail=detail)


def add_absence(
    resource: Resource, *, starts_at: dt.datetime, ends_at: dt.datetime, reason: str, by: User, request=None
) -> tuple[Absence, int]:
    """Leave, service or closure. Returns it and how many visits stand in it; sent twice, it is there once."""
    if ends_at <= starts_at:
        raise Refused(gettext("The end must be after the beginning."), field="until")
    with transaction.atomic():
        made, is_new = Absence.objects.get_or_create(resource=resource, starts_at=starts_at, ends_at=ends_at, defaults={"reason": reason})
        if is_new:
            span = {"from": starts_at.isoformat(), "until": ends_at.isoformat()}
            record("diary.absence_added", actor=by, obj=resource, request=request, detail=span)
    return made, standing(resource, starts_at, ends_at)


def remove_absence(resource: Resource, pk: int, *, by: User, request=None) -> None:
    """Gone already is fine."""
    with transaction.atomic():
        gone, _ = Absence.objects.filter(resource=resource, pk=pk).delete()
        if gone:
            record("diary.absence_removed", actor=by, obj=resource, request=request, detail={"absence": pk})


def add_holiday(site: Site, *, day: dt.date, name: str, by: User, request=None) -> int:
    """A day *site* is closed. Returns how many visits stand on it."""
    if day < local_day(timezone.now(), clinic_zone(site)):
        raise Refused(gettext("Choose a day to come."), field="day")
    with transaction.atomic():
        _, is_new = Holiday.objects.get_or_create(site=site, day=day, defaults={"name": name})
        if is_new:
            record("diary.holiday_added", actor=by, obj=site, request=request, detail={"day": day.isoformat()})
    start, end = day_bounds(day, clinic_zone(site))
    visits = Booking.objects.filter(site=site, status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED))
    return visits.filter(starts_at__lt=end, ends_at__gt=start).count()


def remove_holiday(site: Site, pk: int, *, by: User, request=None) -> None:
    with transaction.atomic():
        gone, _ = Holiday.objects.filter(site=site, pk=pk).delete()
        if gone:
            record("diary.holiday_removed", actor=by, obj=site, request=request, detail={"holiday": pk})


LENGTHS = ("numbing_minutes", "needling_minutes", "clean_down_minutes", "zones_included", "minutes_per_zone")


def lengths_of(site: Site) -> dict[str, ServiceTime]:
    return {kind: service_time(site, kind) for kind in ServiceTime.Kind.values}


def seen_lengths(site: Site) -> str:
    rows = [[getattr(row, name) for name in LENGTHS] for row in lengths_of(site).values()]
    return digest(rows, sorted(map(str, site.numbing_times.values_list("product", "minutes"))))


def set_lengths(site: Site, *, lengths: dict[str, dict[str, int]], numbing: dict[str, int], by: User, was: str, request=None) -> None:
    """lengths: {kind: {column: value}}. numbing: {product: minutes}. Visits that stand keep their own. Raises Changed."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if seen_lengths(site) != was:
            raise Changed
        for kind, values in lengths.items():
            ServiceTime.objects.update_or_create(site=site, kind=kind, defaults=values)
        site.numbing_times.all().delete()
        NumbingTime.objects.bulk_create(NumbingTime(site=site, product=product, minutes=minutes) for product, minutes in numbing.items())
        record("diary.lengths_changed", actor=by, obj=site, request=request, detail={"kinds": sorted(lengths), "products": len(numbing)})
