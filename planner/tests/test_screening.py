"""Every contraindication of the pack, answered yes, appears with what it does; what follows from data beats a no."""

import datetime as dt

import pytest

from planner.case import Case
from planner.propose import propose
from planner.terms import STATUS_RANK

from .conftest import a_case, packaged

RULES = list(packaged().rules.values())
FACE_AND_BODY = [
    {"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks", "chin"], "morphology": "rolling"},
    {"indication": "striae", "level": "rubrae", "zones": ["abdomen"]},
]


def said(**changes) -> dict:
    return propose(Case.parse(a_case(**changes)), packaged()).as_mapping()


def found(proposal: dict, rule_id: str) -> list[dict]:
    return [finding for finding in proposal["findings"] if finding["id"] == rule_id]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.question], ids=lambda rule: rule.id)
def test_a_yes_appears_with_its_action(rule):
    proposal = said(requests=FACE_AND_BODY, screening={rule.id: {"answer": True}})
    findings = found(proposal, rule.id)
    assert [f["action"] for f in findings][:1] == [rule.action]
    assert set(rule.modifications) <= {m for f in findings for m in f["modifications"]}
    assert set(rule.source.refs) <= {ref for f in findings for ref in f["refs"]}
    expected = {"refuse": "refuse", "defer": "defer", "exclude_zone": "refuse", "caution": "caution", "none": "plan"}[rule.action]
    assert STATUS_RANK[proposal["status"]] <= STATUS_RANK[expected]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.question], ids=lambda rule: rule.id)
def test_an_open_question_is_asked_and_nothing_is_proposed(rule):
    everything_else = {other.id: {"answer": False} for other in RULES if other.question and other.id != rule.id}
    case = a_case(screening={**everything_else, rule.id: {"answer": None}}, pregnancy_or_breastfeeding="unknown")
    if not rule.derived.pregnancy:
        case["pregnancy_or_breastfeeding"] = "none"
    del case["screening_default"]
    proposal = propose(Case.parse(case), packaged()).as_mapping()
    assert proposal["status"] == "ask"
    assert rule.id in [ask["id"] for ask in proposal["asks"]]
    assert "zones" not in proposal


def test_all_questions_answered_no_is_a_plan():
    case = a_case(screening={rule.id: {"answer": False} for rule in RULES if rule.question})
    del case["screening_default"]
    assert propose(Case.parse(case), packaged()).status == "plan"


@pytest.mark.parametrize(
    "rule",
    [
        rule
        for rule in RULES
        if rule.interval_days and rule.action == "defer" and rule.counts_from in ("procedure_date", "application_date")
    ],
    ids=lambda rule: rule.id,
)
def test_a_dated_rule_frees_the_zone_on_the_day_itself(rule):
    visit = dt.date(2026, 3, 2)
    wait = dt.timedelta(days=rule.interval_days.typical)
    kind = {"kind": "hyaluronic"} if rule.sign_off_kinds else {}

    def status_on(day):
        answer = {"answer": True, "date": day.isoformat(), "zone": "cheeks", **kind}
        return said(screening={rule.id: answer})

    assert status_on(visit - wait)["status"] == "plan"
    late = status_on(visit - wait + dt.timedelta(days=1))
    assert (late["status"], late["earliest"]) == ("defer", "2026-03-03")


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"patient": {"age": 15, "sex": "F", "phototype": "III"}}, "age_under_18"),
        ({"pregnancy_or_breastfeeding": "pregnant"}, "pregnancy"),
        ({"medications": [{"name": "Xarelto 20 mg", "stopped": None}]}, "anticoagulant"),
        ({"recent_procedures": [{"what": "Dysport", "zone": "cheeks", "date": "2026-03-01"}]}, "botulinum_recent"),
        ({"allergies": ["nickel"]}, "nickel_allergy"),
        ({"labs": [{"name": "CD4", "value": 150, "unit": "cells/ul", "date": "2026-02-01"}]}, "immunosuppression"),
        ({"history": [{"date": "2026-02-20", "zones": ["cheeks"], "healed": True, "pigmentation": False}]}, "needling_recent"),
    ],
)
def test_data_beat_an_explicit_no(changes, rule_id):
    no = {} if rule_id == "age_under_18" else {"screening": {rule_id: {"answer": False}}}
    assert found(said(**changes, **no), rule_id)


