"""
The one door to the diary. Whatever makes, moves or revives a visit passes here, takes the diary's lock first, and leaves
the last word to the database (`sessions.guards`).
"""

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Site
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from audit.services import gathered, record
from patients.merged import MergedAway, as_it_stands, record_of_plan

from ..models import Booking, Resource
from . import gap, placing
from .free_time import Diary
from .hours import clinic_zone, day_bounds, local_day, seconds, visit_again, visit_of
from .party import FreeTime
from .refusals import AlreadyBooked, BookingRefused, InThePast, KeyUsed, NotNow, SlotTaken
from .visit_status import arrive, is_over, take

Status = Booking.Status

STEP_MINUTES = 5  # visits begin at whole steps of the clock
SHORTEST, LONGEST = 5, 480  # minutes of the part with the clinician
DAYS_AHEAD = 730
UNDO = dt.timedelta(minutes=3)  # how long a change can be taken back: nothing leaves the house about it before that

_DAY_LOCK, _PATIENT_LOCK = 7301, 7302


def enter_diary(site: Site | None, patient, days, *, places=()) -> None:
    """
    Wait for one's turn at these days and at this patient, until the end of the transaction. A day is that of all sites, by UTC:
    whoever works at two of them is held at either. places: (site, day) of others that the same transaction will touch; all are taken
    now, in the one order.

    PostgreSQL: advisory locks in one fixed order, because bare inserts against an exclusion constraint deadlock when many come at
    once. SQLite: the transaction is IMMEDIATE, so its one write lock is held already.
    """
    if connection.vendor != "postgresql":
        return
    wanted = [*((site, day) for day in days), *places]
    keys: list[tuple[int, int]] = sorted({(_DAY_LOCK, number) for at, day in wanted for number in _utc_days(at, day)})
    keys.append((_PATIENT_LOCK, patient.person_pk % 2**31))
    _wait(keys)


def enter_patients(*patients) -> None:
    """As `enter_diary`, for what makes one person of these records or two again: it waits for who books for any of them."""
    if connection.vendor == "postgresql":
        _wait(sorted((_PATIENT_LOCK, pk % 2**31) for patient in patients for pk in patient.every_record().values_list("pk", flat=True)))


def _wait(keys: list[tuple[int, int]]) -> None:
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", key)


def _utc_days(site: Site, day: dt.date) -> range:
    """The days in UTC, as numbers, that *day* of *site* touches: one or two."""
    start, end = day_bounds(day, clinic_zone(site))
    return range(start.toordinal(), (end - dt.timedelta(seconds=1)).toordinal() + 1)


def _site_of(patient, clinician: Resource | None) -> Site:
    """Where the visit is: at the patient's own site where the clinician works there, else at the clinician's."""
    if clinician is None or clinician.site_id == patient.site_id or Resource.objects.at(patient.site).filter(pk=clinician.pk).exists():
        return patient.site
    return clinician.site


