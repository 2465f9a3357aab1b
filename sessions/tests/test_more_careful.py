"""Today's answers make the planner more careful than the plan: seen, said beside what was planned, and decided before the needle."""

import copy
import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ClinicSettings
from audit.models import AuditEvent
from patients.models import ScreeningAnswer
from planner.case import Case
from planner.propose import propose
from plans.since import Since
from protocols.knowledge import knowledge_of, packaged
from sessions.models import TreatmentSession
from sessions.services import deciding, gate, screening
from sessions.services import record as records
from sessions.services.planner_today import case_today, planner_today
from sessions.services.signing import sign
from sessions.services.verifying import verify

from .record_case import PASSWORD, RecordCase, endpoint, signed

pytestmark = pytest.mark.django_db

PSORIASIS = {"marks_and_moles": {"psoriasis_history": {"answer": True}}}


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def says(case, on=None) -> dict:
    """What the planner says with the answers on file."""
    on = on or timezone.localdate()
    read = Case.parse(case_today(case.plan, case.patient, on))
    return propose(read, knowledge_of(case.version), on=on, policies=ClinicSettings.current().policies).as_mapping()


def since(case, said, *, sessions_left=4) -> Since:
    return Since(case.plan, said, knowledge_of(case.version), timezone.localdate(), sessions_left=sessions_left)


def answer_yes(case, rule: str, **more) -> None:
    question = next(q for q in packaged().questions if any(cover.rule == rule for cover in q.covers))
    case.answer_all(**{question.id: {rule: {"answer": True, **more}}})


def fresh(session) -> TreatmentSession:
    return TreatmentSession.objects.get(pk=session.pk)


# -- the comparison: one row for each kind of difference ---------------------------------------------------------------


def zone(said, name="cheeks") -> dict:
    return next(row for row in said["zones"] if row["zone"] == name)


def deeper_capped(said):
    zone(said)["depth_mm"] = {"min": 0.5, "typical": 1, "max": 1}


def typical_lower(said):
    zone(said)["depth_mm"]["typical"] = 0.75


def zone_out(said):
    said["zones_excluded"].append({"zone": "cheeks", "because": [], "until": None})


def nothing_said_of_it(said):
    said["zones"] = [row for row in said["zones"] if row["zone"] != "cheeks"]


def lighter_endpoint(said):
    zone(said)["endpoint"] = endpoint("between")


def fewer_passes(said):
    zone(said)["passes"] |= {"min": 1, "typical": 2, "max": 3}


def passes_narrower(said):
    zone(said)["passes"]["max"] = 5


def other_device(said):
    said["device"] = {"id": "roller", "label": "Roller", "why": ""}


def adjuvant_refused(said):
    said["adjuvants"]["refused"].append({"id": "hyaluronic_acid", "reason": "Not today."})


def adjuvant_at_home(said):
    said["adjuvants"]["home_only"].append({"id": "hyaluronic_acid", "reason": "At home only."})


def no_numbing(said):
    said["advice"]["numbing"] |= {"allowed": False, "text": "No numbing cream.", "because": []}


def numbing_shorter(said):
    said["advice"]["numbing"]["contact_minutes"] = {"min": 5, "max": 10}


def a_test_area(said):
    said["advice"]["test_areas"].append({"because": "psoriasis_history", "required": True, "wait_weeks": 6})


def a_test_area_offered(said):
    said["advice"]["test_areas"].append({"because": "phototype_iv", "required": False, "wait_weeks": None})


def later_first_day(said):
    said["course"]["dates"] = [(dt.date.fromisoformat(day) + dt.timedelta(weeks=5)).isoformat() for day in said["course"]["dates"]]


def longer_interval(said):
    said["interval_weeks"] |= {"min": 6, "typical": 6}


def a_sign_off(said):
    said["decisions"].append({"id": "sign_off.x", "what": "Sign-off: x", "who": ["medical_lead"], "because": []})


