"""
Needle depth per zone, step by traced step. Every limit only lowers; the lowest wins; rounding is always down.

The order of the limits is the protocol's (`combination_rules.order_of_limits`).
"""

from collections.abc import Callable
from decimal import Decimal

from . import competence, devices, wording
from .context import Context, Wanted
from .devices import Candidate
from .knowledge import Knowledge
from .knowledge.entries import DepthRow, PhototypeRule, Rule, Source, Span
from .terms import Finding, Limit, Step, Traced

ZERO = Decimal(0)


class ZoneDepth:
    """The depth of one zone while the limits speak."""

    __slots__ = (
        "ceiling",
        "collapsed",
        "compares",
        "ctx",
        "device",
        "findings",
        "limits",
        "operator_most",
        "row_min",
        "rows",
        "sign_off_above",
        "span",
        "steps",
        "wants",
        "zone",
    )

    def __init__(
        self, ctx: Context, zone: str, wants: list[Wanted], device: Candidate, findings: tuple[Finding, ...], *, compares: bool = True
    ):
        self.ctx = ctx
        self.compares = compares  # with the other devices at hand, where the operator's sign-off chose this one
        self.zone = zone
        self.wants = wants
        self.device = device
        self.findings = findings
        self.rows: list[DepthRow] = [ctx.knowledge.depth_rows[w.indication, w.level, w.zone] for w in wants]
        self.span = Span(ZERO, ZERO, ZERO)
        self.row_min = ZERO
        self.steps: list[Step] = []
        self.limits: list[Limit] = []
        self.collapsed: list[str] = []
        self.sign_off_above: Decimal | None = None
        self.operator_most: Decimal | None = None
        self.ceiling: tuple[Decimal, str] = (Decimal(99), "")

    def work_out(self) -> None:
        for name in self.ctx.knowledge.limits.steps:
            STEPS[name](self)

    @property
    def traced(self) -> Traced:
        return Traced(self.span, tuple(self.steps))

    def set(self, span: Span, rule: str, why: str, source: Source) -> None:
        """Note the step; the first one has nothing before it."""
        before = self.span if self.steps else None
        self.steps.append(Step(rule, before.typical if before else None, span.typical, why, source, before, span))
        self.span = span

    def limit(self, mm: Decimal, rule: str, why: str, source: Source, *, always: bool = False) -> None:
        """Nothing deeper than *mm*. Below the row's own minimum the range collapses to it, and the answer says so."""
        self.limits.append(Limit(rule, mm, why, source))
        if mm < self.ceiling[0]:
            self.ceiling = (mm, rule)
        span = self.span
        if mm < span.max:
            if mm < span.min:
                self.collapsed.append(why)
            self.set(Span(min(span.min, mm), min(span.typical, mm), mm), rule, why, source)
        elif always:
            self.set(span, rule, why, source)


# -- the steps ---------------------------------------------------------------------------------------------------------


def row(z: ZoneDepth) -> None:
    """The protocol's row; two indications in one zone: the lower of each, never the sum."""
    for index, found in enumerate(z.rows):
        why = _why_of(z.ctx.knowledge, found)
        if index == 0:
            z.set(found.depth_mm, "depth_row", why, found.source)
            continue
        one, two = z.span, found.depth_mm
        typical, high = min(one.typical, two.typical), min(one.max, two.max)
        lower = Span(min(one.min, two.min), min(typical, high), high)
        rule = z.ctx.knowledge.combination["same_zone_two_indications"]
        source = Source(
            (*found.source.refs, *rule.source.refs),
            found.source.evidence,
            found.source.unverified or rule.source.unverified,
            unread=found.source.unread and rule.source.unread,
        )
        z.set(lower, "same_zone_two_indications", f"{why} {rule.text}", source)
    z.row_min = z.span.min
    for finding in z.findings:
        if finding.rule is not None and finding.rule.start_at_min and z.span.typical > z.span.min:
            span = Span(z.span.min, z.span.min, z.span.max)
            z.set(span, finding.id, f"{finding.label}: start at the shallow end.", finding.source)


