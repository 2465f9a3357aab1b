"""
The one door to the diary. Whatever makes, moves or revives a visit passes here, takes the diary's lock first, and leaves
the last word to the database (`sessions.guards`).
"""

import datetime as dt

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Site
from accounts.versioning import StaleRow
from audit.services import record
from planner import wording

from .. import guards
from ..models import Booking, Hold, Resource
from . import gap
from .free_time import Diary, FreeTime, Party, around, nearest
from .hours import Visit, clinic_zone, covers, local_day, moment, seconds, visit_again, visit_of
from .refusals import AlreadyBooked, BookingRefused, InThePast, KeyUsed, NotNow, OutsideHours, ResourceAbsent, SlotTaken

Status = Booking.Status

STEP_MINUTES = 5  # visits begin at whole steps of the clock
DAYS_AHEAD = 730
RUNS_LATE = dt.timedelta(hours=12)  # a visit may begin this long after it should have ended, so an evening may pass midnight

# What may follow what. Cancelled and missed visits come back only through `reinstate`, which asks the database again.
NEXT = {
    Status.BOOKED: {Status.ARRIVED, Status.IN_ROOM, Status.MISSED, Status.CANCELLED},
    Status.ARRIVED: {Status.BOOKED, Status.IN_ROOM, Status.MISSED, Status.CANCELLED},
    Status.IN_ROOM: {Status.ARRIVED, Status.DONE},
    Status.DONE: set(),
    Status.MISSED: {Status.BOOKED},
    Status.CANCELLED: {Status.BOOKED},
}

_DAY_LOCK, _PATIENT_LOCK = 7301, 7302


def enter_diary(site: Site, patient, days) -> None:
    """
    Wait for one's turn at these days of the site and at this patient, until the end of the transaction.

    PostgreSQL: advisory locks in one fixed order, because bare inserts against an exclusion constraint deadlock when many come at
    once. SQLite: the transaction is IMMEDIATE, so its one write lock is held already.
    """
    if connection.vendor != "postgresql":
        return
    keys = sorted({(_DAY_LOCK, (site.pk * 1_000_003 + day.toordinal()) % 2**31) for day in days})
    keys.append((_PATIENT_LOCK, patient.pk % 2**31))
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", key)


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
) -> Booking:
    """
    Book one visit and return it. A role left None is filled with the first that is free.

    starts_at: the moment the patient comes; the numbing, where there is any, begins then. session_number: left None, the next
    session of *plan* that has no visit. minutes: other lengths than the site's, by part (see `hours.visit_of`).
    The same request_key twice returns the first booking.

    Raises:
        BookingRefused: one of its kinds; SlotTaken carries the nearest free times.
    """
    site = clinician.site if clinician else patient.site
    visit = visit_of(site, kind, minutes=minutes)
    zone = clinic_zone(site)
    named = {"clinician": clinician, "room": room, "device": device}
    slot = None
    try:
        if earlier := _made_before(request_key, patient, kind, plan):
            return earlier
        check_start(starts_at)
        if all(named[role] for role in visit.roles if role in named):
            # Nothing is left to choose, so hours and absences are looked at before the lock: it is held the shorter.
            slot = _choose(site, visit, starts_at, patient, plan, **named)
        with transaction.atomic():
            enter_diary(site, patient, {local_day(starts_at, zone), local_day(starts_at + dt.timedelta(minutes=visit.minutes), zone)})
            if earlier := _made_before(request_key, patient, kind, plan):
                return earlier
            if plan is not None and kind == Booking.Kind.SESSION:
                session_number = session_number or next_number(plan)
                gap.check_plan(plan, session_number)
                gap.check_gap(plan, session_number, starts_at)
            slot = slot or _choose(site, visit, starts_at, patient, plan, **named)
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
                note=note,
                created_by=by,
                request_key=request_key,
            )
            _write(booking, visit)
            record("booking.made", actor=by, patient=patient, obj=booking, detail=_detail(booking))
            return booking
    except SlotTaken as taken:
        _offer(taken, site=site, visit=visit, wanted=starts_at, patient=patient, clinician=clinician, plan=plan, number=session_number)
        raise


