"""
Courses that drift at one site: past the usual wait, past the longest, no next session booked, the review missing.

All of them are read in two queries of a few columns and put in order here; only the rows of the page that is shown are read whole. Order
and counts go by the plan's own weeks. A row that is shown is judged by the rule of the healing gap itself, where something was
done that lengthens the wait: it then says so, and never calls a course late that still has to heal.
"""

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db.models import (
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
)
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.templatetags.clinic_format import in_words
from plans.models import TreatmentPlan
from plans.querysets import PLAN_DOCUMENTS
from sessions.models import Booking, SessionZone
from sessions.querysets import JUST_OVER, coming, placed
from sessions.services import gap
from sessions.services.course import review_days
from sessions.services.healing import TREATED, healing_of
from sessions.services.hours import at_clock, clinic_zone, local_day

Status = TreatmentPlan.Status
ASKED_FOR = dt.timedelta(days=365)  # a review that nobody missed for a year is history


class Kind(StrEnum):
    PAST_LATEST = "latest"
    PAST_IDEAL = "ideal"
    UNFINISHED = "unfinished"
    REVIEW = "review"
    GOES_ON = "goes-on"  # late by the plan's own weeks, and not by what was really done


WORDS = {
    Kind.PAST_LATEST: gettext_lazy("Past the longest wait"),
    Kind.PAST_IDEAL: gettext_lazy("Past the usual wait"),
    Kind.UNFINISHED: gettext_lazy("Next session not booked"),
    Kind.REVIEW: gettext_lazy("Review not booked"),
}
ON_THE_SCREEN = {**WORDS, Kind.GOES_ON: gettext_lazy("Still healing")}
TONES = {Kind.PAST_LATEST: "defer", Kind.PAST_IDEAL: "caut", Kind.UNFINISHED: "mute", Kind.REVIEW: "plum", Kind.GOES_ON: "mute"}


@dataclass(frozen=True, slots=True)
class Course:
    """A course that drifts, in the few figures the order needs. late: days past what is usual; below zero: still to come."""

    plan: int
    kind: Kind
    late: int
    last_day: dt.date
    done: int
    next_at: dt.datetime | None


@dataclass(frozen=True)
class Line:
    """One row of the board."""

    plan: TreatmentPlan
    kind: Kind
    words: str
    facts: str
    next_at: dt.datetime | None
    unmarked: Booking | None = None  # a session that is over, of which nobody said what came of it: said first, whatever else is to do


def _plans(user, site: Site):
    return TreatmentPlan.objects.visible_to(user).filter(patient__site=site)


def board(user, site: Site, now: dt.datetime | None = None) -> list[Course]:
    """Every course of *site* that drifts, the latest first."""
    now = now or timezone.now()
    zone = clinic_zone(site)
    found = [*_begun(user, site, now, zone), *_without_review(user, site, now, zone)]
    return sorted(found, key=lambda course: (-course.late, course.last_day, course.plan))


def _begun(user, site: Site, now: dt.datetime, zone) -> list[Course]:
    """Plans in force with a session done and one still to come: late by what is booked next, or by today where nothing is."""
    today = local_day(now, zone)
    sessions = Q(bookings__kind=Booking.Kind.SESSION)
    treated = sessions & Q(bookings__status__in=TREATED)
    to_come = sessions & coming(now - JUST_OVER, "bookings__")
    rows = _plans(user, site).filter(status=Status.ACCEPTED)
    rows = rows.annotate(done=Count("bookings", filter=treated), last=Max("bookings__starts_at", filter=treated))
    # Up to the last that was treated: what was passed over is not to come any more.
    rows = rows.annotate(following=Min("bookings__starts_at", filter=to_come), reached=Max("bookings__session_number", filter=treated))
    rows = rows.filter(done__gte=1, reached__lt=F("sessions_count")).order_by()
    shown = rows.values_list("pk", "done", "last", "following", "interval_weeks_typical", "interval_weeks_max")
    found = []
    for pk, done, last, following, usual, most in shown:
        last_day = local_day(last, zone)
        since = ((local_day(following, zone) if following else today) - last_day).days
        kind = _kind(since, usual, most, is_booked=following is not None)
        if kind is not None:
            found.append(Course(pk, kind, since - usual * 7, last_day, done, following))
    return found


