"""
A time that came free, and who on the waiting list could come then.

Judged by the diary itself and by the one rule of the healing gap; nothing here is a second copy of either. Ordered by need: courses that
are past their usual wait first, the longest past it at the top; then who has no wait to keep, by how long they are on the list; then
courses that may come but are early, the nearest to their usual wait first.
"""

import datetime as dt
from dataclasses import dataclass, field, replace

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from audit.models import AuditEvent
from plans.querysets import PLAN_DOCUMENTS
from sessions.models import Booking, Hold, Resource
from sessions.querysets import of
from sessions.services import gap
from sessions.services.free_time import STEP_MINUTES, Diary, FreeTime
from sessions.services.healing import healing_of
from sessions.services.hours import at_clock, clinic_zone, local_day, moment, seconds, visit_of
from sessions.services.refusals import BookingRefused

from ..models import WaitingEntry
from .waiting import number_next, to_bring_forward

MOST_READ, MOST_JUDGED = 200, 12
QUARTER = STEP_MINUTES * 60
GONE = (Booking.Status.CANCELLED, Booking.Status.MISSED)


@dataclass(frozen=True)
class Freed:
    """A stretch of one clinician's time that a visit held and holds no more."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    clinician: Resource


@dataclass(frozen=True)
class Fit:
    """One of the list who could come. late: days past the usual wait of the course, below zero while early; None = no wait to keep."""

    entry: WaitingEntry
    time: FreeTime
    words: str
    late: int | None

    @property
    def slot(self) -> str:
        """As the form of a press sends it."""
        parts = (self.time.clinician, self.time.room, self.time.device)
        return "/".join([self.time.starts_at.isoformat(), *(str(one.pk) if one else "" for one in parts)])

    @property
    def need(self) -> tuple:
        waited = self.entry.created_at
        if self.late is None:
            return (1, 0, waited)
        return (0, -self.late, waited) if self.late >= 0 else (2, -self.late, waited)


@dataclass
class Fits:
    freed: Freed
    fits: list[Fit] = field(default_factory=list)
    left_out: int = 0  # how many of the list were asked and cannot come then
    unread: int = 0  # how many more might, and were not asked


def freed_by(booking: Booking, now: dt.datetime | None = None) -> Freed | None:
    """
    The time that *booking* set free: its own where it is cancelled or missed, the one before where it was moved; what is left of it
    where it has begun. None where nothing was, or where that time is over.
    """
    now = now or timezone.now()
    if booking.status in GONE:
        found = Freed(booking.starts_at, booking.ends_at, booking.clinician)
    elif booking.status == Booking.Status.BOOKED:
        found = _before_the_move(booking)
    else:
        found = None
    if found is None or found.ends_at <= now:
        return None
    return replace(found, starts_at=_next_quarter(now)) if found.starts_at <= now else found


def _next_quarter(now: dt.datetime) -> dt.datetime:
    """Whoever is rung now comes at a quarter of the clock after it."""
    return moment(seconds(now) // QUARTER * QUARTER + QUARTER)


def _before_the_move(booking: Booking) -> Freed | None:
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action="booking.moved")
    detail = rows.order_by("-pk").values_list("detail", flat=True).first()
    before = (detail or {}).get("from") or {}
    clinician = Resource.objects.filter(pk=before.get("clinician"), is_active=True).first()
    if clinician is None or not before.get("starts_at"):
        return None
    starts_at = dt.datetime.fromisoformat(before["starts_at"])
    if (starts_at, clinician.pk) == (booking.starts_at, booking.clinician_id):
        return None
    return Freed(starts_at, starts_at + (booking.ends_at - booking.starts_at), clinician)


def fits(booking: Booking, user, now: dt.datetime | None = None) -> Fits | None:
    """Who of the waiting list could take the time that *booking* set free; None where none came free or nobody waits for one."""
    now = now or timezone.now()
    freed = freed_by(booking, now)
    if freed is None:
        return None
    site, zone = booking.site, clinic_zone(booking.site)
    day = local_day(freed.starts_at, zone)
    rows = WaitingEntry.objects.visible_to(user).waiting(max(day, local_day(now, zone))).filter(site=site)
    rows = rows.filter(Q(clinician__isnull=True) | Q(clinician=freed.clinician)).exclude(patient=booking.patient_id)
    rows = rows.select_related("patient__site", "plan", "clinician").defer(*of("plan", PLAN_DOCUMENTS)).prefetch_related("plan__zones")
    entries = [entry for entry in rows[:MOST_READ] if entry.on_weekday(day.weekday())]
    if not entries:
        return None
    found = Fits(freed)
    entries.sort(key=_likely_need(entries, day, zone))
    entries = _each_once(entries)
    found.unread = max(0, len(entries) - MOST_JUDGED)
    diary = Diary(site, day, day)
    _add_holds_of(diary, entries)
    for entry in entries[:MOST_JUDGED]:
        fit = _fit(entry, freed, diary, zone)
        if fit is None:
            found.left_out += 1
        else:
            found.fits.append(fit)
    found.fits.sort(key=lambda fit: fit.need)
    return found


def _each_once(entries: list[WaitingEntry]) -> list[WaitingEntry]:
    """Without what the same person waits for under another record as well: nobody is offered the same twice."""
    first: dict[tuple, WaitingEntry] = {}
    for entry in entries:
        first.setdefault((entry.patient.person_pk, entry.kind, entry.plan_id), entry)
    return list(first.values())


def _likely_need(entries: list[WaitingEntry], day: dt.date, zone):
    """The order in which they are asked, from one query: by the plan's own weeks, which what was really done can only lengthen."""
    plans = {entry.plan_id for entry in entries if entry.plan_id}
    sessions = Booking.objects.live().filter(plan__in=plans, kind=Booking.Kind.SESSION, starts_at__lt=at_clock(day, dt.time.min, zone))
    last = dict(sessions.order_by().values_list("plan").annotate(last=Max("starts_at")))

    def key(entry: WaitingEntry):
        if entry.kind != WaitingEntry.Kind.SESSION or entry.plan_id not in last:
            return (1, 0, entry.created_at)
        late = (day - local_day(last[entry.plan_id], zone)).days - entry.plan.interval_weeks_typical * 7
        return (0, -late, entry.created_at) if late >= 0 else (2, -late, entry.created_at)

    return key