def _made_before(request_key: str, patient, kind: str, plan) -> Booking | None:
    """What this request made when it came the first time. Raises KeyUsed where that was something else."""
    earlier = Booking.objects.filter(request_key=request_key).first()
    if earlier and (earlier.patient_id, earlier.kind, earlier.plan_id) != (patient.pk, kind, plan.pk if plan else None):
        raise KeyUsed(earlier)
    return earlier


def next_number(plan) -> int:
    """The first session of *plan* without a live visit. Raises AlreadyBooked where all have one."""
    placed = gap.placed(plan)
    for number in range(1, plan.sessions_count + 1):
        if number not in placed:
            return number
    raise AlreadyBooked(f"All {plan.sessions_count} sessions of {str(plan).lower()} are booked.")


def check_start(starts_at: dt.datetime) -> None:
    """Raises InThePast or BookingRefused for a start no visit can have, whoever is free."""
    now = timezone.now()
    if starts_at < now.replace(second=0, microsecond=0):
        raise InThePast("The visit must begin in the future.", field="time" if starts_at.date() == now.date() else "day")
    if starts_at > now + dt.timedelta(days=DAYS_AHEAD):
        raise BookingRefused("Choose a day in the next two years.", field="day")
    if starts_at.second or starts_at.microsecond or starts_at.minute % STEP_MINUTES:
        raise BookingRefused(f"Visits begin at steps of {STEP_MINUTES} minutes, like 10:05 or 10:10.", field="time")


def move(
    booking: Booking,
    *,
    starts_at: dt.datetime,
    by,
    version: int | None = None,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
) -> Booking:
    """
    Put a visit somewhere else, with the same lengths; a role left None stays as it is. Sent twice, the second changes nothing.

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
            fresh = _take(booking, version, same=lambda now: _is_there(now, starts_at, clinician, room, device))
            if fresh is None:
                return Booking.objects.get(pk=booking.pk)
            if fresh.status not in (Status.BOOKED, Status.ARRIVED):
                raise NotNow(f"This visit is {fresh.get_status_display().lower()}. Only a visit that has not begun can be moved.")
            before = _detail(fresh)
            if fresh.starts_at != starts_at:
                check_start(starts_at)
            if fresh.plan is not None and fresh.kind == Booking.Kind.SESSION and fresh.session_number:
                gap.check_gap(fresh.plan, fresh.session_number, starts_at, ignoring=fresh)
            slot = _choose(
                site,
                visit,
                starts_at,
                patient,
                fresh.plan,
                clinician=clinician or fresh.clinician,
                room=room or fresh.room,
                device=device or fresh.device,
                ignoring=fresh,
            )
            if local_day(starts_at, zone) != local_day(fresh.starts_at, zone):
                fresh.status, fresh.arrived_at = Status.BOOKED, None
            fresh.starts_at, fresh.ends_at = slot.starts_at, slot.ends_at
            fresh.clinician, fresh.room, fresh.device = slot.clinician, slot.room, slot.device
            fresh.holds.all().delete()
            _write(fresh, visit)
            record("booking.moved", actor=by, patient=patient, obj=fresh, detail={"from": before, "to": _detail(fresh)})
            return fresh
    except SlotTaken as taken:
        _offer(
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


def arrive(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The patient is here. Only on the day of the visit."""
    if local_day(booking.starts_at, clinic_zone(booking.site)) != local_day(timezone.now(), clinic_zone(booking.site)):
        day = wording.day(local_day(booking.starts_at, clinic_zone(booking.site)), weekday=True)
        raise NotNow(f"This visit is on {day}. Arrival is marked on the day.")
    return _step(booking, Status.ARRIVED, by=by, version=version, arrived_at=booking.arrived_at or timezone.now())


def not_its_day(booking: Booking) -> str:
    """Why this visit does not begin now: its day is still to come, or over; empty where it may begin."""
    zone, now = clinic_zone(booking.site), timezone.now()
    day = local_day(booking.starts_at, zone)
    if day > local_day(now, zone):
        return f"This visit is on {wording.day(day, weekday=True)}. To begin it today, move it to today."
    if booking.ends_at + RUNS_LATE < now:
        return f"This visit was on {wording.day(day, weekday=True)}. If the patient is here now, move it to today."
    return ""


