"""The worklist of one day: who is in a room now, who is next, and what must still be finished."""

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.addresses import numbered
from accounts.permissions import Role
from accounts.reach import reach_of
from patients.models import Allergy, Patient
from patients.person import person_of
from sessions.models import Booking, Resource, TreatmentSession
from sessions.services import late
from sessions.services.away import WAITING, away_words
from sessions.services.due import due_among
from sessions.services.hours import day_bounds
from sessions.services.screening import may_ask
from sessions.services.where import say_where, taken_by

from .piles import Pile, piles_of

LOOKS_AFTER = (Role.MEDICAL_LEAD, Role.MANAGER, Role.AUDITOR)


class Routes:
    """Where the rows of one list lead to."""

    def __init__(self) -> None:
        self.patient = numbered("patients:detail")
        self.booking = numbered("sessions:booking")
        self.arrive = numbered("sessions:arrive")
        self.record = numbered("sessions:record")
        self.record_start = numbered("sessions:record_start")
        self.consult_start = numbered("plans:consult_start")
        self.enter_record = numbered("sessions:enter_record")


@dataclass(frozen=True, slots=True)
class Do:
    """The one next action of a row."""

    label: str
    url: str
    post: bool = False
    primary: bool = False
    version: int | None = None
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One visit as it is drawn: the words are made here, once, so that the template only writes them."""

    booking: Booking
    id: str
    at: str
    clock: str
    patient: str
    surname: str
    given: str
    patient_url: str
    url: str
    clinician: str
    room: str
    kind: str
    status: str
    icon: str
    tone: str
    flags: tuple[Flag, ...]
    do: Do | None


@dataclass
class Worklist:
    day: dt.date
    made_at: dt.datetime
    own: bool
    can_widen: bool
    now: list[Row] = field(default_factory=list)
    next: list[Row] = field(default_factory=list)
    over: list[Row] = field(default_factory=list)
    piles: list[Pile] = field(default_factory=list)
    piles_first: bool = False  # for those whose first work is not the visits

    @property
    def address(self) -> str:
        """Where this very list is shown: what a press in it comes back to."""
        return reverse("clinic:today") + ("?who=everyone" if self.can_widen and not self.own else "")

    @property
    def seen(self) -> str:
        """Whom this list names and how they stand, in short: a poll that brings the same again has shown nothing new."""
        lines = [(row.url, row.surname, row.given, row.status) for row in (*self.now, *self.next, *self.over)]
        lines += [(item.url, item.title) for pile in self.piles for item in pile.items]
        return hashlib.sha256(repr(sorted(lines, key=repr)).encode()).hexdigest()[:16]

    @property
    def count(self) -> int:
        return len(self.now) + len(self.next) + len(self.over)


def _kind(booking: Booking) -> str:
    if booking.session_number and booking.plan:
        said = {"kind": booking.get_kind_display(), "number": booking.session_number, "all": booking.plan.sessions_count}
        return _("%(kind)s %(number)s of %(all)s") % said
    return booking.get_kind_display()


def _record(booking: Booking) -> TreatmentSession | None:
    return getattr(booking, "record", None)


def _status(booking: Booking, now: dt.datetime) -> tuple[str, str, str]:
    """(words, icon, tone) of a booking as it stands at *now*."""
    match booking.status:
        case Booking.Status.ARRIVED if booking.numbing_started_at:
            return _("Numbing %(time)s") % {"time": f"{booking.on_site(booking.numbing_started_at):%H:%M}"}, "i-here", "here"
        case Booking.Status.ARRIVED:
            here = (
                pgettext("visit", "Here %(time)s") % {"time": f"{booking.on_site(booking.arrived_at):%H:%M}"} if booking.arrived_at else ""
            )
            return here or pgettext("visit", "Here"), "i-here", "here"
        case Booking.Status.IN_ROOM:
            return pgettext("visit", "In room"), "i-door", "in"
        case Booking.Status.DONE:
            return pgettext("visit", "Done"), "i-ok", "plain"
        case Booking.Status.MISSED:
            return pgettext("visit", "Missed"), "i-x", "plain"
    if booking.late_minutes:
        about = booking.on_site(booking.starts_at + dt.timedelta(minutes=booking.late_minutes))
        return _("Said late, about %(time)s") % {"time": f"{about:%H:%M}"}, "i-defer", "late"
    if booking.starts_at < now:
        minutes = int((now - booking.starts_at).total_seconds() // 60)
        late = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
        return _("Not here yet, %(late)s late") % {"late": late}, "i-defer", "late"
    return _("Not here yet"), "", "plain"


def _do(booking: Booking, user, routes: Routes) -> Do | None:
    """What this person does next with this booking; None where there is nothing for them."""
    record, session = _record(booking), booking.kind == Booking.Kind.SESSION
    if booking.status == Booking.Status.BOOKED and user.may("bookings.edit"):
        return Do(pgettext("button", "Arrived"), routes.arrive(booking.pk), post=True, version=booking.version, arrived=True)
    if booking.status == Booking.Status.DONE:
        if record and not record.is_locked and user.may("records.edit"):
            return Do(_("Sign record"), routes.record(record.pk), primary=True)
        if session and not record and user.may("records.sign") and late.may_be_entered(booking):
            return Do(_("Enter record"), routes.enter_record(booking.pk))
        return None
    if session and record and user.may("records.view"):
        return Do(_("Open record"), routes.record(record.pk), primary=True)
    if booking.status in (Booking.Status.ARRIVED, Booking.Status.IN_ROOM):
        if session and user.may("records.edit"):
            return Do(pgettext("button", "Start"), routes.record_start(booking.pk), post=True, primary=True, version=booking.version)
        if booking.kind == Booking.Kind.CONSULTATION and user.may("plans.edit"):
            return Do(_("Start consultation"), routes.consult_start(booking.patient.number), post=True, primary=True)
    return None


def checks_due(bookings: list[Booking], user, day: dt.date) -> set[int]:
    """The sessions of *day* that wait, before which *user* has something to ask the patient."""
    if not user.may("screening.ask"):
        return set()
    found = due_among((booking for booking in bookings if booking.status in WAITING), day)
    return {pk for pk, (patient, due) in found.items() if may_ask(due, by=user, patient=patient)}


def _flags(booking: Booking, namesakes: Counter, allergies: dict[int, list[str]], away: dict[int, str], due: set[int]) -> tuple[Flag, ...]:
    flags = []
    if booking.pk in due:
        flags.append(Flag(_("Safety checks due"), "caut"))
    if booking.pk in away:
        flags.append(Flag(away[booking.pk], "caut"))
    if booking.patient.person_pk in allergies:
        flags.append(Flag(_("Allergy: %(substances)s") % {"substances": ", ".join(allergies[booking.patient.person_pk])}, "alg"))
    if (alike := namesakes[booking.patient.surname_key]) > 1:
        flags.append(Flag(_("%(n)s with this name today") % {"n": alike}, "caut"))
    return tuple(flags)


def namesakes_today(bookings: list[Booking]) -> Counter:
    """How many different people with the same surname come today."""
    return Counter(surname for surname, __ in {(b.patient.surname_key, b.patient.person_pk) for b in bookings})


def same_name_today(patient: Patient, user) -> str | None:
    """The header's warning where somebody else with this surname comes on the same day."""
    start, end = _span(timezone.localdate())
    people = Booking.objects.visible_to(user).filter(starts_at__gte=start, starts_at__lt=end, patient__surname_key=patient.surname_key)
    pks = set(people.exclude(status=Booking.Status.CANCELLED).values_list(person_of("patient"), flat=True))
    return _("%(n)s with this name today") % {"n": len(pks)} if len(pks) > 1 and patient.person_pk in pks else None


