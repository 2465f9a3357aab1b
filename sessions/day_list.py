"""
One day as columns of blocks, by people, rooms or devices: what the calendar draws, and nothing but plain values.

Positions are steps of five minutes from the first hour shown; the stylesheet has one class for each.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils import timezone

from accounts.addresses import numbered
from plans.models import TreatmentPlan

from .models import Absence, Booking, Hold, Resource
from .services.away import away_words
from .services.hours import Opening, Span, clinic_zone, day_bounds, merged, moment, open_spans, seconds, weekly_hours, without

STEP = 5 * 60
LEAST_FREE_MINUTES = 30  # shorter gaps are not offered
VIEWS = {"people": Resource.Kind.CLINICIAN, "rooms": Resource.Kind.ROOM, "devices": Resource.Kind.DEVICE}
SHORT = 45 * 60  # shorter blocks are drawn on one line
_LOOKS = {"visit": "ev", "numbing": "numb", "clean": "clean", "closed": "blk", "free": "free"}
TINT = {Booking.Kind.SESSION: "ses", Booking.Kind.CONSULTATION: "con", Booking.Kind.REVIEW: "rev"}


@dataclass
class Block:
    """What a column shows from *low* to *high*. look: visit, numbing, clean, closed or free."""

    look: str
    low: int
    high: int
    words: str = ""
    booking: Booking | None = None
    status: str = ""
    icon: str = ""
    flag: str = ""
    narrow: bool = False
    # As drawn: words and classes made once, so that the template only writes them.
    css: str = ""
    starts: str = ""
    ends: str = ""
    url: str = ""
    who: str = ""
    where: str = ""

    def draw(self, first: int, by: str, zone: ZoneInfo, address: Callable[[int], str]) -> None:
        """*first*: the second at the top of the lane. The look and place as classes, the clock as words."""
        length = self.high - self.low
        self.starts = f"{moment(self.low).astimezone(zone):%H:%M}"
        classes = [_LOOKS[self.look]]
        if (booking := self.booking) is not None:
            self.url = address(booking.pk)
            self.who = booking.patient.surname.upper() if self.look == "numbing" else str(booking.patient)
        if self.look == "visit":
            classes += [TINT[booking.kind], booking.status]
            self.where = booking.clinician.name if by != "people" else booking.room.name if booking.room else ""
            if length < SHORT:
                classes.append("sm")
        elif self.look == "free":
            self.ends = f"{moment(self.high).astimezone(zone):%H:%M}"
        elif self.look == "numbing" and by == "people":
            classes.append("beside")
        if self.narrow:
            classes.append("nar")
        self.css = " ".join([*classes, f"at{(self.low - first) // STEP}", f"for{max(1, -(-length // STEP))}"])


@dataclass
class Column:
    resource: Resource
    blocks: list[Block] = field(default_factory=list)
    booked: int = 0
    open: list[Span] = field(default_factory=list)


@dataclass
class Day:
    day: dt.date
    columns: list[Column]
    gone: list[Booking]  # cancelled and missed visits: they hold nothing
    hours: list[tuple[int, str]]  # (step, "09:00") down the side
    steps: int
    now_at: int | None
    count: int


def status_of(booking: Booking, now: dt.datetime) -> tuple[str, str]:
    """(word, icon) for the state of a visit."""
    if booking.status == Booking.Status.BOOKED:
        return ("Not here yet", "") if booking.starts_at <= now else ("", "")
    if booking.status == Booking.Status.ARRIVED:
        at = f" {timezone.localtime(booking.arrived_at):%H:%M}" if booking.arrived_at else ""
        return f"Here{at}", "i-here"
    icons = {Booking.Status.IN_ROOM: "i-door", Booking.Status.DONE: "i-ok", Booking.Status.MISSED: "i-x", Booking.Status.CANCELLED: "i-x"}
    return booking.get_status_display(), icons[booking.status]


def flag_of(booking: Booking, away: dict[int, str]) -> str:
    """The one thing to mend before this visit, in few words; empty where there is none. *away*: see `services.away`."""
    if booking.pk in away:
        return away[booking.pk]
    coming = booking.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
    if coming and booking.plan is not None and booking.plan.status != TreatmentPlan.Status.ACCEPTED:
        return f"Plan {booking.plan.get_status_display().lower()}"
    return ""


def day_of(bookings, site, day: dt.date, by: str, now: dt.datetime) -> Day:
    """
    The diary of *site* on *day*. *bookings*: those the reader may see. Six queries, however many visits and columns.
    """
    zone = clinic_zone(site)
    start, end = day_bounds(day, zone)
    whole = (seconds(start), seconds(end))
    resources = list(Resource.objects.filter(site=site, kind=VIEWS[by], is_active=True).order_by("name"))
    weekly = weekly_hours(site)
    absences: dict[int, list[Absence]] = {}
    for absence in Absence.objects.filter(resource__in=resources, starts_at__lt=end, ends_at__gt=start):
        absences.setdefault(absence.resource_id, []).append(absence)
    holds = Hold.objects.filter(resource__isnull=False).only("booking", "resource", "segment", "starts_at", "ends_at").order_by("starts_at")
    visits = list(
        bookings.filter(site=site).between(start, end).for_lists().prefetch_related(Prefetch("holds", holds)).order_by("starts_at", "pk")
    )
    live = [visit for visit in visits if visit.is_live]
    held: dict[int, list[Booking]] = {}
    for visit in live:
        for resource in dict.fromkeys(hold.resource_id for hold in visit.holds.all()):
            held.setdefault(resource, []).append(visit)
    away = away_words(live)
    columns = [
        _column(r, weekly.get(r.pk, ()), absences.get(r.pk, ()), held.get(r.pk, ()), away, by, whole, day, zone, now) for r in resources
    ]
    low, high = _shown(columns, whole)
    address = numbered("sessions:booking")
    for column in columns:
        for block in column.blocks:
            block.low, block.high = max(block.low, low), min(block.high, high)
        column.blocks = [block for block in column.blocks if block.low < block.high]
        for block in column.blocks:
            block.draw(low, by, zone, address)
    hours = [((second - low) // STEP, f"{moment(second).astimezone(zone):%H:%M}") for second in range(low, high, 3600)]
    now_at = (seconds(now) - low) // STEP if low <= seconds(now) < high else None
    return Day(day, columns, [v for v in visits if not v.is_live], hours, (high - low) // STEP, now_at, len(live))


def _column(
    resource: Resource,
    weekly: Iterable[Opening],
    absences: Iterable[Absence],
    visits: Iterable[Booking],
    flags: dict[int, str],
    by: str,
    whole: Span,
    day,
    zone,
    now,
) -> Column:
    column = Column(resource)
    taken: list[Span] = []
    for visit in visits:
        mine = [hold for hold in visit.holds.all() if hold.resource_id == resource.pk]
        column.booked += 1
        status, icon = status_of(visit, now)
        parts = list(mine)
        if by == "people":  # the clinician is free while the patient is numbed or the room is cleaned, but should see both
            parts += [hold for hold in visit.holds.all() if hold.resource_id == visit.room_id and hold.segment in _SIDE]
        for hold in sorted(parts, key=lambda h: h.starts_at):
            span = (seconds(hold.starts_at), seconds(hold.ends_at))
            if hold.resource_id == resource.pk:
                taken.append(span)
            if hold.segment == Hold.Segment.NUMBING:
                words = f"Numbing, {visit.room}" if by == "people" and visit.room else "Numbing"
                column.blocks.append(Block("numbing", *span, words=words, booking=visit, status=status))
            elif hold.segment == Hold.Segment.CLEAN_DOWN:
                column.blocks.append(Block("clean", *span, words="Clean-down"))
            else:
                column.blocks.append(
                    Block("visit", *span, words=visit.title, booking=visit, status=status, icon=icon, flag=flag_of(visit, flags))
                )
    hours = column.open = open_spans(weekly, day, day, zone)
    away = [(seconds(a.starts_at), seconds(a.ends_at), a.reason) for a in absences]
    column.blocks += [Block("closed", low, high, words=reason) for low, high, reason in away]
    for low, high in without(without([whole], hours), [a[:2] for a in away]):
        words = "Closed"
        if by == "people" and hours:
            first = moment(hours[0][0]).astimezone(zone)
            words = f"Starts {first:%H:%M}" if high <= hours[0][0] else "Not in"
        column.blocks.append(Block("closed", low, high, words=words))
    open_now = without(hours, merged([a[:2] for a in away] + taken))
    for low, high in open_now:
        low = -(-max(low, seconds(now)) // STEP) * STEP
        if by == "people" and high - low >= LEAST_FREE_MINUTES * 60:
            column.blocks.append(Block("free", low, high))
    busy = [(b.low, b.high) for b in column.blocks if b.look == "visit"]
    numbing = [(b.low, b.high) for b in column.blocks if b.look == "numbing"]
    if by == "people":
        for block in column.blocks:
            block.narrow = block.look in ("visit", "free") and any(low < block.high and high > block.low for low, high in numbing)
        column.blocks = [
            b for b in column.blocks if b.look != "clean" or not any(low < b.high and high > b.low for low, high in busy + numbing)
        ]
        for block in column.blocks:  # a free gap begins after the clean-down it would otherwise be written over
            if block.look == "clean":
                for free in column.blocks:
                    if free.look == "free" and free.low < block.high and free.high > block.low:
                        free.low = block.high
    column.blocks.sort(key=lambda b: (b.low, b.look != "closed"))
    return column


_SIDE = (Hold.Segment.NUMBING, Hold.Segment.CLEAN_DOWN)


def _shown(columns: list[Column], whole: Span) -> Span:
    """Whole hours around all weekly hours and visits; 09:00 to 17:00 where there are none."""
    spans = [span for column in columns for span in column.open]
    spans += [(block.low, block.high) for column in columns for block in column.blocks if block.booking is not None]
    if not spans:
        return whole[0] + 9 * 3600, whole[0] + 17 * 3600
    low = max(whole[0], min(span[0] for span in spans) // 3600 * 3600)
    return low, min(whole[1], -(-max(span[1] for span in spans) // 3600) * 3600)
