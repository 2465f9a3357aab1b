"""
The weeks between the sessions of a plan, judged at every door: single booking, move, bringing back, course.

Whole days on the clinic's wall clock, counted between the dates of the visits. The weeks come from the accepted plan, raised
by what was really done (`services.healing`). Sooner only with a reason by somebody who may say so, kept with the visit.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.permissions import may, who
from accounts.templatetags.clinic_format import in_words
from plans.models import TreatmentPlan

from ..models import Booking
from .healing import TREATED, Healing, Standing, healing_of
from .hours import clinic_zone, local_day
from .refusals import AlreadyBooked, BookingRefused, GapRefused

OVERRIDE = "bookings.sooner"  # the permission to book sooner than healing allows, with a reason
WAITING = (Booking.Status.BOOKED, Booking.Status.ARRIVED)


@dataclass(frozen=True)
class Window:
    """
    The days on which one session of a plan may be. None = no bound on that side. last_allowed: the last day the door lets in, because
    something stands after it; later than the plan's longest wait is let in, and said.
    """

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    first_because: str = ""
    last_because: str = ""
    last_allowed: dt.date | None = None


@dataclass(frozen=True)
class Override:
    """Why a session may be sooner than healing allows, who said so, and the first day that would have needed no reason."""

    reason: str
    by: object
    at: dt.datetime
    first_day: dt.date


def weeks(days: int) -> str:
    """`4 weeks`, `1 week`, `4 weeks and 2 days`, `3 days`: the words for a gap."""
    whole, rest = divmod(days, 7)
    parts = [ngettext("%(count)s week", "%(count)s weeks", whole) % {"count": whole}] if whole else []
    if rest or not parts:
        parts.append(ngettext("%(count)s day", "%(count)s days", rest) % {"count": rest})
    return gettext(" and ").join(parts)


def allowed(plan: TreatmentPlan) -> str:
    """`4 to 8 weeks`, as the plan has it."""
    return weeks_between(plan.interval_weeks_min, plan.interval_weeks_max)


def weeks_between(low: int, high: int) -> str:
    """`4 to 8 weeks`; one number where both are the same."""
    if low == high:
        return ngettext("%(count)s\u00a0week", "%(count)s\u00a0weeks", low) % {"count": low}
    return gettext("%(first)s to %(last)s\u00a0weeks") % {"first": low, "last": high}


def placed(plan: TreatmentPlan, *, ignoring: Booking | None = None) -> dict[int, Booking]:
    """The live visits of the plan's sessions, by session number; done ones included."""
    visits = Booking.objects.live().filter(plan=plan, kind=Booking.Kind.SESSION, session_number__isnull=False)
    if ignoring is not None:
        visits = visits.exclude(pk=ignoring.pk)
    return {visit.session_number: visit for visit in visits}


def window(plan: TreatmentPlan, number: int, days: dict[int, dt.date], healing: Healing | None = None) -> Window:
    """
    When session *number* may be, given the days of the plan's other sessions.

    A session further away in the count needs that many times the interval, so that those between still fit. What was done deeper
    than planned, and what other plans treated in the same zones, counts as `services.healing` has it. A longest wait that is over
    already bounds nothing: late is better than never.
    """
    healing = healing or healing_of(plan)
    first = last = until = None
    first_because = last_because = ""
    earlier = max((n for n in days if n < number), default=None)
    later = min((n for n in days if n > number), default=None)
    if earlier is not None:
        low, high = healing.between(earlier, number)
        first = days[earlier] + dt.timedelta(days=low)
        first_because = gettext("session %(earlier)s is on %(days)s") % {"earlier": earlier, "days": in_words(days[earlier], weekday=True)}
        if not is_overdue(plan, earlier, number, days, healing):
            last, last_because = days[earlier] + dt.timedelta(days=high), first_because
        if raised := healing.after(earlier).why:
            first_because = f"{first_because}. {raised}"
    before = healing.before
    if before is not None and (first is None or before.first_day > first):
        first = before.first_day
        first_because = gettext("the last session of %(plan)s was on %(day)s") % {
            "plan": before.plan,
            "day": in_words(before.day, weekday=True),
        }
        if before.weeks.why:
            first_because = f"{first_because}. {before.weeks.why}"
    for other in healing.standing:  # in the order of their days
        if other.is_near(first or _today(plan)):
            first, first_because = other.first_day, _stands(other)
    if later is not None:
        low, high = healing.between(number, later)
        because = gettext("session %(later)s is on %(days)s") % {"later": later, "days": in_words(days[later], weekday=True)}
        until, since = days[later] - dt.timedelta(days=low), days[later] - dt.timedelta(days=high)
        if last is None or until < last:
            last, last_because = until, because
        if first is None:
            first, first_because = since, because
    return Window(first, last, first_because, last_because, until)


