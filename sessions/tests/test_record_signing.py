"""Sign and lock: once, whole, with the signer's password; afterwards nothing changes it, and a change would be seen."""

# ruff: noqa: S608 - statements of the test's own making, run against the guards
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.versioning import StaleRow
from audit import guards
from audit.models import AuditEvent
from plans.models import TreatmentPlan
from sessions.conversion import record_facts, record_version
from sessions.models import Booking, SessionCorrection, SessionZone, TreatmentSession
from sessions.record_guards import SESSION, ZONE
from sessions.services import record, signing
from sessions.services.verifying import verify

from .record_case import PASSWORD, RecordCase, as_json, signed

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
GUARDS = ("signed_record_locked", "signed_zones_locked", "corrections_only_added")


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def whole(case):
    """A draft that lacks nothing but the signature."""
    session = case.started()
    return record.save(session, by=case.clinician, typed=case.typed(session), version=session.version).session


@pytest.fixture
def hook():
    """Something an app above does at each signature."""
    calls = []
    signing.on_signed.append(lambda session, by: calls.append((session.pk, by.pk)))
    yield calls
    signing.on_signed.pop()


def sign(case, session, **changes):
    session.refresh_from_db()
    return signing.sign(session, **{"by": case.clinician, "password": PASSWORD, "version": session.version, **changes})


# Signing


def test_signing_locks_the_record_ends_the_visit_and_tells_the_apps_above(case, whole, hook):
    done = sign(case, whole)
    done.refresh_from_db()
    assert (done.status, done.signed_by) == (TreatmentSession.Status.SIGNED, case.clinician)
    assert Booking.objects.get(pk=done.booking_id).status == Booking.Status.DONE
    assert hook == [(done.pk, case.clinician.pk)]
    event = AuditEvent.objects.get(action="record.signed")
    assert event.detail["sha256"] == done.signed_sha256
    assert case.plan.status == TreatmentPlan.Status.ACCEPTED


def test_the_signed_text_binds_who_when_and_what_it_means(case, whole):
    done = sign(case, whole)
    content = as_json(done)
    assert content["signed"]["by"] == case.clinician.pk
    assert content["signed"]["at"] == done.signed_at.isoformat()
    assert content["signed"]["meaning"] == signing.MEANING
    assert content["zones"][0]["done"]["depth_mm"] == "1.25"
    assert content["record"]["needle"] == {"lot": "b24-0917X", "use_by": "2031-03-31"}
    assert signing.sha256(done.signed_content) == done.signed_sha256


def test_a_double_click_signs_once(case, whole, hook):
    version = whole.version
    first = sign(case, whole)
    second = sign(case, whole, version=version)
    assert first.signed_sha256 == second.signed_sha256
    assert len(hook) == 1
    assert AuditEvent.objects.filter(action="record.signed").count() == 1


def test_a_wrong_password_signs_nothing_and_is_logged(case, whole, hook):
    with pytest.raises(signing.WrongPassword):
        sign(case, whole, password="not this one")
    whole.refresh_from_db()
    assert not whole.is_locked
    assert not hook
    assert AuditEvent.objects.get(action="record.signed").outcome == "refused"


def test_the_gate_is_asked_again_on_the_server(case, hook):
    session = case.started()
    session = record.save(session, by=case.clinician, typed=case.typed(session, reaction=None, ended=None), version=session.version).session
    version = session.version
    with pytest.raises(signing.NotComplete) as refusal:
        sign(case, session)
    assert {condition.name for condition in refusal.value.missing} == {"reaction", "ended"}
    session.refresh_from_db()
    assert (session.version, session.is_locked, hook) == (version, False, [])


def test_nobody_signs_what_changed_since_they_read_it(case, whole, medical_lead):
    read = whole.version
    record.save(whole, by=medical_lead, typed=case.typed(whole, note="Changed"), version=whole.version)
    with pytest.raises(StaleRow):
        sign(case, whole, version=read)
    assert not TreatmentSession.objects.get(pk=whole.pk).is_locked


def test_only_who_treats_signs(case, whole, medical_lead):
    with pytest.raises(signing.NotComplete, match="Only Dr Amara Osei"):
        sign(case, whole, by=medical_lead)


def test_when_an_app_above_fails_nothing_is_signed(case, whole):
    def broken(session, by):
        raise RuntimeError("no sheet")

    signing.on_signed.append(broken)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            sign(case, whole)
    finally:
        signing.on_signed.remove(broken)
    assert not TreatmentSession.objects.get(pk=whole.pk).is_locked
    assert Booking.objects.get(pk=whole.booking_id).status == Booking.Status.IN_ROOM
    assert not AuditEvent.objects.filter(action="record.signed").exists()