def _why_of(knowledge: Knowledge, found: DepthRow) -> str:
    """What the row says, in words: kept with the protocol."""
    kept: dict[tuple[str, str, str], str] = knowledge.kept.setdefault("rows in words", {})
    key = (found.indication, found.level, found.zone)
    why = kept.get(key)
    if why is None:
        indication = knowledge.indications[found.indication]
        named = f"{indication.label}, {indication.levels[found.level].short_label.lower()}"
        typical, span = wording.mm(found.depth_mm.typical), wording.span(found.depth_mm.min, found.depth_mm.max, "mm")
        why = f"{named}: typical depth {typical}, range {span}."
        if found.note:
            why = f"{why} {found.note.capitalize()}."
        kept[key] = why
    return why


def phototype_step(z: ZoneDepth) -> None:
    """One step below typical in the first session of the darker types; above typical only after a review without pigmentation."""
    rule = _phototype(z)
    if rule is None:
        return
    label = wording.phototype(_number(z.ctx.case.phototype))
    later = reviewed_without_pigmentation(z.ctx, z.zone)
    span = z.span
    if rule.depth_step_mm < 0 and not later:
        lower = max(span.min, span.typical + rule.depth_step_mm)
        if lower < span.typical:
            why = f"Phototype {label}, first session: {wording.mm(-rule.depth_step_mm)} less, not below the row."
            z.set(Span(span.min, lower, span.max), rule.id, why, rule.source)
            span = z.span
    mode = rule.later_session_max if later else rule.first_session_max
    if mode == "typical" and span.max > span.typical:
        when = "later sessions go up to the typical depth" if later else "the first session goes no deeper than proposed"
        z.set(Span(span.min, span.typical, span.typical), rule.id, f"Phototype {label}: {when}.", rule.source)


def melasma_in_zone(z: ZoneDepth) -> None:
    """A zone with melasma is never deeper than its melasma row, whatever is treated there."""
    for finding in z.findings:
        rule = finding.rule
        if rule is None or rule.max_depth_from_row is None:
            continue
        indication, level = rule.max_depth_from_row
        found = z.ctx.knowledge.depth_rows.get((indication, level, z.zone))
        if found is not None:
            why = f"{finding.label}: no deeper than the row for it here ({wording.mm(found.depth_mm.max)})."
            z.limit(found.depth_mm.max, finding.id, why, found.source)


def finding_max(z: ZoneDepth) -> None:
    """The depth limits of what was found."""
    for finding in z.findings:
        if finding.max_depth_mm is not None:
            why = f"{finding.label}: at most {wording.mm(finding.max_depth_mm)}."
            z.limit(finding.max_depth_mm, finding.id, why, finding.source.for_field("max_depth_mm"))
    marks = z.ctx.knowledge.pigmentation
    if not marks.cap_at_last_depth:
        return
    for session in z.ctx.case.history:
        deepest = z.ctx.depth_then(session, z.zone)
        if session.pigmentation and session.date <= z.ctx.today and deepest is not None:
            why = f"{marks.cap_text.capitalize()} ({wording.mm(deepest)} on {wording.day(session.date)})."
            z.limit(deepest, marks.id, why, marks.source.for_field("cap_at_last_depth"))


def phototype_max(z: ZoneDepth) -> None:
    rule = _phototype(z)
    if rule is not None and rule.max_depth_mm is not None:
        label = wording.phototype(_number(z.ctx.case.phototype))
        z.limit(rule.max_depth_mm, rule.id, f"Phototype {label}: at most {wording.mm(rule.max_depth_mm)}.", rule.source)


def zone_max(z: ZoneDepth) -> None:
    zone = z.ctx.knowledge.zones[z.zone]
    why = f"Most allowed on {zone.short_label.lower()}: {wording.mm(zone.max_depth_mm)}."
    z.limit(zone.max_depth_mm, "zone_ceiling", why, zone.source, always=True)


