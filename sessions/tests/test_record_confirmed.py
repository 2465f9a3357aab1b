"""A record that somebody entered and signed for the one who treated: that one confirms it, or says that it is not what was done."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from sessions import countersigning
from sessions.models import RecordCountersignature, TreatmentSession
from sessions.services import countersign, late
from sessions.services.record import correct, save
from sessions.services.signing import sign
from sessions.services.verifying import faults_of

from .record_case import PASSWORD, RecordCase, as_json
from .test_late_record import DAYS, long_ago

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(site, clinician, patient):
    case = RecordCase(site, clinician, patient, answered=False)
    case.answer_all(at=timezone.now() - DAYS - dt.timedelta(hours=3))
    long_ago(case)
    return case


@pytest.fixture
def lena(site, make_user):
    lena = make_user("lena", "clinician", last_name="Holm")
    lena.sites.add(site)
    return lena


def entered(case, by) -> TreatmentSession:
    """A whole record of a treatment by the clinician of the case, entered and signed by *by*."""
    visit = case.booking(days=-3, status="done")
    began = visit.starts_at + dt.timedelta(minutes=10)
    said = late.Entry(began=began, treated_by=case.clinician, source="paper", reason="Power was out")
    session = late.begin(visit, said, by=by)
    saved = save(session, by=by, typed=case.typed(session), version=session.version)
    return sign(saved.session, by=by, version=saved.session.version, shown="pin")


def confirmed(session, by, *, agreed=True, words="", version=1):
    return countersign.answer(session, by=by, agreed=agreed, words=words, shown="pin", seen=session.signed_sha256, version=version)


def fresh(session) -> TreatmentSession:
    return TreatmentSession.objects.get(pk=session.pk)


@pytest.mark.both_engines
def test_who_treated_confirms_under_their_own_signature(case, lena, medical_lead):
    done = entered(case, lena)
    assert [(need["key"], need["who"]) for need in done.needs] == [("entered_for", "treated")]
    assert as_json(done)["record"]["to_countersign"] == done.needs
    assert countersigning.roles_of(done, case.clinician) == ["treated"]
    for other in (lena, medical_lead):
        assert countersigning.roles_of(done, other) == []
        with pytest.raises(countersign.NotWaiting):
            confirmed(done, other)
    before = (done.signed_content, done.signed_sha256)
    confirmed(done, case.clinician)
    row = RecordCountersignature.objects.get()
    assert (row.by, row.role, row.meaning, row.record_sha256) == (case.clinician, "treated", countersign.MEANING_CONFIRMED, before[1])
    done = fresh(done)
    assert (done.signed_content, done.signed_sha256) == before
    assert countersigning.waits_for(done) == ""
    assert not list(faults_of(done))
    assert AuditEvent.objects.get(action="record.countersigned").detail["roles"] == ["treated"]
    with pytest.raises(countersign.NotWaiting):
        confirmed(done, case.clinician)


def test_who_signed_what_they_did_themselves_is_asked_nothing(case):
    assert entered(case, case.clinician).needs == []


def test_what_went_beyond_their_right_somebody_else_signs_for_as_well(case, lena, medical_lead, signed_off):
    signed_off(case.clinician, max_depth_mm=Decimal("1"))
    done = entered(case, lena)
    assert {need["who"] for need in done.needs} == {"medical_lead", "treated"}
    assert done.roles_asked == 2
    assert countersigning.waits_for(done) == f"the medical lead and {case.clinician}"
    confirmed(done, case.clinician)
    assert countersigning.open_roles(fresh(done)) == ["medical_lead"]
    confirmed(fresh(done), medical_lead)
    assert [row.meaning for row in done.countersignatures.order_by("number")] == [countersign.MEANING_CONFIRMED, countersign.MEANING]
    assert not TreatmentSession.objects.asking().exists()


def test_refused_it_waits_for_a_correction_and_is_confirmed_with_it(case, lena):
    done = entered(case, lena)
    with pytest.raises(countersign.NothingSaid):
        confirmed(done, case.clinician, agreed=False)
    confirmed(done, case.clinician, agreed=False, words="I stopped at the chin")
    assert RecordCountersignature.objects.get().meaning == countersign.MEANING_NOT_CONFIRMED
    with pytest.raises(countersign.NotWaiting):
        confirmed(fresh(done), case.clinician)
    correct(done, by=lena, text="Stopped at the chin", reason="As who treated says", request_key="1")
    with pytest.raises(countersign.CorrectedSince):
        confirmed(fresh(done), case.clinician)
    confirmed(fresh(done), case.clinician, version=2)
    assert countersigning.open_roles(fresh(done)) == []


@pytest.mark.both_engines
def test_the_database_lets_only_who_treated_confirm(case, lena, medical_lead):
    done = entered(case, lena)
    base = {"session": done, "number": 1, "agreed": True, "meaning": "x", "at": timezone.now(), "record_version": 1, "sha256": "x"}
    wrong = [(medical_lead, "treated"), (lena, "treated"), (case.clinician, "medical_lead")]
    for by, role in wrong:
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            RecordCountersignature(**base, by=by, role=role, record_sha256=done.signed_sha256).save()
    RecordCountersignature(**base, by=case.clinician, role="treated", record_sha256=done.signed_sha256).save()


def test_the_record_says_it_and_today_leads_who_treated_to_it(client, case, lena):
    done = entered(case, lena)
    record, page = (reverse(f"sessions:{name}", args=[done.pk]) for name in ("record", "countersign"))
    today = reverse("clinic:today")
    words = f"Entered by {lena} for {case.clinician}"
    client.force_login(lena)
    shown = client.get(record).content.decode()
    assert f"{words}, not yet confirmed by {case.clinician}." in shown
    assert page not in shown
    assert page not in client.get(today).content.decode()
    client.force_login(case.clinician)
    assert page in client.get(today).content.decode()
    assert "1 record entered for you to confirm" in client.get(today).content.decode()
    assert "Read and confirm this record" in client.get(record).content.decode()
    shown = client.get(page).content.decode()
    assert "I treated this patient" in shown
    sent = {"seen": done.signed_sha256, "version": 1, "do": "countersign", "words": "", "password": PASSWORD}
    assert client.post(page, sent).url == record
    shown = client.get(record).content.decode()
    assert "not yet confirmed" not in shown
    assert f"confirmed by {case.clinician}" in shown
    assert page not in client.get(today).content.decode()


def test_who_entered_it_hears_that_it_is_not_what_was_done(client, case, lena):
    done = entered(case, lena)
    confirmed(done, case.clinician, agreed=False, words="I stopped at the chin")
    client.force_login(lena)
    today = client.get(reverse("clinic:today")).content.decode()
    assert "1 record not confirmed by who treated" in today
    shown = client.get(reverse("sessions:record", args=[done.pk])).content.decode()
    assert "I stopped at the chin" in shown
    assert "then it can be confirmed" in shown
