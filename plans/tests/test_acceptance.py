"""Accepting a plan: refused until nothing is left, written whole, once, and pinned."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from patients.models import Allergy, Medication, Patient, ScreeningAnswer
from plans import services
from plans.catalogue import catalogue_of
from plans.models import Consultation, PlanOverride, PlanZone, TreatmentPlan
from plans.services import AcceptanceRefused
from plans.settled import settle
from protocols.models import ProtocolVersion

from .conftest import depth

pytestmark = pytest.mark.django_db


def accept(consultation, by, **fields):
    return services.accept(consultation, by=by, version=consultation.version, saved_from="page-1", **fields)


def left(consultation, by, **fields) -> list[str]:
    with pytest.raises(AcceptanceRefused) as refusal:
        accept(consultation, by, **fields)
    assert not TreatmentPlan.objects.exists()
    return [item.words for item in refusal.value.left]


def test_a_plan_as_proposed(consultation, typed, keep, clinician, protocol):
    computed = keep(typed)
    plan = accept(consultation, clinician, shown=computed.digest)
    assert (plan.number, plan.status, plan.protocol_version, plan.accepted_by) == (1, "accepted", protocol, clinician)
    assert plan.proposal == computed.proposal
    assert plan.case == computed.reading.case
    zones = {zone.zone: zone for zone in plan.zones.all()}
    assert set(zones) == {"cheeks", "chin"}
    for entry in computed.proposal["zones"]:
        zone = zones[entry["zone"]]
        assert zone.depth_mm == zone.proposed_depth_mm == Decimal(str(entry["depth_mm"]["typical"]))
    assert plan.sessions_count == computed.proposal["sessions"]["typical"]
    assert not plan.overrides.exists()
    assert Consultation.objects.get().status == "planned"
    assert AuditEvent.objects.filter(action="plan.accepted").count() == 1


def test_what_was_found_is_kept_on_file(consultation, typed, keep, clinician, cold_sores):
    typed |= cold_sores | {"medicine.0.name": "doxycycline", "allergy.0.substance": "latex", "allergy.0.reaction": "rash"}
    computed = keep(typed)
    keep(typed, {"decisions": decided(consultation, computed, clinician)})
    accept(consultation, clinician)
    patient = Patient.objects.get()
    assert patient.phototype == 2
    assert [row.name for row in Medication.objects.all()] == ["doxycycline"]
    assert [str(row) for row in Allergy.objects.all()] == ["latex (rash)"]
    answers = {row.question: row for row in ScreeningAnswer.objects.all()}
    assert len(answers) == len(catalogue_of(consultation.protocol_version).questions)
    assert answers["infections"].answer is True
    assert answers["infections"].rules["herpes_history"]["answer"] is True
    assert answers["infections"].rules["systemic_infection"] == {"answer": False}
    assert answers["scars"].rules == {"keloid": {"answer": False}, "keloid_family": {"answer": False}}


def decided(consultation, computed, by) -> dict:
    chosen = consultation.chosen
    for decision in settle(consultation, computed, by=by).undecided:
        chosen = services.decide(chosen, decision.key, decision.choices[0][0], by=by, note="Dr Elsewhere" if decision.needs_name else "")
    return chosen.get("decisions", {})


def test_a_medicine_a_colleague_added_meanwhile_stays(consultation, typed, keep, clinician, patient):
    from patients.services import add_medicine

    keep(typed)
    add_medicine(patient, by=clinician, name="ramipril")
    accept(consultation, clinician)
    assert [row.name for row in Medication.objects.all()] == ["ramipril"]


def test_accepting_twice_gives_one_plan(consultation, typed, keep, clinician):
    keep(typed)
    first = accept(consultation, clinician)
    assert accept(Consultation.objects.get(), clinician) == first
    assert TreatmentPlan.objects.count() == 1


def test_a_protocol_that_is_not_approved_is_refused(consultation, typed, keep, clinician, protocol):
    with guards.suspended():
        ProtocolVersion.objects.update(status="in_review")
    consultation.refresh_from_db()
    keep(typed)
    assert left(consultation, clinician) == [
        f"Protocol {protocol.version} is not approved. The medical lead must approve it before a plan can be accepted."
    ]


def test_a_proposal_that_changed_since_it_was_shown_is_refused(consultation, typed, keep, clinician):
    shown = keep(typed).digest
    keep(typed | {"phototype": "5"})
    assert left(consultation, clinician, shown=shown)[0] == "The proposal changed since it was shown. Look at it again, then accept."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"q.scars": "yes", "rule.scars": ["keloid"]}, "There is a Stop: no plan can be accepted."),
        ({"q.reproduction": "yes", "rule.reproduction": ["pregnancy"]}, "Treatment must wait: no plan can be accepted today."),
    ],
)
def test_a_stop_or_a_deferral_cannot_be_accepted(consultation, typed, keep, clinician, change, words):
    keep(typed | change)
    assert left(consultation, clinician) == [words]


def test_what_is_missing_is_listed_with_its_field(consultation, typed, keep, clinician):
    del typed["q.blood"], typed["phototype"]
    keep(typed)
    with pytest.raises(AcceptanceRefused) as refusal:
        accept(consultation, clinician)
    assert {item.anchor for item in refusal.value.left} == {"f-q.blood", "f-phototype"}


def test_yesterdays_consultation_cannot_be_accepted_today(consultation, typed, keep, clinician):
    keep(typed)
    Consultation.objects.update(visit_date=timezone.localdate() - dt.timedelta(days=1))
    consultation.refresh_from_db()
    assert "This consultation is from another day. Start one today: the skin must be looked at again." in left(consultation, clinician)


def test_antiviral_cover_is_decided_by_a_prescriber(consultation, typed, keep, clinician, make_user, cold_sores):
    computed = keep(typed | cold_sores)
    decision = next(item for item in settle(consultation, computed, by=clinician).undecided if item.key == "antiviral")
    nurse = make_user("nils", "clinician")
    assert decision.may(clinician)
    assert not decision.may(nurse)
    assert "Decide on antiviral cover" in left(consultation, clinician)
    keep(consultation.inputs, {"decisions": decided(consultation, computed, clinician)})
    plan = accept(consultation, clinician)
    assert ("antiviral", "Antiviral cover prescribed") in {(item["who"] and "antiviral", item["words"]) for item in plan.decisions}


def test_a_new_plan_replaces_the_one_before(patient, consultation, typed, keep, clinician):
    keep(typed)
    first = accept(consultation, clinician)
    second_visit = services.start(patient, by=clinician)
    services.save(second_visit, inputs=typed, chosen={}, by=clinician, version=second_visit.version, saved_from="page-9")
    second = accept(second_visit, clinician)
    first.refresh_from_db()
    assert (first.status, second.status, second.number, second.supersedes) == ("superseded", "accepted", 2, first)


def test_a_plan_stays_on_its_protocol_when_a_new_one_is_in_force(consultation, typed, keep, clinician, protocol, medical_lead):
    keep(typed)
    plan = accept(consultation, clinician)
    before = (plan.protocol_version_id, plan.proposal, plan.case)
    with guards.suspended():
        ProtocolVersion.objects.filter(pk=protocol.pk).update(status="retired")
    ProtocolVersion.objects.create(
        version="later",
        document=protocol.document,
        sha256="0" * 64,
        status="approved",
        approved_by=medical_lead,
        approved_at=timezone.now(),
    )
    plan.refresh_from_db()
    assert (plan.protocol_version_id, plan.proposal, plan.case) == before


# Overrides


def faults(consultation, computed, by, name="depth.cheeks") -> dict:
    return settle(consultation, computed, by=by).setting(name).faults


def test_inside_the_range_a_reason_is_enough(consultation, typed, keep, clinician):
    computed = keep(typed, {"values": depth("cheeks", "1,25", reason="")})
    assert faults(consultation, computed, clinician) == {"reason": "Choose the reason for the cheeks depth you set"}
    keep(typed, {"values": depth("cheeks", "1,25")})
    plan = accept(consultation, clinician)
    override = plan.overrides.get()
    assert (override.field, override.proposed, override.chosen, override.reason) == ("depth_mm.cheeks", "1.5", "1.25", "less_downtime")
    assert plan.zones.get(zone="cheeks").depth_mm == Decimal("1.25")


def test_other_reason_must_be_said(consultation, typed, keep, clinician):
    computed = keep(typed, {"values": depth("cheeks", "1.25", reason="other")})
    assert faults(consultation, computed, clinician) == {"other": "Say why you set the cheeks depth"}


def test_outside_the_range_the_patient_must_be_told(consultation, typed, keep, clinician):
    computed = keep(typed, {"values": depth("cheeks", "0.75")})
    assert set(faults(consultation, computed, clinician)) == {"told"}
    keep(typed, {"values": depth("cheeks", "0.75", told=True)})
    assert accept(consultation, clinician).overrides.get().patient_told is True


def test_over_the_ceiling_nobody_gets(consultation, typed, keep, clinician, medical_lead):
    chosen = {"values": depth("chin", "2.25", told=True)}
    computed = keep(typed, chosen)
    ceiling = next(zone for zone in computed.proposal["zones"] if zone["zone"] == "chin")["ceiling_mm"]
    assert ceiling < 2.25
    for by in (clinician, medical_lead):
        assert faults(consultation, computed, by, "depth.chin")["yours"].startswith(f"Chin depth must be {ceiling}")
        assert any("Chin depth must be" in words for words in left(consultation, by))


def test_between_two_steps_of_the_device_is_refused(consultation, typed, keep, clinician):
    computed = keep(typed, {"values": depth("cheeks", "1.1")})
    assert faults(consultation, computed, clinician) == {"yours": "Cheeks depth must be a whole step of 0.25\u00a0mm"}


def test_three_times_the_proposal_is_asked_about(consultation, typed, keep, clinician):
    typed["level.acne_scars"] = "grade_1"
    computed = keep(typed, {"values": depth("cheeks", "2", told=True)})
    found = faults(consultation, computed, clinician)
    assert found["meant"].endswith("Did you mean 0.5\u00a0mm?")
    computed = keep(typed, {"values": depth("cheeks", "2", told=True, meant="2")})
    assert "meant" not in faults(consultation, computed, clinician)


def test_a_slip_of_the_decimal_mark_is_named(consultation, typed, keep, clinician):
    computed = keep(typed, {"values": depth("cheeks", "15")})
    assert faults(consultation, computed, clinician)["yours"].endswith("Did you mean 1.5\u00a0mm?")


def test_above_the_evaluated_depth_the_medical_lead_must_agree(consultation, typed, keep, clinician, medical_lead):
    chosen = {"values": depth("cheeks", "2")}
    computed = keep(typed, chosen)
    decision = next(item for item in settle(consultation, computed, by=clinician).undecided if item.who == "medical_lead")
    assert not decision.may(clinician)
    assert decision.wanted in left(consultation, clinician)
    keep(typed, services.decide(chosen, decision.key, "agreed", by=medical_lead))
    plan = accept(consultation, clinician)
    assert plan.countersigned_by == medical_lead


def test_an_interval_below_the_protocols_shortest_is_refused(consultation, typed, keep, clinician):
    weeks = {"interval_weeks": {"value": "2", "reason": "calendar", "told": True}}
    computed = keep(typed, {"values": weeks})
    assert faults(consultation, computed, clinician, "interval_weeks")["yours"].startswith("Weeks between sessions must be 4 or more")


def test_another_device_is_planned_with_its_own_depths_and_a_reason(consultation, typed, keep, clinician):
    typed["device"] = ["SkinPen Precision", "roller"]
    keep(typed, {"device": {"value": "roller", "reason": "", "reason_text": ""}})
    assert left(consultation, clinician) == ["Choose the reason for the other device"]
    keep(typed, {"device": {"value": "roller", "reason": "large_area", "reason_text": ""}})
    plan = accept(consultation, clinician)
    assert plan.device_kind == "roller"
    override = plan.overrides.get()
    assert (override.field, override.proposed, override.chosen, override.reason) == ("device", "pen", "roller", "large_area")


def test_numbing_cream_cannot_be_chosen_against_an_allergy(consultation, typed, keep, clinician):
    typed |= {"allergy.0.substance": "lidocaine", "allergies_asked": "listed"}
    computed = keep(typed)
    decisions = decided(consultation, computed, clinician)
    keep(typed, {"decisions": decisions, "numbing": "cream"})
    assert left(consultation, clinician) == ["Choose another numbing, or none"]
    keep(typed, {"decisions": decisions, "numbing": "other", "numbing_other": "EMLA, thinly"})
    assert left(consultation, clinician) == ["EMLA, thinly is what is ruled out. Choose another, or none"]
    keep(typed, {"decisions": decisions, "numbing": "none"})
    assert accept(consultation, clinician).numbing == "No numbing"


# The database itself

CHANGES = [
    lambda plan: TreatmentPlan.objects.filter(pk=plan.pk).update(proposal={}),
    lambda plan: TreatmentPlan.objects.filter(pk=plan.pk).update(sessions_count=9),
    lambda plan: PlanZone.objects.filter(plan=plan).update(depth_mm=Decimal("2.5")),
    lambda plan: PlanOverride.objects.filter(plan=plan).update(reason="pain"),
    lambda plan: PlanZone.objects.filter(plan=plan).delete(),
    lambda plan: PlanOverride.objects.filter(plan=plan).delete(),
    lambda plan: TreatmentPlan.objects.filter(pk=plan.pk)._raw_delete("default"),
]


@pytest.fixture
def plan(consultation, typed, keep, clinician):
    keep(typed, {"values": depth("cheeks", "1.25")})
    return accept(consultation, clinician)


@pytest.mark.both_engines
@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_an_accepted_plan(plan, change):
    with pytest.raises(DatabaseError, match="accepted plan"), transaction.atomic():
        change(plan)


@pytest.mark.both_engines
@pytest.mark.parametrize("change", CHANGES[:-1])
def test_without_the_guard_the_same_change_goes_through(plan, change):
    with guards.suspended(), transaction.atomic():
        assert change(plan)


AFTERWARDS = [
    lambda: Consultation.objects.update(inputs={}),
    lambda: Consultation.objects.update(case={}, proposal={}),
    lambda: Consultation.objects.update(status=Consultation.Status.OPEN),
]


@pytest.mark.both_engines
@pytest.mark.parametrize("change", AFTERWARDS)
def test_the_database_refuses_to_change_a_consultation_that_has_ended(plan, change):
    with pytest.raises(DatabaseError, match="has ended"), transaction.atomic():
        change()
    with guards.suspended(), transaction.atomic():  # the control
        assert change()


@pytest.mark.both_engines
def test_status_may_still_change(plan):
    plan.status = TreatmentPlan.Status.STOPPED
    plan.save(update_fields=["status"])
    assert TreatmentPlan.objects.get().status == "stopped"