def _today(plan: TreatmentPlan) -> dt.date:
    return local_day(timezone.now(), clinic_zone(plan.patient.site))


def is_overdue(plan: TreatmentPlan, earlier: int, later: int, days: dict[int, dt.date], healing: Healing) -> bool:
    """Whether the longest wait between the two sessions is over already: then every day for the *later* one is late, and none too late."""
    return days[earlier] + dt.timedelta(days=healing.between(earlier, later)[1]) < _today(plan)


def _stands(other: Standing) -> str:
    return gettext("%(title)s is booked on %(day)s") % {"title": other.title, "day": in_words(other.day, weekday=True)}


def last_treated(placed: dict[int, Booking]) -> int:
    """The highest number among *placed* that has begun or is done; 0 where none has. What is below it and has no visit was passed over."""
    return max((number for number, visit in placed.items() if visit.status in TREATED), default=0)


def check_passed(plan: TreatmentPlan, number: int, placed: dict[int, Booking]) -> None:
    """Raises BookingRefused where session *number* was passed over: what is done stays done, and the course goes on after it."""
    if number >= (last := last_treated(placed)):
        return
    left = next((n for n in range(last + 1, plan.sessions_count + 1) if n not in placed), None)
    then = (
        gettext("The next session to book is session %(left)s.") % {"left": left}
        if left
        else gettext("For further sessions, make a new plan.")
    )
    raise BookingRefused(
        gettext("Session %(last)s of %(plan)s is done, so session %(number)s was passed over. %(then)s")
        % {"last": last, "plan": str(plan).lower(), "number": number, "then": then}
    )


def check_plan(plan: TreatmentPlan, number: int) -> None:
    """Raises BookingRefused where *plan* takes no session *number* (any more)."""
    status = TreatmentPlan.objects.values_list("status", flat=True).get(pk=plan.pk)
    if status != TreatmentPlan.Status.ACCEPTED:
        raise BookingRefused(
            gettext("%(plan)s is %(status)s. Book from the plan that is in force.")
            % {"plan": plan, "status": TreatmentPlan.Status(status).label.lower()}
        )
    if not 1 <= number <= plan.sessions_count:
        raise BookingRefused(
            gettext("%(plan)s has %(sessions_count)s sessions. There is no session %(number)s.")
            % {"plan": plan, "sessions_count": plan.sessions_count, "number": number}
        )


def too_soon(plan: TreatmentPlan, number: int, day: dt.date, days: dict[int, dt.date], healing: Healing | None = None) -> GapRefused | None:
    """The refusal where *day* is nearer to what was treated before session *number* than healing allows; None where it is not."""
    healing = healing or healing_of(plan)
    if healing.before is None and not healing.standing and not any(n < number for n in days):
        return None
    bounds = window(plan, number, days, replace(healing, standing=[]))
    first = bounds.first_day if healing.before is not None or any(n < number for n in days) else None
    because = bounds.first_because
    for nearer in (n for n in days if n < number):  # whichever was last in time, where they do not stand in the order of their numbers
        after = days[nearer] + dt.timedelta(weeks=healing.after(nearer).least)
        if first is None or after > first:
            first, because = (
                after,
                gettext("session %(nearer)s is on %(days)s") % {"nearer": nearer, "days": in_words(days[nearer], weekday=True)},
            )
    for other in healing.standing:
        if other.is_near(max(day, first) if first else day):
            first, because = other.first_day, _stands(other)
    if first is None or day >= first:
        return None
    return GapRefused(
        gettext("The plan allows %(allowed)s between sessions and %(because)s. The first day for session %(number)s is %(first)s.")
        % {"allowed": allowed(plan), "because": because, "number": number, "first": in_words(first, weekday=True)},
        first_day=first,
        may_be_overridden=True,
    )


