"""What is typed in an answer is judged: laboratory values, counts, dates that cannot be, overrides, sessions of one course."""

import pytest

from planner.case import Case
from planner.propose import propose

from .conftest import a_case, packaged

MELASMA = [{"indication": "dyschromia", "level": "melasma", "zones": ["cheeks"]}]
WELL = {"zones": ["cheeks"], "depth_mm": {"cheeks": 0.5}, "healed": True, "pigmentation": False}


def said(**changes) -> dict:
    return propose(Case.parse(a_case(**changes)), packaged()).as_mapping()


def found(answer: dict, rule: str) -> dict | None:
    return next((finding for finding in answer["findings"] if finding["id"] == rule and finding["action"] != "none"), None)


def asked(answer: dict) -> list[str]:
    return [ask["id"] for ask in answer["asks"]]


# -- laboratory values in answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["9.1 %", "HbA1c 9,1 %", "HbA1c: 76 mmol/mol"])
@pytest.mark.parametrize("field", ["amount", "note"])
def test_an_hba1c_typed_in_the_answer_is_judged_like_one_of_the_laboratory(typed, field):
    answer = said(screening={"diabetes_controlled": {"answer": True, field: typed, "date": "2026-02-20"}})
    assert (answer["status"], answer["earliest"]) == ("defer", "2026-05-21")
    assert found(answer, "diabetes_uncontrolled")


def test_a_good_hba1c_typed_in_the_answer_is_the_fresh_value_the_rule_needs():
    answer = said(screening={"diabetes_controlled": {"answer": True, "amount": "6.5 %", "date": "2026-02-20"}})
    assert answer["status"] == "caution"
    assert answer["asks"] == []


def test_a_number_without_its_unit_or_its_day_is_asked_about():
    answer = said(screening={"diabetes_controlled": {"answer": True, "amount": "9.1", "date": "2026-02-20"}})
    assert "hba1c_unit" in asked(answer)
    answer = said(screening={"anticoagulant": {"answer": True, "note": "warfarin, INR 4"}})
    assert "inr_date" in asked(answer)


@pytest.mark.parametrize(("value", "unit"), [("9.1", "mmol/mol"), ("7", "mmol/mol"), ("53", "%"), ("76", "percent")])
def test_an_hba1c_of_the_other_unit_is_asked_and_not_believed(value, unit):
    labs = [{"name": "HbA1c", "value": value, "unit": unit, "date": "2026-02-20"}]
    answer = said(screening={"diabetes_controlled": {"answer": True}}, labs=labs)
    assert (answer["status"], asked(answer)) == ("ask", ["hba1c_unit"])
    typed = said(screening={"diabetes_controlled": {"answer": True, "note": f"HbA1c {value} {unit}", "date": "2026-02-20"}})
    assert "hba1c_unit" in asked(typed)


@pytest.mark.parametrize(
    ("value", "unit", "status"), [("5", "%", "caution"), ("12", "%", "defer"), ("31", "mmol/mol", "caution"), ("120", "mmol/mol", "defer")]
)
def test_an_hba1c_that_fits_its_unit_is_not_asked_about(value, unit, status):
    labs = [{"name": "HbA1c", "value": value, "unit": unit, "date": "2026-02-20"}]
    answer = said(screening={"diabetes_controlled": {"answer": True}}, labs=labs)
    assert (answer["status"], asked(answer)) == (status, [])


def test_platelets_below_fifty_typed_in_the_answer_refuse():
    answer = said(screening={"thrombocytopenia": {"answer": True, "note": "45 10^9/l", "date": "2026-02-20"}})
    assert answer["status"] == "refuse"
    assert found(answer, "bleeding_disorder")


def test_low_platelets_without_a_count_are_asked_about():
    answer = said(screening={"thrombocytopenia": {"answer": True, "note": "about forty"}})
    assert answer["status"] == "ask"
    assert "platelets_missing" in asked(answer)


