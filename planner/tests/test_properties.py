"""
What must hold for every case and every protocol: generated cases, generated variations of the pack, generated changes for the
worse. Each property is proved to be able to fail: a mutant of the engine breaks it within a fixed number of cases.

A failure prints a seed and the smallest case that still breaks the property. The long run over a million: `make prove`.
"""

import functools
import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from planner.case import Case
from planner.knowledge import Knowledge
from planner.properties import canonical, never_bolder
from planner.propose import propose
from planner.sampling import PROPERTIES, Broken, Words, case_of, pack_of, smallest, trial, words_of, worsened

from .conftest import a_case, document, packaged
from .mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
PACKS = 12  # the pack itself and its variations; each is parsed once
EXAMPLES = {"answers": 1_500, "caution": 6_000, "unknown": 2_500, "order": 2_500, "limits": 3_000}  # the others: 1,500 each
MUTANT_CASES = 600

seeds = st.integers(min_value=0, max_value=2**48)
profile = functools.partial(
    settings,
    deadline=None,
    derandomize=True,  # the same cases on every machine; fresh ones come from `make prove`
    database=None,
    phases=(Phase.explicit, Phase.generate),  # a smaller seed is no smaller case: `smallest` shrinks the case itself
    suppress_health_check=[HealthCheck.too_slow],
)


@functools.cache
def words(number: int) -> Words:
    return words_of(packaged() if number == 0 else Knowledge.parse(pack_of(number, document())))


def said(found: list[Broken], among: Words) -> str:
    """The failure as one can work with it."""
    if not found:
        return ""
    least = smallest(found[0], among)
    change = f"\nchange: {least.change.kind}, {least.change.said}: {least.change.edits}" if least.change else ""
    case = json.dumps(least.case, ensure_ascii=False)
    return f"{least.property}, seed {least.seed}, {among.knowledge.version}: {least.what}\ncase: {case}{change}"


@pytest.mark.parametrize("name", PROPERTIES)
def test_it_holds(name):
    @profile(max_examples=EXAMPLES.get(name, 1_500))
    @given(seeds)
    def holds(seed):
        among = words(seed % PACKS)
        assert said(trial(seed, among, (name,)), among) == ""

    holds()


def test_twenty_thousand_examples_are_run():
    assert sum(EXAMPLES.get(name, 1_500) for name in PROPERTIES) >= 20_000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_lost_protection_is_found(mutant: Mutant):
    with mutant.engine():
        seeds = range(mutant.cases)
        found = next((broken for seed in seeds for broken in trial(seed, words(seed % PACKS), (mutant.caught_by,))), None)
    assert found is not None, f"no case shows it: {mutant.name}"
    assert trial(found.seed, words(found.seed % PACKS), (mutant.caught_by,)) == []  # the real engine holds there


def test_the_smallest_case_still_shows_it():
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "operator's limit forgotten")
    with mutant.engine():
        found = next(broken for seed in range(MUTANT_CASES) for broken in trial(seed, words(0), ("limits",)))
        least = smallest(found, words(0))
        assert least.property == found.property
    assert len(json.dumps(least.case)) < len(json.dumps(found.case))


def test_a_zone_that_is_not_treated_today_gives_its_place_to_no_other():
    """One zone a session: no reason against the first brings another one forward. Who means that one asks for it alone."""
    lines = {"indication": "wrinkles", "level": "deep", "zones": ["glabella"]}
    marks = {"indication": "dyschromia", "level": "pih_uneven_tone", "zones": ["upper_lip"]}
    case = a_case(requests=[lines, marks], screening={"anticoagulant": {"answer": True, "seen": "2026-02-20"}})
    burnt = {**case, "findings_today": [{"id": "sunburn_tan", "zone": "glabella"}]}
    before, after, other = (propose(Case.parse(one), packaged()) for one in (case, burnt, {**burnt, "requests": [marks]}))
    assert [zone.zone for zone in before.parameters.zones] == ["glabella"]
    assert (after.parameters, after.status) == (None, "defer")
    assert after.earliest == next(zone.until for zone in after.zones_excluded if zone.zone == "glabella")
    turn = next(zone for zone in after.zones_excluded if zone.zone == "upper_lip")
    assert turn.because == ("other_day",)
    assert "take it out of the request to plan this one instead" in turn.reason
    assert [zone.zone for zone in other.parameters.zones] == ["upper_lip"]
    assert never_bolder(before, other) != []  # control: the other zone instead would be found