def test_the_last_session_completes_the_plan(site, clinician, patient):
    case = RecordCase(site, clinician, patient, sessions_count=2)
    signed(case, 1, days=-28)
    assert TreatmentPlan.objects.get(pk=case.plan.pk).status == TreatmentPlan.Status.ACCEPTED
    signed(case, 2)
    assert TreatmentPlan.objects.get(pk=case.plan.pk).status == TreatmentPlan.Status.COMPLETED


def test_deviations_are_computed_from_planned_and_done(case):
    session = case.started()
    cheeks, forehead = case.zone(session, "cheeks"), case.zone(session, "forehead")
    changes = {
        f"z{cheeks.pk}-depth": "1",
        f"z{cheeks.pk}-passes": "5",
        f"z{cheeks.pk}-reason": "pain",
        f"z{cheeks.pk}-note": "at the edge",
        f"z{forehead.pk}-skip": "on",
        f"z{forehead.pk}-reason": "skin",
        "adj-hyaluronic_acid-used": None,
    }
    saved = record.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)
    done = sign(case, saved.session)
    assert [(row["zone"], row["what"], row["planned"], row["done"], row["reason"], row["material"]) for row in done.deviations] == [
        ("cheeks", "depth", "1.25\u00a0mm", "1\u00a0mm", "Pain: at the edge", True),
        ("cheeks", "passes", "4", "5", "Pain: at the edge", False),
        ("forehead", "depth", "0.5\u00a0mm", "Not treated", "Skin not fit here today", True),
        ("", "adjuvant", done.deviations[3]["planned"], "Not used", "", False),
    ]
    assert done.adjuvants == []


# Locked


def statements(session):
    zone = session.zones.first().pk
    plan_zone = session.zones.first().plan_zone_id
    return {
        "change the lot": f"UPDATE {SESSION} SET needle_lot = 'OTHER' WHERE id = {session.pk}",
        "open it again": f"UPDATE {SESSION} SET status = 'draft' WHERE id = {session.pk}",
        "delete it": f"DELETE FROM {SESSION} WHERE id = {session.pk}",
        "change a depth": f"UPDATE {ZONE} SET done_depth_mm = 0.25 WHERE id = {zone}",
        "delete a zone": f"DELETE FROM {ZONE} WHERE id = {zone}",
        "add a zone": (
            f"INSERT INTO {ZONE} (session_id, plan_zone_id, position, zone, zone_label, planned_depth_mm, ceiling_mm, planned_passes, "
            f"planned_endpoint, state, endpoint, bleeding, reason, note) VALUES "
            f"({session.pk}, {plan_zone}, 9, 'chin', 'Chin', 1, 2, 4, 'x', 'not_recorded', '', '', '', '')"
        ),
    }


WAYS = ["change the lot", "open it again", "delete it", "change a depth", "delete a zone", "add a zone"]


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("way", WAYS)
def test_the_database_refuses_to_change_a_signed_record(case, way):
    session = signed(case)
    with pytest.raises(DatabaseError, match="a signed record is never changed"):
        run(statements(session)[way])


@pytest.mark.parametrize("way", [way for way in WAYS if way != "delete it"])
def test_without_the_guards_the_same_statements_go_through(case, way):
    """The negative control: it is the guard that refuses, nothing else."""
    session = signed(case)
    with guards.suspended(*GUARDS):
        run(statements(session)[way])


