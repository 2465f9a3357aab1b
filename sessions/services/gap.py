"""
The weeks between the sessions of a plan, judged at every door: single booking, move, course.

Whole days on the clinic's wall clock, counted between the dates of the visits. The weeks come from the accepted plan,
which took them from its protocol version.
"""

import datetime as dt
from dataclasses import dataclass

from planner import wording
from plans.models import TreatmentPlan

from ..models import Booking
from .hours import clinic_zone, local_day
from .refusals import BookingRefused, GapRefused


@dataclass(frozen=True)
class Window:
    """The days on which one session of a plan may be. None = no bound on that side."""

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    first_because: str = ""
    last_because: str = ""


def weeks(days: int) -> str:
    """`4 weeks`, `1 week`, `4 weeks and 2 days`, `3 days`: the words for a gap."""
    whole, rest = divmod(days, 7)
    parts = [f"{whole} week{'' if whole == 1 else 's'}"] if whole else []
    if rest or not parts:
        parts.append(f"{rest} day{'' if rest == 1 else 's'}")
    return " and ".join(parts)


def allowed(plan: TreatmentPlan) -> str:
    """`4 to 8 weeks`, as the plan has it."""
    unit = "week" if plan.interval_weeks_min == plan.interval_weeks_max == 1 else "weeks"
    return wording.span(plan.interval_weeks_min, plan.interval_weeks_max, unit)


def placed(plan: TreatmentPlan, *, ignoring: Booking | None = None) -> dict[int, Booking]:
    """The live visits of the plan's sessions, by session number; done ones included."""
    visits = Booking.objects.live().filter(plan=plan, kind=Booking.Kind.SESSION, session_number__isnull=False)
    if ignoring is not None:
        visits = visits.exclude(pk=ignoring.pk)
    return {visit.session_number: visit for visit in visits}


def last_before_plan(plan: TreatmentPlan) -> Booking | None:
    """The latest session that was done under the plans this one replaces: the skin does not know of the new plan."""
    earlier, at = [], plan.supersedes_id
    while at is not None and at not in earlier:
        earlier.append(at)
        at = TreatmentPlan.objects.filter(pk=at).values_list("supersedes_id", flat=True).first()
    if not earlier:
        return None
    done = Booking.objects.filter(plan__in=earlier, kind=Booking.Kind.SESSION, status=Booking.Status.DONE)
    return done.order_by("-starts_at").first()


def window(plan: TreatmentPlan, number: int, days: dict[int, dt.date], before_plan: dt.date | None = None) -> Window:
    """
    When session *number* may be, given the days of the plan's other sessions.

    A session further away in the count needs that many times the interval, so that those between still fit.
    """
    low, high = plan.interval_weeks_min * 7, plan.interval_weeks_max * 7
    first = last = None
    first_because = last_because = ""
    earlier = max((n for n in days if n < number), default=None)
    later = min((n for n in days if n > number), default=None)
    if earlier is not None:
        steps = number - earlier
        first, last = days[earlier] + dt.timedelta(days=steps * low), days[earlier] + dt.timedelta(days=steps * high)
        first_because = last_because = f"session {earlier} is on {wording.day(days[earlier], weekday=True)}"
    elif before_plan is not None:
        first = before_plan + dt.timedelta(days=low)
        first_because = f"the last session of the plan before was on {wording.day(before_plan, weekday=True)}"
    if later is not None:
        steps = later - number
        because = f"session {later} is on {wording.day(days[later], weekday=True)}"
        until, since = days[later] - dt.timedelta(days=steps * low), days[later] - dt.timedelta(days=steps * high)
        if last is None or until < last:
            last, last_because = until, because
        if first is None:
            first, first_because = since, because
    return Window(first, last, first_because, last_because)


def check_plan(plan: TreatmentPlan, number: int) -> None:
    """Raises BookingRefused where *plan* takes no session *number* (any more)."""
    status = TreatmentPlan.objects.values_list("status", flat=True).get(pk=plan.pk)
    if status != TreatmentPlan.Status.ACCEPTED:
        raise BookingRefused(f"{plan} is {TreatmentPlan.Status(status).label.lower()}. Book from the plan that is in force.")
    if not 1 <= number <= plan.sessions_count:
        raise BookingRefused(f"{plan} has {plan.sessions_count} sessions. There is no session {number}.")


def check_gap(plan: TreatmentPlan, number: int, starts_at: dt.datetime, *, ignoring: Booking | None = None) -> None:
    """
    Raises GapRefused where *starts_at* is nearer to a neighbouring session than the plan allows.

    A longer wait than the plan's longest is not refused here: a single late session is better than none, and the screen says so.
    """
    zone = clinic_zone(plan.patient.site)
    day = local_day(starts_at, zone)
    days = {n: local_day(visit.starts_at, zone) for n, visit in placed(plan, ignoring=ignoring).items()}
    before = last_before_plan(plan)
    low = dt.timedelta(days=plan.interval_weeks_min * 7)
    earlier = max((n for n in days if n < number), default=None)
    later = min((n for n in days if n > number), default=None)
    bounds = window(plan, number, days, local_day(before.starts_at, zone) if before else None)
    if (earlier is not None or before is not None) and bounds.first_day is not None and day < bounds.first_day:
        raise GapRefused(
            f"The plan allows {allowed(plan)} between sessions and {bounds.first_because}. "
            f"The first day for session {number} is {wording.day(bounds.first_day, weekday=True)}.",
            first_day=bounds.first_day,
        )
    if later is not None and day > days[later] - (later - number) * low:
        latest = days[later] - (later - number) * low
        raise GapRefused(
            f"The plan allows {allowed(plan)} between sessions and session {later} is on {wording.day(days[later], weekday=True)}. "
            f"The last day for session {number} is {wording.day(latest, weekday=True)}; move session {later} first.",
            first_day=bounds.first_day,
        )


def late_words(booking: Booking) -> str:
    """A sentence where a session is later than its plan's longest interval allows; empty where it is not."""
    if booking.kind != Booking.Kind.SESSION or booking.plan is None or not booking.session_number:
        return ""
    zone = clinic_zone(booking.site)
    others = {n: local_day(v.starts_at, zone) for n, v in placed(booking.plan, ignoring=booking).items()}
    earlier = max((n for n in others if n < booking.session_number), default=None)
    if earlier is None:
        return ""
    days = (local_day(booking.starts_at, zone) - others[earlier]).days
    if days <= booking.plan.interval_weeks_max * 7 * (booking.session_number - earlier):
        return ""
    return f"{weeks(days)} after session {earlier}. The plan allows {allowed(booking.plan)}."