def book(
    *,
    patient,
    kind: str,
    starts_at: dt.datetime,
    by,
    request_key: str,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
    plan=None,
    session_number: int | None = None,
    minutes: dict[str, int] | None = None,
    note: str = "",
    gap_reason: str = "",
    bay: Resource | None = None,
) -> Booking:
    """
    Book one visit and return it. A role left None is filled with the first that is free.

    starts_at: the moment the patient comes; the numbing, where there is any, begins then: in *bay*, in any free bay, or in the
    room where there is none. session_number: left None, the next
    session of *plan* that has no visit. minutes: other lengths than the site's, by part (see `hours.visit_of`).
    gap_reason: why it may be sooner than the healing gap, by somebody who may say so; kept only where it is needed.
    The same request_key with the same content returns the first booking while it stands.

    What follows from a plan is booked for the record of that plan, where a patient was registered twice (see `patients.person`).

    Raises:
        BookingRefused: one of its kinds; SlotTaken carries the nearest free times. MergedAway: *patient* was merged into another record.
    """
    patient = record_of_plan(patient, plan)
    site = _site_of(patient, clinician)
    visit = visit_of(site, kind, minutes=minutes, plan=plan)
    zone = clinic_zone(site)
    named = {"clinician": clinician, "room": room, "device": device, "bay": bay}
    slot = sooner = None
    content = {"patient": patient, "kind": kind, "plan": plan, "starts_at": starts_at, "note": note}
    try:
        if earlier := _made_before(request_key, content, session_number=session_number, **named):
            return earlier
        check_start(starts_at)
        if all(named[role] for role in visit.roles if role in named):
            # Nothing is left to choose, so hours and absences are looked at before the lock: it is held the shorter.
            slot = placing.choose(site, visit, starts_at, patient, plan, **named)
            if slot.bay is not None and bay is None:
                slot = None  # a bay was left to choose
        with transaction.atomic():
            enter_diary(site, patient, {local_day(starts_at, zone), local_day(starts_at + dt.timedelta(minutes=visit.minutes), zone)})
            if earlier := _made_before(request_key, content, session_number=session_number, **named):
                return earlier
            if as_it_stands(patient).merged_into_id is not None and plan is None:
                raise MergedAway(patient)
            if plan is not None and kind == Booking.Kind.SESSION:
                session_number = session_number or next_number(plan)
                gap.check_plan(plan, session_number)
                sooner = gap.check_gap(plan, session_number, starts_at, reason=gap_reason, by=by)
            if plan is not None:
                gap.check_review(plan, kind, starts_at)
            slot = slot or placing.choose(site, visit, starts_at, patient, plan, **named)
            booking = Booking(
                site=site,
                patient=patient,
                plan=plan,
                kind=kind,
                session_number=session_number,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                clinician=slot.clinician,
                room=slot.room,
                device=slot.device,
                bay=slot.bay,
                note=note,
                created_by=by,
                request_key=request_key,
            )
            _keep_override(booking, sooner)
            placing.write(booking, visit)
            record("booking.made", actor=by, patient=patient, obj=booking, detail=_detail(booking))
            return booking
    except SlotTaken as taken:
        placing.offer(
            taken, site=site, visit=visit, wanted=starts_at, patient=patient, clinician=clinician, plan=plan, number=session_number
        )
        raise


def _made_before(request_key: str, content: dict, **named) -> Booking | None:
    """
    What this request made when it came the first time. Raises KeyUsed where that was something else, or stands no longer. named: what
    counts only where it is named, because the door chose it then.
    """
    earlier = Booking.objects.with_names().select_related("site").filter(request_key=request_key).first()
    if earlier is None:
        return None
    wanted = content | {name: value for name, value in named.items() if value is not None}
    if not earlier.is_live or any(getattr(earlier, name) != value for name, value in wanted.items()):
        raise KeyUsed(earlier)
    return earlier


def next_number(plan) -> int:
    """The first session of *plan* after the last that was treated that has no live visit. Raises AlreadyBooked where all have one."""
    placed = gap.placed(plan)
    for number in range(gap.last_treated(placed) + 1, plan.sessions_count + 1):
        if number not in placed:
            return number
    if passed := next((number for number in range(1, plan.sessions_count + 1) if number not in placed), None):
        gap.check_passed(plan, passed, placed)
    raise AlreadyBooked(
        gettext("All %(sessions_count)s sessions of %(plan)s are booked.")
        % {"sessions_count": plan.sessions_count, "plan": str(plan).lower()}
    )


def check_start(starts_at: dt.datetime) -> None:
    """Raises InThePast or BookingRefused for a start no visit can have, whoever is free."""
    now = timezone.now()
    if starts_at < now.replace(second=0, microsecond=0):
        raise InThePast(gettext("The visit must begin in the future."), field="time" if starts_at.date() == now.date() else "day")
    if starts_at > now + dt.timedelta(days=DAYS_AHEAD):
        raise BookingRefused(gettext("Choose a day in the next two years."), field="day")
    if starts_at.second or starts_at.microsecond or starts_at.minute % STEP_MINUTES:
        raise BookingRefused(
            gettext("Visits begin at steps of %(step_minutes)s minutes, like 10:05 or 10:10.") % {"step_minutes": STEP_MINUTES},
            field="time",
        )


