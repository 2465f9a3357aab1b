"""
Monotone safety: more caution in the input never gives a bolder answer.

Adding a contraindication, an open question, a darker phototype, a lower ceiling or a stricter operator limit never gives
deeper, sooner, more zones, more adjuvants or a bolder status. Each property has a mutant of the engine that it catches.
"""

import copy
import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import depth, screening
from planner.case import Case
from planner.propose import Proposal, propose
from planner.terms import STATUS_RANK

from .conftest import a_case, packaged

KNOWLEDGE = packaged()
ASKED = [rule.id for rule in KNOWLEDGE.rules.values() if rule.question]
PHOTOTYPES = ["I", "II", "III", "IV", "V", "VI"]
MEDICINES = ["isotretinoin 20 mg", "Eliquis 5 mg bd", "aspirin", "methotrexate", "prednisolone 5 mg daily", "amiodarone", "Microgynon"]
PROCEDURES = ["botox", "filler", "silicone", "light peel", "TCA peel", "laser", "ipl", "surgery", "waxing", "microneedling"]
VISIT = dt.date(2026, 3, 2)

days = st.integers(0, 400).map(lambda n: (VISIT - dt.timedelta(days=n)).isoformat())
rows = st.sampled_from(sorted(KNOWLEDGE.depth_rows))
zones = st.sampled_from([*KNOWLEDGE.zones, *KNOWLEDGE.excluded_zones])


@st.composite
def requests(draw):
    indication, level, zone = draw(rows)
    others = draw(st.lists(zones, max_size=4))
    return {
        "indication": indication,
        "level": level,
        "zones": [zone, *others],
        "morphology": draw(st.sampled_from(["rolling", "ice-pick"])),
    }


@st.composite
def answers(draw):
    answer = {"answer": True}
    if draw(st.booleans()):
        answer["zone"] = draw(zones)
    for name in ("date", "stopped", "seen", "healed", "treated"):
        if draw(st.integers(0, 3)) == 0:
            answer[name] = draw(days)
    return answer


@st.composite
def cases(draw):
    case = a_case(
        patient={
            "age": draw(st.integers(18, 70)),
            "sex": draw(st.sampled_from(["F", "M"])),
            "phototype": draw(st.sampled_from(PHOTOTYPES)),
        },
        requests=draw(st.lists(requests(), min_size=1, max_size=2)),
        devices=[draw(st.sampled_from(["pen", "roller", "SkinPen Precision", "Exceed"]))],
        screening=draw(st.dictionaries(st.sampled_from(ASKED), answers(), max_size=2)),
        medications=[{"name": name, "stopped": None} for name in draw(st.lists(st.sampled_from(MEDICINES), max_size=1, unique=True))],
        adjuvants_requested=draw(st.lists(st.sampled_from(["prp", "vitamin c", "hyaluronic acid", "own serum"]), max_size=2, unique=True)),
    )
    if draw(st.booleans()):
        named = case["requests"][0]["zones"]
        marks = draw(st.sampled_from([True, False]))
        case["history"] = [{"date": draw(days), "zones": named, "depth_mm": {}, "healed": True, "pigmentation": marks}]
    return case


@st.composite
def worse(draw):
    """A case, and the same case with one more reason for caution."""
    case = draw(cases())
    other = copy.deepcopy(case)
    kind = draw(st.sampled_from(["answer", "medicine", "procedure", "allergy", "phototype", "operator", "open question"]))
    if kind == "answer":
        rule = draw(st.sampled_from([rule for rule in ASKED if rule not in case["screening"]]))
        other["screening"][rule] = draw(answers())
    elif kind == "medicine":
        other["medications"].append({"name": draw(st.sampled_from(MEDICINES)), "stopped": None})
    elif kind == "procedure":
        other["recent_procedures"] = [{"what": draw(st.sampled_from(PROCEDURES)), "zone": draw(zones), "date": draw(days)}]
    elif kind == "allergy":
        other["allergies"] = [draw(st.sampled_from(["nickel", "lidocaine", "steel", "parabens", "paraben", "sulfa", "stranger"]))]
    elif kind == "phototype":
        place = PHOTOTYPES.index(case["patient"]["phototype"])
        other["patient"]["phototype"] = draw(st.sampled_from([*PHOTOTYPES[place:], None]))
    elif kind == "operator":
        other["operator"] = {"role": "nurse", "max_depth_mm": draw(st.sampled_from([0.1, 0.25, 0.6, 1, 1.5])), "certificate_until": None}
    else:
        rule = draw(st.sampled_from([rule for rule in ASKED if rule not in case["screening"]]))
        other["screening"][rule] = {"answer": True} if KNOWLEDGE.rules[rule].derived.pregnancy else {"answer": None}
        other["screening_default"] = None
    return case, other


def answer(case: dict, knowledge=KNOWLEDGE) -> Proposal:
    return propose(Case.parse(case), knowledge)