def _check_order(plan: TreatmentPlan, number: int, starts_at: dt.datetime, others: dict[int, Booking], first_day: dt.date | None) -> None:
    """Raises GapRefused where session *number* would come before an earlier one of its plan, or after a later one, whatever the reason."""
    zone = clinic_zone(plan.patient.site)
    for other, visit in sorted(others.items()):
        if other < number and visit.starts_at >= starts_at:
            where = gettext("comes after it; move session %(other)s first") % {"other": other}
        elif other > number and visit.starts_at <= starts_at:
            where = gettext("comes before it; move session %(other)s first") % {"other": other}
        else:
            continue
        stands = in_words(local_day(visit.starts_at, zone), weekday=True)
        raise GapRefused(
            gettext("The sessions of a plan keep their order. Session %(other)s is on %(stands)s: session %(number)s %(where)s.")
            % {"other": other, "stands": stands, "number": number, "where": where},
            first_day=first_day,
        )


def _of_plan(plan: TreatmentPlan, ignoring: Booking | None):
    visits = Booking.objects.live().filter(plan=plan).order_by("starts_at")
    return visits if ignoring is None else visits.exclude(pk=ignoring.pk)


def _waiting_review(plan: TreatmentPlan, ignoring: Booking | None) -> Booking | None:
    return _of_plan(plan, ignoring).filter(kind=Booking.Kind.REVIEW, status__in=WAITING).first()


def _last_session(plan: TreatmentPlan, ignoring: Booking | None) -> Booking | None:
    return _of_plan(plan, ignoring).filter(kind=Booking.Kind.SESSION).last()


def bounds(plan: TreatmentPlan, kind: str, number: int | None = None, *, ignoring: Booking | None = None) -> Window:
    """
    On which days a visit of *plan* may be offered: session *number* within the plan's weeks and before the review that waits, the review
    after the last session. What is offered the door lets in.
    """
    zone, a_day = clinic_zone(plan.patient.site), dt.timedelta(days=1)
    if kind == Booking.Kind.REVIEW and (last := _last_session(plan, ignoring)) is not None:
        day = local_day(last.starts_at, zone)
        return Window(
            first_day=day + a_day,
            first_because=gettext("session %(session_number)s is on %(day)s")
            % {"session_number": last.session_number, "day": in_words(day, weekday=True)},
        )
    if kind != Booking.Kind.SESSION or number is None:
        return Window()
    found = window(plan, number, {n: local_day(visit.starts_at, zone) for n, visit in placed(plan, ignoring=ignoring).items()})
    review = _waiting_review(plan, ignoring)
    before = local_day(review.starts_at, zone) - a_day if review is not None else None
    if before is None:
        return found
    return replace(found, last_day=min(before, found.last_day or before), last_allowed=min(before, found.last_allowed or before))


def check_review(plan: TreatmentPlan, kind: str, starts_at: dt.datetime, *, ignoring: Booking | None = None) -> None:
    """
    Raises BookingRefused where a review would come before a session of its plan or beside another that waits, or a session after the
    review that waits.
    """
    if kind not in (Booking.Kind.SESSION, Booking.Kind.REVIEW):
        return
    zone, name = clinic_zone(plan.patient.site), str(plan).lower()
    review = _waiting_review(plan, ignoring)
    if review is not None:
        stands = in_words(local_day(review.starts_at, zone), weekday=True)
        if kind == Booking.Kind.REVIEW:
            raise AlreadyBooked(
                gettext("The review of %(name)s is booked already, on %(stands)s. Move that one.") % {"name": name, "stands": stands},
                booking=review,
            )
        if starts_at >= review.starts_at:
            raise GapRefused(
                gettext("The review of %(name)s is on %(stands)s and comes after the sessions. Move the review first.")
                % {"name": name, "stands": stands}
            )
    if kind == Booking.Kind.SESSION:
        return
    last = _last_session(plan, ignoring)
    if last is not None and starts_at <= last.starts_at:
        on = in_words(local_day(last.starts_at, zone), weekday=True)
        raise GapRefused(
            gettext("The review comes after the sessions of %(name)s, and session %(session_number)s is on %(on)s.")
            % {"name": name, "session_number": last.session_number, "on": on}
        )


