"""How many sessions, how far apart, and the earliest sensible dates. Whole weeks, calendar days."""

import datetime as dt
from decimal import Decimal

from . import wording
from .context import Context, Wanted
from .depth import _number
from .knowledge.entries import DowntimeBand, Source, SourcedSpan, WholeSpan
from .records import record
from .terms import Course, Finding, Step, Traced

WEEK = dt.timedelta(days=7)
MOST_KEPT = 1_000  # mixtures of what is treated


def sessions(ctx: Context, planned: list[Wanted]) -> Traced:
    """The larger number of sessions where several things are treated."""
    return _higher(ctx, planned, "sessions", "sessions")


def interval(ctx: Context, wanted: list[Wanted]) -> Traced:
    """
    The longer interval of everything asked for, never shorter than the phototype's least, longer after pigmentation.
    Zones left out today still count: leaving one out must not bring the next session nearer.
    """
    traced = _higher(ctx, wanted, "interval_weeks", "interval")
    span: WholeSpan = traced.value
    steps = list(traced.steps)
    known = ctx.case.phototype is not None
    label = f"Phototype {wording.phototype(_number(ctx.case.phototype))}" if known else "Phototype not asked, the strictest holds"
    for rule in [ctx.knowledge.phototype_rule(ctx.case.phototype)] if ctx.case.phototype else ctx.knowledge.phototype_rules:
        exempt = {(indication, level): weeks for indication, level, weeks in rule.min_interval_exempt}
        least = max((exempt.get((w.indication, w.level), rule.min_interval_weeks) for w in wanted), default=0)
        span = _raise(span, least, steps, rule.id, f"{label}: at least {least} weeks between sessions.", rule.source)
        after = rule.interval_weeks_after_pigmentation
        if after is not None and any(s.pigmentation and s.date <= ctx.today for s in ctx.case.history):
            why = f"{label}, dark marks after an earlier session: at least {after} weeks."
            span = _raise(span, after, steps, f"{rule.id}_after_pigmentation", why, rule.source)
    return Traced(span, tuple(steps))


def _raise(span: WholeSpan, least: int, steps: list[Step], rule: str, why: str, source: Source) -> WholeSpan:
    higher = WholeSpan(max(span.min, least), max(span.typical, least), max(span.max, least))
    if higher != span:
        steps.append(Step(rule, span.typical, higher.typical, why, source, span, higher))
    return higher


def _higher(ctx: Context, wanted: list[Wanted], field: str, word: str) -> Traced:
    """The longer of everything treated; it hangs on the protocol alone, so it is kept with it."""
    pairs = tuple(dict.fromkeys([(w.indication, w.level) for w in wanted]))
    kept: dict[tuple[str, tuple[tuple[str, str], ...]], Traced] = ctx.knowledge.kept.setdefault("plan length", {})
    known = kept.get((field, pairs))
    if known is not None:
        return known
    if len(kept) >= MOST_KEPT:
        kept.clear()
    steps: list[Step] = []
    span = WholeSpan(0, 0, 0)
    for indication, level in pairs:
        found: SourcedSpan = getattr(ctx.knowledge.indications[indication].levels[level], field)
        named = ctx.knowledge.indications[indication]
        why = (
            f"{named.label}, {named.levels[level].short_label.lower()}: {wording.span(found.span.min, found.span.max)} {found_unit(field)}."
        )
        if not steps:
            span = found.span
            steps.append(Step(f"level_{word}", None, span.typical, why, found.source, None, span))
            continue
        rule = ctx.knowledge.combination["plan_length"]
        higher = WholeSpan(max(span.min, found.span.min), max(span.typical, found.span.typical), max(span.max, found.span.max))
        refs = tuple(dict.fromkeys((*found.source.refs, *rule.source.refs)))
        unverified, unread = found.source.unverified or rule.source.unverified, found.source.unread and rule.source.unread
        source = Source(refs, found.source.evidence, unverified, unread=unread)
        steps.append(Step("plan_length", span.typical, higher.typical, f"{why} {rule.text}", source, span, higher))
        span = higher
    found_for_all = kept[field, pairs] = Traced(span, tuple(steps))
    return found_for_all


def found_unit(field: str) -> str:
    return "sessions" if field == "sessions" else "weeks"


@record(frozen=True, slots=True)
class EventPlan:
    """
    What fits before an event: sessions and weeks between them, or the reason why nothing does and what can be done:
    `would_do`, the first event date that leaves time enough; `fit`, how many sessions fit by then; `after`, the first
    session after the event.
    """

    sessions: int
    weeks: int
    last_latest: dt.date
    free_days: int
    reason: str
    source: Source
    would_do: dt.date | None = None
    fit: int = 0
    after: dt.date | None = None

    @property
    def possible(self) -> bool:
        return self.sessions > 0