def an_antiviral(said):
    said["decisions"].append({"id": "antiviral", "what": "Antiviral cover", "who": ["prescriber"], "because": []})


def signed_off_above(said):
    zone(said)["sign_off_above_mm"] = 1


def a_finding(said):
    said["findings"].append(
        {"id": "smoker", "action": "caution", "label": "Smoking", "zones": [], "reason": "Heals worse.", "modifications": []}
    )


def a_finding_elsewhere(said):
    said["findings"].append(
        {"id": "mole", "action": "caution", "label": "Mole", "zones": ["cheeks"], "reason": "Around it.", "modifications": []}
    )


KINDS = [
    (deeper_capped, "limit.cheeks:1", True),
    (typical_lower, "depth.cheeks:0.75", False),
    (zone_out, "zone.cheeks", True),
    (nothing_said_of_it, "zone.cheeks", True),
    (lighter_endpoint, f"endpoint.cheeks:{endpoint('between')}", False),
    (fewer_passes, "passes.cheeks:2-3", False),
    (passes_narrower, "passes.cheeks:4-5", False),
    (other_device, "device.roller", True),
    (adjuvant_refused, "adjuvant.hyaluronic_acid", True),
    (adjuvant_at_home, "adjuvant.hyaluronic_acid", True),
    (no_numbing, "numbing.none", False),
    (numbing_shorter, "numbing:10", False),
    (a_test_area, "test_area.psoriasis_history:6", False),
    (a_test_area_offered, "test_area.phototype_iv:0", False),
    (later_first_day, "first_day:42", False),
    (longer_interval, "interval:6", False),
    (a_sign_off, "decision.sign_off.x", True),
    (an_antiviral, "decision.antiviral", True),
    (signed_off_above, "sign_off.cheeks:1", True),
    (a_finding, "finding.smoker", False),
    (a_finding_elsewhere, "finding.mole.cheeks", False),
]


def as_of_today(case) -> dict:
    said = says(case)
    zone(said)["passes"] |= {"min": 2, "typical": 4, "max": 8}
    said["advice"]["numbing"]["contact_minutes"] = {"min": 20, "max": 30}
    said["adjuvants"] = {"use": [], "offered": [], "home_only": [], "refused": []}
    return said


@pytest.mark.parametrize(("careful", "key", "forbids"), KINDS, ids=[row[0].__name__ for row in KINDS])
def test_each_kind_of_difference_is_named_once_it_is_more_careful_and_never_the_other_way(case, careful, key, forbids):
    then = as_of_today(case)
    now = copy.deepcopy(then)
    case.plan.proposal = then
    assert since(case, now).changes == ()  # nothing changed, nothing is asked
    careful(now)
    found = {change.key: change for change in since(case, now).changes}
    assert key in found
    assert found[key].forbids is forbids
    assert found[key].planned
    assert found[key].today
    # The control: known when the plan was made, or no longer asked for.
    if key != "device.roller" and not key.startswith(("limit", "depth", "passes", "endpoint", "interval", "zone")):
        case.plan.proposal = now
        assert key not in {change.key for change in since(case, now).changes}
        assert since(case, then).changes == ()


def test_what_was_accepted_more_careful_than_today_is_not_asked_again(case):
    case.plan.proposal = as_of_today(case)
    now = copy.deepcopy(case.plan.proposal)
    for careful in (typical_lower, fewer_passes, lighter_endpoint, longer_interval):
        careful(now)
    zones = list(case.plan.zones.all())
    cheeks = next(row for row in zones if row.zone == "cheeks")
    cheeks.depth_mm, cheeks.passes_typical, cheeks.passes_max, cheeks.endpoint = zone(now)["depth_mm"]["min"], 2, 3, endpoint("between")
    case.plan._prefetched_objects_cache = {"zones": zones}
    case.plan.interval_weeks_min = 6
    assert since(case, now).changes == ()


