"""
A plan beyond its clinician's own right: it waits, is countersigned once by somebody entitled or sent back, and nothing is
booked, treated or printed from it before. Each safety rule has its control.
"""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.versioning import StaleRow
from audit import guards
from audit.models import AuditEvent
from patients import services as on_file
from patients.models import ScreeningAnswer
from plans import competence, services
from plans.models import Consultation, PlanCountersignature, PlanOverride, PlanZone, TreatmentPlan
from plans.services import AcceptanceRefused, CountersignRefused, NotWaiting, countersigning
from plans.settled import settle
from plans.since import Since
from protocols.knowledge import packaged

from .conftest import depth

pytestmark = pytest.mark.django_db
REASON = "Seen together; the scars are thick here"


@pytest.fixture
def nurse(make_user, signed_off):
    """Signed off for the pen on cheeks and chin, up to 1 mm; no prescriber."""
    user = make_user("lena", "clinician", title="Nurse", last_name="Holm")
    signed_off(user, device="pen", zones=["cheeks", "chin"], max_depth_mm=Decimal("1"))
    return user


@pytest.fixture
def consultation(patient, nurse, protocol):
    return services.start(patient, by=nurse)


@pytest.fixture
def keep(consultation, nurse):
    """As the screen saves it, with every caution seen that is the nurse's own to see."""

    def _keep(fields, chosen=None, by=nurse):
        chosen = chosen or {}
        for _ in range(2):
            computed = services.save(consultation, inputs=fields, chosen=chosen, by=by, version=consultation.version, saved_from="page-1")
            for decision in settle(consultation, computed, by=by).undecided:
                if decision.may(by):
                    chosen = services.decide(chosen, decision.key, decision.choices[0][0], by=by)
        return computed

    return _keep


def deeper(value="1.25"):
    return {"values": depth("cheeks", value, reason="thick_here", told=True)}


def send(consultation, by, **fields):
    return services.accept(consultation, by=by, version=consultation.version, saved_from="page-1", **{"send": True, **fields})


@pytest.fixture
def waiting(consultation, typed, keep, nurse):
    keep(typed, deeper())
    return send(consultation, nurse)


def test_the_proposal_stays_within_the_nurses_limit(typed, keep):
    computed = keep(typed)
    assert all(zone["depth_mm"]["max"] <= 1 for zone in computed.proposal["zones"])


def test_within_the_own_limit_nothing_is_countersigned(consultation, typed, keep, nurse):
    keep(typed)
    plan = send(consultation, nurse)
    assert (plan.status, plan.needs, plan.countersigned_by) == ("accepted", [], None)


@pytest.mark.both_engines
def test_beyond_the_own_limit_it_is_not_accepted_but_sent(consultation, typed, keep, nurse):
    keep(typed, deeper())
    with pytest.raises(AcceptanceRefused) as refusal:
        send(consultation, nurse, send=False)
    assert [item.anchor for item in refusal.value.left][-1] == "send"
    plan = send(consultation, nurse)
    assert plan.status == "awaiting"
    assert [(need["who"], need["keys"]) for need in plan.needs] == [("medical_lead", ["depth.cheeks"])]
    assert "1.25" in plan.needs[0]["subject"]
    assert plan.overrides.get().chosen == "1.25"
    assert AuditEvent.objects.get(action="plan.sent").detail["needs"] == ["medical_lead"]


def test_above_the_ceiling_no_countersignature_helps(consultation, typed, keep, nurse):
    keep(typed, deeper("3"))
    with pytest.raises(AcceptanceRefused):
        send(consultation, nurse)


