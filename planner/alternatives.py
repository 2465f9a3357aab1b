"""Other ways to the same end, side by side with the recommended plan: fewer visits, gentler, before an event date."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import field, replace
from decimal import Decimal
from typing import Any

from . import course, devices, technique, wording
from .context import Context
from .devices import Candidate
from .downtime import band, deepest_band_within, downtime, worst_band
from .knowledge.entries import DowntimeBand, Span, WholeSpan
from .records import record
from .terms import Course, DeviceChoice, Downtime, Finding, Step, Traced, ZonePlan, plain, sourced

ZONE_DETAIL = ("stop_rule", "limits")  # what an alternative leaves out: it is the same in the plan itself
DOWNTIME_DETAIL = ("measures", "resume", "resume_trace")


def _without(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}


@record(frozen=True, slots=True)
class Parameters:
    """The parameters of one way: what is set, how often, how long it shows."""

    device: DeviceChoice
    zones: list[ZonePlan]
    sessions: Traced
    interval: Traced
    downtime: Downtime
    course: Course

    def as_mapping(self) -> dict[str, Any]:
        return {
            "device": self.device.as_mapping(),
            "zones": [zone.as_mapping() for zone in self.zones],
            "sessions": self.sessions.as_mapping(),
            "interval_weeks": self.interval.as_mapping(),
            "downtime_days": self.downtime.as_mapping(),
            "course": self.course.as_mapping(),
            "summary": self.summary(),
        }

    def beside(self, plan: "Parameters", said: Mapping[str, Any]) -> dict[str, Any]:
        """As an alternative to *plan*, whose mapping is *said*: brief, and what is the plan's own is written once."""
        zones = [
            _without(told, *ZONE_DETAIL) if mine is its else mine.as_mapping(brief=True)
            for mine, its, told in zip(self.zones, plan.zones, said["zones"], strict=True)
        ]
        same_downtime = self.downtime is plan.downtime
        return {
            "device": dict(said["device"]) if self.device is plan.device else self.device.as_mapping(),
            "zones": zones,
            "sessions": dict(said["sessions"]) if self.sessions is plan.sessions else self.sessions.as_mapping(),
            "interval_weeks": dict(said["interval_weeks"]) if self.interval is plan.interval else self.interval.as_mapping(),
            "downtime_days": _without(said["downtime_days"], *DOWNTIME_DETAIL) if same_downtime else self.downtime.as_mapping(brief=True),
            "course": self.course.as_mapping(),
            "summary": self.summary(),
        }

    def summary(self) -> dict[str, Any]:
        """For a comparison: visits, total days that show, finish date, deepest proposed depth and the evidence behind it."""
        visits = len(self.course.dates)
        days = self.downtime.days.value
        deepest = max(self.zones, key=lambda zone: zone.span.typical)
        return {
            "visits": visits,
            "total_downtime_days": {"typical": plain(days.typical * visits), "max": plain(days.max * visits)},
            "finish": self.course.dates[-1].isoformat(),
            "deepest_mm": plain(deepest.span.typical),
            "evidence": deepest.depth.steps[0].source.evidence,
            "unverified": deepest.depth.unverified,
            "no_study": deepest.depth.no_study,
        }


@record(frozen=True, slots=True)
class Alternative:
    """One alternative: possible with its parameters, or not, why, and what can be done instead."""

    id: str
    label: str
    reason: str
    parameters: Parameters | None
    source_mapping: dict[str, Any]
    instead: Mapping[str, Any] = field(default_factory=dict)

    def as_mapping(self, plan: Parameters, said: Mapping[str, Any]) -> dict[str, Any]:
        """Beside *plan*, whose mapping is *said*."""
        out = {
            "id": self.id,
            "label": self.label,
            "possible": self.parameters is not None,
            "reason": self.reason,
            **self.source_mapping,
        }
        if self.instead:
            out["instead"] = dict(self.instead)
        if self.parameters is not None:
            out |= self.parameters.beside(plan, said)
        return out


