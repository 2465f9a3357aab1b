"""The planner's own values: traced numbers, findings, asks, the parts of a proposal. Frozen; millimetres are Decimal."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .knowledge.entries import Rule, Source, Span, WholeSpan
from .records import record

RANK = {"refuse": 0, "defer": 1, "ask": 2, "exclude_zone": 3, "caution": 4, "none": 5}
STATUS_RANK = {"refuse": 0, "defer": 1, "ask": 2, "caution": 3, "plan": 4}
OTHER_DAY = "other_day"  # the finding of a zone that waits for its turn, because of a limit of zones a session


@lru_cache(maxsize=4096)
def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def plain(value: Any) -> Any:
    """JSON types: Decimal becomes a number (0.75, not text), a date ISO text, a span its three numbers."""
    kind = type(value)
    if value is None or kind is int or kind is str:
        return value
    if kind is Decimal:
        return _number(value)
    if kind is Span:
        return {"min": _number(value.min), "typical": _number(value.typical), "max": _number(value.max)}
    if kind is WholeSpan:
        return {"min": value.min, "typical": value.typical, "max": value.max}
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def sourced(source: Source) -> dict[str, Any]:
    return {
        "refs": list(source.refs),
        "evidence": source.evidence,
        "unverified": source.unverified,
        "no_study": source.no_study,
    }


@record(frozen=True, slots=True)
class Step:
    """
    One step that made a value. `before` and `after` are the value proposed (None before the first step);
    `span_before` and `span_after` its whole range where it has one.
    """

    rule: str
    before: Any
    after: Any
    why: str
    source: Source
    span_before: Span | WholeSpan | None = None
    span_after: Span | WholeSpan | None = None

    @property
    def changed(self) -> bool:
        return bool(self.before != self.after)

    def as_mapping(self) -> dict[str, Any]:
        source = self.source
        out = {
            "rule": self.rule,
            "before": plain(self.before),
            "after": plain(self.after),
            "why": self.why,
            "refs": list(source.refs),
            "evidence": source.evidence,
            "unverified": source.unverified,
            "no_study": source.no_study,
        }
        if self.span_after is not None:
            out["range_before"] = plain(self.span_before)
            out["range_after"] = plain(self.span_after)
        return out


@record(frozen=True, slots=True)
class Traced:
    """A value and the ordered steps that made it."""

    value: Any
    steps: tuple[Step, ...]

    @property
    def refs(self) -> list[str]:
        """Every reference behind the value, in the order of the steps."""
        if len(self.steps) == 1:
            return list(dict.fromkeys(self.steps[0].source.refs))
        seen: dict[str, None] = {}
        for step in self.steps:
            for ref in step.source.refs:
                seen[ref] = None
        return list(seen)

    @property
    def unverified(self) -> bool:
        """Whether any step has no read source behind it."""
        return any(step.source.unverified for step in self.steps)

    @property
    def no_study(self) -> bool:
        """
        Whether no study stands behind the value: none behind the step that set it last, or behind none of its steps a
        reference that anybody has read.
        """
        setting = next((step for step in reversed(self.steps) if step.changed), self.steps[0])
        return setting.source.no_study or all(step.source.unread for step in self.steps)

    def trace(self) -> list[dict[str, Any]]:
        return [step.as_mapping() for step in self.steps]

    def as_mapping(self) -> dict[str, Any]:
        """A span's three numbers with refs, evidence of the first step, the unverified mark and the trace."""
        return {
            **plain(self.value),
            "refs": self.refs,
            "evidence": self.steps[0].source.evidence,
            "unverified": self.unverified,
            "no_study": self.no_study,
            "trace": self.trace(),
        }


