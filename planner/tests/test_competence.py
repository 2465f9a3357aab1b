"""
What the operator is signed off for: never proposed deeper, said where device or zone lie beyond it, and never bolder for a
stricter limit. Each rule has a control: with it switched off, its test fails.
"""

import copy
import importlib.resources
from decimal import Decimal

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import competence, depth
from planner.case import Case
from planner.errors import CaseFaults
from planner.knowledge import Knowledge
from planner.propose import propose
from planner.terms import STATUS_RANK

from .conftest import a_case, document, packaged

KNOWLEDGE = packaged()
ZONES = ["cheeks", "forehead", "chin"]


def answer(operator: dict | None, *, knowledge=KNOWLEDGE, devices=("pen", "roller"), zones=("cheeks", "forehead"), **changes) -> dict:
    request = {"indication": "acne_scars", "level": "grade_2", "zones": list(zones), "morphology": "rolling"}
    case = a_case(requests=[request], devices=list(devices), operator=operator, **changes)
    return propose(Case.parse(case), knowledge).as_mapping()


def by_id(proposal: dict, ident: str) -> dict:
    return next(finding for finding in proposal["findings"] if finding["id"] == ident)


def depths(proposal: dict) -> dict[str, float]:
    return {zone["zone"]: zone["depth_mm"]["max"] for zone in proposal.get("zones", [])}


def test_the_proposal_stays_within_the_limit_and_the_ceiling_of_the_protocol_stands():
    free, limited = answer(None), answer({"max_depth_mm": 0.75})
    assert depths(limited) == {"forehead": 0.75, "cheeks": 0.75}
    zone = next(zone for zone in limited["zones"] if zone["zone"] == "cheeks")
    assert zone["operator_max_mm"] == 0.75
    assert zone["ceiling_mm"] == next(zone["ceiling_mm"] for zone in free["zones"] if zone["zone"] == "cheeks")
    step = next(step for step in zone["trace"] if step["rule"] == "operator_limit")
    assert step["refs"]
    assert "0.75" in step["why"]


def test_below_the_row_the_range_collapses_and_says_so():
    proposal = answer({"max_depth_mm": 0.5}, zones=("cheeks",))
    assert depths(proposal) == {"cheeks": 0.5}
    assert "operator" in by_id(proposal, "below_range")["reason"]


def test_a_limit_of_one_zone_holds_in_that_zone_only():
    assert depths(answer({"max_depth_by_zone": {"cheeks": 0.75}})) == {"forehead": 0.75, "cheeks": 0.75}
    assert depths(answer({"max_depth_by_zone": {"forehead": 0.5}})) == {"forehead": 0.5, "cheeks": 1.5}


def test_a_zone_beyond_is_named_and_asks_for_the_medical_lead():
    proposal = answer({"zones": ["cheeks"]})
    finding = by_id(proposal, "operator_zone")
    assert (proposal["status"], finding["zones"], finding["sign_off"]) == ("caution", ["forehead"], ["medical_lead"])
    assert finding["refs"]
    assert "Forehead" in finding["reason"]
    assert any(decision["id"] == "sign_off.operator_zone" for decision in proposal["decisions"])


def test_another_device_that_fits_is_taken_and_is_never_deeper():
    first, other = answer(None), answer({"devices": ["roller"]})
    assert (first["device"]["id"], other["device"]["id"]) == ("pen", "roller")
    assert all(other_mm <= depths(first)[zone] for zone, other_mm in depths(other).items())
    assert "not signed off" in other["device"]["why"]
    assert other["device"]["trace"][0]["rule"] == "operator_device"


def test_where_no_device_fits_the_first_choice_stays_and_is_said():
    proposal = answer({"devices": []})
    assert proposal["device"]["id"] == "pen"
    assert by_id(proposal, "operator_device")["sign_off"] == ["medical_lead"]


def test_a_brand_covers_itself_and_a_kind_covers_its_brands():
    brand = KNOWLEDGE.document["device_models"][0]["brand"]
    kind = KNOWLEDGE.document["device_models"][0]["kind"]
    ids = [finding["id"] for finding in answer({"devices": [kind]}, devices=[brand])["findings"]]
    assert "operator_device" not in ids
    assert by_id(answer({"devices": [brand]}, devices=[kind]), "operator_device")