def alternatives(
    ctx: Context, plan: Parameters, candidate: Candidate, start: dt.date, steps: list[Step], findings: tuple[Finding, ...]
) -> list[Alternative]:
    found = [fewer_visits(ctx, plan, start, steps), gentler(ctx, plan, candidate, start, steps, findings)]
    event = _before_event(ctx, plan, start, steps)
    if event is not None:
        found.append(event)
    return found


def _named(ctx: Context, ident: str, label: str, reason: str, parameters: Parameters | None) -> Alternative:
    return Alternative(ident, label, reason, parameters, sourced(ctx.knowledge.alternatives.source))


def fewer_visits(ctx: Context, plan: Parameters, start: dt.date, steps: list[Step]) -> Alternative:
    """The level's least number of sessions at the same depth and interval; never deeper."""
    span: WholeSpan = plan.sessions.value
    if len(plan.course.dates) <= span.min:
        reason = f"{wording.number(span.min)} is already the least the protocol allows."
        return _named(ctx, "fewer_visits", "Fewer visits", reason, None)
    why = "The least number of sessions the protocol allows; depth and interval unchanged."
    parameters = _with_sessions(ctx, plan, span.min, plan.interval.value.typical, "fewer_visits", why, start, steps)
    return _named(ctx, "fewer_visits", "Fewer visits", why, parameters)


def gentler(
    ctx: Context, plan: Parameters, candidate: Candidate, start: dt.date, steps: list[Step], findings: tuple[Finding, ...]
) -> Alternative:
    """One band shallower, and within the longest downtime the patient accepts; only within each row."""
    label = "Gentler"
    targets = _gentler_bands(ctx, plan)
    if not targets:
        accepted, now = ctx.case.wishes.downtime_days, band(ctx, plan.zones)
        too_long = accepted is not None and deepest_band_within(ctx, accepted) is None
        days = wording.counted(accepted, "day") if accepted is not None else ""
        already = f"The plan is in the {now.label.lower()} band already."
        return _named(ctx, "gentler", label, f"Even the shallowest band can show for longer than {days}." if too_long else already, None)
    for target in targets:
        zones = [_shallower(ctx, zone, target.up_to_mm, candidate) for zone in plan.zones]
        stuck = [zone.label.lower() for zone, lower in zip(plan.zones, zones, strict=True) if lower is None]
        if not stuck:
            break
    else:
        reason = f"Not possible on {', '.join(stuck)}: the protocol's least depth there lies in a longer band."
        return _named(ctx, "gentler", label, reason, None)
    lowered = [_endpoint_of(ctx, zone, findings) for zone in zones if zone is not None]
    why = f"No depth above {wording.mm(target.up_to_mm)}."
    source = ctx.knowledge.alternatives.source
    gentle = replace(plan, zones=lowered, downtime=downtime(ctx, lowered, findings))
    event = course.before_event(ctx, plan.sessions.value, plan.interval.value, start, worst_band(ctx, lowered))
    count = event.sessions if event is not None and event.possible else plan.sessions.value.typical
    weeks = event.weeks if event is not None and event.possible else plan.interval.value.typical
    parameters = _with_sessions(ctx, gentle, min(count, len(plan.course.dates)), weeks, "gentler", why, start, steps)
    longest = wording.counted(target.measures["visible_downtime"].span.max, "day")
    reason = f"No depth above {wording.mm(target.up_to_mm)}: it shows for at most {longest}. Fewer results may be expected."
    return Alternative("gentler", label, reason, parameters, sourced(source))


def _gentler_bands(ctx: Context, plan: Parameters) -> list[DowntimeBand]:
    """
    The bands to try, the first that every row allows is taken: one shallower than what is proposed and, where the plan can show for
    longer than accepted, within the accepted days. Who accepts fewer days is never offered a deeper one for it.
    """
    bands, accepted = ctx.knowledge.downtime_bands, ctx.case.wishes.downtime_days
    place = bands.index(band(ctx, plan.zones))
    one_less = [bands[place - 1]] if place else []
    if accepted is None or worst_band(ctx, plan.zones).measures["visible_downtime"].span.max <= accepted:
        return one_less
    within = deepest_band_within(ctx, accepted)
    if within is None:
        return []
    return [*(less for less in one_less if bands.index(less) < bands.index(within)), within]