def move(
    booking: Booking,
    *,
    starts_at: dt.datetime,
    by,
    version: int | None = None,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
    gap_reason: str = "",
    bay: Resource | None = None,
    undone: bool = False,
) -> Booking:
    """
    Put a visit somewhere else, with the same lengths; a role left None stays as it is. Sent twice, the second changes nothing.
    gap_reason: as in `book`. undone: it goes back to where it was before its last move, with the arrival that move took from it.

    Raises:
        BookingRefused: as in `book`; the visit then stays where it was. StaleRow: somebody changed it meanwhile.
    """
    visit = visit_again(booking)
    site, patient = booking.site, booking.patient
    try:
        with transaction.atomic():
            zone = clinic_zone(site)
            ends_at = starts_at + dt.timedelta(minutes=visit.minutes)
            enter_diary(site, patient, {local_day(at, zone) for at in (booking.starts_at, booking.ends_at, starts_at, ends_at)})
            fresh = take(booking, version, same=lambda now: _is_there(now, starts_at, clinician, room, device, bay))
            if fresh is None:
                return Booking.objects.get(pk=booking.pk)
            if fresh.status not in (Status.BOOKED, Status.ARRIVED):
                raise NotNow(
                    gettext("This visit is %(status)s. Only a visit that has not begun can be moved.")
                    % {"status": fresh.get_status_display().lower()}
                )
            before = _detail(fresh) | _arrival_of(fresh)
            if fresh.starts_at != starts_at:
                check_start(starts_at)
            if fresh.plan is not None and fresh.kind == Booking.Kind.SESSION and fresh.session_number:
                sooner = gap.check_gap(fresh.plan, fresh.session_number, starts_at, ignoring=fresh, reason=gap_reason, by=by)
                _keep_override(fresh, sooner)
            if fresh.plan is not None and fresh.starts_at != starts_at:
                gap.check_review(fresh.plan, fresh.kind, starts_at, ignoring=fresh)
            slot = placing.choose(
                site,
                visit,
                starts_at,
                patient,
                fresh.plan,
                clinician=clinician or fresh.clinician,
                room=room or fresh.room,
                device=device or fresh.device,
                bay=bay,
                before=fresh.bay,
                ignoring=fresh,
            )
            if local_day(starts_at, zone) != local_day(fresh.starts_at, zone):
                fresh.status, fresh.arrived_at, fresh.numbing_started_at = Status.BOOKED, None, None
                if undone:
                    _here_again(fresh, starts_at)
            if fresh.starts_at != starts_at:
                fresh.late_minutes = None  # was said of the old time
            fresh.starts_at, fresh.ends_at = slot.starts_at, slot.ends_at
            fresh.clinician, fresh.room, fresh.device, fresh.bay = slot.clinician, slot.room, slot.device, slot.bay
            fresh.holds.all().delete()
            placing.write(fresh, visit)
            record("booking.moved", actor=by, patient=patient, obj=fresh, detail={"from": before, "to": _detail(fresh)})
            return fresh
    except SlotTaken as taken:
        placing.offer(
            taken,
            site=site,
            visit=visit,
            wanted=starts_at,
            patient=patient,
            clinician=clinician or booking.clinician,
            plan=booking.plan,
            number=booking.session_number,
            ignoring=booking,
        )
        raise


