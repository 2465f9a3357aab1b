"""
A signed record of what went beyond the right of who treated: it waits for somebody entitled, who signs as the record was signed, or
refuses with words. Nothing of it changes the record.
"""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from sessions import countersigning
from sessions.models import RecordCountersignature, Resource, TreatmentSession
from sessions.services import countersign
from sessions.services.record import correct, save
from sessions.services.signing import sign
from sessions.services.verifying import faults_of

from .record_case import PASSWORD, RecordCase, as_json
from .test_operator import countersigned

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def deeper(case, session, mm="1.5", *, sure=True) -> dict:
    """What is typed where the cheeks were needled deeper than planned."""
    name = f"z{case.zone(session, 'cheeks').pk}"
    return {f"{name}-depth": mm, f"{name}-reason": "wish", **({f"{name}-sure": mm} if sure else {})}


def locked(case, *, signs=True, **changes) -> TreatmentSession:
    session = case.started()
    saved = save(session, by=case.clinician, typed=case.typed(session) | deeper(case, session) | changes, version=session.version)
    assert not saved.form.errors
    return sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)


@pytest.fixture
def waiting(case, signed_off):
    """Signed off to 1.25 mm, as deep as the plan goes; the cheeks were needled at 1.5 mm."""
    signed_off(case.clinician, max_depth_mm=Decimal("1.25"))
    return locked(case)


def answered(session, by, *, agreed=True, words="", seen=None, version=1):
    seen = session.signed_sha256 if seen is None else seen
    return countersign.answer(session, by=by, agreed=agreed, words=words, shown="pin", seen=seen, version=version)


def fresh(session) -> TreatmentSession:
    return TreatmentSession.objects.get(pk=session.pk)


# What asks for one


def test_deeper_than_signed_off_is_asked_again_then_recorded_and_waits(case, signed_off, medical_lead):
    signed_off(case.clinician, max_depth_mm=Decimal("1.25"))
    session = case.started()
    asked = save(session, by=case.clinician, typed=case.typed(session) | deeper(case, session, sure=False), version=session.version)
    (words,) = asked.form.errors[f"z{case.zone(session, 'cheeks').pk}-depth"]
    assert "1.25\u00a0mm or less: that is what the person treating is signed off for" in words
    assert case.zone(session, "cheeks").done_depth_mm is None
    typed = case.typed(session) | deeper(case, session)
    saved = save(asked.session, by=case.clinician, typed=typed, version=asked.session.version)
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert [(need["key"], need["who"]) for need in done.needs] == [("depth.cheeks", "medical_lead")]
    assert as_json(done)["record"]["to_countersign"] == done.needs
    assert countersigning.roles_of(done, medical_lead) == ["medical_lead"]
    assert countersigning.roles_of(done, case.clinician) == []


def test_within_the_right_nothing_waits(case, signed_off):
    signed_off(case.clinician, max_depth_mm=Decimal("1.5"))
    done = locked(case)
    assert (done.needs, done.roles_asked) == ([], 0)
    assert "to_countersign" not in as_json(done)["record"]


def test_another_device_than_signed_off_for_waits(case, signed_off):
    signed_off(case.clinician, device="pen", max_depth_mm=Decimal("2"))
    session = _done(case, case.started())
    assert countersigning.beyond_right(session) == []
    roller = Resource.objects.create(site=case.site, kind="device", name="Roller A", device_kind="roller")
    TreatmentSession.objects.filter(pk=session.pk).update(device=roller)
    assert {need["key"] for need in countersigning.beyond_right(fresh(session))} == {"device"}


def _done(case, session):
    session.zones.update(state="done", done_depth_mm=Decimal("0.5"))
    return fresh(session)


@pytest.mark.parametrize(("brand", "asks"), [("", False), ("Exceed", False), ("SkinPen Precision", True)])
def test_what_was_countersigned_with_the_plan_holds_for_its_device_and_no_deeper(case, signed_off, medical_lead, brand, asks):
    """brand: of the plan; the device that was used is an Exceed, and the clinician is signed off for rollers alone."""
    signed_off(case.clinician, device="roller")
    with guards.suspended("plans_accepted_plan"):
        type(case.plan).objects.filter(pk=case.plan.pk).update(device_brand=brand)
    countersigned(case.plan, medical_lead, "device", "depth.cheeks")
    type(case.pen).objects.filter(pk=case.pen.pk).update(device_brand="Exceed")
    session = _done(case, case.started())
    assert bool(countersigning.beyond_right(session)) is asks


def test_numbing_that_only_a_prescriber_decides_waits_for_one(case, signed_off):
    type(case.clinician).objects.filter(pk=case.clinician.pk).update(is_prescriber=False)
    case.clinician.refresh_from_db()
    session = _done(case, case.started())
    TreatmentSession.objects.filter(pk=session.pk).update(numbing="Example cream")
    assert [(need["key"], need["who"]) for need in countersigning.beyond_right(fresh(session))] == [("numbing", "prescriber")]


def test_a_certificate_that_ran_out_before_the_day_waits_and_one_ended_since_does_not(case, signed_off):
    today = timezone.localdate()
    row = signed_off(case.clinician, valid_from=today - dt.timedelta(days=90), valid_until=today - dt.timedelta(days=1))
    session = _done(case, case.started(days=-3))
    assert countersigning.beyond_right(session) == []
    assert {need["who"] for need in countersigning.beyond_right(_done(case, case.started(2)))} == {"medical_lead"}
    if row is not None:
        type(row).objects.filter(pk=row.pk).update(ended_at=timezone.now(), ended_by=case.clinician)
        assert countersigning.beyond_right(fresh(session)) == []