def device_evaluated(z: ZoneDepth) -> None:
    """The proposed depth stays within what the device's maker evaluated; above it needs a sign-off."""
    lines = [line for want in z.wants if (line := devices.evaluated_limit(z.ctx, z.device, want)) is not None]
    if not lines:
        return
    line = min(lines, key=lambda found: found.max_evaluated_mm)
    most, span = line.max_evaluated_mm, z.span
    why = f"{line.device} was evaluated to {wording.mm(most)} for this; deeper needs a sign-off."
    z.limits.append(Limit("device_evaluated", most, why, line.source))
    if most < span.max:
        z.sign_off_above = most
    if most < span.typical:
        if most < span.min:
            z.collapsed.append(why)
        z.set(Span(min(span.min, most), most, span.max), "device_evaluated", why, line.source)


def device_set(z: ZoneDepth) -> None:
    model = z.device.model
    if model is not None:
        z.limit(model.max_set_mm, "device_set", f"{model.brand} can be set to at most {wording.mm(model.max_set_mm)}.", model.source)


def operator_max(z: ZoneDepth) -> None:
    """
    What the operator is signed off for, never raised by the device they use instead. It is no ceiling of the protocol: a
    clinician may go above it with a countersignature, so it is kept apart.
    """
    source = z.ctx.knowledge.operator_rules.source
    ceiling = z.ceiling
    found = competence.limit(z.ctx, z.device, z.zone)
    if found is not None:
        z.operator_most, why = found
        z.limit(z.operator_most, "operator_limit", why, source)
    for candidate in z.ctx.no_deeper_than if z.compares else ():
        other = ZoneDepth(z.ctx, z.zone, z.wants, candidate, z.findings, compares=False)
        other.work_out()
        span, most = z.span, other.span
        lower = Span(min(span.min, most.min), min(span.typical, most.typical), min(span.max, most.max))
        if lower != span:
            why = f"Not signed off for the first choice: no deeper than {candidate.name} goes here ({wording.mm(most.typical)})."
            if lower.max < span.min:
                z.collapsed.append(why)
            z.set(lower, "operator_device", why, source)
        if z.operator_most is None or most.max < z.operator_most:
            z.operator_most = most.max
        _signed_off_as(z, other)
    if z.compares and z.ctx.no_deeper_than:
        _settable_by_all(z, source)
    z.ceiling = ceiling
    for candidate in z.ctx.labelled_devices if z.compares else ():
        _no_deeper_than_labelled(z, candidate)


def _no_deeper_than_labelled(z: ZoneDepth, candidate: Candidate) -> None:
    """A device that only its label keeps away, for phototype or age: the one taken instead goes no deeper, whatever it can do."""
    other = ZoneDepth(z.ctx, z.zone, z.wants, candidate, z.findings, compares=False)
    other.work_out()
    source = z.ctx.knowledge.labelling.source
    who = "in a lighter phototype or at another age"
    why = f"{candidate.name} would be taken {who}: no deeper than it goes here ({wording.mm(other.span.typical)})."
    span, most = z.span, other.span
    lower = Span(min(span.min, most.min), min(span.typical, most.typical), min(span.max, most.max))
    if lower != span:
        if lower.max < span.min:
            z.collapsed.append(why)
        z.set(lower, "label_device", why, source)
    if other.ceiling[0] < z.ceiling[0]:
        z.limits.append(Limit("label_device", other.ceiling[0], why, source))
        z.ceiling = (other.ceiling[0], "label_device")
    _signed_off_as(z, other)


def _signed_off_as(z: ZoneDepth, other: ZoneDepth) -> None:
    """Where the depth of another device holds, the sign-off holds that it asks above what it was evaluated to."""
    if other.sign_off_above is not None and other.sign_off_above < z.span.max:
        z.sign_off_above = min(other.sign_off_above, z.sign_off_above or other.sign_off_above)


def _settable_by_all(z: ZoneDepth, source: Source) -> None:
    """A depth that each of these devices can be set to: which of them is taken in the end must not make it deeper."""
    grids = [z.device.device, *(candidate.device for candidate in z.ctx.no_deeper_than)]

    def down(mm: Decimal) -> Decimal:
        lower = min(devices.settable(device, mm) for device in grids)
        return mm if lower == mm else down(lower)

    typical, high = down(z.span.typical), down(z.span.max)
    if (typical, high) != (z.span.typical, z.span.max):
        why = "Not signed off for the first choice: no deeper than each device at hand can be set to."
        if ZERO < typical < z.row_min <= z.span.typical:
            z.collapsed.append(why)
        z.set(Span(min(z.span.min, typical), typical, high), "operator_device", why, source)