@pytest.mark.parametrize(("weeks_until", "left", "late"), [(14, 4, True), (30, 4, False), (14, 1, False)])
def test_an_event_that_no_longer_fits_is_said_for_the_sessions_still_to_come(case, weeks_until, left, late):
    case.plan.proposal = as_of_today(case)
    latest = timezone.localdate() + dt.timedelta(weeks=weeks_until)
    case.plan.proposal["course"] |= {"fits_event": True, "last_session_latest": latest.isoformat()}
    now = copy.deepcopy(case.plan.proposal)
    longer_interval(now)
    assert any(change.key.startswith("event") for change in since(case, now, sessions_left=left).changes) is late


# -- the answers of a real file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("psoriasis_history", {"test_area.psoriasis_history:6", "finding.psoriasis_history"}),
        ("keloid_family", {"test_area.keloid_family:8", "finding.keloid_family"}),
        ("antiplatelet", {"finding.antiplatelet"}),
        ("smoker", {"finding.smoker"}),
    ],
)
def test_a_new_yes_holds_the_needle_until_it_is_decided(case, rule, keys):
    session = case.started()
    assert gate.day_check(session).blocked == ""
    answer_yes(case, rule)
    check = gate.day_check(session)
    assert keys <= {change.key for change in check.undecided}
    saved = save(case, session)
    assert "Decide first" in saved.form.errors[f"z{case.zone(session, 'forehead').pk}-depth"][0]
    assert not saved.session.start_check
    case.decide(session)
    assert gate.day_check(fresh(session)).blocked == ""


@pytest.mark.parametrize("rule", ["herpes_history", "bloodborne_virus"])
def test_what_somebody_entitled_decides_is_never_decided_in_the_room(case, rule):
    case.plan.adjuvants = ["prp"] if rule == "bloodborne_virus" else case.plan.adjuvants
    session = case.started()
    session.plan = case.plan
    answer_yes(case, rule)
    planner = next(row for row in gate.day_check(session).conditions if row.name == "planner")
    assert planner.state == (gate.STOP if rule == "herpes_history" else planner.state)
    assert planner.state != gate.OK


def test_without_the_comparison_the_session_would_go_ahead(case, monkeypatch):
    monkeypatch.setattr(Since, "changes", ())
    session = case.started()
    answer_yes(case, "psoriasis_history")
    assert gate.day_check(session).blocked == ""


def test_an_answer_the_planner_makes_nothing_of_asks_nothing(case):
    session = case.started()
    before = gate.day_check(session)
    ScreeningAnswer.objects.filter(patient=case.patient).update(answered_at=timezone.now())
    case.answer_all()
    after = gate.day_check(session)
    assert (before.undecided, after.undecided, after.blocked) == ((), (), "")
    assert "Today's answers still fit the plan" in [row.words for row in after.conditions]


# -- deciding ----------------------------------------------------------------------------------------------------------


def save(case, session, **changes):
    session.refresh_from_db()
    return records.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


@pytest.mark.both_engines
def test_a_decision_is_kept_with_its_reason_audited_and_signed(case):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    case.decide(session, "done", "Test area on 1 Oct behind the ear, calm")
    (made,) = fresh(session).decided_today
    assert (made["reason"], made["by"], made["note"]) == ("done", case.clinician.pk, "Test area on 1 Oct behind the ear, calm")
    event = AuditEvent.objects.get(action="record.decided")
    assert event.detail["reason"] == "done"
    assert "test_area.psoriasis_history:6" in event.detail["changes"]
    saved = save(case, session)
    assert not saved.form.errors
    words = next(row["words"] for row in saved.session.start_check["conditions"] if row["name"] == "planner")
    assert "Test area on 1 Oct" in words
    assert {row["what"] for row in saved.session.start_check["changes"]} >= {"Test area", "First possible date"}


@pytest.mark.both_engines
def test_a_record_with_and_one_without_a_decision_both_verify(case):
    signed(case, days=-40)
    session = case.started(2)
    answer_yes(case, "psoriasis_history")
    case.decide(session)
    saved = save(case, session)
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert '"decided_today"' in done.signed_content
    assert verify() == (2, [])


