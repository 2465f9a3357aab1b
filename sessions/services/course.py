"""
All sessions of an accepted plan and its review, booked in one transaction, all or none, and the gaps between them in a sentence.
How their dates are found: `course_dates`.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import gathered, record
from plans.models import TreatmentPlan

from ..models import Booking, Resource
from . import gap
from .booking import DAYS_AHEAD, book, enter_diary
from .healing import Healing, healing_of
from .hours import clinic_zone, local_day
from .refusals import AlreadyBooked, BookingRefused, GapRefused, KeyUsed

REVIEW = 0  # the key of the review among the lines; sessions have their numbers


@dataclass(frozen=True)
class Slot:
    """One visit of a course as wished or chosen. number: of the session, or REVIEW."""

    number: int
    starts_at: dt.datetime
    clinician: Resource | None = None


def review_days(plan: TreatmentPlan) -> int | None:
    """Days from the last session to the review, as the proposal has them; None where it names no review."""
    course = plan.proposal.get("course") or {}
    if not course.get("review") or not course.get("dates"):
        return None
    return (dt.date.fromisoformat(course["review"]) - dt.date.fromisoformat(course["dates"][-1])).days


def planned_review(plan: TreatmentPlan) -> Booking | None:
    return Booking.objects.live().filter(plan=plan, kind=Booking.Kind.REVIEW).order_by("starts_at").last()


def left_to_book(plan: TreatmentPlan) -> list[int]:
    """The sessions of *plan* that have no visit and were not passed over, and REVIEW where its review has none."""
    placed = gap.placed(plan)
    left = [number for number in range(gap.last_treated(placed) + 1, plan.sessions_count + 1) if number not in placed]
    return [*left, REVIEW] if review_days(plan) is not None and planned_review(plan) is None else left


def _gaps(days: dict[int, dt.date]) -> dict[int, int]:
    """Days between each session and the one before it, by number."""
    return {later: (days[later] - days[earlier]).days for earlier, later in pairwise(sorted(days)) if later == earlier + 1}


def breaches(plan: TreatmentPlan, days: dict[int, dt.date], new: Collection[int], healing: Healing | None = None) -> tuple[bool, bool]:
    """
    Whether a gap beside one of the sessions *new* is too short, and whether one is too long that need not be. What stands already was
    judged then.
    """
    healing = healing or healing_of(plan)
    beside = {number: size for number, size in _gaps(days).items() if number in new or number - 1 in new}
    near = any(size < healing.between(number - 1, number)[0] for number, size in beside.items())
    long = [number for number, size in beside.items() if size > healing.between(number - 1, number)[1]]
    return near, any(not gap.is_overdue(plan, number - 1, number, days, healing) for number in long)


def _within(healing: Healing, number: int, size: int) -> bool:
    low, high = healing.between(number - 1, number)
    return low <= size <= high


def judge(plan: TreatmentPlan, days: dict[int, dt.date], healing: Healing | None = None) -> tuple[str, bool]:
    """The gaps between the sessions against the plan and what was done, in a sentence, and whether all are within it."""
    healing = healing or healing_of(plan)
    gaps = _gaps(days)
    if not gaps:
        return gettext("One session, so there is no gap to keep."), True
    outside = [number for number, size in gaps.items() if not _within(healing, number, size)]
    if outside:
        # What can be chosen otherwise comes before what is late already.
        number = min(outside, key=lambda n: gap.is_overdue(plan, n - 1, n, days, healing))
        raised = f" {why}." if (why := healing.after(number - 1).why) else ""
        after = gettext("Session %(number)s is %(gaps)s after session %(number_2)s") % {
            "number": number,
            "gaps": gap.weeks(gaps[number]),
            "number_2": number - 1,
        }
        return gettext("%(after)s. The plan allows %(plan)s.%(raised)s") % {
            "after": after,
            "plan": gap.allowed(plan),
            "raised": raised,
        }, False
    least, most = min(gaps.values()), max(gaps.values())
    if least % 7 == 0 and most % 7 == 0:
        size = gap.weeks_between(least // 7, most // 7)
    else:
        size = (
            gap.weeks(least) if least == most else gettext("%(first)s to %(last)s") % {"first": gap.weeks(least), "last": gap.weeks(most)}
        )
    if len(gaps) > 1:
        sentence = gettext("All gaps are %(size)s. The plan allows %(allowed)s.")
    else:
        sentence = gettext("The gap is %(size)s. The plan allows %(allowed)s.")
    return sentence % {"size": size, "allowed": gap.allowed(plan)}, True


def book_course(plan: TreatmentPlan, *, slots: list[Slot], by, request_key: str, gap_reason: str = "") -> list[Booking]:
    """
    Book *slots*, sessions and review, in one transaction: all or none. The same request_key with the same slots returns what it booked.
    gap_reason: why sessions may be sooner than the healing gap, by somebody who may say so; kept with those that need it.

    Raises:
        GapRefused: a gap below or above the plan's weeks, next to visits that stand already included.
        SlotTaken and the rest of BookingRefused, with `number` set to the line it is about.
    """
    patient, site = plan.patient, plan.patient.site
    zone = clinic_zone(site)
    slots = sorted(slots, key=lambda slot: slot.starts_at)
    if not slots:
        gap.check_plan(plan, 1)  # a plan that is not in force has nothing to book either: that is said first
        raise BookingRefused(gettext("All visits of this course are booked."))
    with transaction.atomic(), gathered():
        days = {local_day(slot.starts_at, zone) for slot in slots}
        enter_diary(site, patient, days | {day + dt.timedelta(days=1) for day in days})
        if made := _made_before(request_key, slots):
            return made
        _check_order(plan, slots, zone, gap_reason)
        for slot in slots:
            kind = Booking.Kind.REVIEW if slot.number == REVIEW else Booking.Kind.SESSION
            try:
                made.append(
                    book(
                        patient=patient,
                        kind=kind,
                        starts_at=slot.starts_at,
                        clinician=slot.clinician,
                        by=by,
                        request_key=f"{request_key}-{slot.number}",
                        plan=plan,
                        session_number=plan.sessions_count if slot.number == REVIEW else slot.number,
                        gap_reason=gap_reason,
                    )
                )
            except BookingRefused as refused:
                refused.number = slot.number
                raise
        record("course.booked", actor=by, patient=patient, obj=plan, detail={"bookings": [booking.pk for booking in made]})
    return made


def _made_before(request_key: str, slots: list[Slot]) -> list[Booking]:
    """What this request made when it came the first time. Raises KeyUsed where any of it was another visit, or stands no longer."""
    keys = {f"{request_key}-{slot.number}": slot for slot in slots}
    made = list(Booking.objects.with_names().select_related("site").filter(request_key__in=keys).order_by("starts_at"))
    for booking in made:
        slot = keys[booking.request_key]
        same = booking.starts_at == slot.starts_at and slot.clinician in (None, booking.clinician)
        if not (booking.is_live and same and len(made) == len(slots)):
            raise KeyUsed(booking)
    return made


def _check_order(plan: TreatmentPlan, slots: list[Slot], zone, gap_reason: str) -> None:
    """
    Raises where the course as a whole is not the plan's: a number twice, a gap too short or too long, the review too early.
    Whether a reason lets a session be sooner, and whose, the door asks of each.
    """
    placed = gap.placed(plan)
    days = {number: local_day(visit.starts_at, zone) for number, visit in placed.items()}
    for slot in slots:
        if slot.number == REVIEW:
            if planned_review(plan) is not None:
                raise AlreadyBooked(gettext("The review is booked already."))
            continue
        gap.check_plan(plan, slot.number)
        if slot.number in days:
            raise AlreadyBooked(
                gettext("Session %(slot)s of the plan is booked already.") % {"slot": slot.number}, booking=placed.get(slot.number)
            )
        days[slot.number] = local_day(slot.starts_at, zone)
    healing = healing_of(plan)
    near, far = breaches(plan, days, {slot.number for slot in slots}, healing)
    if far or (near and not gap_reason.strip()):
        raise GapRefused(judge(plan, days, healing)[0], may_be_overridden=near and not far)
    review = next((slot for slot in slots if slot.number == REVIEW), None)
    if review is not None and days and local_day(review.starts_at, zone) <= max(days.values()):
        raise GapRefused(gettext("The review comes after the last session."))
    limit = local_day(timezone.now(), zone) + dt.timedelta(days=DAYS_AHEAD)
    if slots and local_day(slots[-1].starts_at, zone) > limit:
        raise BookingRefused(gettext("Choose days in the next two years."), field="day")