def test_the_plan_before_it_stands_until_it_is_countersigned(consultation, typed, keep, nurse, medical_lead, patient):
    earlier = services.start(patient, by=medical_lead)
    services.save(earlier, inputs=typed, chosen={}, by=medical_lead, version=earlier.version, saved_from="page-0")
    first = services.accept(earlier, by=medical_lead, version=earlier.version, saved_from="page-0")
    keep(typed, deeper())
    plan = send(consultation, nurse)
    assert TreatmentPlan.objects.get(status="accepted") == first
    plan = services.countersign(plan, by=medical_lead, reason=REASON)
    first.refresh_from_db()
    assert (first.status, plan.status, plan.supersedes_id) == ("superseded", "accepted", first.pk)


@pytest.mark.both_engines
def test_the_lead_countersigns_and_it_is_in_force(waiting, medical_lead):
    plan = services.countersign(waiting, by=medical_lead, reason=REASON)
    assert (plan.status, plan.countersigned_by, plan.countersign_reason) == ("accepted", medical_lead, REASON)
    assert plan.countersigned_at is not None
    assert plan.countersigned_keys == {"depth.cheeks"}
    assert [made["words"] for made in plan.all_decisions][-1] == "Medical lead agrees"
    assert AuditEvent.objects.get(action="plan.countersigned").detail == {"number": 1, "roles": ["medical_lead"], "in_force": True}


@pytest.mark.parametrize("who", ["nurse", "clinician", "desk", "manager"])
def test_nobody_else_countersigns(waiting, request, who):
    other = request.getfixturevalue(who)
    for act in (services.countersign, services.send_back):
        with pytest.raises(NotWaiting):
            act(waiting, by=other, reason=REASON)
    assert TreatmentPlan.objects.get().status == "awaiting"
    assert not PlanCountersignature.objects.exists()


def test_who_sent_it_does_not_countersign_it_whatever_they_became(waiting, nurse):
    nurse.role = "medical_lead"
    nurse.save()
    assert services.roles_of(waiting, nurse) == []


def test_control_without_the_entitlement_anybody_could(waiting, clinician, monkeypatch):
    monkeypatch.setattr(countersigning, "entitled", lambda user, who: True)
    assert services.countersign(waiting, by=clinician, reason=REASON).status == "accepted"


def test_a_prescribers_decision_waits_for_a_prescriber(consultation, typed, keep, nurse, clinician, cold_sores):
    keep(typed | cold_sores)
    plan = send(consultation, nurse)
    assert [need["who"] for need in plan.needs] == ["prescriber"]
    with pytest.raises(CountersignRefused) as refusal:
        services.countersign(plan, by=clinician, reason=REASON)
    assert list(refusal.value.fields) == ["antiviral"]
    plan = services.countersign(plan, by=clinician, reason=REASON, choices={"antiviral": "given"})
    assert plan.status == "accepted"
    assert plan.all_decisions[-1]["words"] == "Antiviral cover prescribed"


def test_numbing_cream_of_a_nurse_waits_for_a_prescriber(consultation, typed, keep, nurse, clinician):
    keep(typed, {"numbing": "cream"})
    plan = send(consultation, nurse)
    assert [need["key"] for need in plan.needs] == ["numbing_cream"]
    assert services.countersign(plan, by=clinician, reason=REASON).status == "accepted"


def test_another_way_of_numbing_of_a_nurse_waits_for_a_prescriber_too(consultation, typed, keep, nurse, clinician):
    keep(typed, {"numbing": "other", "numbing_other": "Nerve block, 2%"})
    with pytest.raises(AcceptanceRefused):
        send(consultation, nurse, send=False)
    plan = send(consultation, nurse)
    assert [need["subject"] for need in plan.needs] == ["Numbing: Nerve block, 2%"]
    assert services.countersign(plan, by=clinician, reason=REASON).status == "accepted"


def test_no_numbing_waits_for_nobody(consultation, typed, keep, nurse):
    keep(typed, {"numbing": "none"})
    assert send(consultation, nurse).needs == []