def rounding(z: ZoneDepth) -> None:
    """Down to what the device can be set to. Too shallow to set is nothing: the zone is then left out."""
    device, least = z.device.device, z.ctx.knowledge.limits.least_depth_mm
    typical, high = (devices.settable(device, mm) for mm in (z.span.typical, z.span.max))
    low = devices.settable(device, z.span.min)
    if typical < least:
        typical = low = high = ZERO
    elif low < least:
        low = min(typical, devices.shallowest(device, least))
    span = Span(low, typical, max(high, typical))
    if span != z.span:
        if ZERO < typical < z.row_min <= z.span.typical:
            z.collapsed.append(f"{device.short_label}: no setting between {wording.mm(typical)} and the row's least.")
        what = "needle lengths" if device.needle_lengths_mm else f"steps of {wording.mm(device.dial_step_mm)}"
        why = f"{device.short_label}: rounded down to its {what}."
        z.set(span, "rounding", why, device.source.for_field("needle_lengths_mm" if device.needle_lengths_mm else "dial_step_mm"))
    ceiling = devices.settable(device, z.ceiling[0])
    z.ceiling = (max(ceiling, span.max), z.ceiling[1])


STEPS: dict[str, Callable[[ZoneDepth], None]] = {
    "row": row,
    "phototype_step": phototype_step,
    "melasma_in_zone": melasma_in_zone,
    "finding_max": finding_max,
    "phototype_max": phototype_max,
    "zone_max": zone_max,
    "device_evaluated": device_evaluated,
    "device_set": device_set,
    "operator_max": operator_max,
    "rounding": rounding,
}


# -- what the steps ask ------------------------------------------------------------------------------------------------


def _phototype(z: ZoneDepth) -> PhototypeRule | None:
    phototype = z.ctx.case.phototype
    return None if phototype is None else z.ctx.knowledge.phototype_rule(phototype)


def _number(phototype: str | None) -> int | None:
    return None if phototype is None else wording.ROMAN.index(phototype) + 1


def reviewed_without_pigmentation(ctx: Context, zone: str) -> bool:
    """Whether the newest earlier session here healed and left no marks: only then is this not a first session."""
    here = [
        session
        for session in ctx.case.history
        if session.date <= ctx.today and any(zone in (ctx.zones_named(name) or ()) for name in session.places)
    ]
    if not here:
        return False
    day = max(session.date for session in here)
    return all(session.healed is True and session.pigmentation is False for session in here if session.date == day)


def caution_for_collapse(z: ZoneDepth) -> Finding | None:
    """A limit below the protocol's own range: said, with what set it."""
    if not z.collapsed:
        return None
    order = z.ctx.knowledge.limits
    label = f"Below the protocol's range on {z.ctx.zone(z.zone).short_label.lower()}"
    reason = f"The protocol begins at {wording.mm(z.row_min)} here. {' '.join(dict.fromkeys(z.collapsed))}"
    return Finding("below_range", label, "caution", "zone", reason, order.source, zones=(z.zone,), order=3_000)


def main_reason(z: ZoneDepth) -> str:
    """A few words for the plan's last column: what changed the depth, else why this zone has its own."""
    changed = [step.rule for step in z.steps[1:] if step.before != step.after]
    indication = z.ctx.knowledge.indications[z.wants[0].indication].short_label
    zone = z.ctx.knowledge.zones[z.zone]
    if not changed:
        return zone.short_reason
    rule: Rule | None = z.ctx.knowledge.rules.get(changed[-1])
    names = {
        "same_zone_two_indications": "Two concerns, the lower",
        "zone_ceiling": zone.short_reason,
        "device_evaluated": "Evaluated depth of the device",
        "device_set": "Most the device can be set to",
        "operator_limit": "Operator's limit",
        "operator_device": "Operator's device",
        "rounding": f"{z.device.device.short_label}, rounded down",
    }
    if changed[-1].startswith("phototype"):
        return f"{indication}, phototype {_number(z.ctx.case.phototype)}"
    if rule is not None:
        return rule.short_label
    return names.get(changed[-1], zone.short_reason)