def _span(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    return day_bounds(day, timezone.get_current_timezone())


def todays(user, now: dt.datetime) -> Q:
    """The condition on visits of today: the day it is now at the site of each, for sites of another clock than the page's too."""
    reach, start, end = reach_of(user), *_span(timezone.localtime(now).date())
    shown = timezone.get_current_timezone_name()
    others = {clock: [pk for pk, own in zip(reach.sites, reach.clocks, strict=True) if own == clock] for clock in reach.clocks}
    elsewhere = [pk for clock, pks in others.items() if clock != shown for pk in pks]
    found = Q(starts_at__gte=start, starts_at__lt=end) & ~Q(site__in=elsewhere)
    for clock, pks in others.items():
        if clock != shown:
            zone = ZoneInfo(clock)
            start, end = day_bounds(now.astimezone(zone).date(), zone)
            found |= Q(site__in=pks, starts_at__gte=start, starts_at__lt=end)
    return found


def bookings_of(user, now: dt.datetime):
    return (
        Booking.objects.visible_to(user)
        .filter(todays(user, now))
        .exclude(status=Booking.Status.CANCELLED)
        .for_a_day("site", "record")
        .order_by("starts_at", "pk")
    )


def worklist_of(user, *, everyone: bool = False, now: dt.datetime | None = None) -> Worklist:
    """
    Return the worklist of *user* for today. People with a column of their own in the diary see their own patients unless
    *everyone* is asked for; the desk and the manager see all.
    """
    now = now or timezone.now()
    day = timezone.localtime(now).date()
    bookings = list(bookings_of(user, now))
    here = Resource.objects.filter(Q(pk__in=taken_by(bookings)) | Q(user=user, is_active=True)).only("name", "user", "is_active")
    known = {resource.pk: resource for resource in here}
    say_where(bookings, known)
    mine = next((pk for pk, resource in known.items() if resource.user_id == user.pk and resource.is_active), None)
    work = Worklist(day=day, made_at=now, own=mine is not None and not everyone, can_widen=mine is not None)
    namesakes = namesakes_today(bookings)
    if work.own:
        bookings = [b for b in bookings if b.clinician_id == mine]
    allergies: dict[int, list[str]] = {}
    listed = Allergy.objects.of_people({b.patient.person_pk for b in bookings}).values_list("person", "substance")
    for person, substance in listed:
        allergies.setdefault(person, []).append(substance)
    away = away_words(bookings)
    due = checks_due(bookings, user, day)
    routes = Routes()
    for booking in bookings:
        row = _row(booking, now, routes, user, _flags(booking, namesakes, allergies, away, due))
        if booking.status == Booking.Status.IN_ROOM:
            work.now.append(row)
        elif booking.status in (Booking.Status.DONE, Booking.Status.MISSED):
            work.over.append(row)
        else:
            work.next.append(row)
    if not user.may("records.view"):
        # The desk looks first for whom it must greet: those expected and not here yet, then those who sit and wait.
        work.next.sort(key=lambda row: (row.booking.status == Booking.Status.ARRIVED, row.booking.starts_at))
    work.piles = piles_of(user, own=work.own, now=now)
    # Who answers for protocols, staff or the log looks there first; with a column of the own, first at the patients who wait.
    work.piles_first = user.role in LOOKS_AFTER and not (work.own and (work.now or work.next))
    return work


def _row(booking: Booking, now: dt.datetime, routes: Routes, user, flags: tuple[Flag, ...]) -> Row:
    patient, starts = booking.patient, booking.on_site(booking.starts_at)
    status, icon, tone = _status(booking, now)
    return Row(
        booking=booking,
        id=str(booking.pk),
        at=starts.isoformat(),
        clock=f"{starts:%H:%M}",
        patient=str(patient),
        surname=patient.surname.upper(),
        given=patient.given,
        patient_url=routes.patient(patient.number),
        url=routes.booking(booking.pk),
        clinician=booking.clinician.name,
        room=booking.room.name if booking.room else "",
        kind=_kind(booking),
        status=status,
        icon=icon,
        tone=tone,
        flags=flags,
        do=_do(booking, user, routes),
    )