def test_a_registration_that_ran_out_is_no_prescriber(consultation, typed, keep, nurse, clinician, cold_sores):
    keep(typed | cold_sores)
    plan = send(consultation, nurse)
    clinician.prescriber_until = timezone.localdate() - dt.timedelta(days=1)
    clinician.save()
    assert services.roles_of(plan, clinician) == []


@pytest.mark.both_engines
def test_two_roles_both_sign_before_it_is_in_force(consultation, typed, keep, nurse, make_user, clinician, cold_sores):
    lead = make_user("ada", "medical_lead")
    keep(typed | cold_sores, deeper())
    plan = send(consultation, nurse)
    plan = services.countersign(plan, by=lead, reason=REASON)
    assert (plan.status, plan.countersigned_by, services.open_roles(plan)) == ("awaiting", None, ["prescriber"])
    assert plan.countersigned_keys == frozenset()
    plan = services.countersign(plan, by=clinician, reason="Cover given", choices={"antiviral": "given"})
    assert (plan.status, plan.countersigned_keys) == ("accepted", {"depth.cheeks"})


def test_one_who_is_both_signs_both(consultation, typed, keep, nurse, medical_lead, cold_sores):
    keep(typed | cold_sores, deeper())
    plan = services.countersign(send(consultation, nurse), by=medical_lead, reason=REASON, choices={"antiviral": "not_needed"})
    assert (plan.status, plan.countersignatures.count()) == ("accepted", 2)


def test_a_zone_and_a_device_beyond_are_needs_with_their_keys(consultation, typed, keep, nurse, signed_off):
    typed["zones.acne_scars"] = ["cheeks", "forehead"]
    keep(typed)
    plan = send(consultation, nurse)
    assert [need["keys"] for need in plan.needs] == [["zone.forehead"]]
    assert competence.not_covered(nurse, plan, on=timezone.localdate())
    assert [item.key for item in competence.beyond(nurse, plan, on=timezone.localdate())] == ["zone.forehead"]


def test_an_agreement_is_for_the_zones_it_was_given_for(consultation, typed, keep, nurse, medical_lead):
    """Agreed to for the forehead at the consultation: the neck is asked anew."""
    typed["zones.acne_scars"] = ["cheeks", "forehead"]
    computed = keep(typed)
    decision = settle(consultation, computed, by=nurse).to_countersign[0]
    chosen = services.decide(consultation.chosen, decision.key, "agreed", by=medical_lead)
    computed = keep(typed, chosen)
    assert settle(consultation, computed, by=nurse).to_countersign == []
    typed["zones.acne_scars"] = ["cheeks", "forehead", "temples"]
    computed = keep(typed, consultation.chosen)
    assert len(settle(consultation, computed, by=nurse).to_countersign) == 1


@pytest.mark.both_engines
def test_twice_is_once(waiting, medical_lead):
    services.countersign(waiting, by=medical_lead, reason=REASON)
    with pytest.raises(NotWaiting):
        services.countersign(waiting, by=medical_lead, reason=REASON)
    assert PlanCountersignature.objects.count() == 1
    assert AuditEvent.objects.filter(action="plan.countersigned").count() == 1


# -- sent back ---------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_sent_back_the_consultation_is_open_again_with_what_was_typed(waiting, consultation, typed, nurse, medical_lead):
    reopened = services.send_back(waiting, by=medical_lead, reason="Stay at 1 mm in the first session")
    assert (reopened.is_open, reopened.clinician, reopened.visit_date) == (True, nurse, consultation.visit_date)
    assert (reopened.inputs, reopened.chosen["values"]) == (Consultation.objects.get(pk=consultation.pk).inputs, deeper()["values"])
    waiting.refresh_from_db()
    assert waiting.status == "returned"
    assert AuditEvent.objects.filter(action="plan.returned").count() == 1
    again = send(reopened, nurse)
    assert (again.number, again.status) == (2, "awaiting")
    with pytest.raises(NotWaiting):
        services.countersign(waiting, by=medical_lead, reason=REASON)