def _kind(since: int, usual: int, most: int, *, is_booked: bool) -> Kind | None:
    """*since*: days from the last session to the next one, or to today; usual, most: weeks. None: booked within the plan's weeks."""
    if since > most * 7:
        return Kind.PAST_LATEST
    if is_booked:
        return None
    return Kind.PAST_IDEAL if since > usual * 7 else Kind.UNFINISHED


def _without_review(user, site: Site, now: dt.datetime, zone) -> list[Course]:
    """Plans whose last session is done, whose proposal names a review, and which have none booked or done."""
    today = local_day(now, zone)
    treated = Q(bookings__kind=Booking.Kind.SESSION, bookings__status__in=TREATED)
    review = Booking.objects.filter(placed(now - JUST_OVER), plan=OuterRef("pk"), kind=Booking.Kind.REVIEW).order_by()
    rows = _plans(user, site).filter(~Exists(review), status__in=(Status.ACCEPTED, Status.COMPLETED))
    rows = rows.annotate(done=Count("bookings", filter=treated), last=Max("bookings__starts_at", filter=treated))
    rows = rows.annotate(reached=Max("bookings__session_number", filter=treated))
    since = at_clock(today - ASKED_FOR, dt.time.min, zone)
    rows = rows.filter(reached__gte=F("sessions_count"), last__gte=since).order_by()
    found = []
    for pk, done, last, course in rows.values_list("pk", "done", "last", "proposal__course"):
        offset = review_days(TreatmentPlan(proposal={"course": course}))
        if offset is not None:
            last_day = local_day(last, zone)
            found.append(Course(pk, Kind.REVIEW, (today - last_day).days - offset, last_day, done, None))
    return found


def lines(user, courses: list[Course], site: Site, now: dt.datetime | None = None) -> list[Line]:
    """The rows of one page, read whole; *courses* are those of that page."""
    now = now or timezone.now()
    zone = clinic_zone(site)
    today = local_day(now, zone)
    rows = _plans(user, site).filter(pk__in=[course.plan for course in courses]).select_related("patient__site")
    rows = rows.annotate(**_may_lengthen(), made_for=F("case__patient__phototype"))
    plans = {plan.pk: plan for plan in rows.defer(*PLAN_DOCUMENTS)}
    found = [_line(plans[course.plan], course, today, zone) for course in courses if course.plan in plans]
    over = Booking.objects.visible_to(user).filter(plan__in=plans, kind=Booking.Kind.SESSION, status__in=gap.WAITING, ends_at__lte=now)
    unmarked = {visit.plan_id: visit for visit in over.order_by("-starts_at", "-pk")}
    return [_with_unmarked(line, unmarked.get(line.plan.pk), zone) for line in found]


def _with_unmarked(line: Line, visit: Booking | None, zone) -> Line:
    if visit is None or line.kind == Kind.REVIEW:
        return line
    day = in_words(local_day(visit.starts_at, zone), weekday=True)
    words = _("session %(number)s of %(day)s is over and not marked; %(words)s")
    return replace(line, unmarked=visit, words=words % {"number": visit.session_number, "day": day, "words": line.words})


def _may_lengthen() -> dict:
    """What may make the wait longer than the plan's own weeks, of the plan's patient: asked of the one rule where it is so."""
    deeper = SessionZone.objects.filter(
        session__patient=OuterRef("patient"),
        session__status="signed",
        state=SessionZone.State.DONE,
        done_depth_mm__gt=F("plan_zone__depth_mm"),
    )
    elsewhere = Booking.objects.filter(patient=OuterRef("patient"), kind=Booking.Kind.SESSION, status__in=TREATED, plan__isnull=False)
    return {
        "went_deeper": Exists(deeper.order_by()),
        "treated_elsewhere": Exists(elsewhere.exclude(plan=OuterRef("pk")).order_by()),
    }