def resize(booking: Booking, *, minutes: int, by, version: int | None = None) -> Booking:
    """
    Give the part with the clinician another length, in minutes; the start, the numbing and the clean-down stay as they are.
    Sent twice, the second changes nothing.

    Raises:
        BookingRefused: as in `book`; the visit then keeps its length. StaleRow: somebody changed it meanwhile.
    """
    if minutes < SHORTEST or minutes > LONGEST or minutes % STEP_MINUTES:
        raise BookingRefused(
            gettext("Choose %(shortest)s to %(longest)s minutes, in steps of %(step_minutes)s.")
            % {"shortest": SHORTEST, "longest": LONGEST, "step_minutes": STEP_MINUTES},
            field="minutes",
        )
    site, patient = booking.site, booking.patient
    visit = placing.with_minutes(visit_again(booking), minutes)
    try:
        with transaction.atomic():
            zone = clinic_zone(site)
            ends_at = booking.starts_at + dt.timedelta(minutes=visit.minutes)
            enter_diary(site, patient, {local_day(at, zone) for at in (booking.starts_at, booking.ends_at, ends_at)})
            fresh = take(booking, version, same=lambda now: now.ends_at == ends_at and now.starts_at == booking.starts_at)
            if fresh is None:
                return Booking.objects.get(pk=booking.pk)
            if fresh.status not in (Status.BOOKED, Status.ARRIVED):
                raise NotNow(
                    gettext("This visit is %(status)s. Only a visit that has not begun changes its length.")
                    % {"status": fresh.get_status_display().lower()}
                )
            if fresh.starts_at != booking.starts_at:
                raise StaleRow(fresh)
            before = _detail(fresh)
            slot = placing.choose(
                site,
                visit,
                fresh.starts_at,
                patient,
                fresh.plan,
                clinician=fresh.clinician,
                room=fresh.room,
                device=fresh.device,
                before=fresh.bay,
                ignoring=fresh,
            )
            fresh.ends_at, fresh.bay = slot.ends_at, slot.bay
            fresh.holds.all().delete()
            placing.write(fresh, visit)
            lengths = {"from": before | {"minutes": round((booking.ends_at - booking.starts_at).total_seconds() / 60)}}
            record("booking.resized", actor=by, patient=patient, obj=fresh, detail=lengths | {"to": {"minutes": visit.minutes}})
            return fresh
    except SlotTaken as taken:
        placing.offer(
            taken,
            site=site,
            visit=visit,
            wanted=booking.starts_at,
            patient=patient,
            clinician=booking.clinician,
            plan=booking.plan,
            number=booking.session_number,
            ignoring=booking,
        )
        raise


def walk_in(*, patient, kind: str, by, request_key: str, **named) -> Booking:
    """
    Book a visit that begins now, at the next step of the clock, and mark the patient as here. named: as in `book`.

    Raises:
        BookingRefused: as in `book`; nothing was written, and SlotTaken says when the next free times are.
    """
    starts_at = _next_step()
    with transaction.atomic(), gathered():
        earlier = Booking.objects.filter(request_key=request_key).first()
        if earlier is not None and abs(earlier.starts_at - starts_at) <= dt.timedelta(minutes=2 * STEP_MINUTES):
            starts_at = earlier.starts_at  # the same press, a step of the clock later
        booking = book(patient=patient, kind=kind, starts_at=starts_at, by=by, request_key=request_key, **named)
        return booking if booking.status != Status.BOOKED else arrive(booking, by=by)


