"""
The calendar as columns of blocks, by people, rooms or devices: what the grid draws, and nothing but plain values.

A column is one resource on one day. Positions are steps of five minutes from the first hour shown; the stylesheet has one
class for each. Where all columns are one day, they are steps of that day as it passes, so that on the day the clocks go back both
hours stand there. Where they are several days, they are steps of the wall clock, so that one clock down the side is true for all.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from plans.models import TreatmentPlan

from .models import Booking, Hold, Resource
from .services.hours import Opening, Span, merged, moment, open_spans, seconds, without

STEP = 5 * 60
HOUR = 3600
DAY = 24 * HOUR
LEAST_FREE_MINUTES = 30  # shorter gaps are not offered
SHORT = 45 * 60  # shorter blocks are drawn on two lines
USUAL_HOURS = (9 * HOUR, 17 * HOUR)  # shown where nobody has hours and nothing is booked
# What stands in a column, by the word in the address. A kind that a clinic does not have makes no column.
VIEWS = {"people": ("clinician",), "rooms": ("room", "bay"), "devices": ("device",)}
ROLES = {"people": "clinician", "rooms": "room", "devices": "device"}
TINT = {Booking.Kind.SESSION: "ses", Booking.Kind.CONSULTATION: "con", Booking.Kind.REVIEW: "rev"}
_LOOKS = {"visit": "ev", "numbing": "numb", "clean": "clean", "closed": "blk", "free": "free"}
_NUMBING, _CLEAN_DOWN = Hold.Segment.NUMBING.value, Hold.Segment.CLEAN_DOWN.value
_SIDE = (_NUMBING, _CLEAN_DOWN)
_MOVABLE = (Booking.Status.BOOKED, Booking.Status.ARRIVED)


class Held(NamedTuple):
    """One resource that a visit holds in one of its segments, from *low* to *high* in seconds."""

    resource_id: int
    segment: str
    low: int
    high: int


@dataclass
class Block:
    """What a column shows from *low* to *high*, in seconds. look: visit, numbing, clean, closed or free."""

    look: str
    low: int
    high: int
    words: str = ""
    booking: Booking | None = None
    held: str = ""  # of a visit: see `held_words`
    status: str = ""
    icon: str = ""
    flag: str = ""
    beside: str = ""  # numbing next to the clinician's own work: "beside", or "half1" and "half2" where two numb at once
    narrow: bool = False
    other: bool = False  # of a kind that is not among those asked for: it takes its time, and steps back
    # As drawn: words and classes made once, so that the template only writes them.
    key: str = ""
    top: int = 0  # where it stands, in seconds down its column
    bottom: int = 0
    css: str = ""
    attributes: str = ""  # of the block, as HTML: no word that anybody typed is in them
    starts: str = ""
    ends: str = ""
    url: str = ""
    who: str = ""
    where: str = ""

    def draw(self, column: "Column", first: int, by: str, zone: ZoneInfo, addresses: "Addresses") -> None:
        """*first*: the second of the column at the top of the lane. The look and place as classes, the clock as words."""
        length = self.bottom - self.top
        at = (self.top - first) // STEP
        self.starts = f"{moment(self.low).astimezone(zone):%H:%M}"
        classes = [_LOOKS[self.look]]
        booking = self.booking
        if booking is not None:
            self.key = f"b{booking.pk}" + {"visit": "", "numbing": "-n", "clean": "-c"}[self.look]
            self.url = addresses.visit(booking.pk)
            self.who = booking.patient.surname.upper() if self.look == "numbing" else str(booking.patient)
        else:
            self.key = f"{self.look[0]}{column.key}-{at}"
        if self.look == "visit":
            classes += [TINT[booking.kind], booking.status]
            self.where = booking.clinician.name if by != "people" else booking.room.name if booking.room else ""
            if length < SHORT:
                classes.append("sm")
        elif self.look == "free":
            self.ends = f"{moment(self.high).astimezone(zone):%H:%M}"
        elif self.beside:
            classes.append(self.beside)
        if self.narrow:
            classes.append("nar")
        if self.other:
            classes.append("other")
        self.css = " ".join([*classes, f"at{at}", f"for{max(1, -(-length // STEP))}"])
        said = f' class="{self.css}" id="{self.key}"'
        if self.look == "visit":
            lead = (self.low - seconds(booking.starts_at)) // STEP
            said += f' data-visit="{booking.pk}" data-version="{booking.version}" data-lead="{lead}" data-holds="{self.held}"'
            said += " data-movable" if booking.status in _MOVABLE else ""
            said += " data-waits" if booking.status == Booking.Status.BOOKED else ""
            if booking.plan is not None:
                said += f' data-course="{addresses.course(booking.patient.number, booking.plan.number)}"'
        self.attributes = mark_safe(said)  # noqa: S308 - numbers, names of classes and addresses made of numbers


@dataclass(frozen=True)
class Addresses:
    """Where the blocks of one page lead to, by number."""

    visit: Callable[[int], str]
    course: Callable[[int, int], str]  # of a patient's number and a plan's


@dataclass
class Column:
    """One resource on one day."""

    key: str
    title: str
    resource: Resource
    day: dt.date
    blocks: list[Block] = field(default_factory=list)
    booked: int = 0
    open: list[Span] = field(default_factory=list)
    whole: Span = (0, 0)
    wall: ZoneInfo | None = None  # whose wall clock the positions follow; None: the day as it passes
    note: str = ""
    url: str = ""
    is_today: bool = False
    now_at: int | None = None
    drawn: str = ""  # its blocks as HTML: see `calendar_page_html`

    @property
    def length(self) -> int:
        return self.whole[1] - self.whole[0] if self.wall is None else DAY

    def place(self, second: int) -> int:
        """Where *second* stands, in seconds from the midnight at which the column begins."""
        if self.wall is None:
            return second - self.whole[0]
        shown = moment(second).astimezone(self.wall)
        return (shown.date() - self.day).days * DAY + shown.hour * HOUR + shown.minute * 60 + shown.second

    def reach(self, low: int, high: int, *, is_visit: bool) -> Span:
        """From where to where *low* to *high* stands. A visit is as long as it takes, also where the clocks change in it."""
        top, bottom = self.place(low), self.place(high)
        return top, top + high - low if is_visit or bottom <= top else bottom


@dataclass
class Grid:
    columns: list[Column]
    gone: list[Booking]  # cancelled and missed visits: they hold nothing
    hours: list[tuple[int, str]]  # (step, "09:00") down the side
    steps: int
    now_at: int | None
    count: int

    @cached_property
    def seen(self) -> str:
        """
        Whom this page names and how they stand, and what is closed, in short: a poll that brings the same again has shown nothing new.
        What is free is left out, because it shrinks with every minute.
        """
        blocks = (block for column in self.columns for block in column.blocks if block.look != "free")
        lines = [(b.attributes, b.who, b.where, b.status, b.words, b.flag) for b in blocks]
        lines += [(visit.pk, visit.status) for visit in self.gone]
        return hashlib.sha256(repr(lines).encode()).hexdigest()[:16]


def held_words(start: int, holds: Iterable[Held]) -> str:
    """`3:6-16 5:0-18`: what a visit holds, as steps from its *start* by resource, so that the page can show a clash while moving."""
    spans: dict[int, list[int]] = {}
    for hold in holds:
        low, high = (hold.low - start) // STEP, -((start - hold.high) // STEP)
        known = spans.setdefault(hold.resource_id, [low, high])
        known[0], known[1] = min(known[0], low), max(known[1], high)
    return " ".join(f"{pk}:{low}-{high}" for pk, (low, high) in spans.items())


def status_of(booking: Booking, now: dt.datetime) -> tuple[str, str]:
    """(word, icon) for the state of a visit."""
    if booking.status == Booking.Status.BOOKED:
        if booking.late_minutes:
            return gettext("Late, about %(starts_at)s") % {
                "starts_at": f"{booking.on_site(booking.starts_at + dt.timedelta(minutes=booking.late_minutes)):%H:%M}"
            }, ""
        return (gettext("Not here yet"), "") if booking.starts_at <= now else ("", "")
    if booking.status == Booking.Status.ARRIVED:
        if booking.numbing_started_at:
            return gettext("Numbing %(numbing_started_at)s") % {
                "numbing_started_at": f"{booking.on_site(booking.numbing_started_at):%H:%M}"
            }, "i-here"
        at = f" {booking.on_site(booking.arrived_at):%H:%M}" if booking.arrived_at else ""
        return gettext("Here") + at, "i-here"
    icons = {Booking.Status.IN_ROOM: "i-door", Booking.Status.DONE: "i-ok", Booking.Status.MISSED: "i-x", Booking.Status.CANCELLED: "i-x"}
    return booking.get_status_display(), icons[booking.status]


def flag_of(booking: Booking, away: dict[int, str]) -> str:
    """The one thing to mend before this visit, in few words; empty where there is none. *away*: see `services.away`."""
    if booking.pk in away:
        return away[booking.pk]
    if booking.status in _MOVABLE and booking.plan is not None and booking.plan.status != TreatmentPlan.Status.ACCEPTED:
        return gettext("Plan %(status)s") % {"status": booking.plan.get_status_display().lower()}
    return ""


@dataclass(frozen=True)
class Names:
    """Names and kinds of a site's resources: a hold says only which."""

    rows: dict[int, Resource]

    def place(self, hold: Held) -> str:
        """Room or bay of *hold*."""
        return self.rows[hold.resource_id].name if self._is_place(hold.resource_id) else ""

    def is_side(self, hold: Held) -> bool:
        """A part in which the clinician is free: the patient numbs, or the room is cleaned."""
        return hold.segment in _SIDE and self._is_place(hold.resource_id)

    def _is_place(self, pk: int) -> bool:
        return pk in self.rows and self.rows[pk].kind in VIEWS["rooms"]


