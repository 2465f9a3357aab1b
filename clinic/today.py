"""The worklist of one day: who is in a room now, who is next, and what must still be finished."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.addresses import numbered
from aftercare.models import Sheet
from patients.models import Allergy, Patient
from planner import wording
from plans.models import Consultation, TreatmentPlan
from sessions.models import Booking, Resource, TreatmentSession
from sessions.querysets import of
from sessions.services.away import away_words

MOST_UNFINISHED = 6
NAMED = ("number", "surname", "given")  # what a line says of a patient


class Routes:
    """Where the rows of one list lead to."""

    def __init__(self) -> None:
        self.patient = numbered("patients:detail")
        self.booking = numbered("sessions:booking")
        self.arrive = numbered("sessions:arrive")
        self.record = numbered("sessions:record")
        self.record_start = numbered("sessions:record_start")
        self.consult_start = numbered("plans:consult_start")


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


@dataclass(frozen=True)
class Unfinished:
    title: str
    facts: str
    url: str


@dataclass(frozen=True)
class Pile:
    """One sort of unfinished work. *words*: '2 records to sign'."""

    id: str
    words: str
    items: list[Unfinished]
    more: int = 0
    url: str = ""


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

    @property
    def address(self) -> str:
        """Where this very list is shown: what a press in it comes back to."""
        return reverse("clinic:today") + ("?who=everyone" if self.can_widen and not self.own else "")

    @property
    def count(self) -> int:
        return len(self.now) + len(self.next) + len(self.over)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _kind(booking: Booking) -> str:
    if booking.session_number and booking.plan:
        return f"{booking.get_kind_display()} {booking.session_number} of {booking.plan.sessions_count}"
    return booking.get_kind_display()


def _record(booking: Booking) -> TreatmentSession | None:
    return getattr(booking, "record", None)


def _status(booking: Booking, now: dt.datetime) -> tuple[str, str, str]:
    """(words, icon, tone) of a booking as it stands at *now*."""
    match booking.status:
        case Booking.Status.ARRIVED:
            return f"Here {timezone.localtime(booking.arrived_at):%H:%M}" if booking.arrived_at else "Here", "i-here", "here"
        case Booking.Status.IN_ROOM:
            return "In room", "i-door", "in"
        case Booking.Status.DONE:
            return "Done", "i-ok", "plain"
        case Booking.Status.MISSED:
            return "Missed", "i-x", "plain"
    if booking.starts_at < now:
        minutes = int((now - booking.starts_at).total_seconds() // 60)
        late = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
        return f"Not here yet, {late} late", "i-defer", "late"
    return "Not here yet", "", "plain"


def _do(booking: Booking, user, routes: Routes) -> Do | None:
    """What this person does next with this booking; None where there is nothing for them."""
    record, session = _record(booking), booking.kind == Booking.Kind.SESSION
    if booking.status == Booking.Status.BOOKED and user.may("bookings.edit"):
        return Do("Arrived", routes.arrive(booking.pk), post=True, version=booking.version, arrived=True)
    if booking.status == Booking.Status.DONE:
        if record and not record.is_locked and user.may("records.edit"):
            return Do("Sign record", routes.record(record.pk), primary=True)
        return None
    if session and record and user.may("records.view"):
        return Do("Open record", routes.record(record.pk), primary=True)
    if booking.status in (Booking.Status.ARRIVED, Booking.Status.IN_ROOM):
        if session and user.may("records.edit"):
            return Do("Start", routes.record_start(booking.pk), post=True, primary=True, version=booking.version)
        if booking.kind == Booking.Kind.CONSULTATION and user.may("plans.edit"):
            return Do("Start consultation", routes.consult_start(booking.patient.number), post=True, primary=True)
    return None


def _flags(booking: Booking, namesakes: Counter, allergies: dict[int, list[str]], away: dict[int, str]) -> tuple[Flag, ...]:
    flags = []
    if booking.pk in away:
        flags.append(Flag(away[booking.pk], "caut"))
    if booking.patient_id in allergies:
        flags.append(Flag(f"Allergy: {', '.join(allergies[booking.patient_id])}", "alg"))
    if (alike := namesakes[booking.patient.surname_key]) > 1:
        flags.append(Flag(f"{alike} with this name today", "caut"))
    return tuple(flags)


def namesakes_today(bookings: list[Booking]) -> Counter:
    """How many different people with the same surname come today."""
    return Counter(surname for surname, _ in {(b.patient.surname_key, b.patient_id) for b in bookings})


def same_name_today(patient: Patient, user) -> str | None:
    """The header's warning where somebody else with this surname comes on the same day."""
    start, end = _span(timezone.localdate())
    people = Booking.objects.visible_to(user).filter(starts_at__gte=start, starts_at__lt=end, patient__surname_key=patient.surname_key)
    pks = set(people.exclude(status=Booking.Status.CANCELLED).values_list("patient_id", flat=True))
    return f"{len(pks)} with this name today" if len(pks) > 1 and patient.pk in pks else None


def _span(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    zone = timezone.get_current_timezone()
    return (
        dt.datetime.combine(day, dt.time.min, tzinfo=zone),
        dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, tzinfo=zone),
    )


def bookings_of(user, day: dt.date):
    start, end = _span(day)
    return (
        Booking.objects.visible_to(user)
        .filter(starts_at__gte=start, starts_at__lt=end)
        .exclude(status=Booking.Status.CANCELLED)
        .for_lists(record=True)
        .order_by("starts_at", "pk")
    )


