"""The patient's part of a case."""

import datetime as dt

import pytest
from django.utils import timezone

from patients import services
from patients.conversion import case_of
from patients.models import ScreeningAnswer

pytestmark = pytest.mark.django_db
VISIT = dt.date(2026, 3, 2)


def answer(patient, question, yes, rules):
    ScreeningAnswer.objects.create(
        patient=patient, question=question, protocol_version="1", answer=yes, rules=rules, answered_at=timezone.now()
    )


def test_what_was_not_asked_is_absent_or_null(patient):
    patient.sex = ""
    case = case_of(patient, visit_date=VISIT)
    assert case["patient"] == {"age": 34, "sex": None, "phototype": None}
    assert case["visit_date"] == "2026-03-02"
    assert case["pregnancy_or_breastfeeding"] == "unknown"
    assert "medications" not in case
    assert "allergies" not in case
    assert "history" not in case


def test_asked_and_none_is_an_empty_list(patient, clinician):
    services.say_none_known(patient, "allergies_asked", by=clinician)
    services.say_none_known(patient, "medicines_asked", by=clinician)
    case = case_of(patient, visit_date=VISIT)
    assert (case["allergies"], case["medications"]) == ([], [])


def test_lists_are_written_as_the_case_format_has_them(patient, clinician):
    services.add_allergy(patient, by=clinician, substance="nickel", reaction="rash")
    services.add_medicine(patient, by=clinician, name="apixaban 5 mg")
    services.add_medicine(patient, by=clinician, name="isotretinoin", stopped_on=dt.date(2026, 1, 10))
    services.add_procedure(patient, by=clinician, what="filler", zone="cheeks", performed_on=dt.date(2026, 2, 10))
    services.add_procedure(patient, by=clinician, what="peel", performed_on=dt.date(2026, 3, 9))
    case = case_of(patient, visit_date=VISIT)
    assert case["allergies"] == ["nickel"]
    assert case["medications"] == [{"name": "apixaban 5 mg", "stopped": None}, {"name": "isotretinoin", "stopped": "2026-01-10"}]
    assert case["recent_procedures"] == [{"what": "filler", "zone": "cheeks", "date": "2026-02-10"}]


def test_a_no_stands_for_every_rule_its_question_covered(patient):
    answer(patient, "scars", False, {"keloid": {"answer": False}, "hypertrophic_scar": {"answer": False}})
    assert case_of(patient, visit_date=VISIT)["screening"] == {"keloid": {"answer": False}, "hypertrophic_scar": {"answer": False}}


def test_the_newest_answer_to_a_question_counts_alone(patient):
    answer(patient, "sores", True, {"herpes_history": {"answer": True, "seen": "2025-08-01"}})
    answer(patient, "sores", False, {"herpes_history": {"answer": False}})
    assert case_of(patient, visit_date=VISIT)["screening"] == {"herpes_history": {"answer": False}}


def test_an_answer_keeps_its_dates_and_zones(patient):
    kept = {"answer": True, "zone": "forehead", "date": "2026-02-20"}
    answer(patient, "toxin", True, {"botulinum_recent": kept})
    assert case_of(patient, visit_date=VISIT)["screening"]["botulinum_recent"] == kept


@pytest.mark.parametrize(
    ("sex", "rules", "said"),
    [
        ("M", {}, "none"),
        ("F", {}, "unknown"),
        ("F", {"pregnancy": {"answer": True}, "lactation": {"answer": False}}, "pregnant"),
        ("F", {"pregnancy": {"answer": False}, "lactation": {"answer": True}}, "breastfeeding"),
        ("F", {"pregnancy": {"answer": False}, "lactation": {"answer": False}}, "none"),
        ("F", {"pregnancy": {"answer": False}}, "unknown"),
    ],
)
def test_pregnancy_is_known_only_where_it_was_answered(patient, sex, rules, said):
    patient.sex = sex
    if rules:
        answer(patient, "expecting", any(rule["answer"] for rule in rules.values()), rules)
    assert case_of(patient, visit_date=VISIT)["pregnancy_or_breastfeeding"] == said