def fill(
    column: Column,
    *,
    by: str,
    weekly: Iterable[Opening],
    absences: Iterable[tuple[int, int, str]],
    visits: Iterable[Booking],
    held: dict[int, list[Held]],
    flags: dict[int, str],
    names: Names,
    zone: ZoneInfo,
    now: dt.datetime,
    kinds: Collection[str] = (),
) -> None:
    """
    Put what *column* shows into it: visits with their segments, what is closed, and what is free from *now* on. held: by number of the
    visit, soonest first. kinds: of visit asked for, none = all; the others still stand there, because their time is taken.
    """
    taken: list[Span] = []
    pk, people = column.resource.pk, by == "people"
    for visit in visits:
        holds = held.get(visit.pk, [])
        mine = [hold for hold in holds if hold.resource_id == pk]
        # The clinician is free while the patient numbs or the room is cleaned, but should see both.
        parts = mine + [hold for hold in holds if people and hold.resource_id != pk and names.is_side(hold)]
        column.booked += 1
        status, icon = status_of(visit, now)
        taken += [(hold.low, hold.high) for hold in mine]
        for hold in {(h.segment, h.low): h for h in sorted(parts, key=lambda h: h.low)}.values():
            span = (hold.low, hold.high)
            if hold.segment == _NUMBING:
                where = names.place(hold) if people else ""
                words = gettext("Numb, %(where)s") % {"where": where} if where else gettext("Numbing")
                column.blocks.append(Block("numbing", *span, words=words, booking=visit, status=status))
            elif hold.segment == _CLEAN_DOWN:
                column.blocks.append(Block("clean", *span, words=gettext("Clean-down"), booking=visit))
            else:
                said = {"status": status, "icon": icon, "flag": flag_of(visit, flags), "held": held_words(seconds(visit.starts_at), holds)}
                column.blocks.append(Block("visit", *span, words=visit.title, booking=visit, **said))
    if kinds:
        for block in column.blocks:
            block.other = block.booking is not None and block.booking.kind not in kinds
    hours = column.open = open_spans(weekly, column.day, column.day, zone)
    away = [(low, high) for low, high, _ in absences]
    column.blocks += _closed(column, absences, away, people, zone)
    for low, high in without(hours, merged(away + taken)):
        low = -(-max(low, seconds(now)) // STEP) * STEP
        if by != "devices" and high - low >= LEAST_FREE_MINUTES * 60:
            column.blocks.append(Block("free", low, high))
    if people:
        _side_by_side(column)
    column.blocks.sort(key=lambda b: (b.low, b.look != "closed"))


def _closed(column: Column, absences, away: list[Span], people: bool, zone: ZoneInfo) -> list[Block]:
    blocks = [Block("closed", low, high, words=reason) for low, high, reason in absences]
    hours = column.open
    for low, high in without(without([column.whole], hours), away):
        words = gettext("Closed") if not people else gettext("Not in")
        if people and hours and high <= hours[0][0]:
            words = gettext("Starts %(zone)s") % {"zone": f"{moment(hours[0][0]).astimezone(zone):%H:%M}"}
        blocks.append(Block("closed", low, high, words=words))
    return blocks


def _side_by_side(column: Column) -> None:
    """Numbing stands in the right lane beside what the clinician does meanwhile; two at once share that lane."""
    numbing = sorted((b for b in column.blocks if b.look == "numbing"), key=lambda b: b.low)
    busy = [b for b in column.blocks if b.look == "visit"]

    def meets(block: Block, others: Iterable[Block]) -> bool:
        return any(other is not block and other.low < block.high and other.high > block.low for other in others)

    before: Block | None = None
    for block in numbing:
        block.beside = "beside"
        if before is not None and before.high > block.low:
            if before.beside == "beside":
                before.beside = "half1"
            block.beside = "half2" if before.beside == "half1" else "half1"
        before = block
    for block in column.blocks:
        block.narrow = block.look in ("visit", "free") and meets(block, numbing)
    column.blocks = [b for b in column.blocks if b.look != "clean" or not meets(b, [*busy, *numbing])]
    for block in column.blocks:  # a free gap begins after the clean-down it would otherwise be written over
        if block.look == "clean":
            for free in column.blocks:
                if free.look == "free" and free.low < block.high and free.high > block.low:
                    free.low = block.high


def lay_out(columns: list[Column], *, by: str, zone: ZoneInfo, now: dt.datetime, addresses: Addresses, gone, count: int) -> Grid:
    """Cut every column to the hours that are shown, and write down places and words."""
    low, high = _shown(columns)
    at = seconds(now)
    for column in columns:
        for block in column.blocks:
            top, bottom = column.reach(block.low, block.high, is_visit=block.booking is not None)
            block.top, block.bottom = max(top, low), min(bottom, high)
            block.low, block.high = block.low + block.top - top, block.high + block.bottom - bottom
        column.blocks = [block for block in column.blocks if block.top < block.bottom]
        now_stands = column.place(at)
        is_in = column.whole[0] <= at < column.whole[1] and low <= now_stands < high
        column.now_at = (now_stands - low) // STEP if is_in else None
        for block in column.blocks:
            block.draw(column, low, by, zone, addresses)
    hours = [((second - low) // STEP, _clock(columns, second, zone)) for second in range(low, high, HOUR)] if columns else []
    now_at = next((column.now_at for column in columns if column.now_at is not None), None)
    return Grid(columns, gone, hours, (high - low) // STEP, now_at, count)


def _clock(columns: list[Column], second: int, zone: ZoneInfo) -> str:
    """What the clock shows *second* down the columns."""
    if columns[0].wall is None:
        return f"{moment(columns[0].whole[0] + second).astimezone(zone):%H:%M}"
    return f"{second // HOUR:02}:{second % HOUR // 60:02}"


def _shown(columns: list[Column]) -> Span:
    """Whole hours, in seconds from midnight, around all weekly hours and visits of every column."""
    spans = []
    for column in columns:
        spans += [column.reach(low, high, is_visit=False) for low, high in column.open]
        spans += [column.reach(block.low, block.high, is_visit=True) for block in column.blocks if block.booking is not None]
    if not spans:
        return USUAL_HOURS
    longest = max(column.length for column in columns)
    low = max(0, min(span[0] for span in spans) // HOUR * HOUR)
    return low, min(longest, -(-max(span[1] for span in spans) // HOUR) * HOUR)