def worklist_of(user, *, everyone: bool = False, now: dt.datetime | None = None) -> Worklist:
    """
    Return the worklist of *user* for today. People with a column of their own in the diary see their own patients unless
    *everyone* is asked for; the desk and the manager see all.
    """
    now = now or timezone.now()
    day = timezone.localtime(now).date()
    mine = Resource.objects.filter(user=user, is_active=True).values_list("pk", flat=True).first()
    work = Worklist(day=day, made_at=now, own=mine is not None and not everyone, can_widen=mine is not None)
    bookings = list(bookings_of(user, day))
    namesakes = namesakes_today(bookings)
    if work.own:
        bookings = [b for b in bookings if b.clinician_id == mine]
    allergies: dict[int, list[str]] = {}
    for patient, substance in Allergy.objects.filter(patient__in={b.patient_id for b in bookings}).values_list("patient_id", "substance"):
        allergies.setdefault(patient, []).append(substance)
    away = away_words(bookings)
    routes = Routes()
    for booking in bookings:
        row = _row(booking, now, routes, user, _flags(booking, namesakes, allergies, away))
        if booking.status == Booking.Status.IN_ROOM:
            work.now.append(row)
        elif booking.status in (Booking.Status.DONE, Booking.Status.MISSED):
            work.over.append(row)
        else:
            work.next.append(row)
    if not user.may("records.view"):
        # The desk looks first for whom it must greet: those expected and not here yet, then those who sit and wait.
        work.next.sort(key=lambda row: (row.booking.status == Booking.Status.ARRIVED, row.booking.starts_at))
    work.piles = _piles(user, own=work.own)
    return work


def _row(booking: Booking, now: dt.datetime, routes: Routes, user, flags: tuple[Flag, ...]) -> Row:
    patient, starts = booking.patient, timezone.localtime(booking.starts_at)
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


def _piles(user, *, own: bool) -> list[Pile]:
    piles = []
    if user.may("records.edit"):
        piles += [_records_to_sign(user, own), _drafts(user, own)]
    if user.may("bookings.edit"):
        piles.append(_plans_to_place(user, own))
    if user.may("sheets.make"):
        piles.append(_failed_sheets(user, own))
    return [pile for pile in piles if pile is not None]


def _pile(name: str, rows, one: str, many: str, item, url: str = "") -> Pile | None:
    """Show the first rows and count the rest; None for an empty pile."""
    first = list(rows[: MOST_UNFINISHED + 1])
    if not first:
        return None
    total = len(first) if len(first) <= MOST_UNFINISHED else rows.count()
    shown = [item(row) for row in first[:MOST_UNFINISHED]]
    return Pile(name, _count(total, one, many), shown, more=total - len(shown), url=url)


def _records_to_sign(user, own: bool) -> Pile | None:
    rows = TreatmentSession.objects.visible_to(user).filter(status=TreatmentSession.Status.DRAFT)
    rows = rows.select_related("patient").only("session_number", "started_at", *of("patient", NAMED))
    rows = (rows.filter(clinician=user) if own else rows).order_by("started_at")

    def item(row):
        when = wording.day(timezone.localtime(row.started_at).date(), weekday=True)
        return Unfinished(str(row.patient), f"Session {row.session_number}, started {when}", reverse("sessions:record", args=[row.pk]))

    return _pile("records", rows, "record to sign", "records to sign", item)


def _drafts(user, own: bool) -> Pile | None:
    rows = Consultation.objects.visible_to(user).filter(status=Consultation.Status.OPEN).select_related("patient")
    rows = rows.only("visit_date", *of("patient", NAMED))
    rows = (rows.filter(clinician=user) if own else rows).order_by("started_at")

    def item(row):
        url = reverse("plans:consultation", args=[row.patient.number, row.pk])
        return Unfinished(str(row.patient), f"Consultation of {wording.day(row.visit_date)}", url)

    return _pile("drafts", rows, "consultation to finish", "consultations to finish", item)


def unplaced(user):
    """Accepted plans with fewer sessions booked or done than agreed; `placed` counts those."""
    live = Booking.objects.filter(plan=OuterRef("pk"), kind=Booking.Kind.SESSION, status__in=Booking.LIVE).order_by()
    placed = live.values("plan").values(count=Count("*"))
    plans = TreatmentPlan.objects.visible_to(user).filter(status=TreatmentPlan.Status.ACCEPTED)
    return plans.annotate(placed=Coalesce(Subquery(placed), 0)).filter(placed__lt=F("sessions_count"))


def _plans_to_place(user, own: bool) -> Pile | None:
    rows = unplaced(user).select_related("patient").only("number", "sessions_count", *of("patient", NAMED))
    rows = (rows.filter(accepted_by=user) if own else rows).order_by("accepted_at")

    def item(row):
        left = row.sessions_count - row.placed
        url = reverse("sessions:book_course", args=[row.patient.number, row.number])
        return Unfinished(str(row.patient), f"{left} of {_count(row.sessions_count, 'session', 'sessions')} to book", url)

    return _pile("plans", rows, "plan to place", "plans to place", item)


def _failed_sheets(user, own: bool) -> Pile | None:
    rows = Sheet.objects.visible_to(user).filter(state=Sheet.State.FAILED).select_related("session__patient")
    rows = rows.only("problem", "session__patient", *of("session__patient", NAMED))
    rows = (rows.filter(session__clinician=user) if own else rows).order_by("requested_at")

    def item(row):
        return Unfinished(str(row.session.patient), row.problem or "The sheet was not made", reverse("aftercare:sheet", args=[row.pk]))

    return _pile("sheets", rows, "sheet failed", "sheets failed", item, url=reverse("aftercare:queue"))
