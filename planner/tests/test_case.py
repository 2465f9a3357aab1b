"""A case in the wrong shape: every fault with its path, nothing guessed."""

import pytest

from planner.case import Case
from planner.errors import CaseFaults

from .conftest import a_case


def faults(**changes) -> dict[str, str]:
    with pytest.raises(CaseFaults) as caught:
        Case.parse(a_case(**changes))
    return {fault.path: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"visit_date": "2026-02-30"}, "visit_date"),
        ({"visit_date": None}, "visit_date"),
        ({"visit_date": 20260302}, "visit_date"),
        ({"patient": {"age": -1, "sex": "F", "phototype": "III"}}, "patient.age"),
        ({"patient": {"age": 121, "sex": "F", "phototype": "III"}}, "patient.age"),
        ({"patient": {"age": "30", "sex": "F", "phototype": "III"}}, "patient.age"),
        ({"patient": {"age": 30.5, "sex": "F", "phototype": "III"}}, "patient.age"),
        ({"patient": {"age": True, "sex": "F", "phototype": "III"}}, "patient.age"),
        ({"patient": {"age": 30, "sex": "female", "phototype": "III"}}, "patient.sex"),
        ({"patient": {"age": 30, "sex": "F", "phototype": "VII"}}, "patient.phototype"),
        ({"patient": {"age": 30, "sex": "F", "phototype": 0}}, "patient.phototype"),
        ({"patient": {"age": 30, "sex": "F", "phototype": True}}, "patient.phototype"),
        ({"patient": {"age": 30, "colour": "red"}}, "patient.colour"),
        ({"patient": []}, "patient"),
        ({"pregnancy_or_breastfeeding": "maybe"}, "pregnancy_or_breastfeeding"),
        ({"screening_default": "no"}, "screening_default"),
        ({"screening": {"keloid": True}}, "screening.keloid"),
        ({"screening": {"keloid": {"answer": "yes"}}}, "screening.keloid.answer"),
        ({"screening": {"keloid": {}}}, "screening.keloid.answer"),
        ({"screening": {"keloid": {"answer": True, "when": "2026-01-01"}}}, "screening.keloid.when"),
        ({"screening": {"keloid": {"answer": True, "date": "soon"}}}, "screening.keloid.date"),
        ({"screening": {"keloid": {"answer": True, "override": {"by": "medical_lead"}}}}, "screening.keloid.override.reason"),
        ({"screening": []}, "screening"),
        ({"medications": "aspirin"}, "medications"),
        ({"medications": ["aspirin"]}, "medications[0]"),
        ({"medications": [{"name": ""}]}, "medications[0].name"),
        ({"medications": [{"name": "aspirin", "stopped": "yesterday"}]}, "medications[0].stopped"),
        ({"medications": [{"name": "aspirin", "dose": 75}]}, "medications[0].dose"),
        ({"allergies": [{"name": "nickel"}]}, "allergies[0]"),
        ({"recent_procedures": [{"zone": "cheeks"}]}, "recent_procedures[0].what"),
        ({"findings_today": [3]}, "findings_today[0]"),
        ({"labs": [{"name": "INR", "value": [2], "unit": ""}]}, "labs[0].value"),
        ({"labs": [{"name": "INR", "unit": ""}]}, "labs[0].value"),
        ({"requests": [{"indication": "acne_scars", "level": "grade_3"}]}, "requests[0].zones"),
        ({"requests": [{"indication": "acne_scars", "zones": "cheeks"}]}, "requests[0].zones"),
        ({"requests": {"indication": "acne_scars"}}, "requests"),
        ({"wishes": {"downtime_days": -1}}, "wishes.downtime_days"),
        ({"wishes": {"visits": 0}}, "wishes.visits"),
        ({"wishes": {"visits": 2.5}}, "wishes.visits"),
        ({"wishes": {"event_date": "June"}}, "wishes.event_date"),
        ({"history": [{"zones": ["cheeks"]}]}, "history[0].date"),
        ({"history": [{"date": "2026-01-01", "depth_mm": {"cheeks": "deep"}}]}, "history[0].depth_mm.cheeks"),
        ({"history": [{"date": "2026-01-01", "healed": "yes"}]}, "history[0].healed"),
        ({"operator": {"max_depth_mm": "1"}}, "operator.max_depth_mm"),
        ({"devices": "pen"}, "devices"),
        ({"devices": [""]}, "devices[0]"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_fault_has_its_path(changes, path):
    assert list(faults(**changes)) == [path]


def test_every_fault_is_named():
    found = faults(visit_date="no", patient={"age": -1, "phototype": "IX"}, devices=[3], surprise=1)
    assert sorted(found) == ["devices[0]", "patient.age", "patient.phototype", "surprise", "visit_date"]


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_a_case_is_a_mapping(value):
    with pytest.raises(CaseFaults):
        Case.parse(value)


@pytest.mark.parametrize(("given", "read"), [("iv", "IV"), (" V ", "V"), ("5", "V"), (5, "V"), (None, None)])
def test_phototype_is_read_as_people_write_it(given, read):
    assert Case.parse(a_case(patient={"age": 30, "phototype": given})).phototype == read


def test_unknown_clinical_names_are_no_fault():
    Case.parse(a_case(medications=[{"name": "zorblaxin"}], devices=["x"], allergies=["y"], requests=[{"indication": "z", "zones": ["w"]}]))