@pytest.mark.parametrize(
    ("values", "status", "rule"),
    [
        ([("platelets", "40", "10^9/l"), ("platelets", "250", "10^9/l")], "refuse", "bleeding_disorder"),
        ([("CD4", "100", "cells/ul"), ("CD4", "500", "cells/ul")], "defer", "immunosuppression"),
        ([("HbA1c", "9", "%"), ("HbA1c", "50", "mmol/mol")], "defer", "diabetes_uncontrolled"),
        ([("INR", "2", ""), ("INR", "4", "")], "defer", "anticoagulant"),
    ],
)
def test_of_two_values_of_one_day_the_one_that_bars_is_never_passed_over(values, status, rule):
    labs = [{"name": name, "value": value, "unit": unit, "date": "2026-03-01"} for name, value, unit in values]
    for order in (labs, labs[::-1]):
        answer = said(labs=order)
        assert answer["status"] == status
        assert found(answer, rule)


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_number_nobody_measures_is_no_fresh_value(value):
    """Typed where none was measured: it must not stand for a low INR."""
    taken = [{"name": "warfarin 5 mg", "stopped": None}]
    answer = said(medications=taken, labs=[{"name": "INR", "value": value, "unit": "", "date": "2026-03-01"}])
    assert answer["status"] == "ask"
    assert "inr_value" in asked(answer)


def test_no_platelets_at_all_is_a_count():
    labs = [{"name": "platelets", "value": "0", "unit": "10^9/l", "date": "2026-03-01"}]
    assert said(labs=labs)["status"] == "refuse"


def test_a_dose_is_no_laboratory_value():
    answer = said(screening={"anticoagulant": {"answer": True, "amount": "5 mg"}})
    assert (answer["status"], answer["asks"]) == ("caution", [])


@pytest.mark.parametrize(("typed", "heavy"), [("10 a day", False), ("25", True), ("10 years, two packs a day", True), ("", True)])
def test_how_many_cigarettes_is_read_from_the_note(typed, heavy):
    answer = said(screening={"smoker": {"answer": True, "note": typed}})
    assert (found(answer, "smoker") is not None) is heavy


# -- dates that cannot be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({"screening": {"isotretinoin_recent": {"answer": True, "stopped": "1990-02-01"}}}, "isotretinoin_recent.date"),
        ({"medications": [{"name": "Roaccutane 20 mg", "stopped": "1994-01-01"}]}, "roaccutane 20 mg.stopped.date"),
        ({"recent_procedures": [{"what": "botox", "zone": "cheeks", "date": "1990-01-01"}]}, "botox.done.date"),
        ({"labs": [{"name": "HbA1c", "value": "6", "unit": "%", "date": "1980-01-01"}]}, "hba 1 c.measured.date"),
        ({"history": [{"date": "1985-01-01", **WELL}]}, "history.1985-01-01.date"),
    ],
)
def test_a_date_before_birth_is_asked_about(changes, asks):
    answer = said(**changes)
    assert answer["status"] == "ask"
    assert asks in asked(answer)


def test_the_first_day_a_patient_can_have_been_born_is_no_fault():
    # 30 years old on 2 March 2026: born from 3 March 1995 on
    assert "isotretinoin_recent.date" not in asked(said(screening={"isotretinoin_recent": {"answer": True, "stopped": "1995-03-03"}}))
    assert "isotretinoin_recent.date" in asked(said(screening={"isotretinoin_recent": {"answer": True, "stopped": "1995-03-02"}}))


def test_healed_before_it_was_seen_or_after_the_visit_is_asked_about():
    answer = said(screening={"rosacea_active": {"answer": True, "seen": "2025-10-10", "healed": "2025-10-01"}})
    assert "rosacea_active.date" in asked(answer)
    answer = said(screening={"rosacea_active": {"answer": True, "seen": "2025-10-10", "healed": "2026-04-01"}})
    assert answer["status"] == "defer"
    assert "rosacea_active.date" in asked(answer)


def test_a_stop_date_to_come_is_still_taken():
    answer = said(medications=[{"name": "isotretinoin 20 mg", "stopped": "2026-12-01"}])
    assert (answer["status"], answer["earliest"]) == ("defer", None)
    assert found(answer, "isotretinoin_current")


def test_a_stop_date_to_come_in_an_answer_is_asked_about_and_frees_nothing():
    answer = said(screening={"retinoid_topical": {"answer": True, "stopped": "2026-03-09", "zone": "cheeks"}})
    assert answer["status"] == "defer"
    assert "retinoid_topical.date" in asked(answer)
    answer = said(screening={"nsaid_supplement": {"answer": True, "stopped": "2026-03-09"}})
    assert answer["status"] == "ask"


