"""What is wrong with a pack or a case is said in the language of the page; what is stored and compared stays as the planner said it."""

import copy

import pytest
from django.utils import translation

from planner.case import Case
from planner.errors import CaseFaults, KnowledgeFaults
from planner.expectations import SHAPES, VOCABULARY, expectation_faults
from protocols.doubles import parse
from protocols.fault_words import said
from protocols.names import version_name_problem


def spoilt(pack):
    """The pack with one mistake of many kinds."""
    bad = copy.deepcopy(pack)
    bad["zones"][0]["max_depth_mm"] = "deep"
    del bad["zones"][1]["label"]
    bad["zones"][2]["odd"] = 1
    bad["zones"].append(bad["zones"][3])
    bad["depth_ranges"][0]["max"] = 9
    bad["depth_ranges"][1]["refs"] = ["nobody"]
    bad["contraindications"][0]["action"] = "sing"
    bad["questions"] = {}
    bad["devices"][0]["why"] = ""
    bad["red_flags"][0]["to_hour"] = 1.5
    bad["adjuvants"][0]["use"][0]["indication"] = "moon"
    bad["patient_wording"] = []
    return bad


def test_each_fault_of_a_pack_is_said_in_spanish(pack):
    with pytest.raises(KnowledgeFaults) as found:
        parse(spoilt(pack))
    messages = {fault.message for fault in found.value.faults}
    assert len(messages) > 8
    with translation.override("es"):
        assert [message for message in messages if said(message) == message] == []
    with translation.override("en-gb"):
        assert [message for message in messages if said(message) != message] == []


def test_a_path_stays_as_it_is():
    with translation.override("es"):
        assert said("zones[3].max_depth_mm: is missing") == "zones[3].max_depth_mm: falta"
        assert said("depth_ranges[acne_scars, grade_1, chin].max: must be a number, not text").startswith(
            "depth_ranges[acne_scars, grade_1, chin].max: debe ser un número"
        )


def test_what_none_fits_is_shown_as_it_came():
    with translation.override("es"):
        assert said("something nobody has thought of") == "something nobody has thought of"


def test_the_words_of_the_bench_are_said_in_spanish():
    words = {expectation.meaning for expectation in VOCABULARY.values()} | {shape for _, shape in SHAPES.values()} - {"true or false"}
    with translation.override("es"):
        assert [word for word in words if said(word) == word] == []


def test_faults_of_a_case_and_of_a_name_are_said_in_spanish():
    with pytest.raises(CaseFaults) as found:
        Case.parse({"visit_date": "soon", "odd": 1, "patient": {"age": "x", "phototype": 9, "sex": "?"}, "zones": "cheeks"})
    faults = [str(fault) for fault in found.value.faults]
    faults += expectation_faults({"status": ["moon"], "odd": 2, "left_out": 3})
    faults += [version_name_problem(name) for name in ("a/b", " a", "compare")]
    with translation.override("es"):
        assert [fault for fault in faults if said(fault) == fault] == []