def test_a_waiting_time_never_ends_before_the_plans_own_interval():
    """Marks in phototype V: six weeks between sessions, so the zone rests six weeks."""
    proposal = said(
        patient={"age": 30, "sex": "F", "phototype": "V"},
        history=[{"date": "2026-02-02", "zones": ["cheeks"], "depth_mm": {"cheeks": 1.0}, "healed": True, "pigmentation": True}],
    )
    assert (proposal["status"], proposal["earliest"]) == ("defer", "2026-03-16")


def test_seen_again_after_its_date_is_looked_at_again():
    """Still there after the first date: counted from today; healed: free."""
    still = said(screening={"open_wound": {"answer": True, "zone": "cheeks", "seen": "2026-01-01"}})
    assert (still["status"], still["earliest"]) == ("defer", "2026-03-16")
    healed = said(screening={"open_wound": {"answer": True, "zone": "cheeks", "seen": "2026-01-01", "healed": "2026-02-01"}})
    assert healed["status"] == "plan"
    early = said(screening={"open_wound": {"answer": True, "zone": "cheeks", "seen": "2026-02-25", "healed": "2026-03-01"}})
    assert (early["status"], early["earliest"]) == ("defer", "2026-03-11")


def test_a_treated_keratosis_needs_its_date_and_clear_skin():
    def answer(**dates):
        return said(
            requests=[{"indication": "acne_scars", "level": "grade_2", "zones": ["cheeks", "chin"], "morphology": "boxcar"}],
            screening={"actinic_keratosis": {"answer": True, "zone": "chin", **dates}},
        )["zones_excluded"]

    assert [(z["zone"], z["until"]) for z in answer()] == [("chin", None)]
    assert [(z["zone"], z["until"]) for z in answer(treated="2026-02-01")] == [("chin", "2026-05-02")]
    assert [(z["zone"], z["until"]) for z in answer(treated="2025-06-01")] == [("chin", None)]
    assert answer(treated="2025-06-01", healed="2026-01-01") == []


def test_a_refusal_because_every_zone_is_left_out_says_what_would_free_them():
    answer = said(
        requests=[{"indication": "acne_scars", "level": "grade_2", "zones": ["cheeks"], "morphology": "boxcar"}],
        findings_today=[{"id": "actinic_keratosis", "zone": "cheeks"}],
    )
    assert (answer["status"], answer["condition"]) == ("refuse", "treated and clear")


@pytest.mark.parametrize(("zone", "told"), [("cheeks", True), ("upper_lip", True), ("thighs", False)])
def test_a_cold_sore_that_healed_still_asks_for_antiviral_cover(zone, told):
    """It bars no more; the history it is proof of stays, where the face is treated and it was on the face."""
    answer = said(screening={"herpes_active": {"answer": True, "zone": zone, "seen": "2026-02-02", "healed": "2026-02-12"}})
    assert answer["status"] == ("caution" if told else "plan")
    assert bool(found(answer, "herpes_history")) is told
    assert ("antiviral" in [decision["id"] for decision in answer["decisions"]]) is told


def test_radiotherapy_needs_a_year_and_a_clearance_elsewhere():
    def answer(**more):
        return said(
            requests=[{"indication": "wrinkles", "level": "fine", "zones": ["neck", "forehead"]}],
            screening={"radiotherapy_site": {"answer": True, "zone": "neck", **more}},
        )

    early = answer(date="2025-09-01")["zones_excluded"]
    assert [(z["zone"], z["action"], z["until"]) for z in early] == [("forehead", "defer", "2026-09-01"), ("neck", "refuse", None)]
    cleared = answer(date="2024-09-01", cleared_by="Dr Example")
    assert cleared["status"] == "caution"
    assert [z["zone"] for z in cleared["zones"]] == ["forehead"]
    assert answer(date="2024-09-01")["status"] == "refuse"


