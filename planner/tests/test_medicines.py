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


# Form: what says both a cream and a tablet is asked, and counts as swallowed until it is clear


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("prednisolone 30 mg daily for nasal polyps", "systemic_steroid"),
        ("prednisolone 20 mg daily (uses inhaler too)", "systemic_steroid"),
        ("prednisolone 30 mg eye drops", "systemic_steroid"),
        ("prednisolone eye drops 30 mg daily", "systemic_steroid"),
        ("prednisolone nasal", "systemic_steroid"),
        ("prednisolone tablets and eye drops", "systemic_steroid"),
        ("Medrol 16 mg nasal polyps", "systemic_steroid"),
        ("methylprednisolone 32 mg for scalp", "systemic_steroid"),
        ("methylprednisolone aceponate 16 mg daily", "systemic_steroid"),
        ("dexamethasone 8 mg daily serum cortisol low", "systemic_steroid"),
        ("ciclosporin 150 mg for scalp psoriasis", "immunosuppressant"),
        ("Neoral 100 mg scalp psoriasis", "immunosuppressant"),
        ("Neoral scalp psoriasis", "immunosuppressant"),
        ("tacrolimus 3 mg bd mouth paste", "immunosuppressant"),
        ("isotretinoin 20 mg for scalp folliculitis", "oral_retinoid"),
        ("isotretinoin for scalp folliculitis", "oral_retinoid"),
        ("isotretinoin 20 mg, cream", "oral_retinoid"),
        ("isotretinoin 20 mg 1% compliance", "oral_retinoid"),
        ("Roaccutane 20mg daily using cream for lips", "oral_retinoid"),
        ("Roaccutane cream for lips", "oral_retinoid"),
    ],
)
def test_a_topical_word_beside_a_medicine_that_is_swallowed_is_asked_and_takes_no_class(name, stands):
    proposal = judged(name)
    assert classes(proposal) == {stands}
    assert proposal["status"] == "defer"
    assert len(asked(proposal)) == 1
    assert "is it a cream, gel, drops or spray, or is it swallowed or injected?" in asked(proposal)[0]
    # What class it is was not the question: only the line itself can say.
    assert asked(judged(name, said={"classes": [], **SAID})) == asked(proposal)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hydrocortisone 1% cream", "no_rule"),
        ("hydrocortisone 1% cream twice daily for hands", "no_rule"),
        ("hydrocortisone cream 10 mg/g", "no_rule"),
        ("hydrocortisone 20 mg daily", "systemic_steroid"),
        ("hydrocortisone 20 mg daily for Addison", "systemic_steroid"),
        ("methylprednisolone aceponate cream", "no_rule"),
        ("isotretinoin gel", "topical_retinoid"),
        ("isotretinoin 20 mg gel capsules", "oral_retinoid"),
        ("isotretinoin 20 mg capsules using cream for lips", "oral_retinoid"),
        ("triamcinolone 40 mg injection scalp", "systemic_steroid"),
        ("diclofenac gel for knee", "no_rule"),
        ("tacrolimus 0.1% ointment for face", "no_rule"),
        ("tranexamic acid 5% serum", "depigmenting"),
        ("tretinoin 0.05% cream at night", "topical_retinoid"),
        ("budesonide nasal spray 64 mcg", "no_rule"),
        ("prednisolone 5 mg", "systemic_steroid"),
    ],
)
def test_a_form_that_is_clear_is_not_asked(name, expected):
    proposal = judged(name)
    assert (classes(proposal), asked(proposal)) == ({expected}, [])


# Dose: what is not certain is unknown, and never the smaller number


@pytest.mark.parametrize(
    "rest",
    [
        "5 mg 4 tablets daily",
        "5mg tablets take four daily",
        "5 mg tablets daily",
        "5 mg x 4 daily",
        "5 mg \u00d7 4 daily",
        "5 mg in the morning and 5 mg at night",
        "5 mg mane + nocte",
        "5 mg daily and at night",
        "5 mg od + 15 mg nocte",
        "5 mg od, 15 mg nocte",
        "5 mg daily, 20 mg on Mondays",
        "5-10 mg daily",
        "5 to 10 mg daily",
        ">5 mg daily",
        "up to 5 mg daily",
        "5 mg every other day",
        "5 mg alternate days daily",
        "5 mg daily reducing course",
        "5 mg daily for pain, double when bad",
        "5 mg daily for asthma (four tablets)",
        "1,000 mg daily",
        "\u00bd 5 mg daily",
        "5 mg 1-0-1 daily",
        "5 mg daily stopped",
    ],
)
def test_a_dose_that_is_not_certain_is_unknown_and_asked(rest):
    proposal = judged(f"prednisolone {rest}")
    assert proposal["status"] == "defer"
    assert asked(proposal) != []
    assert judged(f"2 x prednisolone {rest}")["status"] == "defer"


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("5 mg daily", "caution"),
        ("5 mg od", "caution"),
        ("5 mg once daily in the morning", "caution"),
        ("5 mg daily for asthma since 2019", "caution"),
        ("5 mg/day", "caution"),
        ("5 mg one tablet daily", "caution"),
        ("tablets 5 mg daily", "caution"),
        ("5 mg daily tablets", "caution"),
        ("5000 micrograms daily", "caution"),
        ("2.5 mg twice daily", "caution"),
        ("2,5 mg tds", "caution"),
        ("2,5 mg qds", "defer"),
        ("5 mg bd", "defer"),
        ("5000 micrograms bd", "defer"),
        ("0.02 g daily", "defer"),
        ("10 mg daily", "defer"),
        ("5 mg", "defer"),
        ("", "defer"),
    ],
)
def test_a_dose_that_is_clear_or_not_said_is_not_asked(rest, status):
    proposal = judged(f"prednisolone {rest}".strip())
    assert (proposal["status"], asked(proposal)) == (status, [])


