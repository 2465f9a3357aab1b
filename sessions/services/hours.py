"""
The clinic's wall clock, weekly hours, and how long each part of a visit takes.

Spans are half open, (start, end), in whole seconds since 1970 UTC: sums over them need no time zone. Days and hours are
the wall clock of the site, so 09:00 is 09:00 on both sides of a clock change.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import Site, User

from ..models import Booking, Hold, ResourceHours, ServiceTime

Span = tuple[int, int]


def clinic_zone(site: Site) -> ZoneInfo:
    return ZoneInfo(site.time_zone)


def site_of(user: User) -> Site | None:
    """The site whose diary *user* opens: the first of theirs by name."""
    return Site.objects.filter(pk__in=user.site_ids()).order_by("name").first()


def at_clock(day: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The moment at which the clinic's clock shows *clock* on *day*, in UTC."""
    return dt.datetime.combine(day, clock, tzinfo=zone).astimezone(dt.UTC)


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


def covers(spans: list[Span], start: int, end: int) -> bool:
    return any(low <= start and end <= high for low, high in spans)


class Opening(NamedTuple):
    """One row of weekly hours, without the weight of a model instance: a diary reads many."""

    weekday: int
    opens: dt.time
    closes: dt.time


def weekly_hours(site: Site) -> dict[int, list[Opening]]:
    """The weekly hours of every active resource of *site*, by primary key."""
    rows = ResourceHours.objects.filter(resource__site=site, resource__is_active=True).order_by()
    hours: dict[int, list[Opening]] = {}
    for pk, *row in rows.values_list("resource_id", "weekday", "opens", "closes"):
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
            (seconds(at_clock(day, row.opens, zone)), seconds(at_clock(day, row.closes, zone))) for row in by_weekday.get(day.weekday(), ())
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


@dataclass(frozen=True)
class Visit:
    """What a visit takes, before it is known of whom and when."""

    kind: str
    parts: tuple[Part, ...]

    @property
    def minutes(self) -> int:
        return max(part.offset + part.minutes for part in self.parts)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(role for role in ("patient", "clinician", "room", "device") if any(role in part.roles for part in self.parts))

    def reach(self, role: str) -> Span:
        """(offset, end) in seconds from the start of the visit during which *role* is held: its parts follow each other."""
        parts = [part for part in self.parts if role in part.roles]
        return min(part.offset for part in parts) * 60, max(part.offset + part.minutes for part in parts) * 60

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


def visit_of(site: Site, kind: str, *, minutes: dict[str, int] | None = None) -> Visit:
    """
    The parts of a visit of *kind* at *site*.

    minutes: other lengths than the site's, by part: {"numbing": 0, "needling": 40, "clean_down": 10}.
    """
    row = service_time(site, kind)
    lengths = {"numbing": row.numbing_minutes, "needling": row.needling_minutes, "clean_down": row.clean_down_minutes, **(minutes or {})}
    return build_visit(kind, lengths)


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
    names = {Hold.Segment.NUMBING: "numbing", Hold.Segment.CLEAN_DOWN: "clean_down"}
    for hold in {(h.segment, h.starts_at): h for h in booking.holds.all()}.values():
        lengths[names.get(hold.segment, "needling")] += round((hold.ends_at - hold.starts_at).total_seconds() / 60)
    return build_visit(booking.kind, lengths)
