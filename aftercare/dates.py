"""When a rule ends, as a date on the clinic's wall clock, and how dates and times are written for patients."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

NBSP = "\u00a0"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Part(Enum):
    """A part of the day that people plan by. The value is when it begins on the wall clock."""

    MORNING = time(6)
    MIDDAY = time(12)
    EVENING = time(18)


@dataclass(frozen=True, order=True)
class Moment:
    """The first part of a day on which something is allowed again."""

    day: date
    begins: time

    @property
    def part(self) -> Part:
        return Part(self.begins)


def round_up(local: datetime) -> Moment:
    """Return the next morning, midday or 6pm at or after *local*: a rule never ends early."""
    for part in Part:
        if local.time() <= part.value:
            return Moment(local.date(), part.value)
    return Moment(local.date() + timedelta(days=1), Part.MORNING.value)


def after_hours(ended_at: datetime, hours: Decimal | int, zone: ZoneInfo) -> Moment:
    """Hours really gone by since *ended_at* (aware), so that a night with a clock change is counted right."""
    return round_up((ended_at.astimezone(ZoneInfo("UTC")) + timedelta(hours=float(hours))).astimezone(zone))


def after_days(ended_at: datetime, days: Decimal | int, zone: ZoneInfo) -> Moment:
    """Calendar days after *ended_at* (aware): the same time on the wall clock, also where the clocks changed between."""
    return round_up(ended_at.astimezone(zone).replace(tzinfo=None) + timedelta(days=float(days)))


@dataclass(frozen=True)
class Calendar:
    """How one country writes dates for patients: no ordinals, no figures-only dates, spaces that do not break."""

    month_first: bool
    midday: str
    comma: str = ", "
    pair: str = ", "
    span: str = " to "
    decimal: str = "."

    def long(self, day: date, *, weekday: bool = False) -> str:
        """`17 November 2026`, `Tuesday 17 November 2026`; US `Tuesday, November 17, 2026`."""
        month = MONTHS[day.month - 1]
        if self.month_first:
            text = f"{month}{NBSP}{day.day},{NBSP}{day.year}"
            return f"{WEEKDAYS[day.weekday()]}, {text}" if weekday else text
        text = f"{day.day}{NBSP}{month}{NBSP}{day.year}"
        return f"{WEEKDAYS[day.weekday()]} {text}" if weekday else text

    def short(self, day: date, *, weekday: bool = True, month: bool = True) -> str:
        """`Wed 18 Nov`; US `Wed Nov 18`."""
        words = [str(day.day)]
        if month:
            words.insert(0 if self.month_first else 1, MONTHS[day.month - 1][:3])
        if weekday:
            words.insert(0, WEEKDAYS[day.weekday()][:3])
        return NBSP.join(words)

    def column(self, day: date, *, month: bool) -> str:
        """At the head of a column: `Wed 18`; `Tue 1 Dec` where a month begins; US `Nov 18`."""
        if self.month_first:
            return self.short(day, weekday=False)
        return self.short(day, month=month)

    def month(self, day: date) -> str:
        """`March 2028`"""
        return f"{MONTHS[day.month - 1]}{NBSP}{day.year}"

    def moment(self, moment: Moment) -> str:
        """`midday, Wed 18 Nov`, `6pm, Wed 18 Nov`, `Wed 18 Nov, morning`."""
        day = self.short(moment.day)
        if moment.part is Part.MORNING:
            return f"{day}, morning"
        return f"{self.midday if moment.part is Part.MIDDAY else '6pm'}, {day}"

    def clock(self, at: datetime) -> str:
        """`10:30am`, `9am`, `midday`, `midnight`."""
        if (at.hour, at.minute) == (12, 0):
            return self.midday
        if (at.hour, at.minute) == (0, 0):
            return "midnight"
        minutes = f":{at.minute:02d}" if at.minute else ""
        return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"

    def duration(self, minutes: int) -> str:
        return duration(minutes)


@dataclass(frozen=True)
class WordedCalendar:
    """How another language writes dates: names and patterns are part of its translation, read and approved with it."""

    words: Mapping[str, Any]
    midday: str
    month_first: bool = False

    @property
    def comma(self) -> str:
        return self.words["comma"]

    @property
    def pair(self) -> str:
        return self.words["pair"]

    @property
    def span(self) -> str:
        return self.words["range"]

    @property
    def decimal(self) -> str:
        return self.words["decimal"]

    def _fill(self, pattern: str, **values: object) -> str:
        return self.words[pattern].format(**values).strip()

    def long(self, day: date, *, weekday: bool = False) -> str:
        """`17 de noviembre de 2026`, `martes, 17 de noviembre de 2026`."""
        values = {"day": day.day, "month": self.words["months"][day.month - 1], "year": day.year}
        if not weekday:
            return self._fill("long", **values).replace(" ", NBSP)
        return self._fill("long_weekday", weekday=self.words["weekdays"][day.weekday()], **values)

    def short(self, day: date, *, weekday: bool = True, month: bool = True) -> str:
        """`mié 18 nov`"""
        words = [str(day.day)]
        if month:
            words.append(self.words["months_short"][day.month - 1])
        if weekday:
            words.insert(0, self.words["weekdays_short"][day.weekday()])
        return NBSP.join(words)

    def column(self, day: date, *, month: bool) -> str:
        """As `short`, in two lines where the column is too narrow for one."""
        return f"{self.words['weekdays_short'][day.weekday()]} {self.short(day, weekday=False, month=month)}"

    def month(self, day: date) -> str:
        return self._fill("month", month=self.words["months_alone"][day.month - 1], year=day.year).replace(" ", NBSP)

    def moment(self, moment: Moment) -> str:
        """`mié 18 nov, mediodía`, `mié 18 nov, 18:00`."""
        if moment.part is Part.EVENING:
            part = self.clock(datetime.combine(moment.day, moment.begins))
        else:
            part = self.midday if moment.part is Part.MIDDAY else self.words["morning"]
        return self._fill("moment", day=self.short(moment.day), part=part)

    def clock(self, at: datetime) -> str:
        half = self.words["before_noon" if at.hour < 12 else "after_noon"]
        return self._fill("clock", hour=at.hour, hour12=at.hour % 12 or 12, minute=f"{at.minute:02d}", half=half).replace(" ", NBSP)

    def duration(self, minutes: int) -> str:
        hours, rest = divmod(minutes, 60)
        said = [self._fill("hours", n=hours)] if hours else []
        if rest or not hours:
            said.append(self._fill("minutes", n=rest))
        return NBSP.join(said).replace(" ", NBSP)


def calendar_of(country: str, midday: str, words: Mapping[str, Any] | None = None) -> "Calendar | WordedCalendar":
    """words: of a translation; English where there are none."""
    return WordedCalendar(words, midday) if words else Calendar(month_first=country == "US", midday=midday)


def duration(minutes: int) -> str:
    """`1 hour 30 minutes`, `45 minutes`."""
    hours, rest = divmod(minutes, 60)
    words = []
    if hours:
        words.append(f"{hours}{NBSP}{'hour' if hours == 1 else 'hours'}")
    if rest or not hours:
        words.append(f"{rest}{NBSP}{'minute' if rest == 1 else 'minutes'}")
    return " ".join(words)