def _shallower(ctx: Context, zone: ZonePlan, most: Decimal, candidate: Candidate) -> ZonePlan | None:
    """The zone with typical and max lowered to *most*, not below the row's least; None where that is deeper than *most*."""
    span = zone.span
    if span.max <= most:
        return zone
    high = devices.settable(candidate.device, most)
    if span.min > most or high < min(span.min, zone.row_min_mm):
        return None
    lower = Span(span.min, min(span.typical, high), high)
    why = f"Gentler: at most {wording.mm(high)}."
    step = Step("gentler", span.typical, lower.typical, why, ctx.knowledge.alternatives.source, span, lower)
    return replace(zone, depth=Traced(lower, (*zone.depth.steps, step)))


def _endpoint_of(ctx: Context, zone: ZonePlan, findings: tuple[Finding, ...]) -> ZonePlan:
    """What to see before moving on follows the depth; a depth within what was evaluated needs no sign-off for it."""
    wants = [w for w in ctx.wanted if w.zone == zone.zone and (w.indication, w.level, w.zone) in ctx.knowledge.depth_rows]
    here = tuple(f for f in findings if f.action in ("caution", "defer", "refuse") and (f.scope == "patient" or zone.zone in f.zones))
    endpoint, _, _ = technique.endpoint(ctx, zone.zone, wants, zone.span.typical, here)
    above = zone.sign_off_above_mm
    return replace(zone, endpoint=endpoint, sign_off_above_mm=above if above is not None and zone.span.max > above else None)


def _before_event(ctx: Context, plan: Parameters, start: dt.date, steps: list[Step]) -> Alternative | None:
    found = course.before_event(ctx, plan.sessions.value, plan.interval.value, start, worst_band(ctx, plan.zones))
    if found is None:
        return None
    if not found.possible:
        refused = _named(ctx, "before_event", "Before the event", found.reason, None)
        what = {"sessions_that_fit": found.fit, "event_from": plain(found.would_do), "first_session_after": plain(found.after)}
        return replace(refused, instead=what)
    parameters = _with_sessions(ctx, plan, found.sessions, found.weeks, "before_event", found.reason, start, steps)
    return _named(ctx, "before_event", "Before the event", found.reason, parameters)


def _with_sessions(
    ctx: Context, plan: Parameters, count: int, weeks: int, rule: str, why: str, start: dt.date, steps: list[Step]
) -> Parameters:
    """The plan with so many sessions so far apart; never more visits than wished, where the protocol's least allows."""
    source = ctx.knowledge.alternatives.source
    sessions, interval = plan.sessions, plan.interval
    if sessions.value.typical != count:
        sessions = at(sessions, count, rule, why, source)
    visits = ctx.case.wishes.visits
    if visits is not None and count > max(visits, sessions.value.min):
        count = max(visits, sessions.value.min)
        sessions = at(sessions, count, "visits", f"At most {wording.counted(visits, 'visit')} wished.", source)
    if interval.value.typical != weeks:
        interval = at(interval, weeks, rule, why, source)
    event = course.before_event(ctx, plan.sessions.value, plan.interval.value, start, worst_band(ctx, plan.zones))
    return replace(plan, sessions=sessions, interval=interval, course=course.dates(ctx, start, count, weeks, steps, event))


def at(traced: Traced, typical: int, rule: str, why: str, source: Any) -> Traced:
    """The same range with another proposed value."""
    span: WholeSpan = traced.value
    moved = WholeSpan(min(span.min, typical), typical, max(span.max, typical))
    return Traced(moved, (*traced.steps, Step(rule, span.typical, typical, why, source, span, moved)))
