"""Medicines: the table of the pack, names with whatever stands around them, doubt, slips of the hand, and a clinician's answer."""

import time

import pytest

from planner.case import Case
from planner.errors import CaseFaults, KnowledgeFaults
from planner.knowledge import Knowledge
from planner.propose import propose
from planner.spellings import one_slip
from planner.words import tokens

from .conftest import a_case, document, packaged

SAID = {"by": "Dr Lena Hart", "on": "2026-02-01"}
NEEDED = {
    "oral_retinoid", "topical_retinoid", "topical_acid", "anticoagulant", "antiplatelet", "nsaid", "bleeding_supplement",
    "immunosuppressant", "biologic", "systemic_steroid", "chemotherapy", "targeted_cancer", "photosensitiser",
    "methaemoglobin_inducer", "antiarrhythmic_1_3", "diabetes_drug", "hormonal_oestrogen", "tranexamic_oral", "antiviral",
    "serotonin_bleeding", "no_rule",
}  # fmt: skip


def judged(name: str, **line) -> dict:
    medications = [{"name": name, "stopped": None, **line}]
    quiet = {rule: {"answer": False} for rule in ("diabetes_controlled", "diabetes_uncontrolled", "thromboembolism_history")}
    labs = [{"name": "INR", "value": "2.5", "unit": "", "date": "2026-03-01"}]
    return propose(Case.parse(a_case(medications=medications, screening=quiet, labs=labs)), packaged()).as_mapping()


def classes(proposal: dict) -> set[str]:
    return {group for medicine in proposal["medicines"] for group in medicine["classes"]}


def asked(proposal: dict) -> list[str]:
    return [ask["what"] for ask in proposal["asks"] if ask["about"] == "medicine"]


def test_the_pack_names_at_least_300_ingredients_over_every_class():
    medicines = packaged().medicines
    assert len(medicines) >= 420
    assert {group for medicine in medicines for group in medicine.classes} >= NEEDED
    owners: dict[tuple[str, ...], str] = {}
    for medicine in medicines:
        for name in (medicine.ingredient, *medicine.names):
            assert owners.setdefault(tokens(name), medicine.ingredient) == medicine.ingredient, name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Eliquis 5mg bd since Jan", {"anticoagulant"}),
        ("takes Roaccutane 20 mg daily (dermatologist)", {"oral_retinoid"}),
        ("asa 81", {"antiplatelet"}),
        ("5-ASA 800 mg", {"no_rule"}),
        ("ÉLIQUIS 2,5 mg", {"anticoagulant"}),
        ("Sintrom 4 mg nocte", {"anticoagulant"}),
        ("Marcumar", {"anticoagulant"}),
        ("warfarin and aspirin 75mg od", {"anticoagulant", "antiplatelet"}),
        ("Hyrimoz 40 mg every 2 weeks", {"biologic"}),
        ("losartan HCT", {"no_rule", "photosensitiser"}),
        ("levothyroxine 50 µg", {"no_rule"}),
        ("aspirin 75mg od for heart since 2019 from GP", {"antiplatelet"}),
        # The form decides: what stays on the skin, in the eye or in the airways is no tablet.
        ("prednisolone eye drops", {"no_rule"}),
        ("prednisolone 5 mg", {"systemic_steroid"}),
        ("dexamethasone eye drops 0.1%", {"no_rule"}),
        ("dexamethasone", {"systemic_steroid"}),
        ("budesonide nasal spray", {"no_rule"}),
        ("budesonide inhaler 200 mcg", {"no_rule"}),
        ("budesonide 3 mg capsules", {"systemic_steroid"}),
        ("Protopic", {"no_rule"}),
        ("tacrolimus 0.1% ointment", {"no_rule"}),
        ("tacrolimus 1 mg capsules", {"immunosuppressant"}),
        ("Advagraf", {"immunosuppressant"}),
        ("Voltarol Emulgel", {"no_rule"}),
        ("Elidel cream", {"no_rule"}),
        ("ketoprofen gel", {"photosensitiser"}),
        ("tranexamic acid 500 mg tds", {"tranexamic_oral"}),
    ],
)
def test_a_line_as_people_write_it_is_read_without_a_question(name, expected):
    proposal = judged(name)
    assert classes(proposal) == expected
    assert asked(proposal) == []


@pytest.mark.parametrize("name", ["варфарин", "华法林", "وارفارين", "वारफरीन", "ワルファリン", "βαρφαρίνη", "와파린"])
def test_a_name_in_another_script_is_a_question(name):
    assert len(asked(judged(name))) == 1
    beside = judged(f"aspirin {name}")
    assert classes(beside) == {"antiplatelet"}
    assert len(asked(beside)) == 1


@pytest.mark.parametrize("name", ["tacrolimus", "the pill", "vitamin A", "leuprorelin", "steroid", "tranexamic acid"])
def test_what_can_be_two_things_is_a_question(name):
    assert len(asked(judged(name))) == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("warfrin 3 mg", "warfarin"),
        ("warfarni", "warfarin"),
        ("roacutane", "roaccutane (isotretinoin)"),
        ("omeprazol", "omeprazole"),
        ("elikuis", "eliquis (apixaban)"),
    ],
)
def test_a_slip_of_one_letter_is_offered_and_never_taken(typed, meant):
    proposal = judged(typed)
    assert proposal["status"] == "ask"
    assert classes(proposal) == set()
    (what,) = asked(proposal)
    assert f"Did you mean {meant}" in what or f" or {meant}" in what