def not_arrived(booking: Booking, *, by, version: int | None = None) -> Booking:
    """Take an arrival back."""
    return _step(booking, Status.BOOKED, by=by, version=version, arrived_at=None)


def in_room(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The visit begins: on its own day, or shortly after midnight where it ran late."""
    if words := not_its_day(booking):
        raise NotNow(words)
    return _step(booking, Status.IN_ROOM, by=by, version=version, arrived_at=booking.arrived_at or timezone.now())


def done(booking: Booking, *, by, version: int | None = None) -> Booking:
    return _step(booking, Status.DONE, by=by, version=version)


def missed(booking: Booking, *, by, version: int | None = None) -> Booking:
    """The patient did not come. What was held is free again."""
    if booking.starts_at > timezone.now():
        raise NotNow("This visit has not begun yet. Cancel it, or wait until its time.")
    return _step(booking, Status.MISSED, by=by, version=version)


def cancel(booking: Booking, *, reason: str, by, version: int | None = None) -> Booking:
    """Cancel a visit that has not begun. What was held is free again."""
    if not reason.strip():
        raise BookingRefused("Say why the visit is cancelled.", field="reason")
    return _step(booking, Status.CANCELLED, by=by, version=version, cancel_reason=reason.strip())


def untreated(booking: Booking, *, by) -> Booking:
    """The patient was in the room and nothing was treated: back to "here", then cancelled. What was held is free again."""
    with transaction.atomic():
        _step(booking, Status.ARRIVED, by=by, version=None)
        return _step(booking, Status.CANCELLED, by=by, version=None, cancel_reason="Nothing was treated")


def reinstate(booking: Booking, *, by, version: int | None = None) -> Booking:
    """
    Bring a cancelled or missed visit back to its old time, through the same door as a new one.

    Raises:
        SlotTaken: somebody has that time now; the nearest free times come with it. Others as in `book`.
    """
    site, patient, visit = booking.site, booking.patient, visit_again(booking)
    try:
        with transaction.atomic():
            zone = clinic_zone(site)
            enter_diary(site, patient, {local_day(booking.starts_at, zone), local_day(booking.ends_at, zone)})
            fresh = _take(booking, version, same=lambda now: now.status == Status.BOOKED)
            if fresh is None:
                return Booking.objects.get(pk=booking.pk)
            if fresh.status not in (Status.CANCELLED, Status.MISSED):
                raise NotNow(f"This visit is {fresh.get_status_display().lower()}, so there is nothing to bring back.")
            if fresh.ends_at <= timezone.now():
                raise InThePast("The time of this visit is over. Book a new one.")
            if fresh.plan is not None and fresh.kind == Booking.Kind.SESSION and fresh.session_number:
                gap.check_plan(fresh.plan, fresh.session_number)
                gap.check_gap(fresh.plan, fresh.session_number, fresh.starts_at, ignoring=fresh)
            _choose(
                site,
                visit,
                fresh.starts_at,
                patient,
                fresh.plan,
                clinician=fresh.clinician,
                room=fresh.room,
                device=fresh.device,
                ignoring=fresh,
            )
            fresh.status, fresh.cancel_reason, fresh.arrived_at = Status.BOOKED, "", None
            fresh.holds.all().delete()
            _write(fresh, visit)
            record("booking.reinstated", actor=by, patient=patient, obj=fresh, detail=_detail(fresh))
            return fresh
    except SlotTaken as taken:
        _offer(taken, site=site, visit=visit, wanted=booking.starts_at, patient=patient, clinician=booking.clinician, plan=booking.plan)
        raise


# Inside the door


def _take(booking: Booking, version: int | None, *, same) -> Booking | None:
    """The row as it stands, claimed for writing; None where *same(row)* says that the wish is already fulfilled."""
    fresh = Booking.objects.with_names().select_related("site").get(pk=booking.pk)
    if same(fresh):
        return None
    if version is not None and fresh.version != version:
        raise StaleRow(fresh)
    fresh.claim(fresh.version)
    return fresh


def _is_there(now: Booking, starts_at, clinician, room, device) -> bool:
    wanted = (starts_at, clinician or now.clinician, room or now.room, device or now.device)
    return (now.starts_at, now.clinician, now.room, now.device) == wanted


def _step(booking: Booking, status: str, *, by, version: int | None, **fields) -> Booking:
    """Change the status where the table allows it, and let the holds follow. Sent twice, the second changes nothing."""
    with transaction.atomic():
        fresh = _take(booking, version, same=lambda now: now.status == status)
        if fresh is None:
            return Booking.objects.get(pk=booking.pk)
        if status not in NEXT[fresh.status]:
            raise NotNow(f"This visit is {fresh.get_status_display().lower()}. It cannot become {Status(status).label.lower()}.")
        before, fresh.status = fresh.status, status
        for name, value in fields.items():
            setattr(fresh, name, value)
        fresh.save(update_fields=["status", *fields])
        if not fresh.is_live:
            fresh.holds.update(is_live=False)
        record(f"booking.{status}", actor=by, patient=fresh.patient_id, obj=fresh, detail={"from": before})
        return fresh


def _choose(site, visit: Visit, starts_at, patient, plan, *, clinician, room, device, ignoring=None) -> FreeTime:
    """
    Who and what takes part at *starts_at*. What is named stays, free or not: whether it is free the database decides.

    Raises:
        NotSuitable, OutsideHours, ResourceAbsent; SlotTaken where a role was left open and none of its candidates is free.
    """
    zone = clinic_zone(site)
    day = local_day(starts_at, zone)
    diary = Diary(site, day, day, patient=patient, ignoring=ignoring)
    party = diary.party(kind=visit.kind, patient=patient, clinician=clinician, room=room, device=device, plan=plan)
    named = {"clinician": clinician, "room": room, "device": device}
    start, chosen = seconds(starts_at), {}
    for role in visit.roles:
        if role == "patient":
            continue
        low, high = visit.reach(role)
        open_ones = [r for r in party.candidates[role] if covers(diary.open(r), start + low, start + high)]
        if not open_ones:
            raise _closed(diary, party, role, start + low, start + high)
        free = [r for r in open_ones if covers(diary.free(r), start + low, start + high)]
        if named[role] is not None:
            chosen[role] = named[role]
        elif free:
            chosen[role] = free[0]
        else:
            raise SlotTaken(f"No {role} is free then.")
    return FreeTime(moment(start), moment(start + visit.minutes * 60), **chosen)


def _closed(diary: Diary, party: Party, role: str, start: int, end: int) -> BookingRefused:
    """Why no candidate is there: away, or outside the weekly hours, which are named."""
    zone = diary.zone
    low, high = moment(start).astimezone(zone), moment(end).astimezone(zone)
    candidates = party.candidates[role]
    inside = [r for r in candidates if covers(diary.in_hours(r), start, end)]
    if inside:
        if len(candidates) > 1:
            return ResourceAbsent(f"No {role} is there at {low:%H:%M} on {wording.day(low.date(), weekday=True)}.")
        absence = next(a for a in diary.absences[inside[0].pk] if seconds(a.starts_at) < end and seconds(a.ends_at) > start)
        back = absence.ends_at.astimezone(zone)
        return ResourceAbsent(
            f"{inside[0]} is away then ({absence.reason}), until {wording.day(back.date(), weekday=True)}, {back:%H:%M}.",
            field=role if role == "device" else "day",
        )
    who = str(candidates[0]) if len(candidates) == 1 else f"Every {role}"
    rows = sorted((row.opens, row.closes) for r in candidates for row in diary.hours.get(r.pk, ()) if row.weekday == low.weekday())
    if not rows:
        return OutsideHours(f"{who} is closed on {low:%A}s." if role != "clinician" else _never(candidates, low), field="day")
    spans = " and ".join(f"{opens:%H:%M} to {closes:%H:%M}" for opens, closes in dict.fromkeys(rows))
    needs = f" The visit needs {low:%H:%M} to {high:%H:%M}." if role != "patient" else ""
    if len(candidates) > 1:
        return OutsideHours(f"The clinic's hours on {low:%A}s are {rows[0][0]:%H:%M} to {max(c for _, c in rows):%H:%M}.{needs}")
    return OutsideHours(f"{who} is there {spans} on {low:%A}s.{needs}")


def _never(candidates, low) -> str:
    return f"{candidates[0]} does not work on {low:%A}s." if len(candidates) == 1 else f"Nobody works on {low:%A}s."


def _write(booking: Booking, visit: Visit) -> None:
    """Save the booking with its holds. The database refuses what overlaps; then nothing of it stays."""
    try:
        with transaction.atomic():
            booking.save()
            Hold.objects.bulk_create(_holds(booking, visit))
    except IntegrityError as error:
        if guards.is_overlap(error):
            raise SlotTaken("This time is taken.", booking=booking) from error
        if "session_of_a_plan_booked_once" in str(error) or "booking.session_number" in str(error):
            other = gap.placed(booking.plan).get(booking.session_number)
            raise AlreadyBooked(
                f"Session {booking.session_number} of {str(booking.plan).lower()} is booked already.", booking=other
            ) from error
        raise


def _holds(booking: Booking, visit: Visit) -> list[Hold]:
    held = {"clinician": booking.clinician, "room": booking.room, "device": booking.device}
    holds = []
    for part in visit.parts:
        low = booking.starts_at + dt.timedelta(minutes=part.offset)
        times = {"segment": part.segment, "starts_at": low, "ends_at": low + dt.timedelta(minutes=part.minutes)}
        for role in part.roles:
            if role == "patient":
                holds.append(Hold(booking=booking, patient=booking.patient, subject=f"p{booking.patient_id}", **times))
            elif held[role] is not None:
                holds.append(Hold(booking=booking, resource=held[role], subject=f"r{held[role].pk}", **times))
    return holds


def _taken_words(diary: Diary, booking: Booking, visit: Visit) -> str:
    """Who or what is taken, for the sentence on the screen."""
    zone = diary.zone
    start, busy = seconds(booking.starts_at), []
    for role in visit.roles:
        low, high = visit.reach(role)
        if role == "patient":
            if not covers(diary.free_of_patient(booking.patient), start + low, start + high):
                busy.append("The patient")
        elif not covers(diary.free(getattr(booking, role)), start + low, start + high):
            busy.append(str(getattr(booking, role)))
    who = " and ".join(busy) if busy else "This time"
    verb = "are" if len(busy) > 1 else "is"
    local = booking.starts_at.astimezone(zone)
    return f"{who} {verb} taken at {local:%H:%M} on {wording.day(local.date(), weekday=True)}."


def _offer(taken: SlotTaken, *, site, visit, wanted, patient, clinician, plan, number=None, ignoring=None) -> None:
    """Say who is taken, and add the nearest free times: inside the plan's weeks where it is one of its sessions. Needs no lock."""
    first = last = None
    if plan is not None and visit.kind == Booking.Kind.SESSION and number:
        zone = clinic_zone(site)
        days = {n: local_day(v.starts_at, zone) for n, v in gap.placed(plan, ignoring=ignoring).items()}
        before = gap.last_before_plan(plan)
        bounds = gap.window(plan, number, days, local_day(before.starts_at, zone) if before else None)
        first, last = bounds.first_day, bounds.last_day
    diary, low, high = around(site, wanted, patient=patient, first_day=first, last_day=last, ignoring=ignoring)
    if taken.booking is not None:
        taken.message = _taken_words(diary, taken.booking, visit)
    taken.nearest = nearest(diary, visit, wanted, low, high, patient=patient, clinician=clinician, plan=plan)


def _detail(booking: Booking) -> dict:
    """For the audit log: ids and times, nothing clinical."""
    return {
        "kind": booking.kind,
        "starts_at": booking.starts_at.isoformat(),
        "clinician": booking.clinician_id,
        "room": booking.room_id,
        "device": booking.device_id,
        "plan": booking.plan_id,
        "session_number": booking.session_number,
    }