def _add_holds_of(diary: Diary, entries: list[WaitingEntry]) -> None:
    """What these patients have booked on the days of *diary*, in one query: nobody is offered two places at once."""
    subjects = {f"p{entry.patient.person_pk}" for entry in entries}
    begin = at_clock(diary.first_day, dt.time.min, diary.zone)
    holds = Hold.objects.live_between(begin, begin + dt.timedelta(days=3)).filter(subject__in=subjects)
    for subject, low, high in holds.values_list("subject", "starts_at", "ends_at"):
        diary.taken.setdefault(subject, []).append((seconds(low), seconds(high)))


def _fit(entry: WaitingEntry, freed: Freed, diary: Diary, zone) -> Fit | None:
    visit = visit_of(diary.site, entry.kind, plan=entry.plan)
    try:
        party = diary.party(kind=entry.kind, patient=entry.patient, clinician=freed.clinician, plan=entry.plan)
    except BookingRefused:
        return None  # not for this clinician, or there is no device for it
    day = local_day(freed.starts_at, zone)
    since, until = freed.starts_at, freed.ends_at
    if entry.not_before is not None:
        since = max(since, at_clock(day, entry.not_before, zone))
    # The freed time itself first: it need not begin at a quarter of the clock.
    slot = diary.pick(visit, seconds(since), party) if since < until else None
    slot = slot or next(iter(diary.free_times(visit, party, since=since, until=until, limit=1)), None)
    if slot is None or (entry.not_after is not None and slot.ends_at > at_clock(day, entry.not_after, zone)):
        return None
    if entry.kind == WaitingEntry.Kind.SESSION:
        return _session_fit(entry, slot, day, zone)
    standing = to_bring_forward(entry)
    if (standing is not None and standing.starts_at <= slot.starts_at) or not _let_in(entry, slot, standing):
        return None
    return Fit(entry, slot, _forward(standing, zone) + _waiting_words(entry), None)


def _let_in(entry: WaitingEntry, slot: FreeTime, standing: Booking | None, number: int | None = None) -> bool:
    """Whether the door lets it in, as far as the plan goes: it is in force, its healing gap is over, and its visits keep their order."""
    plan = entry.plan
    if plan is None:
        return True
    try:
        if number is not None:
            gap.check_plan(plan, number)
            gap.check_gap(plan, number, slot.starts_at, ignoring=standing)
        gap.check_review(plan, entry.kind, slot.starts_at, ignoring=standing)
    except BookingRefused:
        return False
    return True


def _forward(standing: Booking | None, zone) -> str:
    if standing is None:
        return ""
    return _("Now on %(day)s.") % {"day": in_words(local_day(standing.starts_at, zone), weekday=True)} + " "


def _waiting_words(entry: WaitingEntry) -> str:
    return _("Waiting since %(day)s") % {"day": in_words(timezone.localtime(entry.created_at).date())}


def _session_fit(entry: WaitingEntry, slot: FreeTime, day: dt.date, zone) -> Fit | None:
    plan = entry.plan
    placed = gap.placed(plan)
    number, standing = number_next(plan, placed), to_bring_forward(entry, placed)
    if number is None or (standing is not None and standing.starts_at <= slot.starts_at):
        return None
    if not _let_in(entry, slot, standing, number):
        return None
    days = {n: local_day(visit.starts_at, zone) for n, visit in placed.items()}
    earlier = max((n for n in days if n < number), default=None)
    if earlier is None:
        words = _("First session.")
        return Fit(entry, slot, f"{_forward(standing, zone)}{words} {_waiting_words(entry)}", None)
    healing = healing_of(plan)
    usual = sum(healing.after(n).ideal for n in range(earlier, number)) * 7
    since = (day - days[earlier]).days
    late = since - usual
    said = {"weeks": gap.weeks(since), "number": earlier}
    if late > 0:
        words = _("%(weeks)s after session %(number)s, %(late)s past the usual wait") % {**said, "late": gap.weeks(late)}
    elif late < 0:
        words = _("%(weeks)s after session %(number)s; %(usual)s is usual") % {**said, "usual": gap.weeks(usual)}
    else:
        words = _("%(weeks)s after session %(number)s, the usual wait") % said
    return Fit(entry, slot, f"{_forward(standing, zone)}{words}", late)