def test_sent_back_while_another_is_open_leaves_that_one_alone(waiting, nurse, patient, medical_lead):
    standing = services.start(patient, by=nurse)
    assert services.send_back(waiting, by=medical_lead, reason=REASON) == standing
    assert Consultation.objects.filter(status="open").count() == 1


# -- what changed meanwhile --------------------------------------------------------------------------------------------


def later(plan, days):
    return timezone.now() + dt.timedelta(days=days)


def test_it_can_be_countersigned_as_long_as_the_protocol_says(waiting, medical_lead):
    assert services.countersign(waiting, by=medical_lead, reason=REASON, at=later(waiting, 3)).status == "accepted"


def test_after_that_it_can_only_be_sent_back(waiting, medical_lead):
    with pytest.raises(CountersignRefused, match="1 day too late"):
        services.countersign(waiting, by=medical_lead, reason=REASON, at=later(waiting, 4))
    assert AuditEvent.objects.get(action="plan.countersigned").outcome == "refused"
    assert services.send_back(waiting, by=medical_lead, reason=REASON, at=later(waiting, 4)).is_open


@pytest.mark.both_engines
def test_a_newer_plan_meanwhile_stops_it(waiting, nurse, medical_lead, patient, typed):
    newer = services.start(patient, by=nurse)
    services.save(newer, inputs=typed, chosen={}, by=medical_lead, version=newer.version, saved_from="page-2")
    plan = services.accept(newer, by=medical_lead, version=newer.version, saved_from="page-2")
    assert plan.status == "accepted"
    with pytest.raises(CountersignRefused, match="Plan 2 was made meanwhile"):
        services.countersign(waiting, by=medical_lead, reason=REASON)
    plan.refresh_from_db()
    assert plan.status == "accepted"


def test_a_stop_that_came_on_file_meanwhile_stops_it(waiting, patient, medical_lead):
    """Isotretinoin is told at the desk the next morning: the planner says so before anybody signs."""
    on_file.add_medicine(patient, by=medical_lead, name="isotretinoin 20 mg")
    with pytest.raises(CountersignRefused, match="no longer proposes this"):
        services.countersign(waiting, by=medical_lead, reason=REASON)
    assert TreatmentPlan.objects.get().status == "awaiting"


def test_control_without_the_planner_asked_again_it_would_go_ahead(waiting, patient, medical_lead, monkeypatch):
    on_file.add_medicine(patient, by=medical_lead, name="isotretinoin 20 mg")
    monkeypatch.setattr(countersigning, "_changed_since", lambda *_: "")
    assert services.countersign(waiting, by=medical_lead, reason=REASON).status == "accepted"


def yes_to(patient, by, rule):
    question = next(q for q in packaged().questions if any(cover.rule == rule for cover in q.covers))
    rules = {rule: {"answer": True}}
    row = {"question": question.id, "protocol_version": "2026.1", "answer": True, "rules": rules, "answered_at": timezone.now()}
    ScreeningAnswer.objects.create(patient=patient, answered_by=by, **row)


# Each only makes the planner more careful: none of them bars the plan.
SINCE_IT_WAS_SENT = {
    "nickel": (lambda patient, by: on_file.add_allergy(patient, substance="nickel", by=by), "Test area"),
    "aspirin": (lambda patient, by: on_file.add_medicine(patient, name="aspirin 75 mg", by=by), "lighter endpoint"),
    "amiodarone": (lambda patient, by: on_file.add_medicine(patient, name="amiodarone 200 mg", by=by), "Numbing"),
    "herpes": (lambda patient, by: yes_to(patient, by, "herpes_history"), "Antiviral cover"),
    "keloid in the family": (lambda patient, by: yes_to(patient, by, "keloid_family"), "Test area"),
    "psoriasis": (lambda patient, by: yes_to(patient, by, "psoriasis_history"), "Test area"),
    "smoking": (lambda patient, by: yes_to(patient, by, "smoker"), "healing may be poorer"),
}