def test_what_is_used_on_the_skin_until_a_day_to_come_frees_it_no_sooner_than_after_that_day():
    def earliest(stopped: str | None) -> str:
        return said(medications=[{"name": "Differin", "stopped": stopped}])["earliest"]

    assert earliest(None) == "2026-03-05"
    assert earliest("2026-03-10") == "2026-03-13"


def test_data_beat_a_no_and_the_contradiction_is_said():
    answer = said(screening={"anticoagulant": {"answer": False}}, medications=[{"name": "apixaban", "stopped": None}])
    assert "though answered no" in found(answer, "anticoagulant")["reason"]


def test_a_medicine_that_points_to_an_illness_is_asked_about_until_the_no_says_what_it_is_for():
    taken = [{"name": "Ozempic 1 mg weekly", "stopped": None}]
    bare = said(medications=taken, screening={"diabetes_controlled": {"answer": False}, "diabetes_uncontrolled": {"answer": False}})
    assert bare["status"] == "ask"
    told = {"diabetes_controlled": {"answer": False, "note": "taken for weight"}, "diabetes_uncontrolled": {"answer": False}}
    answer = said(medications=taken, screening=told)
    assert answer["status"] == "plan"
    assert any("taken for weight" in finding["reason"] and finding["action"] == "none" for finding in answer["findings"])


def test_a_note_that_names_its_medicines_speaks_of_no_other_one_and_of_them_in_every_dose():
    no = {"answer": False, "note": "Ozempic: for weight", "medicines": ["Ozempic"]}
    screening = {"diabetes_controlled": no, "diabetes_uncontrolled": {"answer": False}}
    assert said(medications=[{"name": "Ozempic 1 mg weekly", "stopped": None}], screening=screening)["status"] == "plan"
    both = [{"name": "Ozempic 1 mg weekly", "stopped": None}, {"name": "Metformin 500 mg", "stopped": None}]
    answer = said(medications=both, screening=screening)
    assert answer["status"] == "ask"
    asks = [ask["what"] for ask in answer["asks"]]
    assert asks
    assert all("Metformin" in what and "Ozempic" not in what for what in asks)


def test_tranexamic_tablets_for_something_else_than_a_clot_leave_the_sign_off_of_tranexamic_on_the_skin():
    """The question about clots is settled by the note; what then holds for the preparation on the skin is its sign-off."""
    taken = [{"name": "Lysteda 650 mg", "stopped": None}]

    def of_adjuvant(**no) -> tuple[str, str, dict]:
        screening = {"thromboembolism_history": {"answer": False, **no}}
        answer = said(medications=taken, requests=MELASMA, adjuvants_requested=["tranexamic_acid"], screening=screening)
        items = [(part, item) for part, items in answer["adjuvants"].items() for item in items if item["id"] == "tranexamic_acid"]
        return answer["status"], *items[0]

    assert of_adjuvant()[:2] == ("ask", "refused")
    status, part, told = of_adjuvant(note="Lysteda 650 mg: heavy periods", medicines=["Lysteda 650 mg"])
    assert (status, part) == ("caution", "use")
    assert told["sign_off"] == ["medical_lead"]
    assert "tranexamic_oral" in told["because"]


# -- overrides ---------------------------------------------------------------------------------------------------------


def test_an_override_by_somebody_who_may_not_sign_it_is_asked_about_and_lifts_nothing():
    override = {"by": "nurse", "reason": "patient insists"}
    answer = said(screening={"isotretinoin_recent": {"answer": True, "stopped": "2026-02-01", "override": override}})
    assert (answer["status"], answer["earliest"]) == ("defer", "2026-07-31")
    ask = next(ask for ask in answer["asks"] if ask["id"] == "isotretinoin_recent.override")
    assert "medical lead" in ask["what"]


def test_nobody_overrides_what_the_protocol_lets_nobody_override():
    override = {"by": "medical_lead", "reason": "small area"}
    answer = said(screening={"keloid": {"answer": True, "override": override}})
    assert answer["status"] == "refuse"
    assert "keloid.override" in asked(answer)


def test_the_medical_lead_overrides_however_the_role_is_written():
    override = {"by": "Medical lead", "reason": "shallow, documented"}
    answer = said(screening={"isotretinoin_recent": {"answer": True, "stopped": "2026-02-01", "override": override}})
    assert answer["status"] == "caution"
    assert found(answer, "isotretinoin_recent")["sign_off"] == ["medical_lead"]
    assert answer["zones"][0]["depth_mm"]["max"] == 1


