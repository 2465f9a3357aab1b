"""
How long the skin needs after a session, in weeks: the longest of what the plan says, of today's phototype, and of what was
really done. Every value comes from a pinned protocol version or from the plan; none stands here.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import F
from django.utils.translation import gettext

from planner import wording
from planner.case import Case
from planner.context import Context, Wanted
from planner.course import interval
from planner.knowledge import Knowledge
from planner.knowledge.entries import WholeSpan
from plans.models import TreatmentPlan
from plans.querysets import PLAN_DOCUMENTS
from protocols.knowledge import knowledge_of
from protocols.models import ProtocolVersion

from ..models import Booking, SessionZone, TreatmentSession
from ..querysets import LIVE, RECORD_DOCUMENTS, of

TREATED = (Booking.Status.IN_ROOM, Booking.Status.DONE)


@dataclass(frozen=True)
class Weeks:
    """Shortest, usual and longest wait in weeks. why: what raised it above the plan's own, as a sentence; empty where nothing did."""

    least: int
    ideal: int
    most: int
    why: str = ""

    def raised(self, span: WholeSpan, why: str) -> "Weeks":
        """At least *span*; why stands where the shortest wait grew."""
        least, ideal, most = max(self.least, span.min), max(self.ideal, span.typical), max(self.most, span.max)
        return Weeks(least, ideal, most, why if least > self.least else self.why)


@dataclass(frozen=True)
class Treated:
    """A session that was done under another plan, in skin that this plan treats too. first_day: the first day this plan may follow."""

    day: dt.date
    first_day: dt.date
    plan: str
    weeks: Weeks


@dataclass(frozen=True)
class Standing:
    """A booked session of another plan, in skin that this plan treats too. least: fewest days between it and a session of this one."""

    day: dt.date
    least: int
    title: str

    @property
    def first_day(self) -> dt.date:
        return self.day + dt.timedelta(days=self.least)

    def is_near(self, day: dt.date) -> bool:
        return abs((day - self.day).days) < self.least


@dataclass
class Healing:
    """What one plan has to keep to: its weeks, those after each session that went deeper, and what other plans did or have booked."""

    plan: TreatmentPlan
    base: Weeks
    deeper: dict[int, Weeks] = field(default_factory=dict)
    elsewhere: list[Treated] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)

    def after(self, number: int) -> Weeks:
        """The wait after session *number* of the plan."""
        return self.deeper.get(number, self.base)

    def between(self, earlier: int, later: int) -> tuple[int, int]:
        """Fewest and most days from one session of the plan to a later one, those between included."""
        steps = [self.after(number) for number in range(earlier, later)]
        return sum(step.least for step in steps) * 7, sum(step.most for step in steps) * 7

    @cached_property
    def before(self) -> Treated | None:
        """Of what other plans did, that which keeps this one waiting longest."""
        return max(self.elsewhere, key=lambda treated: treated.first_day, default=None)

    def clear_of(self, day: dt.date) -> dt.date:
        """*day*, or the first day after it that is near to no booked session of another plan."""
        for other in self.standing:  # in the order of their days
            day = other.first_day if other.is_near(day) else day
        return day


def healing_of(plan: TreatmentPlan) -> Healing:
    """What *plan* has to keep to now. Two or three queries; the protocol is read only where something was done deeper than planned."""
    patient = plan.patient
    base = _with_phototype(plan, patient.phototype)
    own = {row.zone for row in plan.zones.all()}
    deeper: dict[int, Weeks] = {}
    others: dict[int, Weeks] = {}
    for record in _went_deeper(patient):
        if record[0].plan_id == plan.pk:
            deeper[record[0].session_number] = _after(record, base, patient.phototype)
        else:
            others[record[0].booking_id] = _after(record, base, patient.phototype)
    visits = Booking.objects.filter(patient=patient, kind=Booking.Kind.SESSION, status__in=LIVE, plan__isnull=False)
    visits = visits.exclude(plan=plan).with_record().select_related("plan", "site").defer(*of("plan", PLAN_DOCUMENTS))
    elsewhere, booked = [], []
    for visit in visits.prefetch_related("plan__zones", "record__zones").order_by("starts_at"):
        if own and not own & _zones_of(visit):
            continue
        weeks = others.get(visit.pk) or base.raised(_span(visit.plan), "")
        day = visit.site.day_of(visit.starts_at)
        if visit.status not in TREATED:
            booked.append(
                Standing(
                    day,
                    weeks.least * 7,
                    gettext("session %(session_number)s of %(plan)s")
                    % {"session_number": visit.session_number, "plan": str(visit.plan).lower()},
                )
            )
            continue
        elsewhere.append(Treated(day, day + dt.timedelta(weeks=weeks.least), str(visit.plan).lower(), weeks))
    return Healing(plan, base, deeper, elsewhere, booked)


def after_record(record: TreatmentSession, plan: TreatmentPlan) -> Weeks:
    """The wait after *record*, a signed session in zones of *plan*, before a session of *plan*."""
    base = _with_phototype(plan, plan.patient.phototype)
    rows = next((row for row in _went_deeper(plan.patient) if row[0].pk == record.pk), None)
    if rows is not None:
        return _after(rows, base, plan.patient.phototype)
    return base if record.plan_id == plan.pk else base.raised(_span(record.plan), "")


