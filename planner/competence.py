"""
What the person who treats is signed off for: depth, device, zone and until when.

Nothing is ever proposed deeper than their limit. A device or zone beyond what they may do is said, and asks for a
countersignature; another device at hand that fits is taken instead, never deeper than the first one would have gone. What
nobody wrote down (`operator` absent, or one of its parts null) is no limit known; an empty list is a limit: nothing at all.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from . import devices, wording
from .case import Cover
from .context import Context, Wanted
from .devices import Candidate
from .knowledge.entries import OperatorRule
from .records import record
from .terms import AdjuvantVerdict, Decision, Finding

PRESCRIBER = "prescriber"
ON_THE_DAY = ("numbing",)  # decided where numbing is chosen, not by agreeing


@record(frozen=True, slots=True)
class Reach:
    """How far the operator may go with one device in one zone. `most_mm`: None = no limit known; `expired`: a cover of other days."""

    device: bool
    zone: bool
    most_mm: Decimal | None
    expired: Cover | None = None

    @property
    def covered(self) -> bool:
        return self.device and self.zone


_ANYTHING = Reach(True, True, None)


def reach(ctx: Context, candidate: Candidate, zone: str) -> Reach:
    """
    What the operator may do with *candidate* in *zone* today. Several covers of one kind: the farthest. Where none covers
    it, the shallowest depth they have anywhere holds: nobody goes deeper for not being signed off.
    """
    operator = ctx.case.operator
    if operator is None:
        return _ANYTHING
    caps = [operator.max_depth_mm]
    caps += [most for name, most in operator.max_depth_by_zone.items() if zone in (ctx.zones_named(name) or (zone,))]
    device = operator.devices is None or any(_is_meant(ctx, name, candidate) for name in operator.devices)
    here = operator.zones is None or any(zone in (ctx.zones_named(name) or ()) for name in operator.zones)
    expired = None
    if operator.covers is not None:
        with_it = [cover for cover in operator.covers if cover.device is None or _is_meant(ctx, cover.device, candidate)]
        fitting = [cover for cover in with_it if _holds_in(ctx, cover, zone)]
        valid = [cover for cover in fitting if cover.holds_on(ctx.today)]
        if valid:
            most = [cover.max_depth_mm for cover in valid]
            caps.append(None if None in most else max(mm for mm in most if mm is not None))
        else:
            caps += [cover.max_depth_mm for cover in operator.covers]
            device = device and bool(with_it)
            here = False
            expired = max(fitting, key=lambda cover: cover.valid_until or dt.date.max, default=None)
    return Reach(device, here, min((mm for mm in caps if mm is not None), default=None), expired)


def choose(ctx: Context, at_hand: Sequence[Candidate], wanted: Sequence[Wanted]) -> Candidate | None:
    """
    The device to take: the first choice, unless the operator may not use it and another at hand fits everywhere. Either way
    the plan goes no deeper than it would with the first choice, or with another device that could have been taken: who may
    use less never goes deeper. Nor does a darker skin, or one who is not of the label's age, where another device is taken because
    the label of one ends there.
    """
    mine = ctx.case.phototype
    taken = _take(ctx, at_hand, wanted, mine)
    ctx.instead_of, ctx.no_deeper_than = taken.instead_of, taken.no_deeper_than
    if len(at_hand) > 1:
        order = [phototype for rule in ctx.knowledge.phototype_rules for phototype in rule.phototypes]
        lighter = order[: order.index(mine)] if mine is not None else []
        labels = [(phototype, any_age) for phototype in (*lighter, mine) for any_age in (False, True)]
        elsewhere = {label: _take(ctx, at_hand, wanted, label[0], any_age=label[1]) for label in labels}
        others = [device for one in elsewhere.values() for device in (one.chosen, *one.no_deeper_than) if device is not None]
        # What would be the first choice there lowers the ceiling too, which no sign-off does: whoever treats, it is not left out.
        firsts = [one.instead_of or one.chosen for label, one in elsewhere.items() if label != (mine, False)]
        held = [device for device in dict.fromkeys(others) if device in firsts or device not in taken.no_deeper_than]
        ctx.labelled_devices = tuple(device for device in held if device != taken.chosen)
    return taken.chosen


@record(frozen=True, slots=True)
class _Taken:
    """The device, the first choice where it is another one, and those the depth of which holds too."""

    chosen: Candidate | None
    instead_of: Candidate | None = None
    no_deeper_than: tuple[Candidate, ...] = ()


def _take(ctx: Context, at_hand: Sequence[Candidate], wanted: Sequence[Wanted], phototype: str | None, *, any_age: bool = False) -> _Taken:
    first = devices.choose(ctx, at_hand, wanted, phototype, any_age=any_age)
    operator = ctx.case.operator
    if first is None or operator is None or _fits(ctx, first, wanted) or _barred(first, wanted):
        return _Taken(first)
    usable = [other for other in at_hand if not _barred(other, wanted)]
    fitting = [other for other in usable if _fits(ctx, other, wanted)]
    chosen = devices.choose(ctx, fitting, wanted, phototype, any_age=any_age) or first
    by_list = operator.devices is not None and not any(_is_meant(ctx, name, first) for name in operator.devices)
    named = [cover.device for cover in operator.covers or () if cover.device is not None]
    others = tuple(
        other for other in usable if other != chosen and (other == first or by_list or any(_is_meant(ctx, name, other) for name in named))
    )
    return _Taken(chosen, first if chosen != first else None, others)


def judge_certificate(ctx: Context) -> None:
    """A certificate that ran out before today, whatever it was for."""
    operator = ctx.case.operator
    if operator is not None and operator.certificate_until is not None and operator.certificate_until < ctx.today:
        rule = ctx.knowledge.operator_rules.certificate_expired
        reason = f"{rule.label}: valid until {wording.day(operator.certificate_until)}."
        ctx.add(_finding(rule, reason))


def judge(ctx: Context, candidate: Candidate, zones: Iterable[str]) -> None:
    """Device and zones beyond what the operator is signed off for: said, each with who must countersign."""
    rules = ctx.knowledge.operator_rules
    if ctx.case.operator is None:
        return
    without_device, without_zone = [], []
    for zone in dict.fromkeys(zones):
        found = reach(ctx, candidate, zone)
        if found.expired is not None:
            name = f"{found.expired.name}: " if found.expired.name else ""
            ctx.add(_finding(rules.certificate_expired, f"{rules.certificate_expired.label}: {name}{_validity(found.expired, ctx)}.", zone))
        elif not found.device:
            without_device.append(zone)
        elif not found.zone:
            without_zone.append(zone)
    if without_device:
        named = candidate.model.brand if candidate.model else candidate.device.short_label
        reason = f"{named}: the operator is not signed off for this device."
        ctx.add(_finding(rules.beyond_device, reason))
    for zone in without_zone:
        where = ctx.zone(zone).short_label
        ctx.add(_finding(rules.beyond_zone, f"{where}: the operator is not signed off for this zone with this device.", zone))


def judge_end(ctx: Context, candidate: Candidate, zones: Iterable[str], last: dt.date) -> None:
    """A certificate that runs out before the last session of the course."""
    operator = ctx.case.operator
    if operator is None:
        return
    ends = {operator.certificate_until} if operator.certificate_until and operator.certificate_until >= ctx.today else set()
    for zone in zones:
        until = [cover.valid_until for cover in _valid(ctx, candidate, zone)]
        if until and None not in until:
            ends.add(max(day for day in until if day is not None))
    first = min((day for day in ends if day < last), default=None)
    if first is not None:
        rule = ctx.knowledge.operator_rules.certificate_ends
        reason = f"{rule.label}: on {wording.day(first)}, and the course as proposed ends on {wording.day(last)}."
        ctx.add(_finding(rule, reason))


def for_prescriber(ctx: Context, decisions: Sequence[Decision], verdicts: Iterable[AdjuvantVerdict]) -> tuple[Decision, ...]:
    """
    The decisions of a plan whose operator is no prescriber: what only a prescriber decides is said, and asked for. A cream
    for home that a prescriber decides on is one of them.
    """
    operator = ctx.case.operator
    if operator is None or operator.prescriber is not False:
        return tuple(decisions)
    home = [
        Decision(f"adjuvant.{verdict.id}", f"{verdict.label}: a prescriber decides", (PRESCRIBER,), verdict.because, verdict.source)
        for verdict in verdicts
        if verdict.prescriber and verdict.verdict in ("use", "home_only")
    ]
    known = {decision.id for decision in decisions}
    every = [*decisions, *(decision for decision in home if decision.id not in known)]
    theirs = [decision for decision in every if PRESCRIBER in decision.who and decision.id not in ON_THE_DAY]
    if not theirs:
        return tuple(every)
    rule = ctx.knowledge.operator_rules.not_prescriber
    subjects = "; ".join(dict.fromkeys(_subject(decision) for decision in theirs))
    ctx.add(_finding(rule, f"{rule.label}: {subjects}."))
    return tuple(replace(decision, because=(*decision.because, rule.id)) if decision in theirs else decision for decision in every)


def limit(ctx: Context, candidate: Candidate, zone: str) -> tuple[Decimal, str] | None:
    """The deepest the operator may go here, and why; None where no limit is known."""
    found = reach(ctx, candidate, zone)
    if found.most_mm is None:
        return None
    return found.most_mm, f"Most this operator may set: {wording.mm(found.most_mm)}."


def _subject(decision: Decision) -> str:
    said = decision.what.removesuffix(": a prescriber decides").removeprefix("Sign-off: ")
    return said[:1].lower() + said[1:]


def _finding(rule: OperatorRule, reason: str, zone: str = "") -> Finding:
    scope, zones = ("zone", (zone,)) if zone else ("patient", ())
    return Finding(
        rule.id, rule.label, "caution", scope, reason, rule.source, zones=zones, sign_off=rule.sign_off, details={"about": "operator"}
    )


def _validity(cover: Cover, ctx: Context) -> str:
    if cover.valid_until is not None and cover.valid_until < ctx.today:
        return f"valid until {wording.day(cover.valid_until)}"
    return f"valid from {wording.day(cover.valid_from)}" if cover.valid_from else "not valid today"


def _valid(ctx: Context, candidate: Candidate, zone: str) -> list[Cover]:
    operator = ctx.case.operator
    covers = () if operator is None or operator.covers is None else operator.covers
    meant: Callable[[Cover], bool] = lambda cover: cover.device is None or _is_meant(ctx, cover.device, candidate)  # noqa: E731
    return [cover for cover in covers if meant(cover) and _holds_in(ctx, cover, zone) and cover.holds_on(ctx.today)]


def _holds_in(ctx: Context, cover: Cover, zone: str) -> bool:
    return cover.zones is None or any(zone in (ctx.zones_named(name) or ()) for name in cover.zones)


def _is_meant(ctx: Context, name: str, candidate: Candidate) -> bool:
    """Whether *name*, a kind or a brand, covers *candidate*. A brand covers nothing but itself; a kind covers its brands."""
    known = devices.known(ctx, name)
    if known is None:
        return False
    return known.device.id == candidate.device.id and (known.model is None or known.model == candidate.model)


def _fits(ctx: Context, candidate: Candidate, wanted: Sequence[Wanted]) -> bool:
    return all(reach(ctx, candidate, want.zone).covered for want in wanted)


def _barred(candidate: Candidate, wanted: Sequence[Wanted]) -> bool:
    return any(want.zone in candidate.device.not_in_zones for want in wanted)