@pytest.mark.parametrize("name", ["aspirin warfrin", "aspirin zorblamab", "ramipril zorblatinib 5 mg"])
def test_what_looks_like_another_medicine_beside_a_known_one_is_asked(name):
    assert len(asked(judged(name))) == 1


@pytest.mark.parametrize(
    "name", ["not on warfarin", "warfarin stopped", "stopped warfarin last year", "was on warfarin", "allergic to warfarin"]
)
def test_doubt_about_taking_it_is_asked_and_counts_as_taken(name):
    proposal = judged(name)
    assert classes(proposal) == {"anticoagulant"}
    assert "anticoagulant" in [finding["id"] for finding in proposal["findings"]]
    assert "is it taken?" in asked(proposal)[0]
    # With its stop date there is no doubt.
    assert asked(judged(name, stopped="2026-01-10")) == []


def test_without_the_words_of_doubt_the_same_line_is_not_asked():
    broken = document()
    broken["medicines"]["matching"]["denied"] = []
    case = Case.parse(a_case(medications=[{"name": "warfarin stopped", "stopped": None}]))
    assert asked(propose(case, Knowledge.parse(broken)).as_mapping()) == []


def test_a_stop_date_to_come_is_still_taken_and_said():
    proposal = judged("warfarin", stopped="2026-04-01")
    (finding,) = [f for f in proposal["findings"] if f["id"] == "anticoagulant"]
    assert "to be stopped on 1 Apr 2026, so still taken" in finding["reason"].replace("\u00a0", " ")
    assert proposal["medicines"][0]["stopped"] is None


# The clinician's answer


def test_an_answer_settles_an_unknown_name_and_says_whose_it_is():
    proposal = judged("zorblaxin 10 mg", said={"classes": ["anticoagulant"], **SAID})
    assert asked(proposal) == []
    assert classes(proposal) == {"anticoagulant"}
    (finding,) = [f for f in proposal["findings"] if f["id"] == "anticoagulant"]
    assert "as said by Dr Lena Hart on 1 Feb 2026" in finding["reason"].replace("\u00a0", " ")


def test_none_of_these_classes_is_an_answer_too():
    proposal = judged("zorblaxin 10 mg", said={"classes": [], **SAID})
    assert (proposal["status"], classes(proposal)) == ("plan", set())
    assert any("none of the protocol's classes" in finding["reason"] for finding in proposal["findings"])


def test_an_answer_never_takes_a_class_from_a_known_name():
    proposal = judged("warfarin", said={"classes": [], **SAID})
    assert classes(proposal) == {"anticoagulant"}
    both = judged("warfarin", said={"classes": ["antiplatelet"], **SAID})
    assert classes(both) == {"anticoagulant", "antiplatelet"}


def test_an_answer_does_not_say_whether_it_is_taken():
    assert len(asked(judged("warfarin stopped", said={"classes": [], **SAID}))) == 1


def test_an_ingredient_said_brings_its_own_classes():
    assert classes(judged("Zorblaxin", said={"classes": [], "ingredient": "warfarin", **SAID})) == {"anticoagulant"}


def test_a_class_the_protocol_no_longer_has_is_asked_again():
    (what,) = asked(judged("zorblaxin", said={"classes": ["moon_dust"], **SAID}))
    assert "moon_dust" in what


@pytest.mark.parametrize(
    "said", [{"classes": ["nsaid"]}, {"classes": "nsaid", **SAID}, {**SAID}, {"classes": [], "by": "", "on": "2026-02-01"}]
)
def test_an_answer_without_who_when_or_what_is_a_fault(said):
    with pytest.raises(CaseFaults) as refused:
        judged("zorblaxin", said=said)
    assert all(fault.path.startswith("medications[0].said") for fault in refused.value.faults)


# Amount and spelling


def test_two_hundred_medicines_are_read_in_a_moment():
    names = [medicine.ingredient for medicine in packaged().medicines][:200]
    case = Case.parse(a_case(medications=[{"name": f"{name} {mg} mg daily", "stopped": None} for mg, name in enumerate(names)]))
    propose(case, packaged())
    spent = time.process_time()
    proposal = propose(case, packaged()).as_mapping()
    assert time.process_time() - spent < 0.2
    assert len({row["name"] for row in proposal["medicines"]} | {ask["id"] for ask in proposal["asks"]}) >= 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("warfarin", "warfrin", True),
        ("warfarin", "wafrarin", True),
        ("warfarin", "warfarim", True),
        ("warfarin", "warfrim", False),
        ("a", "a", False),
    ],
)
def test_one_slip(one, other, same):
    assert one_slip(one, other) is same
    assert one_slip(other, one) is same


def test_a_brand_of_two_ingredients_is_refused():
    broken = document()
    broken["medicines"]["list"][0]["names"].append("eliquis")
    with pytest.raises(KnowledgeFaults) as refused:
        Knowledge.parse(broken)
    assert any("eliquis belongs to" in fault.message for fault in refused.value.faults)