def bolder(before: Proposal, after: Proposal) -> list[str]:
    """In what the second answer is bolder than the first."""
    found = []
    if STATUS_RANK[after.status] > STATUS_RANK[before.status]:
        found.append(f"status {before.status} -> {after.status}")
    if before.status == after.status == "defer" and before.earliest and after.earliest and after.earliest < before.earliest:
        found.append(f"earliest {before.earliest} -> {after.earliest}")
    if after.parameters is None:
        return found
    if before.parameters is None:
        return [*found, "parameters from nothing"]
    was = {zone.zone: zone for zone in before.parameters.zones}
    another_day = {zone.zone for zone in before.zones_excluded if zone.because == ("other_day",)}
    if len(after.parameters.zones) > len(was):
        found.append("more zones")
    for zone in after.parameters.zones:
        if zone.zone not in was:
            if zone.zone not in another_day:
                found.append(f"new zone {zone.zone}")
            continue
        one, two = was[zone.zone], zone
        for side in ("min", "typical", "max"):
            if getattr(two.span, side) > getattr(one.span, side):
                found.append(f"deeper {zone.zone} {side}: {one.span} -> {two.span}")
        if two.ceiling_mm > one.ceiling_mm:
            found.append(f"higher ceiling {zone.zone}")
    if after.parameters.course.dates[0] < before.parameters.course.dates[0]:
        found.append("sooner")
    if after.parameters.interval.value.typical < before.parameters.interval.value.typical:
        found.append("shorter interval")
    used = {v.id for v in after.adjuvants if v.verdict == "use"} - {v.id for v in before.adjuvants if v.verdict == "use"}
    if used:
        found.append(f"more adjuvants {used}")
    return found


SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@given(worse())
@SETTINGS
def test_more_caution_is_never_bolder(pair):
    case, other = pair
    assert bolder(answer(case), answer(other)) == []


@given(cases(), st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1)]))
@SETTINGS
def test_a_lower_ceiling_is_never_bolder(case, ceiling):
    assert bolder(answer(case), answer(case, with_ceiling(ceiling))) == []


def with_ceiling(ceiling: Decimal):
    low = {name: dataclasses.replace(zone, max_depth_mm=min(ceiling, zone.max_depth_mm)) for name, zone in KNOWLEDGE.zones.items()}
    return dataclasses.replace(KNOWLEDGE, zones=low)


@given(cases())
@SETTINGS
def test_no_depth_is_above_any_limit(case):
    proposal = answer(case)
    if proposal.parameters is None:
        return
    for zone in proposal.parameters.zones:
        assert Decimal("0.2") <= zone.span.min <= zone.span.typical <= zone.span.max <= zone.ceiling_mm
        assert zone.ceiling_mm <= KNOWLEDGE.zones[zone.zone].max_depth_mm
        device = proposal.parameters.device
        if device.needle_lengths_mm:
            assert zone.span.typical in device.needle_lengths_mm
            assert zone.span.max in device.needle_lengths_mm
        else:
            assert zone.span.typical % device.dial_step_mm == 0
        if device.max_set_mm is not None:
            assert zone.span.max <= device.max_set_mm


@given(cases())
@SETTINGS
def test_the_same_case_gives_the_same_answer(case):
    turned = {key: list(reversed(value)) if isinstance(value, list) else value for key, value in reversed(case.items())}
    assert answer(case).as_mapping() == answer(turned).as_mapping()


# -- negative controls: an engine without the protection is caught -----------------------------------------------------


def everyday_pairs():
    """Pairs in which a lost protection must show."""
    deep = [{"indication": "acne_scars", "level": "grade_4", "zones": ["cheeks", "chin"], "morphology": "rolling"}]
    base = a_case(requests=deep)
    yield base, {**base, "medications": [{"name": "Eliquis 5 mg", "stopped": None}]}
    yield base, {**base, "patient": {"age": 30, "sex": "F", "phototype": "V"}}
    yield base, {**base, "screening": {"suspicious_mole": {"answer": True, "zone": "chin"}}}
    yield base, {**base, "operator": {"role": "nurse", "max_depth_mm": 1.0, "certificate_until": None}}
    waiting = {**base, "recent_procedures": [{"what": "waxing", "zone": "cheeks", "date": "2026-03-01"}]}
    yield (
        waiting,
        {**waiting, "recent_procedures": [*waiting["recent_procedures"], {"what": "botox", "zone": "chin", "date": "2026-03-01"}]},
    )


def test_everyday_pairs_hold():
    assert [bolder(answer(one), answer(two)) for one, two in everyday_pairs()] == [[]] * 5


def deepens(z):
    deep = Decimal("2.5")
    z.set(dataclasses.replace(z.span, typical=deep, max=deep), "mutant", "deeper", z.rows[0].source)


@pytest.mark.parametrize("step", ["finding_max", "operator_max", "phototype_max"])
def test_a_limit_turned_upside_down_is_caught(monkeypatch, step):
    original = depth.STEPS[step]

    def mutant(z):
        steps = len(z.limits)
        original(z)
        if len(z.limits) > steps:
            deepens(z)

    monkeypatch.setitem(depth.STEPS, step, mutant)
    assert any(bolder(answer(one), answer(two)) for one, two in everyday_pairs())


def test_a_finding_that_widens_what_is_barred_before_it_is_caught(monkeypatch):
    """A mutant that forgets every other finding once there are two."""
    original = screening.merged

    def mutant(ctx):
        found = original(ctx)
        barring = [f for f in found if f.action == "defer"]
        return tuple(f for f in found if f.action != "defer") if len(barring) > 1 else found

    monkeypatch.setattr("planner.propose.merged", mutant)
    assert any(bolder(answer(one), answer(two)) for one, two in everyday_pairs())
