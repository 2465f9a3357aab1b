"""
Times typed into a record: what the clock of its site shows, on which day, and which of two where the clocks go back.

What stands in a field is read again at every save, so each moment is written in words that lead back to it and to no other.
"""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext

from accounts.models import Site
from accounts.templatetags.clinic_format import in_words as day_words

from ..services.hours import moments_at

A_DAY = dt.timedelta(days=1)
PASSES_MIDNIGHT = dt.timedelta(hours=6)  # the longest that something which began on one day and ended on the next may have taken
_TIME = re.compile(r"(\d{1,2})[:.]?(\d{2})(?:\s*(first|second))?", re.ASCII | re.IGNORECASE)
_WHICH = ("first", "second")


@dataclass(frozen=True)
class Clock:
    """What the clock shows. which: of the two times of one day, where the clocks go back over it; empty = not said."""

    time: dt.time
    which: str = ""

    def on(self, day: dt.date, zone: ZoneInfo) -> dt.datetime:
        """
        The moment, in UTC.

        Raises:
            ValidationError: the clocks go forward over it, or it comes twice and it was not said which is meant.
        """
        moments = moments_at(day, self.time, zone)
        if len(moments) == 1:
            return moments[0]
        named = day_words(day, weekday=True)
        if not moments:
            raise forms.ValidationError(
                gettext("There is no %(time)s on %(named)s: the clocks go forward over it") % {"time": f"{self.time:%H:%M}", "named": named}
            )
        if not self.which:
            twice = gettext("%(time)s comes twice on %(named)s, because the clocks go back") % {
                "time": f"{self.time:%H:%M}",
                "named": named,
            }
            raise forms.ValidationError(
                gettext("%(twice)s. Type %(time)s first or %(time)s second") % {"twice": twice, "time": f"{self.time:%H:%M}"}
            )
        return moments[_WHICH.index(self.which)]


def read_which(text: str) -> tuple[str, str]:
    """`01:30 second` as (`01:30`, `second`): the time, and which of two it is where that is said."""
    words = text.split()
    return (" ".join(words[:-1]), words[-1].lower()) if len(words) > 1 and words[-1].lower() in _WHICH else (text, "")


class ClockTime(forms.CharField):
    """A time of the day, read as a `Clock`: the form knows the day."""

    def __init__(self, **kwargs):
        super().__init__(required=False, strip=True, **kwargs)

    def clean(self, value) -> Clock | None:
        text = super().clean(value)
        if not text:
            return None
        match = _TIME.fullmatch(text)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            raise forms.ValidationError(gettext("%(self)s must be a time such as 14:05") % {"self": self.label})
        return Clock(dt.time(int(match[1]), int(match[2])), (match[3] or "").lower())


def clock_words(moment: dt.datetime | None, site: Site) -> str:
    """`14:05` on the clock of *site*; `01:30 second` where it shows that time twice on that day."""
    if moment is None:
        return ""
    local = site.local(moment)
    both = moments_at(local.date(), local.time(), site.zone)
    return f"{local:%H:%M} {_WHICH[both.index(moment)]}" if len(both) > 1 else f"{local:%H:%M}"


def after(clock: Clock, earlier: dt.datetime, day: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    """
    When it was *clock* after *earlier*: on *day*, or on the next where it ran past midnight. None: neither can be meant.

    Raises:
        ValidationError: as `Clock.on`.
    """
    return _placed(clock, (day, day + A_DAY), earlier, lambda moment: moment - earlier, zone)


def before(clock: Clock, later: dt.datetime, day: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    """When it was *clock* before *later*: on *day*, or on the day before. None, ValidationError: as `after`."""
    return _placed(clock, (day, day - A_DAY), later, lambda moment: later - moment, zone)


def _placed(clock: Clock, days: tuple[dt.date, dt.date], other: dt.datetime, took, zone: ZoneInfo) -> dt.datetime | None:
    shown, refused = other.astimezone(zone).replace(tzinfo=None), None
    for day in days:
        # A second day is only looked at where the clocks are that near; an hour more where they change between.
        if day != days[0] and abs(dt.datetime.combine(day, clock.time) - shown) > PASSES_MIDNIGHT + dt.timedelta(hours=1):
            break
        try:
            moment = clock.on(day, zone)
        except forms.ValidationError as error:
            refused = error
            continue
        if dt.timedelta(0) < took(moment) and (day == days[0] or took(moment) <= PASSES_MIDNIGHT):
            return moment
    if refused is not None:
        raise refused
    return None