def first_session(ctx: Context, findings: tuple[Finding, ...]) -> tuple[dt.date, list[Step]]:
    """The earliest first day: time for the pre-care, and for a test area to be watched where a rule asks for one."""
    rules = ctx.knowledge.course
    start = ctx.today + dt.timedelta(days=rules.first_session_after_days)
    steps = [Step("first_session", None, start, rules.first_session_text.capitalize() + ".", rules.source)]
    waits = [(f.rule.test_area_wait_weeks, f) for f in findings if f.rule and f.rule.test_area_wait_weeks and f.action == "caution"]
    if waits:
        weeks, finding = max(waits, key=lambda wait: wait[0] or 0)
        later = ctx.today + (weeks or 0) * WEEK
        if later > start:
            why = f"{finding.label}: test area first, then {weeks} weeks."
            steps.append(Step(finding.id, start, later, why, finding.source))
            start = later
    return start, steps


def free_days(ctx: Context, worst: DowntimeBand) -> tuple[int, str]:
    """Days that must lie between the last session and an event, and what they come from."""
    rules = ctx.knowledge.alternatives
    days = Decimal(rules.free_days_at_least)
    why = f"at least {rules.free_days_at_least} days"
    for name in rules.free_days_measures:
        longest = worst.measures[name].span.max
        if longest > days:
            days, why = longest, f"longest {name.replace('_', ' ')} {wording.number(longest)} days"
    for phototypes, least in rules.free_days_by_phototype:
        if ctx.case.phototype in phototypes and least > days:
            days, why = Decimal(least), f"{least} days for phototype {wording.phototype(_number(ctx.case.phototype))}"
    whole = int(days.to_integral_value(rounding="ROUND_CEILING"))
    return whole, why


def before_event(ctx: Context, span: WholeSpan, weeks: WholeSpan, start: dt.date, worst: DowntimeBand) -> EventPlan | None:
    """Backwards from the event: as many sessions as fit at the typical interval, then at the least; None without an event."""
    event = ctx.case.wishes.event_date
    if event is None:
        return None
    rules = ctx.knowledge.alternatives
    days, why = free_days(ctx, worst)
    try:
        latest = event - dt.timedelta(days=days)
    except OverflowError:
        return EventPlan(0, weeks.typical, event, days, "The event date cannot be reckoned with.", rules.source)
    for side in rules.interval_order:
        gap = getattr(weeks, side)
        fits = (latest - start).days // (gap * 7) + 1 if latest >= start else 0
        if fits >= span.min:
            reason = f"Last session by {wording.day(latest)}: {why} free before {wording.day(event)}."
            return EventPlan(min(fits, span.typical), gap, latest, days, reason, rules.source)
    shortest = min(getattr(weeks, side) for side in rules.interval_order)
    would_do = start + (span.min - 1) * shortest * WEEK + dt.timedelta(days=days)
    fit = (latest - start).days // (shortest * 7) + 1 if latest >= start else 0
    after = max(start, event + dt.timedelta(days=1))
    if event <= ctx.today:
        reason = f"The event on {wording.day(event)} is not after the visit. A first session can be on {wording.day(start)}."
    else:
        needed = f"at least {span.min} are needed, {shortest} weeks apart" if span.min > 1 else "at least one is needed"
        fewer = f"{wording.counted(fit, 'session')} would fit, fewer than the protocol allows" if fit else "no session fits"
        reason = (
            f"It cannot be done before {wording.day(event)}: the last session would have to be by {wording.day(latest)} ({why} free), "
            f"the first can be on {wording.day(start)}, and {needed}; {fewer}. "
            f"An event from {wording.day(would_do)} would do, or a first session after this one, from {wording.day(after)}."
        )
    return EventPlan(0, weeks.typical, latest, days, reason, rules.source, would_do, fit, after)


def dates(ctx: Context, start: dt.date, count: int, weeks: int, steps: list[Step], event: EventPlan | None) -> Course:
    """The course's earliest dates and its review."""
    rules = ctx.knowledge.course
    found = tuple(start + WEEK * weeks * index for index in range(count))
    review = found[-1] + rules.review_weeks_after_last * WEEK
    trace = [
        *steps,
        Step("course", start, found[-1], f"{count} sessions, {weeks} weeks apart." if count > 1 else "One session.", rules.source),
        Step("review", None, review, f"{rules.review_text.capitalize()}: {rules.review_weeks_after_last} weeks.", rules.source),
    ]
    fits = None
    if event is not None:
        fits = found[-1] <= event.last_latest
        trace.append(Step("event_date", None, event.last_latest, event.reason, event.source))
    return Course(found, review, fits, event.last_latest if event else None, tuple(trace))
