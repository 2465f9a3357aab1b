"""
The clinic's wall clock, weekly hours, and how long each part of a visit takes.

Spans are half open, (start, end), in whole seconds since 1970 UTC: sums over them need no time zone. Days and hours are
the wall clock of the site, so 09:00 is 09:00 on both sides of a clock change.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from accounts.models import Site, User

from ..models import Booking, Hold, NumbingTime, Resource, ResourceHours, ServiceTime

Span = tuple[int, int]


def clinic_zone(site: Site) -> ZoneInfo:
    return site.zone


def sites_of(user: User) -> list[Site]:
    """The sites whose diaries *user* opens, by name."""
    return list(Site.objects.filter(pk__in=user.site_ids()).order_by("name"))


def chosen(sites: list[Site], slug: str) -> Site | None:
    """The one called *slug*, else the first; None where there is none."""
    return next((site for site in sites if site.slug == slug), sites[0] if sites else None)


def at_clock(day: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The moment at which the clinic's clock shows *clock* on *day*, in UTC."""
    return dt.datetime.combine(day, clock, tzinfo=zone).astimezone(dt.UTC)


def moments_at(day: dt.date, clock: dt.time, zone: ZoneInfo) -> list[dt.datetime]:
    """
    The moments, in UTC, at which the clinic's clock shows *clock* on *day*: one, as a rule; none where the clocks go forward over
    it; two where they go back over it, the earlier first.
    """
    shown = dt.datetime.combine(day, clock)
    found = {shown.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)}
    return sorted(moment for moment in found if moment.astimezone(zone).replace(tzinfo=None) == shown)


def which_of(moment: dt.datetime, zone: ZoneInfo) -> str:
    """`before the clocks go back` or `after the clocks go back` where the clock shows *moment* twice that day; else empty."""
    local = moment.astimezone(zone)
    both = moments_at(local.date(), local.time(), zone)
    if len(both) < 2:
        return ""
    return gettext("after the clocks go back") if moment == both[-1] else gettext("before the clocks go back")


@lru_cache(maxsize=4096)
def second_at(day: dt.date, clock: dt.time, zone: ZoneInfo) -> int:
    """`at_clock` in seconds. Kept: everybody at a site opens and closes at the same few clock times."""
    return seconds(at_clock(day, clock, zone))


def same_clock(moment: dt.datetime, days: int, zone: ZoneInfo) -> dt.datetime:
    """*moment* plus *days* on the wall clock: 10:00 stays 10:00 when the clocks change between."""
    local = moment.astimezone(zone)
    return at_clock(local.date() + dt.timedelta(days=days), local.time(), zone)


