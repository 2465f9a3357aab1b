"""
The calendar link of one clinician: made, taken back, and what is read through it.

Through the link nothing of a patient leaves: the kind of visit, where, when, and whether it stands. Whoever has the address can read
it, so it is long, ends by itself, is stored only as a hash, and dies with its owner's access.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Prefetch
from django.utils import timezone
from icalendar import Calendar, Event

from accounts.models import User
from accounts.permissions import may
from accounts.signing_in import throttle
from audit import read_only
from audit.services import record
from sessions.models import Booking, Hold
from sessions.services.hours import moments_at

from ..models import CalendarLink

FEED = "calendar.feed"  # the permission to have one
LASTS = dt.timedelta(days=365)
WINDOW, READS_A_WINDOW = dt.timedelta(hours=1), 60  # a calendar program asks every few minutes at most
BACK, AHEAD = dt.timedelta(days=30), dt.timedelta(days=400)
MOST = 3000  # visits in one answer
STANDING = {Booking.Status.CANCELLED: "CANCELLED", Booking.Status.MISSED: "CANCELLED"}
_NOBODYS = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Reading:
    """What a request with a secret gets: a calendar, or nothing; *wait*: seconds until it may ask again."""

    calendar: bytes | None = None
    wait: int = 0


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def link_of(user) -> CalendarLink | None:
    """The one that works now."""
    return CalendarLink.objects.filter(user=user, ended_at__isnull=True, ends_at__gt=timezone.now()).first()


def make_link(user, *, request=None) -> str:
    """A new secret for *user*, which is returned and nowhere kept; the link there was before dies."""
    secret, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two presses at once: one after the other
        CalendarLink.objects.filter(user=user, ended_at__isnull=True).update(ended_at=now)
        link = CalendarLink.objects.create(user=user, digest=_digest(secret), made_at=now, ends_at=now + LASTS)
        record("feed.made", actor=user, obj=link, request=request)
    return secret


def end_link(user, *, by=None, request=None) -> bool:
    """Take the link of *user* back, also when they leave. Pressed twice, the second changes nothing."""
    with transaction.atomic():
        link = CalendarLink.objects.select_for_update().filter(user=user, ended_at__isnull=True).first()
        if link is None:
            return False
        CalendarLink.objects.filter(pk=link.pk).update(ended_at=timezone.now())
        record("feed.ended", actor=by, obj=link, request=request)
    return True


def read(secret: str, request) -> Reading:
    """
    What is read through *secret*. One that was never made, one taken back, one that ran out and one whose owner has left are the
    same: looked up the same way, compared the same way, counted the same way. A link that works never waits for others' mistakes.
    """
    now, digest = timezone.now(), _digest(secret)
    link = CalendarLink.objects.select_related("user").filter(digest=digest).first()
    same = hmac.compare_digest(link.digest if link else _NOBODYS, digest)
    if not (same and link and link.ended_at is None and link.ends_at > now and may(link.user, FEED)):
        return Reading(wait=throttle.wrong_link(request))
    if wait := _count(link, now):
        return Reading(wait=wait)
    return Reading(calendar=calendar_of(link.user, now))


def _count(link: CalendarLink, now: dt.datetime) -> int:
    """Count one reading; seconds to wait where there were too many within the hour. The first of each day leaves a row in the log."""
    if read_only.reason():
        return 0
    # A clock that was put back keeps nobody waiting until it has caught up.
    if link.window_at is None or not now - WINDOW < link.window_at <= now + dt.timedelta(minutes=1):
        with transaction.atomic():
            CalendarLink.objects.filter(pk=link.pk).update(window_at=now, window_reads=1, read_at=now)
            if link.read_at is None or link.read_at.date() != now.date():
                record("feed.read", obj=link, detail={"of": link.user_id})
        return 0
    if link.window_reads >= READS_A_WINDOW:
        return max(1, int((link.window_at + WINDOW - now).total_seconds()))
    CalendarLink.objects.filter(pk=link.pk).update(window_reads=F("window_reads") + 1, read_at=now)
    return 0


def calendar_of(user, now: dt.datetime) -> bytes:
    """The visits of *user* as a calendar. Three queries, however many there are."""
    own = Hold.objects.filter(resource__user=user).order_by("starts_at")
    rows = Booking.objects.visible_to(user).filter(clinician__user=user, starts_at__range=(now - BACK, now + AHEAD))
    rows = rows.select_related("site", "room").prefetch_related(Prefetch("holds", queryset=own, to_attr="own_holds"))
    shown = ("version", "site", "room", "kind", "status", "starts_at", "ends_at")
    calendar = Calendar()
    calendar.add("prodid", "-//Microneedle clinic//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", "Clinic visits")
    calendar.add("refresh-interval", dt.timedelta(minutes=15), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for booking in rows.only(*shown, "site__name", "site__slug", "site__time_zone", "room__name").order_by("starts_at", "pk")[:MOST]:
        calendar.add_component(_event(booking, now))
    calendar.add_missing_timezones(first_date=(now - BACK - dt.timedelta(days=400)).date(), last_date=(now + AHEAD).date())
    return calendar.to_ical()


def _written(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """On the clock of the site; in UTC where that clock shows the same time twice, of which readers take the first."""
    local = moment.astimezone(zone)
    return local if len(moments_at(local.date(), local.time(), zone)) == 1 else moment.astimezone(dt.UTC)


def _event(booking: Booking, now: dt.datetime) -> Event:
    zone = booking.site.zone
    event = Event()
    event.add("uid", f"visit-{booking.pk}@{booking.site.slug}.clinic")
    event.add("dtstamp", now.astimezone(dt.UTC))
    event.add("sequence", booking.version)  # counted up by every change of the visit
    event.add("status", STANDING.get(booking.status, "CONFIRMED"))
    event.add("summary", booking.get_kind_display())
    event.add("location", ", ".join(str(one.name) for one in (booking.room, booking.site) if one is not None))
    event.add("dtstart", _written(booking.starts_at, zone))
    event.add("dtend", _written(booking.ends_at, zone))
    live = [hold for hold in booking.own_holds if hold.is_live]
    if live and (live[0].starts_at, live[-1].ends_at) != (booking.starts_at, booking.ends_at):
        begins, ends = (moment.astimezone(zone) for moment in (live[0].starts_at, live[-1].ends_at))
        event.add("description", f"Your part: {begins:%H:%M} to {ends:%H:%M}")
    event.add("class", "PRIVATE")
    return event