def test_the_models_own_ways_are_refused_too(case):
    session = signed(case)
    for way in (
        lambda: TreatmentSession.objects.filter(pk=session.pk).update(note="x"),
        lambda: SessionZone.objects.filter(session=session).delete(),
        lambda: session.delete(),
        lambda: session.claim(session.version),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            way()


def test_a_draft_can_still_be_changed_beside_a_signed_one(case):
    signed(case, days=-28)
    session = case.started(2)
    record.save(session, by=case.clinician, typed=case.typed(session), version=session.version)
    assert TreatmentSession.objects.get(pk=session.pk).needle_lot == "b24-0917X"


def test_a_zone_is_not_moved_into_a_signed_record(case):
    done, draft = signed(case, days=-28), case.started(2)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        SessionZone.objects.filter(session=draft).update(session=done, zone="chin")


# Corrections


def correct(session, by, key="k1", text="The lot was B24-0917Y."):
    return record.correct(session, by=by, text=text, reason="Misread", request_key=key)


def test_a_correction_is_added_once_and_the_original_stays(case):
    session = signed(case)
    before = session.signed_content
    first, again = correct(session, case.clinician), correct(session, case.clinician)
    assert first.pk == again.pk
    correct(session, case.clinician, key="k2", text="And the end was 11:50.")
    session = TreatmentSession.objects.get(pk=session.pk)
    assert session.signed_content == before
    assert [row.number for row in session.corrections.all()] == [1, 2]
    assert record_version(session) == 3


def test_a_correction_is_never_changed_or_taken_away(case):
    correction = correct(signed(case), case.clinician)
    for way in (
        lambda: SessionCorrection.objects.filter(pk=correction.pk).update(text="x"),
        lambda: SessionCorrection.objects.filter(pk=correction.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
            way()


def test_a_draft_is_changed_not_corrected(case):
    with pytest.raises(ValueError, match="a draft is changed"):
        correct(case.started(), case.clinician)


# Verifying


def test_records_that_hold_are_counted(case, capsys):
    correct(signed(case, days=-28), case.clinician)
    signed(case, 2)
    call_command("verify_records")
    assert "2 signed records checked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"UPDATE {SESSION} SET needle_lot = 'OTHER'", "the stored values are not the ones that were signed"),
        (f"UPDATE {ZONE} SET done_depth_mm = 0.25 WHERE zone = 'cheeks'", "the stored values are not the ones that were signed"),
        (f"DELETE FROM {ZONE} WHERE zone = 'cheeks'", "the stored values are not the ones that were signed"),
        (f"UPDATE {SESSION} SET signed_content = '{{}}'", "the signed text does not have the hash"),
        ("UPDATE treatment_sessions_sessioncorrection SET text = 'x' WHERE number = 1", "correction 1 is not what was added"),
        ("DELETE FROM treatment_sessions_sessioncorrection WHERE number = 1", "correction 1 is not there"),
    ],
)
def test_a_change_behind_the_guards_is_found_and_named(case, statement, what):
    session = signed(case)
    correct(session, case.clinician)
    correct(session, case.clinician, key="k2")
    with guards.suspended(*GUARDS):
        run(statement)
    with pytest.raises(CommandError, match=f"Record {session.pk}: {what}"):
        call_command("verify_records")


def test_a_forged_hash_is_found_by_the_log(case):
    """Somebody who rewrites the record and its hash together is still given away by the append-only log."""
    session = signed(case)
    content = as_json(session)
    content["record"]["needle"]["lot"] = "OTHER"
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with guards.suspended(*GUARDS):
        TreatmentSession.objects.filter(pk=session.pk).update(needle_lot="OTHER", signed_content=text, signed_sha256=signing.sha256(text))
    _, faults = verify()
    assert [fault.what for fault in faults] == ["the log does not know this signature"]


# What goes on to paper


def test_the_facts_of_a_record_are_plain_values(case, django_assert_max_num_queries):
    session = signed(case)
    correct(session, case.clinician)
    later = case.booking(2, days=28, status="booked")
    facts = record_facts(TreatmentSession.objects.get(pk=session.pk))
    assert (facts.patient_name, facts.session_number, facts.sessions_count) == ("RAHMAN, Nadia", 1, 4)
    assert [(zone.zone, str(zone.depth_mm), zone.passes) for zone in facts.zones_done] == [("cheeks", "1.25", 4), ("forehead", "0.50", 3)]
    assert facts.deepest_mm == facts.zones_done[0].depth_mm
    assert (facts.needle_lot, facts.device_kind, facts.record_version) == ("b24-0917X", "pen", 2)
    assert facts.next_booking.starts_at == later.starts_at
    assert [(row.product, row.lot) for row in facts.adjuvants] == [("Glide gel 2 ml", "HA-77")]
    assert facts.treated_on == timezone.localdate()


def test_the_key_of_one_records_form_says_nothing_about_another(case):
    first, second = signed(case, days=-28), signed(case, 2)
    assert {correct(first, case.clinician, key="k").session_id, correct(second, case.clinician, key="k").session_id} == {
        first.pk,
        second.pk,
    }


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_add_one_correction(case):
    """Both requests are past every check before either writes: only what is asked behind the lock may decide."""
    session, together, made = signed(case), threading.Barrier(4), []

    def press():
        try:
            together.wait(10)
            made.append(correct(session, case.clinician).pk)
        finally:
            connection.close()

    callers = [threading.Thread(target=press) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(made) == 4
    assert len(set(made)) == session.corrections.count() == 1
