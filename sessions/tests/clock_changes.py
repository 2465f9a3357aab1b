"""Every change of the clocks in ten years, in five zones: with summer time north and south, by half an hour, at midnight, and with none."""

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

ZONES = ("Europe/London", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata")
QUARTER = dt.timedelta(minutes=15)


@cache
def changes(name: str) -> list[dt.datetime]:
    """Every moment of ten years, to the quarter of an hour, at which the clocks of a zone change."""
    zone, found = ZoneInfo(name), []
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    while at < dt.datetime(2036, 1, 1, tzinfo=dt.UTC):
        end = at + dt.timedelta(hours=6)
        if at.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            while at.astimezone(zone).utcoffset() == (at + QUARTER).astimezone(zone).utcoffset():
                at += QUARTER
            found.append(at + QUARTER)
        at = end
    return found


def coming(*, forward: bool, name: str = "Europe/London") -> dt.date:
    """The next day, a week from now at the soonest, on which the clocks of a zone go forward, or back."""
    zone, soonest = ZoneInfo(name), dt.datetime.now(dt.UTC) + dt.timedelta(days=7)
    for moment in changes(name):
        before, after = ((moment + step).astimezone(zone) for step in (-QUARTER, dt.timedelta(0)))
        if moment > soonest and (after.utcoffset() > before.utcoffset()) is forward:
            return after.date()
    raise ValueError("The clocks change no more")