def with_lateness(plans, now: dt.datetime):
    """*plans* with what lateness is told by at *now*: `last`, when the last session was done, and whether one is booked next."""
    sessions = Booking.objects.filter(plan=OuterRef("pk"), kind=Booking.Kind.SESSION)
    last = sessions.filter(status__in=TREATED).order_by("-starts_at").values("starts_at")[:1]
    return plans.annotate(last=Subquery(last), is_booked=Exists(sessions.filter(coming(now - JUST_OVER)).order_by()))


def seems_late(plan: dict, last_day: dt.date | None, today: dt.date) -> bool:
    """
    Whether the longest wait of *plan* is over with nothing booked next, going by the plan's own weeks: see `may_wait_longer`. plan: the
    columns of `with_lateness`; last_day: that of its `last`.
    """
    return last_day is not None and (today - last_day).days > plan["interval_weeks_max"] * 7 and not plan["is_booked"]


def may_wait_longer(plans) -> set[int]:
    """
    Those of *plans* (a queryset), by pk, for whose patients something was done that may lengthen the wait: of those the board asks
    the rule of the healing gap.
    """
    found = plans.annotate(**_may_lengthen()).filter(Q(went_deeper=True) | Q(treated_elsewhere=True))
    return set(found.values_list("pk", flat=True))


def _line(plan, course: Course, today: dt.date, zone) -> Line:
    done = {"done": course.done, "count": plan.sessions_count, "day": in_words(course.last_day)}
    if course.kind == Kind.REVIEW:
        if course.late > 0:
            words = _("%(weeks)s late") % {"weeks": gap.weeks(course.late)}
        else:
            words = _("due %(day)s") % {"day": in_words(today - dt.timedelta(days=course.late))}
        if course.done >= plan.sessions_count:
            facts = _("All %(count)s sessions done, the last on %(day)s") % done
        else:
            facts = _("%(done)s of %(count)s sessions done, the others were passed over, the last on %(day)s") % done
        return Line(plan, course.kind, words, facts, None)
    kind, late, why = course.kind, course.late, ""
    changed_type = plan.made_for is not None and plan.patient.phototype is not None and str(plan.made_for) != str(plan.patient.phototype)
    if plan.went_deeper or plan.treated_elsewhere or changed_type:
        kind, late, why = _by_the_rule(plan, course, today, zone)
    said = {"weeks": gap.weeks(late) if late > 0 else ""}
    if course.next_at is not None:
        said["day"] = in_words(local_day(course.next_at, zone), weekday=True)
        words = (_("next on %(day)s, %(weeks)s past the usual wait") if late > 0 else _("next on %(day)s")) % said
    elif late > 0:
        words = _("%(weeks)s past the usual wait") % said
    else:
        words = _("usual from %(day)s") % {"day": in_words(today - dt.timedelta(days=late))}
    facts = _("%(done)s of %(count)s sessions done, the last on %(day)s") % done
    return Line(plan, kind, f"{words}. {why}" if why else words, facts, course.next_at)


def _by_the_rule(plan, course: Course, today: dt.date, zone) -> tuple[Kind, int, str]:
    """Kind, lateness and the reason of a longer wait as the one rule has them, where something may have lengthened it."""
    healing = healing_of(plan)
    number = max((n for n, visit in gap.placed(plan).items() if visit.status in TREATED), default=None)
    if number is None:
        return course.kind, course.late, ""
    after = healing.after(number)
    day = local_day(course.next_at, zone) if course.next_at else today
    since = (day - course.last_day).days
    kind = _kind(since, after.ideal, after.most, is_booked=course.next_at is not None)
    return kind or Kind.GOES_ON, since - after.ideal * 7, after.why
