"""Reads one day of a site by resource, or seven days of one resource, and lays them out (see `calendar_page`)."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import F, Value
from django.utils.translation import gettext

from accounts.addresses import numbered
from accounts.templatetags.clinic_format import in_words

from .calendar_page import VIEWS, Addresses, Column, Grid, Held, Names, fill, flag_of, lay_out, status_of
from .models import Absence, Booking, Hold, Holiday, Resource
from .services.away import WAITING, absent_words, closed_words, retired_words
from .services.hours import Span, clinic_zone, day_bounds, local_day, moment, seconds, weekly_hours
from .services.where import say_where

WEEK = 7


@dataclass(frozen=True, slots=True)
class Row:
    """One visit in the list."""

    booking: Booking
    clock: str
    status: str
    icon: str
    flag: str
    url: str


class Reading:
    """
    What the diary of *site* holds from *first_day* for *days* days. *bookings*: those the reader may see. *kinds* of visit: those asked
    for, none = all. Seven queries, however many visits and resources.
    """

    def __init__(self, bookings, site, first_day: dt.date, days: int, now: dt.datetime, kinds: Collection[str] = ()):
        self.site, self.zone, self.now, self.kinds = site, clinic_zone(site), now, kinds
        self.days = [first_day + dt.timedelta(days=n) for n in range(days)]
        start, end = day_bounds(self.days[0], self.zone)[0], day_bounds(self.days[-1], self.zone)[1]
        self.visits = list(bookings.filter(site=site).between(start, end).for_a_day().order_by("starts_at", "pk"))
        self.live = [visit for visit in self.visits if visit.is_live]
        self.holds = self._holds()
        self.held: dict[int, list[Booking]] = {}
        for visit in self.live:
            for resource in dict.fromkeys(hold.resource_id for hold in self.holds.get(visit.pk, ())):
                self.held.setdefault(resource, []).append(visit)
        self.resources = list(Resource.objects.at(site).order_by("kind", "name"))
        self.names = Names({resource.pk: resource for resource in self.resources})
        say_where(self.visits, self.names.rows)  # who is no longer here is read for it
        for visit in self.visits:
            visit.site = self.site
        self.weekly = weekly_hours(site)
        self.absences: dict[int, list[tuple[int, int, str]]] = {}
        self.elsewhere: dict[int, list[tuple[int, int, str]]] = {}
        for pk, low, high, reason, place in self._not_here(start, end):
            rows, words = (self.elsewhere, gettext("At %(place)s") % {"place": place}) if place else (self.absences, reason)
            rows.setdefault(pk, []).append((seconds(low), seconds(high), words))
        self.closed = dict(Holiday.objects.filter(site=site, day__range=(self.days[0], self.days[-1])).values_list("day", "name"))
        self.away = self._away_words()

    def _holds(self) -> dict[int, list[Held]]:
        """What each live visit holds, soonest first. Plain values: a day of a large site has a thousand of them."""
        held: dict[int, list[Held]] = {}
        rows = Hold.objects.filter(booking__in=[visit.pk for visit in self.live], resource__isnull=False).order_by("starts_at")
        for visit, resource, segment, low, high in rows.values_list("booking_id", "resource_id", "segment", "starts_at", "ends_at"):
            held.setdefault(visit, []).append(Held(resource, segment, seconds(low), seconds(high)))
        return held

    def _away_words(self) -> dict[int, str]:
        """As `services.away` has it, out of what is read already."""
        words: dict[int, str] = {}
        for visit in self.live:
            if visit.status in WAITING and (said := self._away(visit)):
                words[visit.pk] = said
        return words

    def _away(self, visit: Booking) -> str:
        closed = (self.closed.get(local_day(at, self.zone), "") for at in (visit.starts_at, visit.ends_at))
        if name := next(filter(None, closed), ""):
            return closed_words(name)
        for hold in self.holds.get(visit.pk, ()):
            resource = self.names.rows.get(hold.resource_id)
            if resource is None:
                continue
            if away := next((reason for a, b, reason in self.absences.get(resource.pk, ()) if a < hold.high and b > hold.low), ""):
                return absent_words(resource, away)
            if resource.retired_on is not None and local_day(moment(hold.low), self.zone) >= resource.retired_on:
                return retired_words(resource)
        return ""

    def _not_there(self, resource: Resource, day: dt.date, whole: Span) -> list[tuple[int, int, str]]:
        """When *resource* is not here on *day*, and why. What holds for all of the day is said once, over all of it."""
        low, high = whole
        rows = [row for row in self.elsewhere.get(resource.pk, ()) if row[0] < high and row[1] > low]
        if day in self.closed:
            return [(low, high, closed_words(self.closed[day])), *rows]
        if resource.retired_on is not None and resource.retired_on <= day:
            return [(low, high, gettext("Out of service")), *rows]
        return [*(row for row in self.absences.get(resource.pk, ()) if row[0] < high and row[1] > low), *rows]

    def _not_here(self, start: dt.datetime, end: dt.datetime):
        """
        Leave and repairs, and when somebody who works at several sites is taken at another one: which, and nothing of whom. One query:
        (resource, start, end, words, site), with the site empty for leave.
        """
        people = [resource for resource in self.resources if resource.kind == Resource.Kind.CLINICIAN]
        holds = Hold.objects.live_between(start, end).filter(resource__in=people).exclude(booking__site=self.site).order_by()
        away = Absence.objects.filter(resource__in=self.resources, starts_at__lt=end, ends_at__gt=start).order_by()
        columns = ("resource_id", "starts_at", "ends_at")
        away = away.annotate(words=F("reason"), place=Value("")).values_list(*columns, "words", "place")
        return away.union(holds.annotate(words=Value(""), place=F("booking__site__name")).values_list(*columns, "words", "place"))

    def asks_for(self, visit: Booking) -> bool:
        return not self.kinds or visit.kind in self.kinds

    def of_kind(self, by: str) -> list[Resource]:
        """Who and what has a column. Who has left, and what is retired, is shown on the days on which visits still stand with it."""
        return [r for r in self.resources if r.kind in VIEWS[by] and (self._serves(r) or r.pk in self.held)]

    def _serves(self, resource: Resource) -> bool:
        return resource.is_active and (resource.retired_on is None or resource.retired_on > self.days[0])

    def column(self, resource: Resource, day: dt.date, by: str, *, key: str, title: str, by_wall: bool = False) -> Column:
        start, end = day_bounds(day, self.zone)
        column = Column(key, title, resource, day, whole=(seconds(start), seconds(end)), wall=self.zone if by_wall else None)
        fill(
            column,
            by=by,
            weekly=self.weekly.get(resource.pk, ()),
            absences=self._not_there(resource, day, column.whole),
            visits=[v for v in self.held.get(resource.pk, ()) if v.starts_at < end and v.ends_at > start],
            held=self.holds,
            flags=self.away,
            names=self.names,
            zone=self.zone,
            now=self.now,
            kinds=self.kinds,
        )
        return column

    def grid(self, columns: list[Column], by: str, gone: Iterable[Booking]) -> Grid:
        today = local_day(self.now, self.zone)
        for column in columns:
            column.is_today = column.day == today
        seen = {block.booking.pk for column in columns for block in column.blocks if block.booking is not None}
        addresses = Addresses(numbered("sessions:booking"), numbered("sessions:book_course", 2))
        return lay_out(columns, by=by, zone=self.zone, now=self.now, addresses=addresses, gone=list(gone), count=len(seen))


def day_grid(reading: Reading, by: str, show: Iterable[int] = ()) -> Grid:
    """One column for each resource; only those of *show* where it names any that are here."""
    here = reading.of_kind(by)
    chosen = [resource for resource in here if resource.pk in set(show)] or here
    columns = [reading.column(r, reading.days[0], by, key=f"c{r.pk}", title=r.name) for r in chosen]
    return reading.grid(columns, by, (visit for visit in reading.visits if not visit.is_live and reading.asks_for(visit)))


def head_of(day: dt.date) -> str:
    """`Tue 24 Nov`."""
    return " ".join(in_words(day, weekday=True).split()[:3])


def week_grid(reading: Reading, by: str, resource: Resource) -> Grid:
    """One column for each day of *resource*."""
    role = VIEWS[by][0]
    columns = [reading.column(resource, day, by, key=f"d{day:%Y%m%d}", title=head_of(day), by_wall=True) for day in reading.days]
    gone = (v for v in reading.visits if not v.is_live and getattr(v, f"{role}_id", None) == resource.pk and reading.asks_for(v))
    return reading.grid(columns, by, gone)


def rows_of(reading: Reading, by: str, show: Iterable[int] = ()) -> list[Row]:
    """Every visit of the day as a line, gone ones last; of the kinds asked for, and with *show* where it names any."""
    show, address = set(show), numbered("sessions:booking")
    role = VIEWS[by][0]
    rows = []
    for visit in sorted(reading.visits, key=lambda v: (not v.is_live, v.starts_at, v.pk)):
        if not reading.asks_for(visit) or (show and getattr(visit, f"{role}_id", None) not in show):
            continue
        status, icon = status_of(visit, reading.now)
        local = visit.starts_at.astimezone(reading.zone)
        rows.append(Row(visit, f"{local:%H:%M}", status or gettext("Booked"), icon, flag_of(visit, reading.away), address(visit.pk)))
    return rows