def test_waiting_of_a_zone_whose_turn_it_is_not_makes_a_refusal_no_deferral():
    """The first zone can never be treated so and the second was not its turn: nothing is promised, also where the second must wait too."""
    lines = {"indication": "wrinkles", "level": "deep", "zones": ["glabella"]}
    marks = {"indication": "dyschromia", "level": "pih_uneven_tone", "zones": ["upper_lip"]}
    case = a_case(
        requests=[lines, marks],
        screening={"anticoagulant": {"answer": True, "seen": "2026-02-20"}},
        operator={"role": "physician", "max_depth_by_zone": {"glabella": 0.1}},
    )
    burnt = {**case, "findings_today": [{"id": "sunburn_tan", "zone": "upper_lip"}]}
    alone = {**burnt, "requests": [marks]}
    before, after, other = (propose(Case.parse(one), packaged()) for one in (case, burnt, alone))
    assert [(said.status, said.earliest) for said in (before, after)] == [("refuse", None)] * 2
    assert other.status == "defer"  # asked for by itself, it waits
    waiting = next(zone for zone in after.zones_excluded if zone.zone == "upper_lip")
    assert (waiting.action, waiting.until) == ("defer", other.earliest)
    assert waiting.because == ("sunburn_tan", "other_day")


def test_a_zone_that_cannot_be_set_gets_no_date_from_a_finding_that_leaves_it_out_until_a_day():
    request = {"indication": "dyschromia", "level": "pores_texture", "zones": ["neck"]}
    case = a_case(requests=[request], operator={"role": "physician", "max_depth_mm": 0.1})
    seen = {**case, "screening": {"actinic_keratosis": {"answer": True, "treated": "2026-02-20"}}}
    alone, both = (propose(Case.parse(one), packaged()).zones_excluded[0] for one in (case, seen))
    assert (alone.until, both.until) == (None, None)
    assert both.because == ("actinic_keratosis", "too_shallow")
    able = propose(Case.parse({name: said for name, said in seen.items() if name != "operator"}), packaged()).zones_excluded[0]
    assert able.until is not None  # control: where the zone can be treated later, the day is named


def test_a_lesion_seen_today_is_not_treated_whatever_was_answered():
    case = a_case(findings_today=[{"id": "actinic_keratosis", "zone": "cheeks"}])
    denied = {**case, "screening": {"actinic_keratosis": {"answer": False}}}
    assert [propose(Case.parse(one), packaged()).zones_excluded[0].until for one in (case, denied)] == [None, None]


def test_the_device_of_a_darker_skin_goes_no_deeper_than_that_of_a_lighter_one():
    pack = document()
    for line in pack["device_limits"]:
        if line["device"] == "Exceed" and line["indication"] == "acne_scars":
            line["max_evaluated_mm"] = 0.5
    knowledge = Knowledge.parse(pack)
    light, dark = (
        propose(
            Case.parse(a_case(devices=["SkinPen Precision", "Exceed"], patient={"age": 30, "sex": "F", "phototype": phototype})), knowledge
        )
        for phototype in ("IV", "V")
    )
    assert (light.parameters.device.brand, dark.parameters.device.brand) == ("Exceed", "SkinPen Precision")
    assert never_bolder(light, dark) == []
    assert "label_device" in [step.rule for step in dark.parameters.zones[0].depth.steps]
    alone = propose(Case.parse(a_case(devices=["SkinPen Precision"], patient={"age": 30, "sex": "F", "phototype": "V"})), knowledge)
    assert alone.parameters.zones[0].span.typical > dark.parameters.zones[0].span.typical  # control: the other device is what holds it back


def test_a_label_for_older_patients_makes_nothing_deeper():
    """Another device is taken where the label of the first is for older patients: it goes no deeper than the first would have."""
    pack, stricter = document(), document()
    for line in (*pack["device_limits"], *stricter["device_limits"]):
        if line["device"] == "Exceed":
            line["max_evaluated_mm"] = min(line["max_evaluated_mm"], 0.5)
    for line in stricter["device_limits"]:
        if line["device"] == "Exceed":
            line["min_age"] = 60
    case = Case.parse(a_case(devices=["SkinPen Precision", "Exceed"], patient={"age": 30, "sex": "F", "phototype": "IV"}))
    before, after = (propose(case, Knowledge.parse(one)) for one in (pack, stricter))
    assert (before.parameters.device.brand, after.parameters.device.brand) == ("Exceed", "SkinPen Precision")
    assert never_bolder(before, after) == []
    assert "label_device" in [step.rule for step in after.parameters.zones[0].depth.steps]


def test_a_later_session_of_which_nobody_knows_lifts_nothing():
    bad = {"date": "2025-12-20", "zones": ["cheeks"], "depth_mm": {"cheeks": 1.0}, "healed": False, "pigmentation": False}
    for healed, status in ((None, "defer"), (False, "defer"), (True, "plan")):
        later = {**bad, "date": "2026-01-20", "healed": healed}
        assert propose(Case.parse(a_case(history=[bad, later])), packaged()).status == status


def test_dark_marks_after_needling_of_unknown_depth_are_asked_about():
    marked = {"date": "2026-01-20", "zones": ["cheeks"], "healed": True, "pigmentation": True}
    unknown, known = (propose(Case.parse(a_case(history=[{**marked, "depth_mm": depth}])), packaged()) for depth in ({}, {"cheeks": 0.5}))
    assert (unknown.status, unknown.parameters) == ("ask", None)
    assert "history.depth_mm" in [ask.id for ask in unknown.asks]
    assert known.parameters.zones[0].span.max <= Decimal("0.5")


