"""Which device of those at hand, why, what it is labelled for, and what it cannot do."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from .context import Context, Wanted
from .knowledge.entries import Device, DeviceLimit, DeviceModel, Source
from .records import record
from .terms import DeviceChoice, Finding, Step, Traced
from .words import fold, tokens

ON_LABEL, OFF_LABEL = "on-label", "off-label"


@record(frozen=True, slots=True)
class Candidate:
    """A kind of device, and the brand where one was named."""

    device: Device
    model: DeviceModel | None

    @property
    def name(self) -> str:
        return self.model.brand if self.model else self.device.label


def candidates(ctx: Context) -> list[Candidate]:
    """The allowed devices at hand; asks about names nobody knows and says which are not allowed."""
    if not ctx.case.devices:
        ctx.ask("devices", "Which device is at hand: a pen or a roller, and of which brand?", "device", "devices", label="No device named")
    found: dict[str, Candidate] = {}
    barred: list[Device] = []
    for name in ctx.case.devices:
        candidate = known(ctx, name)
        if candidate is None:
            ctx.ask(
                fold(name) or name,
                f"{name}: is it a pen or a roller, and how deep does it go?",
                "device",
                "devices",
                label=f"Device: {name}",
            )
        elif candidate.device.allowed:
            found[candidate.name] = candidate
        else:
            barred.append(candidate.device)
    for device in barred:
        action = "none" if found else (device.action or "refuse")
        reason = f"{device.label}: {device.why}"
        ctx.add(Finding(f"device_{device.id}", f"{device.short_label} is not used", action, "patient", reason, device.source, order=2_000))
    return list(found.values())


def known(ctx: Context, name: str) -> Candidate | None:
    """The device behind a name, kind or brand; None where nobody knows it."""
    names = ctx.knowledge.names
    model = names.brands.exact(name)
    if model is None:
        matches = names.brands.find(tokens(name))
        model = matches[0].value if matches else None
    if model is not None:
        return Candidate(ctx.knowledge.devices[model.kind], model)
    device = names.devices.exact(name)
    return Candidate(device, None) if device else None


def choose(
    ctx: Context, at_hand: Sequence[Candidate], wanted: Sequence[Wanted], phototype: str | None, *, any_age: bool = False
) -> Candidate | None:
    """
    Preferred kind first, then the brand labelled for most of what is asked in *phototype* (any_age: as if the patient were old enough for
    every label), then a named brand, then by name.
    """

    def order(candidate: Candidate) -> tuple[object, ...]:
        on_label = sum(1 for want in wanted if _line_for(ctx, candidate, want, phototype, any_age=any_age) is not None)
        return (not candidate.device.preferred, -on_label, candidate.model is None, candidate.name)

    return min(at_hand, key=order, default=None)


def label_line(ctx: Context, candidate: Candidate, wanted: Wanted) -> DeviceLimit | None:
    """The line of the label that covers this use, None where it is off label."""
    return _line_for(ctx, candidate, wanted, ctx.case.phototype)


def _line_for(ctx: Context, candidate: Candidate, wanted: Wanted, phototype: str | None, *, any_age: bool = False) -> DeviceLimit | None:
    if candidate.model is None:
        return None
    checks = ctx.knowledge.labelling.requires
    case = ctx.case
    for line in ctx.knowledge.device_limits:
        if "brand" in checks and line.device != candidate.model.brand:
            continue
        if "indication" in checks and line.indication != wanted.indication:
            continue
        if "zone" in checks and wanted.zone not in line.zones:
            continue
        if "phototype" in checks and (line.phototypes is None or phototype not in line.phototypes):
            continue
        if "age" in checks and not any_age and (case.age is None or case.age < line.min_age):
            continue
        return line
    return None


def evaluated_limit(ctx: Context, candidate: Candidate, wanted: Wanted) -> DeviceLimit | None:
    """The line with the deepest setting evaluated for this indication: the zone's own line, else the lowest of the brand's."""
    if candidate.model is None:
        return None
    lines = [d for d in ctx.knowledge.device_limits if d.device == candidate.model.brand and d.indication == wanted.indication]
    here = [line for line in lines if wanted.zone in line.zones]
    return min(here or lines, key=lambda line: line.max_evaluated_mm, default=None)


def step_mm(device: Device) -> Decimal | None:
    return device.dial_step_mm


def settable(device: Device, depth: Decimal) -> Decimal:
    """*depth* rounded down to what the device can be set to; 0 where it can't go that shallow."""
    if device.needle_lengths_mm:
        return max((length for length in device.needle_lengths_mm if length <= depth), default=Decimal(0))
    step = device.dial_step_mm or Decimal("0.01")
    return (depth / step).to_integral_value(rounding=ROUND_FLOOR) * step


