"""
How a web session stands: open, locked or out; and what counts as a sign of life of a person.

The clock is a column of the session's row. It is moved on at most once in `step()`, so that reading pages does not mean
writing rows. What asks by itself (a poll, a live part, a worklist that refreshes) never moves it, unless it says that
somebody has touched keyboard, mouse or screen since: the pages send that with each of their own requests.
"""

import datetime as dt
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from .store import CLOCKS_DIFFER

# Seconds since the last touch of keyboard, mouse or screen, as the page counts them.
TOUCHED_HEADER = "X-Touched"
POLL = "poll"  # a page that refreshes itself says so in its address
SAFE = ("GET", "HEAD", "OPTIONS")


class Standing(StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    OUT = "out"


def idle_limit() -> dt.timedelta:
    return dt.timedelta(seconds=settings.IDLE_LOCK_SECONDS)


def step() -> dt.timedelta:
    """How far the clock in the row may lag behind: a twentieth of the limit, half a minute at most."""
    return min(idle_limit() / 20, dt.timedelta(seconds=30))


def left_idle(row, now: dt.datetime) -> bool:
    """Also where the last touch lies in the future: the clock was put back, and nobody knows how long the screen was left."""
    return not -CLOCKS_DIFFER < now - row.seen_at < idle_limit()


def standing_of(request) -> Standing:
    """How the session of *request* stands at this moment; a session nobody may use any more is out."""
    if not request.user.is_authenticated:
        return Standing.OUT
    row = request.session.row
    if row is None:
        return Standing.OPEN  # made by this very request
    return Standing.LOCKED if row.locked_at or left_idle(row, timezone.now()) else Standing.OPEN


def _asks_by_itself(request) -> bool:
    """Whether a page asked, not the person before it. Browsers name their own fetches in Sec-Fetch-Mode; scripts cannot set it."""
    if request.method not in SAFE:
        return False
    return (
        request.method != "GET"
        or POLL in request.GET
        or "HX-Request" in request.headers
        or "X-Requested-With" in request.headers
        or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    )


def last_touched(request, now: dt.datetime) -> dt.datetime | None:
    """When somebody last touched the desk, as far as *request* shows; None where it shows nothing."""
    said = request.headers.get(TOUCHED_HEADER)
    if said is not None:
        if not (said.isascii() and said.isdecimal() and len(said) <= 6):
            return None
        return now - dt.timedelta(seconds=int(said))
    return None if _asks_by_itself(request) else now


def note_life(request) -> None:
    """Move the clock of an open session on, where it lags behind by more than its step or somebody has just paused."""
    now = timezone.now()
    row, touched = request.session.row, last_touched(request, now)
    if row is None or touched is None or touched <= row.seen_at:
        return
    paused = now - touched >= step() and touched - row.seen_at >= dt.timedelta(seconds=1)
    if touched - row.seen_at >= step() or paused:
        type(row).objects.filter(pk=row.pk, locked_at=None, seen_at__lt=touched).update(seen_at=touched)
        row.seen_at = touched