@pytest.mark.parametrize("name", SINCE_IT_WAS_SENT)
def test_what_the_planner_is_more_careful_about_by_now_sends_it_back(waiting, patient, medical_lead, name):
    assert countersigning.why_not(waiting, today=timezone.localdate()) == ""
    change, words = SINCE_IT_WAS_SENT[name]
    change(patient, medical_lead)
    with pytest.raises(CountersignRefused, match="More careful now than when it was proposed") as refused:
        services.countersign(waiting, by=medical_lead, reason=REASON)
    assert words in str(refused.value)
    assert TreatmentPlan.objects.get().status == "awaiting"
    assert services.send_back(waiting, by=medical_lead, reason=REASON).is_open


def test_control_without_the_comparison_it_would_go_ahead(waiting, patient, medical_lead, monkeypatch):
    monkeypatch.setattr(Since, "changes", ())
    yes_to(patient, medical_lead, "psoriasis_history")
    assert services.countersign(waiting, by=medical_lead, reason=REASON).status == "accepted"


# -- the database ------------------------------------------------------------------------------------------------------


def refused(change) -> bool:
    try:
        with transaction.atomic():
            change()
    except DatabaseError:
        return True
    return False


def raw(plan, **fields):
    return lambda: TreatmentPlan.objects.filter(pk=plan.pk).update(**fields)


@pytest.mark.both_engines
def test_a_waiting_plan_goes_nowhere_but_into_force_or_back(waiting, medical_lead):
    for status in ("writing", "superseded", "completed", "stopped"):
        assert refused(raw(waiting, status=status))
    assert refused(raw(waiting, countersigned_by=medical_lead))
    assert refused(raw(waiting, sessions_count=9))
    assert refused(raw(waiting, needs=[]))
    assert not refused(raw(waiting, status="accepted", countersigned_by=medical_lead))


@pytest.mark.both_engines
def test_sent_back_and_accepted_are_never_taken_back(waiting, medical_lead):
    services.send_back(waiting, by=medical_lead, reason=REASON)
    for status in ("awaiting", "accepted", "writing"):
        assert refused(raw(waiting, status=status, countersigned_by=medical_lead))


@pytest.mark.both_engines
def test_a_countersignature_is_never_given_again_or_changed(waiting, medical_lead, clinician):
    plan = services.countersign(waiting, by=medical_lead, reason=REASON)
    assert refused(raw(plan, status="awaiting"))
    assert refused(raw(plan, countersigned_by=clinician))
    assert refused(raw(plan, countersign_reason="Another"))
    assert refused(lambda: PlanCountersignature.objects.update(reason="Another"))
    assert refused(lambda: PlanCountersignature.objects.all().delete())
    more = {"role": "prescriber", "agreed": True, "reason": "x", "by": clinician, "at": timezone.now()}
    assert refused(lambda: PlanCountersignature.objects.create(plan=plan, **more))


@pytest.mark.both_engines
@pytest.mark.parametrize("status", ["awaiting", "accepted"])
def test_no_row_is_added_to_a_plan_that_is_written(waiting, medical_lead, status):
    if status == "accepted":
        services.countersign(waiting, by=medical_lead, reason=REASON)
    zone = waiting.zones.first()
    zone.pk, zone._state.adding, zone.zone, zone.position = None, True, "forehead", 9
    override = waiting.overrides.first()
    override.pk, override._state.adding = None, True
    assert refused(zone.save)
    assert refused(override.save)
    assert refused(lambda: PlanZone.objects.bulk_create([zone]))
    assert refused(lambda: PlanOverride.objects.bulk_create([override]))