@record(frozen=True, slots=True)
class Finding:
    """
    One thing found, and what it does. `zones`: the requested zones it concerns (empty for the whole person).
    `until`: the first day it no longer bars; `condition`: what must hold, in words.
    `rule` is the pack's rule behind it, None for the planner's own (unknown names, collapsed ranges ...).
    """

    id: str
    label: str
    action: str
    scope: str
    reason: str
    source: Source
    zones: tuple[str, ...] = ()
    until: dt.date | None = None
    condition: str | None = None
    modifications: tuple[str, ...] = ()
    rule: Rule | None = None
    order: int = 1_000
    max_depth_mm: Decimal | None = None
    sign_off: tuple[str, ...] = ()
    prescriber: str | None = None
    refer: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sort_key(self) -> tuple[Any, ...]:
        return (RANK[self.action], self.scope != "patient", self.order, self.id, self.zones, self.reason)

    def as_mapping(self) -> dict[str, Any]:
        out = {
            "id": self.id,
            "label": self.label,
            "short_label": self.rule.short_label if self.rule is not None else self.label,
            "action": self.action,
            "scope": self.scope,
            "zones": list(self.zones),
            "until": plain(self.until),
            "condition": self.condition,
            "modifications": list(self.modifications),
            "reason": self.reason,
            **sourced(self.source),
        }
        if self.sign_off:
            out["sign_off"] = list(self.sign_off)
        if self.refer:
            out["refer"] = list(self.refer)
            if self.rule is not None and self.rule.refer_within_days is not None:
                out["refer_within_days"] = self.rule.refer_within_days
        if self.max_depth_mm is not None:
            out["max_depth_mm"] = plain(self.max_depth_mm)
        out.update(self.details)
        return out


@record(frozen=True, slots=True)
class Ask:
    """
    Something that must be known first. `about`: the kind of thing (screening, medicine, patient ...); `focus`: the field
    of the case to fill; `question`: the id of the screening question, where it is one.
    """

    id: str
    what: str
    about: str
    focus: str
    question: str | None = None

    def as_mapping(self) -> dict[str, Any]:
        return {"id": self.id, "what": self.what, "about": self.about, "focus": self.focus, "question": self.question}


@record(frozen=True, slots=True)
class ExcludedZone:
    """A requested zone that is left out, until when, and every finding that does it."""

    zone: str
    label: str
    action: str
    until: dt.date | None
    because: tuple[str, ...]
    reason: str
    source: Source

    def as_mapping(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "label": self.label,
            "action": self.action,
            "until": plain(self.until),
            "because": list(self.because),
            "reason": self.reason,
            **sourced(self.source),
        }


@record(frozen=True, slots=True)
class Decision:
    """Something a named person must decide or sign before treatment."""

    id: str
    what: str
    who: tuple[str, ...]
    because: tuple[str, ...]
    source: Source

    def as_mapping(self) -> dict[str, Any]:
        return {"id": self.id, "what": self.what, "who": list(self.who), "because": list(self.because), **sourced(self.source)}


@record(frozen=True, slots=True)
class DeviceChoice:
    """`kind` pen or roller; `brand` None where none was named; `label_by_zone`: on-label or off-label, zone by zone."""

    kind: str
    brand: str | None
    label: str
    label_status: str
    label_by_zone: Mapping[str, str]
    label_text: str
    dial_step_mm: Decimal | None
    needle_lengths_mm: tuple[Decimal, ...]
    max_set_mm: Decimal | None
    traced: Traced
    label_source: Source

    def _label_step(self) -> Step:
        return Step("labelling", None, self.label_status, self.label_text, self.label_source)

    def as_mapping(self) -> dict[str, Any]:
        first = self.traced.steps[0]
        return {
            "id": self.kind,
            "brand": self.brand,
            "label": self.label,
            "why": first.why,
            "refs": self.traced.refs,
            "evidence": first.source.evidence,
            "unverified": first.source.unverified,
            "no_study": self.traced.no_study,
            "label_status": self.label_status,
            "label_text": self.label_text,
            "label_refs": list(self.label_source.refs),
            "label_by_zone": dict(self.label_by_zone),
            "label_trace": [self._label_step().as_mapping()],
            "dial_step_mm": plain(self.dial_step_mm),
            "needle_lengths_mm": [plain(length) for length in self.needle_lengths_mm],
            "max_set_mm": plain(self.max_set_mm),
            "trace": self.traced.trace(),
        }


@record(frozen=True, slots=True)
class Limit:
    """A limit that holds in a zone, whether or not it changed the proposal."""

    rule: str
    mm: Decimal
    why: str
    source: Source

    def as_mapping(self) -> dict[str, Any]:
        return {"rule": self.rule, "mm": plain(self.mm), "why": self.why, **sourced(self.source)}