def check_gap(
    plan: TreatmentPlan,
    number: int,
    starts_at: dt.datetime,
    *,
    ignoring: Booking | None = None,
    reason: str = "",
    by=None,
    without: Collection[int] = (),
) -> Override | None:
    """
    Raises GapRefused where *starts_at* is nearer to a neighbouring session than healing allows, or would turn the plan's order round.

    reason: why it may be sooner all the same; counts where *by* may say so, and comes back as the override to keep with the visit.
    without: numbers of sessions that move along, and so are not asked.
    An override that the visit (*ignoring*) has already holds as long as it is not put nearer, and nothing asks for more time since.

    A longer wait than the plan's longest is not refused here: a single late session is better than none, and the screen says so.
    """
    zone = clinic_zone(plan.patient.site)
    day, healing = local_day(starts_at, zone), healing_of(plan)
    others = {n: visit for n, visit in placed(plan, ignoring=ignoring).items() if n not in without}
    check_passed(plan, number, others)
    days = {n: local_day(visit.starts_at, zone) for n, visit in others.items()}
    if ignoring is not None and ignoring.is_live and day == local_day(ignoring.starts_at, zone):
        healing.standing = []  # it stays on its day, and what stands beside it was asked when it came there
    _check_order(plan, number, starts_at, others, window(plan, number, days, healing).first_day)
    override = None
    if refused := too_soon(plan, number, day, days, healing):
        override = _override(refused, day, reason.strip(), by, ignoring)
    following = min((n for n in days if n > number), default=None)
    for later in sorted(n for n in days if n > number):
        # The next in number leaves room for those between; any other that is nearer in time is a neighbour all the same.
        low = healing.between(number, later)[0] if later == following else healing.after(number).least * 7
        needed = dt.timedelta(days=low)
        agreed = others[later].gap_first_day  # the next session is sooner by somebody's word: this one may not ask more of it
        if day + needed > max(days[later], agreed or days[later]):
            latest = days[later] - needed
            raise GapRefused(
                gettext(
                    "The plan allows %(allowed)s between sessions and session %(later)s is on %(days)s. "
                    "The last day for session %(number)s is %(latest)s; move session %(later)s first."
                )
                % {
                    "allowed": allowed(plan),
                    "later": later,
                    "days": in_words(days[later], weekday=True),
                    "number": number,
                    "latest": in_words(latest, weekday=True),
                },
                first_day=window(plan, number, days, healing).first_day,
            )
    return override


def _override(refused: GapRefused, day: dt.date, reason: str, by, visit: Booking | None) -> Override:
    """The word that lets a session be sooner: given now, or with the visit already. Raises GapRefused where there is none."""
    held = visit.gap_first_day if visit is not None else None
    stands = held is not None and not reason and refused.first_day <= held
    if stands and day >= local_day(visit.starts_at, clinic_zone(visit.site)):
        return Override(visit.gap_reason, visit.gap_by, visit.gap_at, held)
    if not reason:
        raise refused
    if by is None or not may(by, OVERRIDE):
        raise GapRefused(
            gettext("%(message)s Only %(who)s may book it sooner.") % {"message": refused.message, "who": who(OVERRIDE)},
            first_day=refused.first_day,
        )
    return Override(reason, by, timezone.now(), refused.first_day)


def soon_words(booking: Booking) -> str:
    """A sentence where a session that stands is sooner than healing allows and nobody has said why; empty where it is not."""
    if booking.kind != Booking.Kind.SESSION or booking.plan is None or not booking.session_number or booking.status not in WAITING:
        return ""
    zone = clinic_zone(booking.site)
    days = {n: local_day(v.starts_at, zone) for n, v in placed(booking.plan, ignoring=booking).items()}
    refused = too_soon(booking.plan, booking.session_number, local_day(booking.starts_at, zone), days)
    if refused is None or (booking.gap_first_day is not None and refused.first_day <= booking.gap_first_day):
        return ""
    return refused.message


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
    if days <= healing_of(booking.plan).between(earlier, booking.session_number)[1]:
        return ""
    return gettext("%(weeks)s after session %(earlier)s. The plan allows %(allowed)s.") % {
        "weeks": weeks(days),
        "earlier": earlier,
        "allowed": allowed(booking.plan),
    }