def shallowest(device: Device, least: Decimal) -> Decimal:
    """The lowest setting that is not below *least*."""
    if device.needle_lengths_mm:
        return min((length for length in device.needle_lengths_mm if length >= least), default=Decimal(0))
    step = device.dial_step_mm or Decimal("0.01")
    steps = (least / step).to_integral_value(rounding=ROUND_FLOOR)
    return steps * step if steps * step >= least else (steps + 1) * step


def exclude_zones(ctx: Context, candidate: Candidate) -> None:
    """Zones where this kind of device must not be used."""
    device = candidate.device
    for zone in ctx.zones:
        if zone in device.not_in_zones:
            label = f"{device.short_label} not here"
            reason = f"{device.label} is not used on {ctx.zone(zone).short_label.lower()}; a pen could be."
            source = device.source
            marked = source.for_field("not_in_zones")
            ctx.add(Finding("device_zone", label, "exclude_zone", "zone", reason, marked, zones=(zone,), order=2_001))


def describe(ctx: Context, candidate: Candidate, at_hand: Sequence[Candidate], planned: Sequence[Wanted]) -> DeviceChoice:
    """The device of the plan with its label status, zone by zone; on label only where every zone is."""
    knowledge = ctx.knowledge
    by_zone: dict[str, str] = {}
    sources: list[Source] = [knowledge.labelling.source]
    for want in planned:
        line = label_line(ctx, candidate, want)
        if line is not None:
            sources.append(line.source)
        status = ON_LABEL if line is not None else OFF_LABEL
        by_zone[want.zone] = OFF_LABEL if by_zone.get(want.zone) == OFF_LABEL else status
    status = ON_LABEL if by_zone and set(by_zone.values()) == {ON_LABEL} else OFF_LABEL
    if candidate.model is None:
        status, text = knowledge.labelling.no_brand_status, "Off-label: no brand chosen."
    elif status == ON_LABEL:
        text = f"On-label for {candidate.model.brand}."
    elif ON_LABEL in by_zone.values():
        off = ctx.zone_words(tuple(zone for zone, said in by_zone.items() if said == OFF_LABEL))
        text = f"Off-label for {candidate.model.brand} on {off}. {knowledge.labelling.off_label_text.capitalize()}."
    else:
        text = f"Off-label for {candidate.model.brand}. {knowledge.labelling.off_label_text.capitalize()}."
    refs = tuple(dict.fromkeys(ref for source in sources for ref in source.refs))
    steps = [_why_this_kind(candidate, at_hand) if ctx.instead_of is None else _why_not_the_first(ctx, candidate)]
    if candidate.model is not None:
        why = f"{candidate.model.brand}: can be set to at most {candidate.model.max_set_mm} mm. {text}"
        steps.append(Step("device_model", candidate.device.id, candidate.device.id, why, candidate.model.source))
    return DeviceChoice(
        kind=candidate.device.id,
        brand=candidate.model.brand if candidate.model else None,
        label=candidate.model.brand if candidate.model else candidate.device.short_label,
        label_status=status,
        label_by_zone=by_zone,
        label_text=text,
        dial_step_mm=candidate.device.dial_step_mm,
        needle_lengths_mm=candidate.device.needle_lengths_mm,
        max_set_mm=candidate.model.max_set_mm if candidate.model else None,
        traced=Traced(candidate.device.id, tuple(steps)),
        label_source=Source(refs, knowledge.labelling.source.evidence, False, unread=all(source.unread for source in sources)),
    )


def _why_not_the_first(ctx: Context, candidate: Candidate) -> Step:
    first: Candidate = ctx.instead_of
    why = f"{first.name} would be the first choice, and the operator is not signed off for it. {candidate.name} is at hand."
    return Step("operator_device", first.device.id, candidate.device.id, why, ctx.knowledge.operator_rules.beyond_device.source)


def _why_this_kind(candidate: Candidate, at_hand: Sequence[Candidate]) -> Step:
    device = candidate.device
    others = sorted({other.device.short_label for other in at_hand if other.device.id != device.id})
    if device.preferred:
        why = device.why if not others else f"Preferred over {' and '.join(others).lower()}. {device.why}"
    else:
        why = f"The only kind at hand. {device.why}"
    return Step("device", None, device.id, why, device.source)