def _span(plan: TreatmentPlan) -> WholeSpan:
    return WholeSpan(plan.interval_weeks_min, plan.interval_weeks_typical, plan.interval_weeks_max)


def _plain(plan: TreatmentPlan) -> Weeks:
    return Weeks(plan.interval_weeks_min, plan.interval_weeks_typical, plan.interval_weeks_max)


def _zones_of(visit: Booking) -> set[str]:
    """The zones that were needled; those of its plan where no signed record says so."""
    record = getattr(visit, "record", None)
    if record is not None and record.is_signed:
        return {row.zone for row in record.zones.all() if row.state == SessionZone.State.DONE}
    return {row.zone for row in visit.plan.zones.all()}


def _went_deeper(patient) -> list[tuple[TreatmentSession, list[SessionZone]]]:
    """Signed records with the zones in which the needles went deeper than planned."""
    rows = SessionZone.objects.filter(
        session__patient=patient,
        session__status=TreatmentSession.Status.SIGNED,
        state=SessionZone.State.DONE,
        done_depth_mm__gt=F("plan_zone__depth_mm"),
    ).select_related("plan_zone", "session__plan")
    found: dict[int, tuple[TreatmentSession, list[SessionZone]]] = {}
    for row in rows.defer(*of("session", RECORD_DOCUMENTS), *of("session__plan", PLAN_DOCUMENTS)):
        found.setdefault(row.session_id, (row.session, []))[1].append(row)
    return list(found.values())


def _after(found: tuple[TreatmentSession, list[SessionZone]], base: Weeks, phototype: int | None) -> Weeks:
    """The plan's weeks, raised to those of the level each zone was really treated at."""
    record, rows = found
    weeks = base.raised(_span(record.plan), base.why)
    knowledge = _knowledge(record.plan)
    for row in rows:
        for level in _reached(knowledge, row):
            named = knowledge.indications[row.plan_zone.indication].levels[level]
            why = gettext("Session %(session_number)s went to %(done_depth_mm)s on the %(zone)s, the depth of %(named)s") % {
                "session_number": record.session_number,
                "done_depth_mm": wording.mm(row.done_depth_mm),
                "zone": row.zone_label.lower(),
                "named": named.short_label.lower(),
            }
            span = _interval(knowledge, [(row.plan_zone.indication, level, row.zone)], phototype)
            weeks = weeks.raised(span, gettext("%(why)s: at least %(min)s weeks") % {"why": why, "min": span.min})
    return weeks


def _reached(knowledge: Knowledge, row: SessionZone) -> list[str]:
    """The levels whose depth in this zone was reached: none where the planned level goes as deep, all that go deepest beyond the last."""
    planned = row.plan_zone
    levels = knowledge.indications[planned.indication].levels if planned.indication in knowledge.indications else {}
    deepest = {
        level: knowledge.depth_rows[planned.indication, level, row.zone].depth_mm.max
        for level in levels
        if (planned.indication, level, row.zone) in knowledge.depth_rows
    }
    if not deepest or deepest.get(planned.level, 0) >= row.done_depth_mm:
        return []
    reaching = [most for most in deepest.values() if most >= row.done_depth_mm]
    least = min(reaching) if reaching else max(deepest.values())
    return [level for level, most in deepest.items() if most == least]


def _with_phototype(plan: TreatmentPlan, phototype: int | None) -> Weeks:
    """The plan's weeks, raised where the phototype on file is not the one it was made for."""
    weeks = _plain(plan)
    if phototype is None:
        return weeks
    planned = _case(TreatmentPlan.objects.values_list("case__patient__phototype", flat=True).get(pk=plan.pk)).phototype
    if planned is None or planned == _case(phototype).phototype:
        return weeks
    wanted = [(row.indication, row.level, row.zone) for row in plan.zones.all()]
    if not wanted:
        return weeks
    knowledge = _knowledge(plan)
    now, then = _interval(knowledge, wanted, phototype), _interval(knowledge, wanted, planned)
    if now == then:  # a shorter wait that the clinician chose for this plan stays theirs
        return weeks
    return weeks.raised(
        now,
        gettext("Phototype %(phototype)s is on file now: at least %(min)s weeks")
        % {"phototype": wording.phototype(phototype), "min": now.min},
    )


def _case(phototype: int | str | None) -> Case:
    """As much of a case as the interval hangs on."""
    return Case.parse({"visit_date": "2000-01-01", "patient": {"phototype": phototype}})


def _interval(knowledge: Knowledge, wanted: list[tuple[str, str, str]], phototype: int | str | None) -> WholeSpan:
    """The planner's own rule for these zones and this phototype: the longest wins."""
    case = _case(phototype)
    return interval(Context(case, knowledge, case.visit_date, {}), [Wanted(*one) for one in wanted]).value


def _knowledge(plan: TreatmentPlan) -> Knowledge:
    """Of the pinned version; its document is read from the database only where this process has not read it before."""
    return knowledge_of(ProtocolVersion.objects.defer("document").get(pk=plan.protocol_version_id))
