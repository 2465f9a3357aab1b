"""
What the door to the diary does inside: who and what takes part, the holds, and the words and other times where it cannot be.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.translation import gettext, ngettext

from accounts.templatetags.clinic_format import in_words

from .. import guards
from ..models import Booking, Hold, Resource
from . import gap
from .free_time import Diary, around, nearest
from .hours import Visit, build_visit, clinic_zone, covers, local_day, moment, role_word, seconds, visit_again
from .party import FreeTime, Party
from .refusals import AlreadyBooked, BookingRefused, OutsideHours, ResourceAbsent, SlotTaken


def with_minutes(visit: Visit, minutes: int) -> Visit:
    """*visit* with another length of the part with the clinician."""
    lengths = {"numbing": 0, "needling": minutes, "clean_down": 0}
    for part in visit.parts:
        if part.segment in (Hold.Segment.NUMBING, Hold.Segment.CLEAN_DOWN):
            lengths[part.segment] = part.minutes
    return build_visit(visit.kind, lengths)


def choose(site, visit: Visit, starts_at, patient, plan, *, clinician, room, device, bay=None, before=None, ignoring=None) -> FreeTime:
    """
    Who and what takes part at *starts_at*. What is named stays, free or not: whether it is free the database decides. The numbing is
    in *bay*, else in the one *before*, else in any free bay, else in the room.

    Raises:
        NotSuitable, OutsideHours, ResourceAbsent; SlotTaken where a role was left open and none of its candidates is free.
    """
    day = local_day(starts_at, clinic_zone(site))
    diary = Diary(site, day, day, patient=patient, ignoring=ignoring)
    party = diary.party(kind=visit.kind, patient=patient, clinician=clinician, room=room, device=device, plan=plan, bay=bay)
    start, bays = seconds(starts_at), party.candidates.get("bay", [])
    bays.sort(key=lambda one: one != before)
    named = {"clinician": clinician, "room": room, "device": device, "bay": bay}
    layout = visit
    if visit.numbs and bays:
        in_bay = visit.in_bay()
        if bay is not None or any(diary.is_free(in_bay, "bay", one, start) for one in bays):
            layout = in_bay
    return FreeTime(moment(start), moment(start + visit.minutes * 60), **_fill(diary, layout, party, start, named))


def _fill(diary: Diary, visit: Visit, party: Party, start: int, named: dict) -> dict[str, Resource]:
    """One resource for each role of *visit*: the named one, or the first that is free."""
    chosen: dict[str, Resource] = {}
    for role in visit.roles:
        if role == "patient":
            continue
        candidates = party.devices_of(chosen["clinician"]) if role == "device" else party.candidates[role]
        open_ones = [one for one in candidates if covers(diary.open(one), *_held(visit, role, one, start))]
        if not open_ones:
            raise _closed(diary, candidates, role, *_held(visit, role, candidates[0], start))
        free = [one for one in open_ones if diary.is_free(visit, role, one, start)]
        if role == "clinician" and "device" in visit.roles:
            # Of those who are free, one who may use a device that is free.
            equipped = [one for one in free if any(diary.is_free(visit, "device", device, start) for device in party.devices_of(one))]
            free = equipped or free
        if named[role] is not None:
            chosen[role] = named[role]
        elif free:
            chosen[role] = free[0]
        else:
            raise SlotTaken(gettext("No %(role)s is free then.") % {"role": role_word(role)})
    return chosen


def _held(visit: Visit, role: str, resource: Resource, start: int) -> tuple[int, int]:
    low, high = visit.held(role, resource)
    return start + low, start + high


def _closed(diary: Diary, candidates: list[Resource], role: str, start: int, end: int) -> BookingRefused:
    """Why no candidate is there: away, or outside the weekly hours, which are named."""
    zone = diary.zone
    low, high = moment(start).astimezone(zone), moment(end).astimezone(zone)
    inside = [r for r in candidates if covers(diary.in_hours(r), start, end)]
    if inside:
        closed = next((day for day in (low.date(), high.date()) if day in diary.holidays), None)
        if closed is not None:
            return ResourceAbsent(
                gettext("%(site)s is closed on %(day)s (%(holiday)s).")
                % {"site": diary.site, "day": in_words(closed, weekday=True), "holiday": diary.holidays[closed]}
            )
        if len(candidates) > 1:
            return ResourceAbsent(
                gettext("No %(role)s is there at %(clock)s on %(day)s.")
                % {"role": role_word(role), "clock": f"{low:%H:%M}", "day": in_words(low.date(), weekday=True)}
            )
        standing = diary.absences.get(inside[0].pk, ())
        absence = next((a for a in standing if seconds(a.starts_at) < end and seconds(a.ends_at) > start), None)
        if absence is None:
            return ResourceAbsent(
                gettext("%(resource)s is out of service from %(day)s.")
                % {"resource": inside[0], "day": in_words(inside[0].retired_on, weekday=True)},
                field=role,
            )
        back = absence.ends_at.astimezone(zone)
        return ResourceAbsent(
            gettext("%(resource)s is away then (%(reason)s), until %(day)s, %(clock)s.")
            % {"resource": inside[0], "reason": absence.reason, "day": in_words(back.date(), weekday=True), "clock": f"{back:%H:%M}"},
            field=role if role == "device" else "day",
        )
    who = str(candidates[0]) if len(candidates) == 1 else gettext("Every %(role)s") % {"role": role_word(role)}
    rows = sorted((row.opens, row.closes) for r in candidates for row in diary.hours.get(r.pk, ()) if row.holds_on(low.date()))
    if not rows:
        return OutsideHours(
            gettext("%(who)s is closed on %(weekday)ss.") % {"who": who, "weekday": DAY_NAMES[low.weekday()]}
            if role != "clinician"
            else _never(candidates, low),
            field="day",
        )
    spans = gettext(" and ").join(
        gettext("%(opens)s to %(closes)s") % {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
        for opens, closes in dict.fromkeys(rows)
    )
    needs = gettext(" The visit needs %(low)s to %(high)s.") % {"low": f"{low:%H:%M}", "high": f"{high:%H:%M}"} if role != "patient" else ""
    if len(candidates) > 1:
        return OutsideHours(
            gettext("The clinic's hours on %(weekday)ss are %(opens)s to %(closes)s.%(needs)s")
            % {
                "weekday": DAY_NAMES[low.weekday()],
                "opens": f"{rows[0][0]:%H:%M}",
                "closes": f"{max(c for _, c in rows):%H:%M}",
                "needs": needs,
            }
        )
    return OutsideHours(
        gettext("%(who)s is there %(spans)s on %(weekday)ss.%(needs)s")
        % {"who": who, "spans": spans, "weekday": DAY_NAMES[low.weekday()], "needs": needs}
    )


def _never(candidates, low) -> str:
    weekday = DAY_NAMES[low.weekday()]
    if len(candidates) == 1:
        return gettext("%(who)s does not work on %(weekday)ss.") % {"who": candidates[0], "weekday": weekday}
    return gettext("Nobody works on %(weekday)ss.") % {"weekday": weekday}


def write(booking: Booking, visit: Visit, *, is_over: bool = False) -> None:
    """
    Save the booking with its holds. The database refuses what overlaps; then nothing of it stays. is_over: of a day that is over,
    with what was used and no time to make it ready.
    """
    try:
        with transaction.atomic():
            booking.save()
            Hold.objects.bulk_create(_holds(booking, visit.in_bay() if booking.bay is not None else visit, is_over=is_over))
    except IntegrityError as error:
        if guards.is_overlap(error):
            raise SlotTaken(gettext("This time is taken."), booking=booking) from error
        if "session_of_a_plan_booked_once" in str(error) or "booking.session_number" in str(error):
            other = gap.placed(booking.plan).get(booking.session_number)
            raise AlreadyBooked(
                gettext("Session %(number)s of %(plan)s is booked already.")
                % {"number": booking.session_number, "plan": str(booking.plan).lower()},
                booking=other,
            ) from error
        raise


def _holds(booking: Booking, visit: Visit, *, is_over: bool = False) -> list[Hold]:
    held = {"clinician": booking.clinician, "room": booking.room, "device": booking.device, "bay": booking.bay}
    holds = []
    for part in visit.parts:
        low = booking.starts_at + dt.timedelta(minutes=part.offset)
        times = {"segment": part.segment, "starts_at": low, "ends_at": low + dt.timedelta(minutes=part.minutes)}
        for role in part.roles:
            if role == "patient":
                holds.append(Hold(booking=booking, patient_id=booking.patient.person_pk, subject=f"p{booking.patient.person_pk}", **times))
            elif held[role] is not None:
                holds.append(Hold(booking=booking, resource=held[role], subject=f"r{held[role].pk}", **times))
    for role, resource in held.items():
        if resource is None or role not in visit.roles or is_over:
            continue
        used, ready = visit.reach(role)[1], visit.held(role, resource)[1]
        if ready > used:
            low, high = (booking.starts_at + dt.timedelta(seconds=edge) for edge in (used, ready))
            clean = {"segment": Hold.Segment.CLEAN_DOWN, "starts_at": low, "ends_at": high}
            holds.append(Hold(booking=booking, resource=resource, subject=f"r{resource.pk}", **clean))
    return holds


def in_the_way(booking: Booking, to: FreeTime, *, ignoring: list[Booking]) -> str:
    """
    Why *booking* cannot go to *to* as things stand, in a sentence; empty where it can. For a preview: when it is done the database
    has the last word. ignoring: visits that will not stand where they are now.
    """
    site, patient, visit = booking.site, booking.patient, visit_again(booking)
    who = {"clinician": to.clinician, "room": to.room, "device": to.device}
    try:
        slot = choose(site, visit, to.starts_at, patient, booking.plan, **who, before=booking.bay, ignoring=ignoring)
    except BookingRefused as refused:
        return refused.message
    day = local_day(to.starts_at, clinic_zone(site))
    there = Booking(site=site, patient=patient, kind=booking.kind, starts_at=to.starts_at, ends_at=to.ends_at, bay=slot.bay, **who)
    diary = Diary(site, day, day, patient=patient, ignoring=ignoring)
    return _taken_words(diary, there, visit) if _busy(diary, there, visit) else ""


def _busy(diary: Diary, booking: Booking, visit: Visit) -> list[str]:
    """Who or what of *booking* is taken at its time."""
    start, busy = seconds(booking.starts_at), []
    visit = visit.in_bay() if booking.bay is not None else visit
    for role in visit.roles:
        if role == "patient":
            low, high = visit.reach(role)
            if not covers(diary.free_of_patient(booking.patient), start + low, start + high):
                busy.append(gettext("The patient"))
        elif getattr(booking, role) is not None and not diary.is_free(visit, role, getattr(booking, role), start):
            busy.append(str(getattr(booking, role)))
    return busy


def _taken_words(diary: Diary, booking: Booking, visit: Visit) -> str:
    """Who or what is taken, for the sentence on the screen."""
    busy = _busy(diary, booking, visit)
    who = gettext(" and ").join(busy) if busy else gettext("This time")
    local = booking.starts_at.astimezone(diary.zone)
    words = ngettext("%(who)s is taken at %(clock)s on %(day)s.", "%(who)s are taken at %(clock)s on %(day)s.", len(busy) or 1)
    return words % {"who": who, "clock": f"{local:%H:%M}", "day": in_words(local.date(), weekday=True)}


def offer(taken: SlotTaken, *, site, visit, wanted, patient, clinician, plan, number=None, ignoring=None) -> None:
    """Say who is taken, and add the nearest free times: on days that the plan allows where it is one of its visits. Needs no lock."""
    days = gap.bounds(plan, visit.kind, number, ignoring=ignoring) if plan is not None else gap.Window()
    is_late = days.last_day is not None and local_day(wanted, clinic_zone(site)) > days.last_day
    last = days.last_allowed if is_late else days.last_day
    diary, low, high = around(site, wanted, patient=patient, first_day=days.first_day, last_day=last, ignoring=ignoring)
    if taken.booking is not None:
        taken.message = _taken_words(diary, taken.booking, visit)
    taken.nearest = nearest(diary, visit, wanted, low, high, patient=patient, clinician=clinician, plan=plan)