def test_two_lines_of_one_steroid_count_together():
    both = [{"name": "prednisolone 5 mg mane", "stopped": None}, {"name": "prednisolone 5 mg nocte", "stopped": None}]
    answers = [propose(Case.parse(a_case(medications=lines)), packaged()).status for lines in (both[:1], both)]
    assert answers == ["caution", "defer"]


def test_the_dose_of_a_medicine_without_a_dose_rule_is_not_asked():
    assert asked(judged("ramipril 5 mg 2 tablets daily, 10 mg at night")) == []


# Words that name nothing, and names in pieces


@pytest.mark.parametrize(
    "name", ["5 mg, 10 mg", "tablet, cream", "tablets, cream", "injection weekly, tablet daily", "\U0001f48a, \U0001f48a"]
)
def test_words_that_name_no_medicine_are_a_question(name):
    proposal = judged(name)
    assert proposal["status"] == "ask"
    assert len(asked(proposal)) == 1


@pytest.mark.parametrize("name", ["aspirin, \U0001f48a", "aspirin 75 mg, cream", "cream, aspirin 75 mg"])
def test_a_part_that_names_nothing_is_asked_beside_a_known_name(name):
    proposal = judged(name)
    assert classes(proposal) == {"antiplatelet"}
    assert len(asked(proposal)) == 1


@pytest.mark.parametrize(
    "name", ["aspirin 75 mg, tablet, daily", "amoxicillin 500 mg, capsule, tds", "aspirin, .", "hydrocortisone, 1% cream"]
)
def test_form_and_frequency_after_a_comma_belong_to_the_name(name):
    assert asked(judged(name)) == []


@pytest.mark.parametrize("between", [" ", "-", "\u00ad", "\u200b", "\u2011", ".", "  ", "\n", "_"])
@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("iso", "tretinoin"), "isotretinoin"),
        (("ali", "tretinoin"), "alitretinoin"),
        (("methyl", "prednisolone"), "methylprednisolone"),
        (("fludro", "cortisone"), "fludrocortisone"),
        (("roac", "cutane"), "isotretinoin"),
    ],
)
def test_a_name_in_pieces_is_that_name(pieces, expected, between):
    proposal = judged(between.join(pieces))
    assert [medicine["ingredient"] for medicine in proposal["medicines"]] == [expected]
    assert asked(proposal) == []


def test_no_name_in_pieces_is_read_as_a_shorter_one_inside_it():
    """Every name of one word that ends or begins with another medicine's name, cut there."""
    owner = {name.casefold(): m for m in packaged().medicines for name in (m.ingredient, *m.names) if len(tokens(name)) == 1}
    pairs = [
        (cut, whole, m)
        for whole, m in owner.items()
        for place in range(1, len(whole))
        if (inside := owner.get(whole[place:]) or owner.get(whole[:place])) and inside is not m and len(whole) >= 6
        for cut in (f"{whole[:place]} {whole[place:]}", f"{whole[:place]}-{whole[place:]}")
    ]
    assert len(pairs) >= 20
    for cut, whole, medicine in pairs:
        known = classes(judged(whole)) if not asked(judged(whole)) else set()
        proposal = judged(cut)
        assert classes(proposal) == known or asked(proposal), (cut, medicine.ingredient)


@pytest.mark.parametrize(
    "name", ["izo tretinoin", "izo-tretinoin", "is0tretinoin", "nor-tretinoin", "beta\u00adtretinoin", "isso\u200btretinoin"]
)
def test_a_known_name_that_is_a_piece_of_an_unknown_word_is_asked(name):
    assert len(asked(judged(name))) == 1


@pytest.mark.parametrize(
    "name", ["Eliquis-5mg", "low-dose aspirin", "Retin-A micro", "ramipril tab", "prednisolone as a tablet 5 mg daily"]
)
def test_pieces_that_are_no_other_medicine_are_not_asked(name):
    assert asked(judged(name)) == []
