"""Names as people type them: doses, brands, accents, two in one line, scripts nobody foresaw."""

import pytest

from planner.case import Case
from planner.propose import propose

from .conftest import a_case, packaged


def said(**changes) -> dict:
    return propose(Case.parse(a_case(**changes)), packaged()).as_mapping()


def medicine(name: str) -> tuple[set[str], list[str]]:
    """The classes found in *name*, and what is asked."""
    proposal = said(medications=[{"name": name, "stopped": None}], screening={"diabetes_controlled": {"answer": False}})
    asked = [ask["id"] for ask in proposal["asks"] if ask["about"] == "medicine"]
    return {group for found in proposal["medicines"] for group in found["classes"]}, asked


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("Roaccutane 20mg caps", {"oral_retinoid"}),
        ("ROACCUTANE", {"oral_retinoid"}),
        ("Eliquis 5 mg bd", {"anticoagulant"}),
        ("eliquis (apixaban) 2.5mg", {"anticoagulant"}),
        ("Co-trimoxazole 960 mg", {"photosensitiser", "methaemoglobin_inducer"}),
        ("st. john\u2019s wort", {"photosensitiser"}),
        ("omega 3", {"bleeding_supplement"}),
        ("Epiduo forte gel", {"topical_retinoid", "benzoyl_peroxide"}),
        ("adapalene and benzoyl peroxide", {"topical_retinoid", "benzoyl_peroxide"}),
        ("tretinoin 10 mg capsules", {"oral_retinoid"}),
        ("tretinoin 0.05% cream", {"topical_retinoid"}),
        ("fluorouracil 5% cream", {"field_cancer_cream"}),
        ("diclofenac gel", {"no_rule"}),
        ("diclofenac 50 mg tablets", {"nsaid"}),
        ("paracetamol 1 g prn", {"no_rule"}),
        ("ramipril 2,5 mg; bisoprolol 1.25 mg", {"no_rule"}),
        ("warfarin + aspirin", {"anticoagulant", "antiplatelet"}),
        ("vitamin D and vitamin E", {"no_rule", "bleeding_supplement"}),
    ],
)
def test_a_medicine_is_recognised_with_what_stands_around_it(name, classes):
    assert medicine(name) == (classes, [])


@pytest.mark.parametrize(
    "name",
    [
        "zorblaxin 10 mg",
        "retinal",
        "oestrogen",
        "fluorouracil",
        "薬",
        "💊",
        "10 mg",
        "\u0433\u0435\u043f\u0430\u0440\u0438\u043d",
        "aspirin, zorblaxin",
    ],
)
def test_a_name_nobody_knows_is_asked(name):
    _, asked = medicine(name)
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["nickel", "Nickel (earrings)", "cheap jewellery"])
def test_an_allergy_is_recognised(name):
    assert "nickel_allergy" in [finding["id"] for finding in said(allergies=[name])["findings"]]


@pytest.mark.parametrize("name", ["none known", "NKDA", "no known allergies", "hay fever", "penicillin"])
def test_an_allergy_without_a_rule_is_not_asked(name):
    assert said(allergies=[name])["status"] == "plan"


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        ("Botox 20 units", "botulinum_recent"),
        ("botulinum toxin", "botulinum_recent"),
        ("hyaluronic acid filler 1 ml", "filler_recent"),
        ("TCA peel 15%", "deep_peel_recent"),
        ("glycolic peel", "superficial_peel_recent"),
        ("non-ablative laser", "laser_recent"),
        ("fractional laser", "ablative_laser_recent"),
        ("RF microneedling", "laser_recent"),
        ("dermaroller at home", "needling_recent"),
    ],
)
def test_the_longest_name_of_a_procedure_wins(what, rule):
    procedures = [{"what": what, "zone": "left cheek", "date": "2026-02-27"}]
    assert [f["id"] for f in said(recent_procedures=procedures)["findings"] if f["action"] == "defer"] == [rule]


def test_an_arbutin_cream_is_for_home_and_refused_during_needling():
    requests = [{"indication": "dyschromia", "level": "pih_uneven_tone", "zones": ["cheeks"]}]
    adjuvants = said(requests=requests, adjuvants_requested=["alpha arbutin cream"])["adjuvants"]
    assert "alpha_arbutin" in [v["id"] for v in adjuvants["home_only"]]
    assert [v["asked_as"] for v in adjuvants["refused"] if v["id"] == "alpha_arbutin"] == ["alpha arbutin cream"]


@pytest.mark.parametrize("asked", ["vitamin C serum", "own vitamin C", "Vitamin C from home, perfume-free cream", "snail serum"])
def test_a_cosmetic_preparation_is_never_used(asked):
    adjuvants = said(adjuvants_requested=[asked])["adjuvants"]
    assert asked in [v["asked_as"] for v in adjuvants["refused"]]
    assert asked not in [v["asked_as"] for v in adjuvants["use"]]


def test_two_hundred_medicines_are_all_judged():
    names = [medicine.ingredient for medicine in packaged().medicines][:200]
    proposal = said(medications=[{"name": name, "stopped": None} for name in names])
    assert len(proposal["medicines"]) >= len(names) - 5
    assert {finding["id"] for finding in proposal["findings"]} >= {"isotretinoin_current", "anticoagulant", "immunosuppression"}