@pytest.mark.both_engines
def test_control_without_the_guards_each_would_be_taken(waiting, medical_lead):
    names = ("plans_plan_way", "plans_plan_countersigned", "plans_zone_in_time", "plans_countersignature_in_time")
    with guards.suspended(*names):
        assert not refused(raw(waiting, status="completed"))
        assert not refused(raw(waiting, countersigned_by=medical_lead))
        zone = waiting.zones.first()
        zone.pk, zone._state.adding, zone.zone, zone.position = None, True, "forehead", 9
        assert not refused(zone.save)


# -- several at once ---------------------------------------------------------------------------------------------------


def at_once(acts) -> list[str]:
    """Run each of *acts* in a thread and on a connection of its own, all at the same moment; say how each ended."""
    barrier, ended = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait(timeout=30)
            act()
            ended.append("done")
        except NotWaiting:
            ended.append("too late")
        except (DatabaseError, StaleRow) as fault:
            ended.append(type(fault).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(ended)


def six_acts(plan, lead, other) -> list:
    def sign(by):
        return lambda: services.countersign(TreatmentPlan.objects.get(pk=plan.pk), by=by, reason=REASON)

    def back(by):
        return lambda: services.send_back(TreatmentPlan.objects.get(pk=plan.pk), by=by, reason=REASON)

    return [sign(lead), sign(other), back(lead), back(other), sign(lead), back(other)]


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_two_leads_at_once_one_word_stands(waiting, medical_lead, make_user):
    other = make_user("ada", "medical_lead")
    assert at_once(six_acts(waiting, medical_lead, other)) == ["done"] + ["too late"] * 5
    waiting.refresh_from_db()
    row = PlanCountersignature.objects.get()
    assert waiting.status == ("accepted" if row.agreed else "returned")
    assert Consultation.objects.filter(status="open").count() == (0 if row.agreed else 1)
    assert AuditEvent.objects.filter(action__in=["plan.countersigned", "plan.returned"]).count() == 1


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_control_without_the_look_at_the_row_several_would_try(waiting, medical_lead, make_user, monkeypatch):
    """Then only the database stands between them: one word still, but the others meet an error instead of an answer."""
    other = make_user("ada", "medical_lead")
    monkeypatch.setattr(countersigning, "_take", lambda plan, by: (plan, ["medical_lead"]))
    ended = at_once(six_acts(waiting, medical_lead, other))
    assert ended != ["done"] + ["too late"] * 5
    assert ended.count("done") == PlanCountersignature.objects.count() == 1


# -- taken back by the one who sent it ----------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_who_sent_it_takes_it_back_also_when_it_is_too_late_to_sign(waiting, nurse, medical_lead, patient):
    reopened = services.take_back(waiting, by=nurse)
    assert (reopened.is_open, reopened.clinician, reopened.chosen["values"]) == (True, nurse, deeper()["values"])
    waiting.refresh_from_db()
    assert (waiting.status, waiting.get_status_display(), waiting.agreed) == ("returned", "Taken back", [])
    assert AuditEvent.objects.filter(action="plan.taken_back").count() == 1
    with pytest.raises(NotWaiting):
        services.take_back(waiting, by=nurse)
    with pytest.raises(NotWaiting):
        services.countersign(waiting, by=medical_lead, reason=REASON)
    assert Consultation.objects.filter(patient=patient, status="open").count() == 1


def test_nobody_else_takes_it_back_and_what_is_in_force_is_never_taken_back(waiting, nurse, medical_lead):
    with pytest.raises(NotWaiting):
        services.take_back(waiting, by=medical_lead)
    services.countersign(waiting, by=medical_lead, reason=REASON)
    with pytest.raises(NotWaiting):
        services.take_back(waiting, by=nurse)
    waiting.refresh_from_db()
    assert waiting.status == "accepted"


def test_sent_back_by_the_lead_is_not_called_taken_back(waiting, medical_lead):
    services.send_back(waiting, by=medical_lead, reason=REASON)
    waiting.refresh_from_db()
    assert waiting.get_status_display() == "Sent back"
