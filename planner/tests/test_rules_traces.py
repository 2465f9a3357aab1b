"""Every value says how it came about: ordered steps with references, evidence and whether any study stands behind it."""

from collections.abc import Iterator

import pytest

from planner.case import Case
from planner.knowledge import Knowledge
from planner.propose import propose

from .conftest import a_case, document, library, packaged

STEP = {"rule", "before", "after", "why", "refs", "evidence", "unverified", "no_study"}
CASES = [case for _, entry in library() for case in [entry["case"]]][::7]


def said(knowledge: Knowledge | None = None, **changes) -> dict:
    return propose(Case.parse(a_case(**changes)), knowledge or packaged()).as_mapping()


def parts(answer: dict) -> Iterator[dict]:
    yield answer
    yield from (found for found in answer["alternatives"] if found["possible"])


def traced(part: dict) -> Iterator[tuple[str, dict]]:
    """Every value of a plan or an alternative that must have a trace."""
    yield "device", part["device"]
    for zone in part["zones"]:
        yield f"{zone['zone']} depth", zone
        yield f"{zone['zone']} passes", zone["passes"]
        yield f"{zone['zone']} endpoint", {"trace": zone["endpoint_trace"]}
    for key in ("sessions", "interval_weeks", "downtime_days", "course"):
        yield key, part[key]


@pytest.mark.parametrize("case", CASES)
def test_every_value_has_steps_and_every_step_has_its_sources(case):
    answer = propose(Case.parse(case), packaged()).as_mapping()
    verdicts = [verdict for group in answer["adjuvants"].values() for verdict in group]
    values = [(verdict["id"], verdict) for verdict in verdicts]
    if "zones" in answer:
        values += [value for part in parts(answer) for value in traced(part)]
        values += [("numbing", answer["advice"]["numbing"]), ("label", {"trace": answer["device"]["label_trace"]})]
    for name, value in values:
        assert value["trace"], name
        for step in value["trace"]:
            assert set(step) >= STEP, name
            assert step["why"], name
            assert step["refs"] or step["unverified"], name
            assert set(step["refs"]) <= set(packaged().references), name


def test_the_steps_of_an_adjuvant_lead_to_its_verdict():
    answer = said(allergies=["perfume"], adjuvants_requested=["vitamin c"])
    refused = next(verdict for verdict in answer["adjuvants"]["refused"] if verdict["id"] == "vitamin_c")
    assert [(step["rule"], step["after"]) for step in refused["trace"]] == [("use_acne_scars", "use"), ("cosmeceutical_allergy", "refused")]
    for group, verdicts in answer["adjuvants"].items():
        for verdict in verdicts:
            assert verdict["trace"][-1]["after"] == group


def test_numbing_that_is_barred_says_by_what():
    answer = said(allergies=["lidocaine"])
    assert [step["rule"] for step in answer["advice"]["numbing"]["trace"]][-1] == "anaesthetic_allergy"


def test_no_study_is_said_where_the_protocol_says_so():
    zone = said(requests=[{"indication": "acne_scars", "level": "grade_3", "zones": ["temples"], "morphology": "rolling"}])["zones"][0]
    assert zone["trace"][0]["no_study"]
    cheeks = said()["zones"][0]
    assert not cheeks["no_study"]
    dark = said(patient={"age": 30, "sex": "F", "phototype": "V"})["zones"][0]
    assert dark["no_study"], "the step down is the protocol's own precaution"


def test_no_study_is_said_where_every_reference_behind_a_value_is_unverified():
    pack = document()
    row = next(r for r in pack["depth_ranges"] if (r["indication"], r["level"], r["zone"]) == ("acne_scars", "grade_3", "cheeks"))
    for reference in pack["references"]:
        if reference["id"] in row["refs"][1:]:
            reference["unverified"] = True
    one_read = said(Knowledge.parse(pack))["zones"][0]
    assert one_read["trace"][0]["no_study"] is False
    for reference in pack["references"]:
        if reference["id"] in row["refs"]:
            reference["unverified"] = True
    none_read = said(Knowledge.parse(pack))["zones"][0]
    assert none_read["trace"][0]["no_study"] is True
    assert none_read["trace"][0]["unverified"] is False


@pytest.mark.parametrize(
    ("brand", "zone", "indication", "level", "phototype", "age", "status"),
    [
        ("SkinPen Precision", "cheeks", "acne_scars", "grade_2", "VI", 22, "on-label"),
        ("SkinPen Precision", "cheeks", "acne_scars", "grade_2", "VI", 21, "off-label"),
        ("SkinPen Precision", "back", "acne_scars", "grade_2", "III", 30, "off-label"),
        ("SkinPen Precision", "neck", "wrinkles", "fine", "IV", 30, "on-label"),
        ("SkinPen Precision", "neck", "wrinkles", "fine", "I", 30, "off-label"),
        ("Exceed", "glabella", "wrinkles", "fine", "III", 30, "on-label"),
        ("Exceed", "glabella", "wrinkles", "fine", "IV", 30, "off-label"),
        ("Exceed", "cheeks", "acne_scars", "grade_2", "IV", 30, "on-label"),
        ("Exceed", "cheeks", "dyschromia", "pores_texture", "II", 30, "off-label"),
        ("SkinStylus SteriLock", "abdomen", "striae", "rubrae", "II", 30, "off-label"),
        ("pen", "cheeks", "acne_scars", "grade_2", "II", 30, "off-label"),
    ],
)
def test_the_label_of_the_device_at_hand(brand, zone, indication, level, phototype, age, status):
    wanted = [{"indication": indication, "level": level, "zones": [zone], "morphology": "rolling"}]
    answer = said(requests=wanted, devices=[brand], patient={"age": age, "sex": "F", "phototype": phototype})
    assert answer["device"]["label_by_zone"] == {zone: status}
    assert answer["zones"][0]["label_status"] == answer["device"]["label_status"] == status


def test_two_indications_in_one_zone_are_on_label_only_where_both_are():
    acne = {"indication": "acne_scars", "level": "grade_2", "zones": ["cheeks", "chin"], "morphology": "rolling"}
    pores = {"indication": "dyschromia", "level": "pores_texture", "zones": ["cheeks"]}
    answer = said(requests=[acne, pores], devices=["SkinPen Precision"])
    assert answer["device"]["label_by_zone"] == {"cheeks": "off-label", "chin": "on-label"}
    assert answer["device"]["label_status"] == "off-label"
    assert {zone["zone"]: zone["label_status"] for zone in answer["zones"]} == {"cheeks": "off-label", "chin": "on-label"}


def test_a_brand_nobody_knows_is_asked_about():
    answer = said(devices=["Superpen 3000"])
    assert answer["status"] == "ask"
    assert answer["asks"][0]["about"] == "device"