def local_day(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    return moment.astimezone(zone).date()


def day_bounds(day: dt.date, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """Midnight to midnight: 23, 24 or 25 hours."""
    return at_clock(day, dt.time.min, zone), at_clock(day + dt.timedelta(days=1), dt.time.min, zone)


# Spans


def seconds(moment: dt.datetime) -> int:
    return int(moment.timestamp())


def moment(second: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, tz=dt.UTC)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time without overlaps, in order; spans that touch become one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def without(spans: list[Span], taken: Iterable[Span]) -> list[Span]:
    """*spans* less *taken*; both without overlaps and in order after merging."""
    result: list[Span] = []
    cuts = merged(taken)
    at = 0
    for start, end in spans:
        while at < len(cuts) and cuts[at][1] <= start:
            at += 1
        here = at
        while here < len(cuts) and cuts[here][0] < end:
            if cuts[here][0] > start:
                result.append((start, cuts[here][0]))
            start = max(start, cuts[here][1])
            here += 1
        if start < end:
            result.append((start, end))
    return result


def common(left: list[Span], right: list[Span]) -> list[Span]:
    """Time that is in both."""
    result, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            result.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


_start = itemgetter(0)


def covers(spans: list[Span], start: int, end: int) -> bool:
    """Whether one of *spans* (in order, none over another) holds the whole of [start, end)."""
    at = bisect_right(spans, start, key=_start) - 1
    return at >= 0 and end <= spans[at][1]


class Spans(NamedTuple):
    """Free time that is asked about many times: *starts* and *ends* of spans in order, none over another."""

    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, spans: list[Span]) -> "Spans":
        return cls([start for start, _ in spans], [end for _, end in spans])

    def cover(self, start: int, end: int) -> bool:
        """As `covers`."""
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and end <= self.ends[at]


class Opening(NamedTuple):
    """One row of weekly hours, without the weight of a model instance: a diary reads many."""

    weekday: int
    opens: dt.time
    closes: dt.time
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether these are the hours of *day*."""
        if self.weekday != day.weekday() or (self.valid_from is not None and day < self.valid_from):
            return False
        return self.valid_until is None or day <= self.valid_until


def weekly_hours(site: Site) -> dict[int, list[Opening]]:
    """The weekly hours at *site* of everybody and everything active there, by primary key."""
    here = Q(site=site) | Q(site__isnull=True, resource__site=site)
    rows = ResourceHours.objects.filter(here, resource__is_active=True).order_by()
    hours: dict[int, list[Opening]] = {}
    for pk, *row in rows.values_list("resource_id", *Opening._fields):
        hours.setdefault(pk, []).append(Opening(*row))
    return hours


def open_spans(rows: Iterable[Opening], first_day: dt.date, last_day: dt.date, zone: ZoneInfo) -> list[Span]:
    """When a resource with these weekly hours is open, from *first_day* to *last_day* inclusive."""
    by_weekday: dict[int, list[Opening]] = {}
    for row in rows:
        by_weekday.setdefault(row.weekday, []).append(row)
    spans = []
    day = first_day
    while day <= last_day:
        spans += [
            (second_at(day, row.opens, zone), second_at(day, row.closes, zone))
            for row in by_weekday.get(day.weekday(), ())
            if row.holds_on(day)
        ]
        day += dt.timedelta(days=1)
    return merged(span for span in spans if span[0] < span[1])


# Visits


@dataclass(frozen=True)
class Part:
    """One segment of a visit: *minutes* long from *offset* minutes after the start, holding *roles*."""

    segment: str
    offset: int
    minutes: int
    roles: tuple[str, ...]


ROLES = ("patient", "clinician", "room", "device", "bay")
_ROLE_WORDS = (gettext_noop("patient"), gettext_noop("clinician"), gettext_noop("room"), gettext_noop("device"), gettext_noop("bay"))


def role_word(role: str) -> str:
    """One of ROLES in the language of the page."""
    return gettext(role)


@dataclass(frozen=True)
class Visit:
    """What a visit takes, before it is known of whom and when."""

    kind: str
    parts: tuple[Part, ...]

    @cached_property
    def minutes(self) -> int:
        return max(part.offset + part.minutes for part in self.parts)

    @cached_property
    def roles(self) -> tuple[str, ...]:
        return tuple(role for role in ROLES if any(role in part.roles for part in self.parts))

    @cached_property
    def _reaches(self) -> dict[str, tuple[int, int, int]]:
        """By role: when it is held from and until, and when its use ends before it is made ready, in seconds from the start."""
        found = {}
        for role in self.roles:
            parts = [part for part in self.parts if role in part.roles]
            ends = [part.offset + part.minutes for part in parts]
            used = [part.offset + part.minutes for part in parts if part.segment != Hold.Segment.CLEAN_DOWN]
            found[role] = (min(part.offset for part in parts) * 60, max(ends) * 60, max(used or ends) * 60)
        return found

    def reach(self, role: str) -> Span:
        """(offset, end) in seconds from the start of the visit during which *role* is held: its parts follow each other."""
        return self._reaches[role][:2]

    def held(self, role: str, resource: Resource) -> Span:
        """`reach` with the minutes *resource* needs after each use; a room is made ready in the clean-down, or longer."""
        low, high, used = self._reaches[role]
        return low, max(high, used + resource.cleaning_minutes * 60)

    @cached_property
    def numbs(self) -> bool:
        return any(part.segment == Hold.Segment.NUMBING for part in self.parts)

    def in_bay(self) -> "Visit":
        """The same visit with the numbing in a bay, so that the room is free until the needling."""
        return self._in_bay

    @cached_property
    def _in_bay(self) -> "Visit":
        parts = [replace(part, roles=("patient", "bay")) if part.segment == Hold.Segment.NUMBING else part for part in self.parts]
        return Visit(self.kind, tuple(parts))

    def words(self) -> str:
        """`90 min: numbing 30, needling 50, clean-down 10`."""
        if len(self.parts) == 1:
            return f"{self.minutes}\u00a0min"
        labels = dict(Hold.Segment.choices)
        return f"{self.minutes}\u00a0min: " + ", ".join(f"{labels[part.segment].lower()}\u00a0{part.minutes}" for part in self.parts)


def service_time(site: Site, kind: str) -> ServiceTime:
    """The site's minutes for *kind*, or what every site starts with."""
    row = ServiceTime.objects.filter(site=site, kind=kind).first()
    if row is not None:
        return row
    numbing, needling, clean_down = ServiceTime.STARTING[kind]
    return ServiceTime(site=site, kind=kind, numbing_minutes=numbing, needling_minutes=needling, clean_down_minutes=clean_down)


def visit_of(site: Site, kind: str, *, minutes: dict[str, int] | None = None, plan=None) -> Visit:
    """
    The parts of a visit of *kind* at *site*: the site's minutes, for a session of *plan* those of its zones and numbing product.

    minutes: other lengths than the site's, by part: {"numbing": 0, "needling": 40, "clean_down": 10}.
    """
    row = service_time(site, kind)
    lengths = {"numbing": row.numbing_minutes, "needling": row.needling_minutes, "clean_down": row.clean_down_minutes}
    if plan is not None and kind == Booking.Kind.SESSION:
        if row.minutes_per_zone:
            lengths["needling"] += row.minutes_per_zone * max(0, len(plan.zones.all()) - row.zones_included)
        if plan.numbing:
            named = NumbingTime.objects.filter(site=site, product__iexact=plan.numbing.strip()).first()
            lengths["numbing"] = named.minutes if named else lengths["numbing"]
    return build_visit(kind, lengths | (minutes or {}))


def build_visit(kind: str, lengths: dict[str, int]) -> Visit:
    main = ("patient", "clinician", "room", "device") if kind == Booking.Kind.SESSION else ("patient", "clinician", "room")
    main_segment = Hold.Segment.NEEDLING if kind == Booking.Kind.SESSION else Hold.Segment.VISIT
    offset, parts = 0, []
    for name, segment, roles in (
        ("numbing", Hold.Segment.NUMBING, ("patient", "room")),
        ("needling", main_segment, main),
        ("clean_down", Hold.Segment.CLEAN_DOWN, ("room",)),
    ):
        if lengths[name] > 0:
            parts.append(Part(str(segment), offset, lengths[name], roles))
            offset += lengths[name]
    return Visit(kind, tuple(parts))


def visit_again(booking: Booking) -> Visit:
    """The parts a booking has now, so that moving it keeps its lengths."""
    lengths = {"numbing": 0, "needling": 0, "clean_down": 0}
    holds = list(booking.holds.all())
    own = [hold for hold in holds if hold.patient_id is not None]
    names = {Hold.Segment.NUMBING: "numbing", Hold.Segment.CLEAN_DOWN: "clean_down"}
    for hold in {(h.segment, h.starts_at): h for h in own or holds}.values():
        lengths[names.get(hold.segment, "needling")] += round((hold.ends_at - hold.starts_at).total_seconds() / 60)
    if own:  # the patient is gone while the room is made ready
        lengths["clean_down"] = round((booking.ends_at - max(hold.ends_at for hold in own)).total_seconds() / 60)
    return build_visit(booking.kind, lengths)


def clinician_minutes(booking: Booking) -> int:
    """How long the clinician is held by *booking*, in minutes: the part that `resize` changes."""
    return sum(part.minutes for part in visit_again(booking).parts if "clinician" in part.roles)