def test_smoking_below_the_pack_s_figure_is_said_without_effect():
    assert said(screening={"smoker": {"answer": True, "amount": "5"}})["status"] == "plan"
    assert said(screening={"smoker": {"answer": True, "amount": 20}})["status"] == "caution"


def test_permanent_filler_needs_a_signature_for_good():
    old = said(recent_procedures=[{"what": "silicone filler", "zone": "cheeks", "date": "2020-01-01"}])
    assert old["status"] == "caution"
    assert [d["who"] for d in old["decisions"]] == [["medical_lead"]]
    assert said(recent_procedures=[{"what": "Juvederm", "zone": "cheeks", "date": "2025-12-01"}])["status"] == "plan"


def test_the_place_of_a_finding_about_the_whole_person_is_only_a_note():
    proposal = said(screening={"bloodborne_virus": {"answer": True, "zone": "earlobe"}})
    assert (proposal["status"], proposal["asks"]) == ("caution", [])


def test_a_missing_date_is_not_asked_where_nothing_is_treated():
    assert said(recent_procedures=[{"what": "botox", "zone": "forehead"}])["status"] == "plan"
    assert said(recent_procedures=[{"what": "botox", "zone": "cheeks"}])["asks"]


def test_order_of_inputs_does_not_matter():
    case = a_case(
        requests=FACE_AND_BODY,
        medications=[{"name": "Eliquis", "stopped": None}, {"name": "aspirin", "stopped": None}, {"name": "doxycycline", "stopped": None}],
        recent_procedures=[
            {"what": "botox", "zone": "chin", "date": "2026-02-25"},
            {"what": "filler", "zone": "chin", "date": "2026-02-20"},
        ],
        allergies=["nickel", "pollen"],
    )
    other = {key: list(reversed(value)) if isinstance(value, list) else value for key, value in case.items()}
    one, two = (propose(Case.parse(c), packaged()).as_mapping() for c in (case, other))
    assert one == two


def test_worst_first_with_two_barring_findings_the_latest_date_stands():
    proposal = said(
        screening={"systemic_infection": {"answer": True, "seen": "2026-03-01"}},
        medications=[{"name": "isotretinoin", "stopped": "2026-02-01"}],
    )
    assert proposal["status"] == "defer"
    assert proposal["earliest"] == "2026-07-31"
    assert "recovered" in proposal["condition"]


def test_unknown_policy_is_refused():
    from planner.errors import PolicyFaults

    with pytest.raises(PolicyFaults) as caught:
        propose(Case.parse(a_case()), packaged(), policies={"isotretinoin_policy": "never", "moon": "full"})
    assert [fault.path for fault in caught.value.faults] == ["policies.isotretinoin_policy", "policies.moon"]


def test_the_day_can_be_given():
    procedure = [{"what": "botox", "zone": "cheeks", "date": "2026-02-25"}]
    case = Case.parse(a_case(recent_procedures=procedure))
    assert propose(case, packaged()).status == "defer"
    assert propose(case, packaged(), on=dt.date(2026, 3, 11)).status == "plan"


def test_only_an_approved_version_proposes_without_a_notice():
    case = Case.parse(a_case())
    draft = propose(case, packaged())
    assert not draft.approved
    assert draft.as_mapping()["notice"].startswith("Not approved")
    stamp = {"version": "2026.1", "status": "approved", "sha256": "0" * 64}
    approved = propose(case, packaged(), protocol=stamp)
    assert approved.approved
    assert approved.as_mapping()["protocol"] == stamp
    assert approved.as_mapping()["notice"] is None