@record(frozen=True, slots=True)
class ZonePlan:
    """
    One zone of the plan. `ceiling_mm`: the hard limit for an override; `operator_max_mm`: above it the plan needs a
    countersignature (None: no limit known); `step_mm`: the smallest change the device can make.
    """

    zone: str
    label: str
    indication: str
    level: str
    indications: tuple[str, ...]
    depth: Traced
    ceiling_mm: Decimal
    ceiling_rule: str
    step_mm: Decimal | None
    row_min_mm: Decimal
    limits: tuple[Limit, ...]
    main_reason: str
    passes: Traced
    passes_unit: str
    endpoint: Traced
    stop_rule: str
    stop_source: Source
    label_status: str
    sign_off_above_mm: Decimal | None
    operator_max_mm: Decimal | None = None

    @property
    def span(self) -> Span:
        value: Span = self.depth.value
        return value

    def as_mapping(self, *, brief: bool = False) -> dict[str, Any]:
        """*brief*, for alternatives: without what is the same as in the plan itself (limits, stop rule)."""
        out = {
            "zone": self.zone,
            "label": self.label,
            "indication": self.indication,
            "level": self.level,
            "indications": list(self.indications),
            "depth_mm": plain(self.depth.value),
            "refs": self.depth.refs,
            "evidence": self.depth.steps[0].source.evidence,
            "unverified": self.depth.unverified,
            "no_study": self.depth.no_study,
            "main_reason": self.main_reason,
            "ceiling_mm": plain(self.ceiling_mm),
            "ceiling_rule": self.ceiling_rule,
            "step_mm": plain(self.step_mm),
            "sign_off_above_mm": plain(self.sign_off_above_mm),
            "operator_max_mm": plain(self.operator_max_mm),
            "label_status": self.label_status,
            "passes": {**self.passes.as_mapping(), "unit": self.passes_unit},
            "endpoint": self.endpoint.value,
            "trace": self.depth.trace(),
        }
        out["endpoint_trace"] = self.endpoint.trace()
        if not brief:
            out["stop_rule"] = {"text": self.stop_rule, **sourced(self.stop_source)}
            out["limits"] = [limit.as_mapping() for limit in self.limits]
        return out


@record(frozen=True, slots=True)
class Downtime:
    """Visible downtime in days of the session (`days`), the worst case, and the hours and days of the band for the sheet."""

    days: Traced
    band: str
    band_label: str
    worst_band: str
    worst_days: Decimal
    measures: Mapping[str, Any]
    resume: Mapping[str, int]
    resume_source: Source
    resume_steps: tuple[Step, ...] = ()

    def as_mapping(self, *, brief: bool = False) -> dict[str, Any]:
        """*brief*, for alternatives: without the band's other signs and hours."""
        out = {
            **self.days.as_mapping(),
            "band": self.band,
            "band_label": self.band_label,
            "worst_band": self.worst_band,
            "worst_days": plain(self.worst_days),
        }
        if not brief:
            out["measures"] = self.measures
            out["resume"] = {**self.resume, **sourced(self.resume_source)}
            out["resume_trace"] = [step.as_mapping() for step in self.resume_steps]
        return out


@record(frozen=True, slots=True)
class Course:
    """Earliest sensible dates, not bookings. `fits_event`: None without an event date."""

    dates: tuple[dt.date, ...]
    review: dt.date
    fits_event: bool | None
    last_session_latest: dt.date | None
    steps: tuple[Step, ...]

    def as_mapping(self) -> dict[str, Any]:
        return {
            "dates": [day.isoformat() for day in self.dates],
            "review": self.review.isoformat(),
            "refs": list(dict.fromkeys(ref for step in self.steps for ref in step.source.refs)),
            "evidence": self.steps[0].source.evidence,
            "unverified": any(step.source.unverified for step in self.steps),
            "no_study": all(step.source.no_study for step in self.steps),
            "fits_event": self.fits_event,
            "last_session_latest": plain(self.last_session_latest),
            "trace": [step.as_mapping() for step in self.steps],
        }


@record(frozen=True, slots=True)
class AdjuvantVerdict:
    """What becomes of one adjuvant: use, offered, home_only or refused, with the reason."""

    id: str
    label: str
    verdict: str
    role: str | None
    asked_as: str | None
    reason: str
    source: Source
    sign_off: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    route: str = ""
    handling: str = ""
    indications: tuple[str, ...] = ()
    order: int = 0
    home_from_day: int | None = None
    prescriber: str | None = None
    steps: tuple[Step, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "role": self.role,
            "asked_as": self.asked_as,
            "reason": self.reason,
            **sourced(self.source),
            "because": list(self.because),
            "indications": list(self.indications),
            "trace": [step.as_mapping() for step in self.steps],
        }
        if self.verdict != "refused":
            out |= {"route": self.route, "handling": self.handling, "sign_off": list(self.sign_off)}
        if self.home_from_day is not None:
            out["home_from_day"] = self.home_from_day
        if self.prescriber:
            out["prescriber_decides"] = self.prescriber
        return out