def test_what_came_after_the_decision_is_asked_again(case):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    case.decide(session)
    question = next(q for q in packaged().questions if any(cover.rule == "smoker" for cover in q.covers))
    case.answer_all(**PSORIASIS, **{question.id: {"smoker": {"answer": True}}})
    assert [change.key for change in gate.day_check(fresh(session)).undecided] == ["finding.smoker"]


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [("", "x", "decided_reason"), ("nonsense", "x", "decided_reason"), ("planned", "", "decided_note"), ("other", "", "decided_note")],
)
def test_a_decision_names_its_reason_and_what_was_done_about_a_test_area(case, reason, note, field):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    with pytest.raises(deciding.NotDecided) as refused:
        case.decide(session, reason, note)
    assert field in refused.value.faults
    assert fresh(session).decided_today == []


def test_nothing_is_decided_that_was_not_on_the_page(case):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    with pytest.raises(deciding.NotDecided, match="since this page was opened"):
        deciding.decide(session, by=case.clinician, reason="planned", note="x", shown=["finding.psoriasis_history"])


@pytest.mark.both_engines
def test_a_second_press_decides_once(case):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    shown = [change.key for change in gate.day_check(session).undecided]
    for _ in range(2):
        deciding.decide(session, by=case.clinician, reason="planned", note="Weighed", shown=shown)
    assert len(fresh(session).decided_today) == 1


def test_treated_at_the_depth_proposed_today_holds_the_zone_to_it(case):
    session = case.started()
    answer_yes(case, "keloid_family")
    today = planner_today(case.plan, case.patient, timezone.localdate())
    held = set(today.proposed) - set(today.limits)
    case.decide(session, "lighter", "Test area was calm")
    limits = gate.day_check(fresh(session)).limits
    assert held <= set(limits)
    assert {name: limits[name][0] for name in held} == {name: today.proposed[name][0] for name in held}


# -- screens -----------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_the_gate_shows_planned_beside_today_and_takes_the_decision(case, client):
    session = case.started()
    url = reverse("sessions:record", args=[session.pk])
    client.force_login(case.clinician)
    page = client.get(url).content.decode()
    assert "More careful today than planned" not in page
    assert "still fit the plan" in page
    answer_yes(case, "psoriasis_history")
    page = client.get(url).content.decode()
    assert "still fit the plan" not in page
    for words in ("More careful today than planned", "Test area", "Required, then 6 weeks", "First possible date", "Decide and go on"):
        assert words in page
    decide = reverse("sessions:record_decide", args=[session.pk])
    shown = [change.key for change in gate.day_check(session).undecided]
    refused = client.post(decide, {"change": shown, "decided_reason": "done", "decided_note": ""})
    assert refused.status_code == 422
    assert 'value="done" selected' in refused.content.decode()
    assert client.post(decide, {"change": shown, "decided_reason": "done", "decided_note": "On 1 Oct, calm"}).status_code == 302
    page = client.get(url).content.decode()
    assert "Decide and go on" not in page
    assert "On 1 Oct, calm" in page


def test_nobody_decides_who_may_not_sign(case, client, make_user):
    session = case.started()
    answer_yes(case, "psoriasis_history")
    client.force_login(make_user("june", "front_desk"))
    assert client.post(reverse("sessions:record_decide", args=[session.pk]), {}).status_code in (403, 404)


@pytest.mark.both_engines
def test_check_in_calls_a_clinician_with_the_reasons(case):
    booking = case.booking()
    assert not screening.check_in(booking, by=case.clinician, on=timezone.localdate()).needs_clinician
    answer_yes(case, "psoriasis_history")
    found = screening.check_in(booking, by=case.clinician, on=timezone.localdate())
    assert found.needs_clinician
    assert any("Test area" in words for words in found.reasons)