# -- sessions of one course --------------------------------------------------------------------------------------------


def test_melasma_follows_its_own_two_weeks_within_a_course_that_healed_well():
    assert said(requests=MELASMA, history=[{"date": "2026-02-16", **WELL}])["status"] == "caution"
    answer = said(requests=MELASMA, history=[{"date": "2026-02-17", **WELL}])
    assert (answer["status"], answer["earliest"]) == ("defer", "2026-03-03")


@pytest.mark.parametrize(
    "change",
    [
        {"healed": None},
        {"pigmentation": None},
        {"pigmentation": True},
        {"depth_mm": {}},
        {"depth_mm": {"cheeks": 1.5}},
    ],
)
def test_needling_that_is_not_of_this_course_waits_four_weeks(change):
    answer = said(requests=MELASMA, history=[{"date": "2026-02-15", **WELL, **change}])
    assert (answer["status"], answer["earliest"]) == ("defer", "2026-03-15")


def test_two_weeks_are_for_melasma_in_phototypes_one_to_three_only():
    assert said(history=[{"date": "2026-02-15", **WELL}])["earliest"] == "2026-03-15"
    dark = {"age": 30, "sex": "F", "phototype": "IV"}
    assert said(requests=MELASMA, patient=dark, history=[{"date": "2026-02-15", **WELL}])["earliest"] == "2026-03-15"


def test_the_same_session_named_twice_is_one_session():
    procedure = {"what": "microneedling", "zone": "cheeks", "date": "2026-02-15"}
    assert said(requests=MELASMA, history=[{"date": "2026-02-15", **WELL}], recent_procedures=[procedure])["status"] == "caution"
    elsewhere = {**procedure, "date": "2026-02-20"}
    answer = said(requests=MELASMA, history=[{"date": "2026-02-15", **WELL}], recent_procedures=[elsewhere])
    assert answer["earliest"] == "2026-03-20"


# -- names and words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["paraben", "Parabens", "fragrances", "Preservatives in creams"])
def test_one_or_several_of_an_allergen_are_the_same(typed):
    answer = said(allergies=[typed])
    assert found(answer, "cosmeceutical_allergy")
    assert answer["asks"] == []


@pytest.mark.parametrize("typed", ["own PRP", "my own platelet-rich plasma", "PRP from own blood"])
def test_plasma_is_meant_to_be_the_patients_own(typed):
    answer = said(adjuvants_requested=[typed])
    assert "prp" in [verdict["id"] for verdict in answer["adjuvants"]["use"]]


@pytest.mark.parametrize("typed", ["own vitamin C serum", "own cosmetic serums", "vitamin C oils I bought"])
def test_a_product_from_home_stays_refused(typed):
    answer = said(adjuvants_requested=[typed])
    assert typed in [verdict["asked_as"] for verdict in answer["adjuvants"]["refused"]]


def test_a_reason_says_each_thing_once():
    answer = said(screening={"pregnancy": {"answer": True}}, pregnancy_or_breastfeeding="pregnant")
    reason = found(answer, "pregnancy")["reason"]
    assert reason.count("No safety data") == 1
    assert reason.casefold().count("pregnan") == 1


def test_an_allergy_to_skin_care_keeps_actives_away_for_longer():
    answer = said(allergies=["perfume"])
    assert answer["downtime_days"]["resume"]["retinoid_and_acid_days"] == 7
    gentle = said(allergies=["perfume"], requests=MELASMA)
    assert gentle["downtime_days"]["resume"]["retinoid_and_acid_days"] == 7
    assert gentle["downtime_days"]["resume_trace"][0]["rule"] == "cosmeceutical_allergy"


def test_diabetes_is_looked_at_again_after_two_days():
    labs = [{"name": "HbA1c", "value": "6.5", "unit": "%", "date": "2026-02-20"}]
    answer = said(screening={"diabetes_controlled": {"answer": True}}, labs=labs)
    assert [item["after_hours"] for item in answer["advice"]["review"] if "after_hours" in item] == [48]


def test_a_suspicious_mole_says_how_soon_to_refer():
    wanted = [{**a_case()["requests"][0], "zones": ["cheeks", "chin"]}]
    answer = said(screening={"suspicious_mole": {"answer": True, "zone": "chin"}}, requests=wanted)
    assert found(answer, "suspicious_mole")["refer_within_days"] == 7