def _next_step() -> dt.datetime:
    """When a visit that begins now begins."""
    step = STEP_MINUTES * 60
    return dt.datetime.fromtimestamp(-(-timezone.now().timestamp() // step) * step, tz=dt.UTC)


def anyone_now(*, site: Site, kind: str, patient=None, plan=None) -> FreeTime | None:
    """Who could take a walk-in of this kind where nobody and nothing is named; None where it cannot begin now. Writes nothing."""
    start, visit = _next_step(), visit_of(site, kind, plan=plan)
    day = local_day(start, clinic_zone(site))
    diary = Diary(site, day, local_day(start + dt.timedelta(minutes=visit.minutes), clinic_zone(site)), patient=patient)
    try:
        return diary.pick(visit, seconds(start), diary.party(kind=kind, patient=patient, plan=plan))
    except BookingRefused:
        return None


def reinstate(booking: Booking, *, by, version: int | None = None, gap_reason: str = "", undone: bool = False) -> Booking:
    """
    Bring a cancelled or missed visit back to its old time, through the same door as a new one. gap_reason: as in `book`. undone: it was
    cancelled or marked by mistake just now, so whoever was here then is here still, with the numbing that is on.

    Raises:
        SlotTaken: somebody has that time now; the nearest free times come with it. Others as in `book`.
    """
    site, patient, visit = booking.site, booking.patient, visit_again(booking)
    try:
        with transaction.atomic():
            zone = clinic_zone(site)
            enter_diary(site, patient, {local_day(booking.starts_at, zone), local_day(booking.ends_at, zone)})
            back = (Status.BOOKED, Status.ARRIVED) if undone else (Status.BOOKED,)
            fresh = take(booking, version, same=lambda now: now.status in back)
            if fresh is None:
                return Booking.objects.get(pk=booking.pk)
            if fresh.status not in (Status.CANCELLED, Status.MISSED):
                raise NotNow(
                    gettext("This visit is %(status)s, so there is nothing to bring back.") % {"status": fresh.get_status_display().lower()}
                )
            if is_over(fresh):
                raise InThePast(gettext("The time of this visit is over. Book a new one."))
            if fresh.plan is not None and fresh.kind == Booking.Kind.SESSION and fresh.session_number:
                gap.check_plan(fresh.plan, fresh.session_number)
                sooner = gap.check_gap(fresh.plan, fresh.session_number, fresh.starts_at, ignoring=fresh, reason=gap_reason, by=by)
                _keep_override(fresh, sooner)
            if fresh.plan is not None:
                gap.check_review(fresh.plan, fresh.kind, fresh.starts_at, ignoring=fresh)
            slot = placing.choose(
                site,
                visit,
                fresh.starts_at,
                patient,
                fresh.plan,
                clinician=fresh.clinician,
                room=fresh.room,
                device=fresh.device,
                before=fresh.bay,
                ignoring=fresh,
            )
            fresh.bay = slot.bay
            if undone and _was_here(fresh):
                fresh.status, fresh.cancel_reason = Status.ARRIVED, ""
            else:
                fresh.status, fresh.cancel_reason, fresh.arrived_at, fresh.numbing_started_at = Status.BOOKED, "", None, None
            fresh.holds.all().delete()
            placing.write(fresh, visit)
            record("booking.reinstated", actor=by, patient=patient, obj=fresh, detail=_detail(fresh))
            return fresh
    except SlotTaken as taken:
        placing.offer(
            taken,
            site=site,
            visit=visit,
            wanted=booking.starts_at,
            patient=patient,
            clinician=booking.clinician,
            plan=booking.plan,
            number=booking.session_number,
            ignoring=booking,
        )
        raise


# Inside the door


def _keep_override(booking: Booking, sooner: gap.Override | None) -> None:
    """The word that lets it be sooner than the healing gap; none where it needs none."""
    booking.gap_reason = sooner.reason if sooner else ""
    booking.gap_by, booking.gap_at = (sooner.by, sooner.at) if sooner else (None, None)
    booking.gap_first_day = sooner.first_day if sooner else None


def _arrival_of(booking: Booking) -> dict:
    """What a move to another day takes from a visit whose patient is here, as the log keeps it."""
    times = {"arrived_at": booking.arrived_at, "numbing_started_at": booking.numbing_started_at}
    return {name: at.isoformat() for name, at in times.items() if at is not None} if booking.status == Status.ARRIVED else {}


def _here_again(booking: Booking, starts_at: dt.datetime) -> None:
    """*booking* goes back to *starts_at*, from where its last move took it: whoever was here then is here still."""
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action="booking.moved")
    last = rows.order_by("-pk").first()
    before = (last.detail if last else {}).get("from") or {}
    if before.get("starts_at") != starts_at.isoformat() or "arrived_at" not in before or timezone.now() > last.at + UNDO:
        return
    booking.status = Status.ARRIVED
    for name in ("arrived_at", "numbing_started_at"):
        setattr(booking, name, dt.datetime.fromisoformat(before[name]) if name in before else None)


def _was_here(booking: Booking) -> bool:
    """Whether the patient was here when the visit was cancelled or marked as missed, not longer ago than that can be undone."""
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action=f"booking.{booking.status}")
    last = rows.order_by("-pk").first()
    return last is not None and (last.detail or {}).get("from") == Status.ARRIVED and timezone.now() <= last.at + UNDO


def _is_there(now: Booking, starts_at, clinician, room, device, bay=None) -> bool:
    wanted = (starts_at, clinician or now.clinician, room or now.room, device or now.device, bay or now.bay)
    return (now.starts_at, now.clinician, now.room, now.device, now.bay) == wanted


def _detail(booking: Booking) -> dict:
    """For the audit log: ids and times, nothing clinical."""
    return {
        "kind": booking.kind,
        "starts_at": booking.starts_at.isoformat(),
        "clinician": booking.clinician_id,
        "room": booking.room_id,
        "device": booking.device_id,
        **({"bay": booking.bay_id} if booking.bay_id else {}),
        "plan": booking.plan_id,
        "session_number": booking.session_number,
        **({"sooner_by": booking.gap_by_id, "first_day": booking.gap_first_day.isoformat()} if booking.gap_first_day else {}),
    }