def test_covers_join_device_zone_and_depth():
    """A pen on the cheeks and a roller on the forehead is no pen on the forehead."""
    covers = [{"device": "pen", "zones": ["cheeks"], "max_depth_mm": 1.0}, {"device": "roller", "zones": ["forehead"], "max_depth_mm": 0.5}]
    proposal = answer({"covers": covers}, devices=["pen"])
    assert by_id(proposal, "operator_zone")["zones"] == ["forehead"]
    assert depths(proposal) == {"forehead": 0.5, "cheeks": 1.0}


def test_the_farthest_of_several_covers_counts():
    covers = [{"device": "pen", "max_depth_mm": 0.75}, {"device": "pen", "zones": ["cheeks"], "max_depth_mm": 1.25}]
    assert depths(answer({"covers": covers}, zones=("cheeks",))) == {"cheeks": 1.25}


def test_a_cover_that_ran_out_or_has_not_begun_covers_nothing():
    for dates, said in (({"until": "2026-03-01"}, "1 Mar 2026"), ({"from": "2026-03-03"}, "3 Mar 2026")):
        proposal = answer({"covers": [{"device": "pen", "max_depth_mm": 1.0, "name": "Needling course", **dates}]}, zones=("cheeks",))
        finding = by_id(proposal, "operator_certificate")
        assert said.replace(" ", "\u00a0") in finding["reason"] or said in finding["reason"]
        assert finding["sign_off"] == ["medical_lead"]
    assert answer({"covers": [{"device": "pen", "from": "2026-03-02", "until": "2026-03-02"}]})["device"]["id"] == "pen"


def test_a_certificate_that_runs_out_within_the_course_is_said():
    assert by_id(answer({"certificate_until": "2026-03-20"}), "operator_certificate_ends")
    assert by_id(answer({"covers": [{"until": "2026-03-20"}]}), "operator_certificate_ends")
    assert "operator_certificate_ends" not in [f["id"] for f in answer({"covers": [{"until": "2030-01-01"}]})["findings"]]


def test_what_a_prescriber_decides_needs_one_where_the_operator_is_none():
    herpes = {"herpes_history": {"answer": True}}
    nurse = answer({"prescriber": False}, screening=herpes)
    finding = by_id(nurse, "operator_prescriber")
    assert finding["refs"]
    assert "antiviral" in finding["reason"].lower()
    assert next(d for d in nurse["decisions"] if d["id"] == "antiviral")["because"][-1] == "operator_prescriber"
    for operator in ({"prescriber": True}, {"prescriber": None}, None):
        assert "operator_prescriber" not in [f["id"] for f in answer(operator, screening=herpes)["findings"]]
    assert "operator_prescriber" not in [f["id"] for f in answer({"prescriber": False})["findings"]]


def test_the_older_protocol_has_the_same_rules():
    """2026.1 says nothing of devices and zones: the rules stand, in the planner's words, marked as unread."""
    path = importlib.resources.files("protocols").joinpath("packs/2026.1.yaml")
    older = Knowledge.parse(yaml.safe_load(path.read_text(encoding="utf-8")))
    finding = by_id(answer({"zones": ["cheeks"]}, knowledge=older), "operator_zone")
    assert (finding["unverified"], finding["sign_off"]) == (True, ["medical_lead"])
    assert older.operator_rules.countersign_within_days == 0


def test_the_words_come_from_the_protocol():
    changed = document()
    changed["operator_rules"]["beyond_zone"] |= {"label": "Zone not in the logbook", "sign_off": ["prescriber"]}
    finding = by_id(answer({"zones": ["cheeks"]}, knowledge=Knowledge.parse(changed)), "operator_zone")
    assert (finding["label"], finding["sign_off"]) == ("Zone not in the logbook", ["prescriber"])


@pytest.mark.parametrize(
    ("operator", "path"),
    [
        ({"devices": "pen"}, "operator.devices"),
        ({"zones": [1]}, "operator.zones[0]"),
        ({"prescriber": "yes"}, "operator.prescriber"),
        ({"max_depth_by_zone": {"cheeks": "1"}}, "operator.max_depth_by_zone.cheeks"),
        ({"max_depth_by_zone": [1]}, "operator.max_depth_by_zone"),
        ({"covers": {"device": "pen"}}, "operator.covers"),
        ({"covers": [{"divice": "pen"}]}, "operator.covers[0].divice"),
        ({"covers": [{"from": "2026-03-02", "until": "2026-03-01"}]}, "operator.covers[0].until"),
        ({"covers": [{"max_depth_mm": -1}]}, "operator.covers[0].max_depth_mm"),
    ],
)
def test_a_malformed_operator_is_refused_with_its_path(operator, path):
    with pytest.raises(CaseFaults) as refused:
        Case.parse(a_case(operator=operator))
    assert path in [fault.path for fault in refused.value.faults]