# The answer


def test_it_is_bound_to_the_hash_and_changes_nothing(case, waiting, medical_lead):
    before = TreatmentSession.objects.filter(pk=waiting.pk).values().get()
    answered(waiting, medical_lead, words="Seen with her")
    row = RecordCountersignature.objects.get()
    assert (row.record_sha256, row.by, row.meaning) == (waiting.signed_sha256, medical_lead, countersign.MEANING)
    assert TreatmentSession.objects.filter(pk=waiting.pk).values().get() == before
    assert countersigning.open_roles(fresh(waiting)) == []
    assert not list(faults_of(fresh(waiting)))
    assert AuditEvent.objects.get(action="record.countersigned").detail["sha256"] == waiting.signed_sha256


def test_a_record_of_another_hash_is_not_countersigned(waiting, medical_lead):
    with pytest.raises(countersign.NotWaiting):
        answered(waiting, medical_lead, seen="0" * 64)
    assert not RecordCountersignature.objects.exists()


def test_twice_is_once(waiting, medical_lead):
    answered(waiting, medical_lead)
    with pytest.raises(countersign.NotWaiting):
        answered(waiting, medical_lead)
    assert RecordCountersignature.objects.count() == 1


def test_nobody_who_treated_and_nobody_without_the_right(case, waiting, make_user):
    for who in (case.clinician, make_user("tomas", "clinician", last_name="Wolf"), make_user("june2", "front_desk")):
        with pytest.raises(countersign.NotWaiting):
            answered(waiting, who)


def test_refused_it_says_why_and_waits_for_a_correction(case, waiting, medical_lead):
    with pytest.raises(countersign.NothingSaid):
        answered(waiting, medical_lead, agreed=False, words="  ")
    answered(waiting, medical_lead, agreed=False, words="Why deeper over the bone?")
    row = fresh(waiting)
    assert countersigning.refusal_of(row).words == "Why deeper over the bone?"
    with pytest.raises(countersign.NotWaiting):
        answered(waiting, medical_lead)
    correct(row, by=case.clinician, text="Cheeks only, not over the bone", reason="Asked", request_key="k")
    assert countersigning.refusal_of(fresh(waiting)) is None
    with pytest.raises(countersign.CorrectedSince):
        answered(fresh(waiting), medical_lead)
    answered(fresh(waiting), medical_lead, version=2)
    assert countersigning.open_roles(fresh(waiting)) == []
    assert not list(faults_of(fresh(waiting)))


def test_the_database_holds_it(case, waiting, medical_lead, make_user):
    def row(**fields):
        now = timezone.now()
        base = {"session": waiting, "number": 7, "role": "medical_lead", "agreed": True, "meaning": "x", "by": medical_lead, "at": now}
        return RecordCountersignature(**{**base, "record_version": 1, "record_sha256": waiting.signed_sha256, "sha256": "x", **fields})

    for wrong in ({"record_sha256": "0" * 64}, {"by": case.clinician}, {"agreed": False}):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            row(**wrong).save()
    answered(waiting, medical_lead)
    rows = RecordCountersignature._base_manager
    for act in (
        lambda: row(by=make_user("lead2", "medical_lead")).save(),
        lambda: rows.update(words="other"),
        lambda: rows.all()._raw_delete(rows.db),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            act()
    with guards.suspended("record_countersignature_stays"):
        rows.update(words="other")
    assert [str(fault) for fault in faults_of(fresh(waiting))] == [f"Record {waiting.pk}: countersignature 1 is not what was given"]


# On the screen


def test_the_record_says_it_waits_and_leads_who_may_to_it(client, case, waiting, medical_lead):
    record, page = (reverse(f"sessions:{name}", args=[waiting.pk]) for name in ("record", "countersign"))
    client.force_login(case.clinician)
    shown = client.get(record).content.decode()
    assert "Waits for countersignature by the medical lead" in shown
    assert page not in shown
    assert client.get(page).url == record
    client.force_login(medical_lead)
    assert page in client.get(record).content.decode()
    assert page in client.get(reverse("clinic:today")).content.decode()
    sent = {"seen": waiting.signed_sha256, "version": 1, "do": "refuse", "words": "", "password": PASSWORD}
    assert client.post(page, sent).url == page
    assert "Say what you do not agree to" in client.get(page).content.decode()
    sent |= {"words": "Too deep here", "password": "wrong"}
    assert client.post(page, sent).url == page
    again = client.get(page).content.decode()
    assert "does not match yours" in again
    assert "Too deep here" in again
    sent |= {"do": "countersign", "password": PASSWORD}
    assert client.post(page, sent).url == record
    assert "countersigned by" in client.get(record).content.decode()
    assert page not in client.get(reverse("clinic:today")).content.decode()


def test_who_treated_hears_of_a_refusal_on_today(client, case, waiting, medical_lead):
    answered(waiting, medical_lead, agreed=False, words="Why deeper?")
    client.force_login(case.clinician)
    today = client.get(reverse("clinic:today")).content.decode()
    assert "countersignature refused" in today.lower()
    assert reverse("sessions:record", args=[waiting.pk]) in today
