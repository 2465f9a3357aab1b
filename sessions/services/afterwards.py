"""
A visit that is put into the diary of a day that is over, because somebody was treated: one that was marked as missed or cancelled, or
one that nobody ever booked. It stands as it was really held, from the first needle to the last, with who and what was really used.
Hours and absences are not asked, because what was done is done; that two visits cannot have had one room the database holds.
"""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from accounts.templatetags.clinic_format import in_words as day_words
from audit.services import record
from patients.merged import record_of_plan

from ..models import Booking, Hold, Resource
from . import gap, placing
from .booking import LONGEST, enter_diary
from .healing import TREATED
from .hours import Part, Visit, clinic_zone, local_day
from .refusals import AlreadyBooked, BookingRefused, SlotTaken

Status = Booking.Status
_ROLES = ("patient", "clinician", "room", "device")


@dataclass(frozen=True)
class Held:
    """From when to when the needles were in the skin, and who and what was used; a room or a device may not be known."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    clinician: Resource
    room: Resource | None = None
    device: Resource | None = None

    @property
    def visit(self) -> Visit:
        minutes = round((self.ends_at - self.starts_at).total_seconds() / 60)
        return Visit(Booking.Kind.SESSION, (Part(str(Hold.Segment.NEEDLING), 0, minutes, _ROLES),))


def wait_for_turn(booking: Booking, *moments: dt.datetime) -> None:
    """Before the first row is locked, as at every door to the diary."""
    zone = clinic_zone(booking.site)
    enter_diary(booking.site, booking.patient, {local_day(at, zone) for at in (booking.starts_at, booking.ends_at, *moments)})


def bring_back(row: Booking, held: Held, *, by) -> Booking:
    """
    *row*, a locked visit that is missed or cancelled, in the room after all. Raises BookingRefused: what was used stands with another
    visit, or the session has another one.
    """
    before = row.status
    row.claim(row.version)
    row.status, row.cancel_reason = Status.IN_ROOM, ""
    row.arrived_at, row.numbing_started_at, row.late_minutes = held.starts_at, None, None
    row.holds.all().delete()
    _write(row, held)
    record("booking.treated_after_all", actor=by, patient=row.patient_id, obj=row, detail={"from": before, **_detail(held)})
    return row


def make(plan, held: Held, *, number: int, by, request_key: str) -> Booking:
    """The visit of a session of *plan* that nobody booked. Raises BookingRefused as `bring_back`."""
    patient = record_of_plan(plan.patient, plan)
    row = Booking(
        site=patient.site, patient=patient, plan=plan, kind=Booking.Kind.SESSION, session_number=number, status=Status.IN_ROOM,
        arrived_at=held.starts_at, created_by=by, request_key=request_key,
    )  # fmt: skip
    _write(row, held)
    detail = {"plan": plan.pk, "session_number": number, **_detail(held)}
    record("booking.made_afterwards", actor=by, patient=patient, obj=row, detail=detail)
    return row


def _write(row: Booking, held: Held) -> None:
    row.starts_at, row.ends_at = held.starts_at, held.ends_at
    row.clinician, row.room, row.device, row.bay = held.clinician, held.room, held.device, None
    try:
        placing.write(row, held.visit, is_over=True)
    except SlotTaken as taken:
        raise _in_the_way(row) from taken


def _in_the_way(row: Booking) -> BookingRefused:
    """Who or what stands with another visit, and when."""
    named = {f"r{one.pk}": (role, str(one)) for role in ("room", "device", "clinician") if (one := getattr(row, role)) is not None}
    named[f"p{row.patient.person_pk}"] = ("began", gettext("The patient"))
    others = Hold.objects.live_between(row.starts_at, row.ends_at).filter(subject__in=named).exclude(booking=row.pk).order_by("starts_at")
    found = {}
    for subject, low, high in others.values_list("subject", "starts_at", "ends_at"):
        span = {"first": f"{row.on_site(low):%H:%M}", "last": f"{row.on_site(high):%H:%M}"}
        words = gettext("%(name)s was with another visit from %(first)s to %(last)s") % {"name": named[subject][1], **span}
        found.setdefault(subject, words)
    field = next((named[subject][0] for subject in named if subject in found), "began")
    words = "; ".join(found[subject] for subject in named if subject in found) or gettext("This time is taken by another visit")
    words = gettext("%(words)s. Enter who and what was really used, and when") % {"words": words}
    return BookingRefused(words, field="treated_by" if field == "clinician" else field)


def number_then(plan, began: dt.datetime) -> int:
    """
    Which session of *plan* a treatment that began then was: the one after the last that was treated before it.

    Raises:
        BookingRefused: that one is booked still, or the plan has none left.
    """
    placed = gap.placed(plan)
    treated = {number: visit for number, visit in placed.items() if visit.status in TREATED}
    earlier = max((number for number, visit in treated.items() if visit.starts_at <= began), default=0)
    later = min((number for number in treated if number > earlier), default=plan.sessions_count + 1)
    after = earlier if earlier + 1 < later else max(treated, default=0)  # no number is left between: the next that is
    if (free := after + 1) > plan.sessions_count:
        many = plan.sessions_count
        words = ngettext(
            "The one session of %(plan)s is done. Add what was done beyond them as a correction to the record of the nearest one.",
            "All %(count)s sessions of %(plan)s are done. Add what was done beyond them as a correction to the record of the nearest one.",
            many,
        )
        raise BookingRefused(words % {"count": many, "plan": str(plan).lower()}, field="began")
    if (visit := placed.get(free)) is not None:
        on = day_words(local_day(visit.starts_at, clinic_zone(visit.site)), weekday=True)
        raise AlreadyBooked(
            gettext(
                "Session %(session_number)s of %(plan)s is booked on %(day)s, and this treatment took its place in the course. "
                "Cancel that visit first; where it is the one at which this was done, enter the record from it."
            )
            % {"session_number": free, "plan": str(plan).lower(), "day": on},
            booking=visit,
        )
    return free


def check_lasts(held: Held) -> None:
    """Raises BookingRefused for a length that no treatment has."""
    if held.ends_at - held.starts_at > dt.timedelta(minutes=LONGEST):
        words = gettext("A treatment takes at most %(hours)s hours. Enter when the last needle was out") % {"hours": LONGEST // 60}
        raise BookingRefused(words, field="ended")


def _detail(held: Held) -> dict:
    used = {name: one.pk for name in ("clinician", "room", "device") if (one := getattr(held, name)) is not None}
    return {"starts_at": held.starts_at.isoformat(), "ends_at": held.ends_at.isoformat(), **used}