# -- stricter is never bolder ------------------------------------------------------------------------------------------

mm = st.sampled_from([None, 0.25, 0.5, 0.75, 1.0, 1.25, 2.0])
names = st.none() | st.lists(st.sampled_from(["pen", "roller", "SkinPen Precision", "Exceed"]), unique=True)
places = st.none() | st.lists(st.sampled_from(ZONES), unique=True)
until = st.sampled_from([None, "2026-03-01", "2026-03-20", "2030-01-01"])
cover = st.fixed_dictionaries(
    {"device": st.sampled_from([None, "pen", "roller", "Exceed"]), "zones": places, "max_depth_mm": mm, "until": until}
)
operators = st.fixed_dictionaries(
    {
        "max_depth_mm": mm,
        "devices": names,
        "zones": places,
        "certificate_until": until,
        "max_depth_by_zone": st.dictionaries(st.sampled_from(ZONES), mm.filter(bool), max_size=2),
        "prescriber": st.sampled_from([None, True, False]),
        "covers": st.none() | st.lists(cover, min_size=1, max_size=3),
    }
)


@st.composite
def stricter(draw):
    """An operator, and the same with one limit narrower."""
    operator = draw(operators)
    other = copy.deepcopy(operator)
    kind = draw(st.sampled_from(["depth", "devices", "zones", "certificate", "zone depth", "prescriber", "cover"]))
    if kind == "depth":
        other["max_depth_mm"] = _lower(draw, operator["max_depth_mm"])
    elif kind in ("devices", "zones"):
        whole = operator[kind] if operator[kind] is not None else (ZONES if kind == "zones" else ["pen", "roller"])
        other[kind] = [name for name in whole if draw(st.booleans())]
    elif kind == "certificate":
        other["certificate_until"] = "2026-03-01"
    elif kind == "zone depth":
        zone = draw(st.sampled_from(ZONES))
        other["max_depth_by_zone"][zone] = _lower(draw, operator["max_depth_by_zone"].get(zone))
    elif kind == "prescriber":
        other["prescriber"] = False
    elif other["covers"]:
        row = draw(st.sampled_from(other["covers"]))
        part = draw(st.sampled_from(["zones", "max_depth_mm", "until"]))
        if part == "zones":
            row["zones"] = [zone for zone in (row["zones"] if row["zones"] is not None else ZONES) if draw(st.booleans())]
        elif part == "until":
            row["until"] = "2026-03-01"
        else:
            row["max_depth_mm"] = _lower(draw, row["max_depth_mm"])
    return operator, other


def _lower(draw, most):
    return draw(st.sampled_from([value for value in (0.25, 0.5, 0.75, 1.0, 1.25, 2.0) if most is None or value <= most]))


hands = st.lists(st.sampled_from(["pen", "roller", "SkinPen Precision", "Exceed"]), min_size=1, max_size=3, unique=True)


def assert_not_bolder(before: dict, after: dict) -> None:
    assert STATUS_RANK[after["status"]] <= STATUS_RANK[before["status"]]
    most = depths(before)
    for zone, deepest in depths(after).items():
        assert zone in most
        assert deepest <= most[zone]
    typical = {zone["zone"]: zone["depth_mm"]["typical"] for zone in before.get("zones", [])}
    assert all(zone["depth_mm"]["typical"] <= typical[zone["zone"]] for zone in after.get("zones", []))
    used = {item["id"] for item in before["adjuvants"].get("use", [])}
    assert {item["id"] for item in after["adjuvants"].get("use", [])} <= used
    signed = {decision["id"] for decision in after["decisions"]}
    for decision in before["decisions"]:
        # What a zone needed that is left out now, or what the other words of the operator's rule say in its place.
        assert decision["id"] in signed or set(depths(after)) < set(most) or "operator" in decision["id"]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stricter(), hands)
def test_a_stricter_operator_never_gives_a_bolder_proposal(pair, devices):
    before, after = (answer(operator, devices=devices, zones=ZONES) for operator in pair)
    assert_not_bolder(before, after)