def test_the_sign_off_of_the_first_device_holds_for_the_one_taken_instead():
    wrinkles = {"indication": "wrinkles", "level": "deep", "zones": ["perioral"]}
    case = a_case(requests=[wrinkles], devices=["roller", "SkinPen Precision"])
    pack = document()
    pack["device_limits"].append(
        {**_limit_of(pack, "SkinPen Precision"), "indication": "wrinkles", "zones": ["perioral"], "max_evaluated_mm": 0.5}
    )
    knowledge = Knowledge.parse(pack)
    anybody, roller_only = (
        propose(Case.parse(one), knowledge).parameters for one in (case, {**case, "operator": {"role": "nurse", "devices": ["roller"]}})
    )
    assert (anybody.device.kind, roller_only.device.kind) == ("pen", "roller")
    asked = anybody.zones[0].sign_off_above_mm
    assert asked is not None  # control: the first device does ask
    assert asked < anybody.zones[0].span.max
    assert roller_only.zones[0].sign_off_above_mm == asked


def _limit_of(pack: dict, brand: str) -> dict:
    return next(line for line in pack["device_limits"] if line["device"] == brand)


def test_who_goes_shallower_may_be_healed_by_the_event_and_loses_no_other_caution():
    case = a_case(wishes={"event_date": "2026-04-30"}, operator={"role": "nurse", "max_depth_mm": 0.25})
    shallow = propose(Case.parse(case), packaged())
    deep = propose(Case.parse({name: said for name, said in case.items() if name != "operator"}), packaged())
    assert deep.parameters.zones[0].span.max > shallow.parameters.zones[0].span.max
    about = next((f for f in deep.findings if f.id == "event_date"), None)
    assert about is not None
    alone = replace(deep, status="caution", findings=(about,), zones_excluded=())
    calm = replace(shallow, status="plan", findings=(), zones_excluded=())
    assert not any(said.startswith("status") for said in never_bolder(alone, calm))
    other = replace(about, id="phototype_4_6")
    assert "status caution to plan" in never_bolder(replace(alone, findings=(about, other)), calm)
    assert "status caution to plan" in never_bolder(alone, replace(calm, parameters=deep.parameters))


# -- what is generated -------------------------------------------------------------------------------------------------


def test_a_good_half_of_the_cases_ends_in_a_plan():
    answers = [propose(Case.parse(case_of(seed, words(0))), packaged()).status for seed in range(600)]
    assert sum(status in ("plan", "caution") for status in answers) > 300
    assert set(answers) == {"plan", "caution", "ask", "defer", "refuse"}


def test_a_seed_gives_one_case_one_pack_and_one_change():
    case = case_of(7, packaged())
    assert case == case_of(7, words(0))
    assert pack_of(7, document()) == pack_of(7, document())
    assert worsened(case, packaged(), 7) == worsened(case, words(0), 7)
    assert pack_of(0, document())["zones"] == document()["zones"]


def test_every_variation_of_the_pack_is_a_pack_and_another_one():
    ceilings = {tuple((zone.id, zone.max_depth_mm) for zone in words(number).knowledge.zones.values()) for number in range(PACKS)}
    assert len(ceilings) > PACKS // 2


def test_every_kind_of_change_is_drawn_and_changes_something():
    drawn = {}
    for seed in range(800):
        case = case_of(seed, words(0))
        change = worsened(case, words(0), seed)
        assert change.protocol is not None or change.of_case(case) != case
        drawn[change.kind] = drawn.get(change.kind, 0) + 1
    assert {
        "a yes", "a medicine", "a procedure", "a finding", "an allergy", "a laboratory value", "an open question", "an unknown name",
        "a darker phototype", "a stricter operator", "an operator signed off for less", "an earlier session that went badly",
        "an earlier session nobody looked at", "a value in the wrong unit",
        "a lower ceiling", "a stricter device",
        "a stricter rule",
    } <= set(drawn)  # fmt: skip


# -- the same input, the same bytes, in another process too -------------------------------------------------------------

SAY = """
import sys
from planner.case import Case
from planner.properties import canonical, never_bolder
from planner.propose import propose
from planner.sampling import case_of
from planner.tests.conftest import packaged
if "unordered" in sys.argv:
    from planner import advice
    sourced = advice.sourced
    advice.sourced = lambda source: {**sourced(source), "refs": list(set(source.refs))}
for seed in range(60):
    print(canonical(propose(Case.parse(case_of(seed, packaged())), packaged()).as_mapping()))
"""


def said_in_another_process(hash_seed: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", SAY, *arguments], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout


def test_the_answer_is_the_same_in_every_process():
    here = [canonical(propose(Case.parse(case_of(seed, packaged())), packaged()).as_mapping()) for seed in range(60)]
    assert said_in_another_process("1").splitlines() == here
    assert said_in_another_process("2").splitlines() == here


def test_an_order_that_hangs_on_the_process_is_found():
    assert said_in_another_process("1", "unordered") != said_in_another_process("2", "unordered")
