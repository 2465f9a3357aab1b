"""A case that is kept for the bench: nothing in it leads to a person, and every sum stays the same."""

from planner.case import Case
from planner.propose import propose
from protocols.anonymous import KEPT_BACK, anonymous, free_texts
from protocols.knowledge import packaged

CASE = {
    "visit_date": "2026-11-20",
    "patient": {"age": 97, "sex": "F", "phototype": "III"},
    "pregnancy_or_breastfeeding": "none",
    "screening_default": False,
    "screening": {"raised_mole": {"answer": True, "zone": "cheeks", "note": "next to the scar from her sister's ring"}},
    "medications": [{"name": "isotretinoin", "stopped": "2026-10-01"}],
    "findings_today": [{"id": "sunburn_tan", "zone": "chin"}, "Mrs Example says it itches"],
    "recent_procedures": [{"what": "botox", "zone": "cheeks", "date": "2026-11-10"}],
    "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
    "devices": ["pen"],
    "operator": {"role": "clinician", "covers": [{"device": "pen", "name": "Course of Dr Example", "until": "2027-01-01"}]},
}


def days_to_wait(case) -> int:
    parsed = Case.parse(case)
    said = propose(parsed, packaged())
    return (said.earliest - parsed.visit_date).days


def test_dates_are_moved_together_so_that_every_sum_stays():
    known = packaged().rules
    kept = anonymous({**CASE, "findings_today": []}, known)
    assert kept["visit_date"] != CASE["visit_date"]
    assert kept["medications"][0]["stopped"] != CASE["medications"][0]["stopped"]
    assert days_to_wait(kept) == days_to_wait({**CASE, "findings_today": []})


def test_free_texts_are_kept_back_unless_each_is_confirmed():
    known = packaged().rules
    texts = free_texts(CASE, known)
    assert [text.path for text in texts] == ["screening.raised_mole.note", "findings_today[1]"]
    kept = anonymous(CASE, known)
    assert kept["screening"]["raised_mole"]["note"] == KEPT_BACK
    assert kept["findings_today"] == [{"id": "sunburn_tan", "zone": "chin"}, KEPT_BACK]
    assert anonymous(CASE, known, keep=["findings_today[1]"])["findings_today"][1] == CASE["findings_today"][1]


def test_a_great_age_and_the_certificate_of_the_operator_are_not_kept():
    kept = anonymous(CASE, packaged().rules)
    assert kept["patient"]["age"] == 90
    assert "Example" not in str(kept)


def test_the_case_it_was_made_from_is_not_touched():
    before = str(CASE)
    anonymous(CASE, packaged().rules)
    assert str(CASE) == before