def test_who_loses_both_devices_goes_no_deeper_than_with_the_one_that_was_taken():
    """The pen is signed off for no longer, and to 0.75 mm; the roller taken instead rounds that down. Without either: no deeper."""
    over = {"zones": None, "until": "2026-03-01"}
    covers = [{"device": None, "max_depth_mm": most, **over} for most in (None, 0.75)]
    covers.append({"device": "roller", "zones": None, "max_depth_mm": None, "until": None})
    before = answer({"covers": covers}, zones=["cheeks"])
    after = answer({"covers": covers, "devices": []}, zones=["cheeks"])
    assert (before["device"]["id"], depths(before)) == ("roller", {"cheeks": 0.5})
    assert (after["device"]["id"], depths(after)) == ("pen", {"cheeks": 0.5})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operators, hands)
def test_no_operator_goes_deeper_than_their_limit_or_than_nobody_named(operator, devices):
    free, limited = answer(None, devices=devices, zones=ZONES), answer(operator, devices=devices, zones=ZONES)
    assert_not_bolder(free, limited)
    most = operator["max_depth_mm"]
    assert all(most is None or deepest <= most for deepest in depths(limited).values())


def test_control_the_other_device_could_go_deeper_without_the_rule(monkeypatch):
    """The property above catches an engine that lets the second device go as deep as it can."""
    shallow = document()
    first = shallow["device_models"][0]["brand"]
    shallow["device_models"][0]["max_set_mm"] = 0.75
    for line in shallow["device_limits"]:
        if line["device"] == first:
            line["max_evaluated_mm"] = line["max_set_mm"] = 0.75
    knowledge = Knowledge.parse(shallow)
    hand = [first, "roller"]
    before, after = (answer(operator, knowledge=knowledge, devices=hand, zones=["cheeks"]) for operator in (None, {"devices": ["roller"]}))
    assert (before["device"]["brand"], after["device"]["id"]) == (first, "roller")
    assert_not_bolder(before, after)

    def without(z):
        found = competence.limit(z.ctx, z.device, z.zone)
        if found is not None:
            z.limit(found[0], "operator_limit", found[1], z.ctx.knowledge.operator_rules.source)

    monkeypatch.setitem(depth.STEPS, "operator_max", without)
    after = answer({"devices": ["roller"]}, knowledge=knowledge, devices=hand, zones=["cheeks"])
    with pytest.raises(AssertionError):
        assert_not_bolder(before, after)


def test_control_without_the_step_the_limit_is_passed(monkeypatch):
    monkeypatch.setitem(depth.STEPS, "operator_max", lambda z: None)
    assert depths(answer({"max_depth_mm": 0.75}))["cheeks"] > 0.75


def test_control_without_the_judge_a_zone_beyond_goes_unsaid(monkeypatch):
    monkeypatch.setattr(competence, "judge", lambda *_: None)
    assert "operator_zone" not in [finding["id"] for finding in answer({"zones": ["cheeks"]})["findings"]]


def test_the_limit_is_exact_in_hundredths():
    z = answer({"max_depth_mm": 0.8}, zones=("cheeks",), devices=["pen"])["zones"][0]
    assert Decimal(str(z["operator_max_mm"])) == Decimal("0.8")
    assert z["depth_mm"]["max"] <= 0.8


@pytest.mark.parametrize(
    "operator", [{"devices": []}, {"devices": ["roller"]}, {"devices": ["SkinPen Precision"]}, {"devices": ["Exceed"]}]
)
def test_what_lowers_the_ceiling_lowers_it_whoever_treats(operator):
    """A device whose label ends below this phototype holds the ceiling of the one taken instead, also where nobody may use either."""
    request = {"indication": "acne_scars", "level": "grade_3", "zones": ["nose", "back"], "morphology": "ice-pick"}
    case = a_case(requests=[request], devices=["SkinPen Precision", "Exceed"], patient={"age": 24, "sex": "M", "phototype": "V"})
    anybody, less = (propose(Case.parse({**case, "operator": one}), KNOWLEDGE).parameters for one in (None, {"role": "nurse", **operator}))
    held = {zone.zone: zone.ceiling_mm for zone in anybody.zones}
    assert [zone.zone for zone in less.zones if zone.ceiling_mm > held[zone.zone]] == []
