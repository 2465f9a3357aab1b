"""The gate of the session record asks for signed consent: each way it can stand, and what holds the needling back."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from consent.models import ConsentWithdrawal
from consent.services.withdrawing import withdraw
from consent.standing import newest_items, stands_for
from consent.tests.signed import consented, sign, text_in_use, texts_for
from sessions.models import TreatmentSession
from sessions.services import gate, record
from sessions.services.record import CannotStart

from .record_case import RecordCase, as_json, signed

pytestmark = pytest.mark.django_db


class Unsigned(RecordCase):
    """As the case of the record, but nobody has signed."""

    has_consent = False


@pytest.fixture
def case(site, clinician, patient):
    return Unsigned(site, clinician, patient)


@pytest.fixture
def texts(case, clinician):
    """In use, in English: one for each thing the plan needs."""
    return texts_for(case.plan, by=clinician)


def condition(session):
    found = TreatmentSession.objects.get(pk=session.pk)
    return next(row for row in gate.may_start(found) if row.name == "consent")


def taken_back(case, *codes):
    items = [item for (_, code), item in newest_items(case.patient).items() if code in codes]
    return withdraw(case.patient, items, said_by=str(case.patient), reason="", by=case.clinician)


def save(case, session, **changes):
    session = TreatmentSession.objects.get(pk=session.pk)
    return record.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


def test_nothing_signed_holds_the_needling_back_and_keeps_what_was_typed(case):
    session = case.started()
    assert (condition(session).state, condition(session).holds) == (gate.LEFT, True)
    assert "Atrophic acne scars and Hyaluronic acid" in condition(session).words
    saved = save(case, session)
    zone = case.zone(session, "cheeks")
    assert "Consent is not signed" in saved.form.errors[f"z{zone.pk}-depth"][0]
    assert saved.session.unread[f"z{zone.pk}-depth"] == "1.25"
    assert not saved.session.start_check


def test_part_of_what_the_plan_needs_is_not_enough(case, texts):
    sign(case.patient, texts[:1], by=case.clinician)
    assert condition(case.started()).words == "Consent is not signed: Hyaluronic acid. Have it signed first"


def test_signed_for_all_the_plan_does_it_asks_nothing(case, texts):
    sign(case.patient, texts, by=case.clinician)
    session = case.started()
    assert condition(session).state == gate.OK
    assert not save(case, session).form.errors


def test_signed_under_one_plan_it_holds_for_the_next_one_of_the_same(case, texts):
    sign(case.patient, texts, by=case.clinician)
    assert stands_for(case.make_plan()).state == "signed"


def test_an_older_text_holds_only_with_a_reason(case, texts):
    sign(case.patient, texts, by=case.clinician)
    text_in_use(by=case.clinician, body="It may bleed, and it may bruise.")
    session = case.started()
    assert (condition(session).state, condition(session).field) == (gate.LEFT, "f-consent_reason")
    assert save(case, session).form.errors
    saved = save(case, session, consent_reason="Text changed in its spelling only, read out and agreed")
    assert saved.form.errors  # the zones are judged by what stood when the page was saved ...
    saved = save(case, session, consent_reason="Text changed in its spelling only, read out and agreed")
    assert not saved.form.errors  # ... and go through with the reason on file
    row = TreatmentSession.objects.get(pk=session.pk)
    assert (row.consent_by, row.consent_reason[:12]) == (case.clinician, "Text changed")
    assert "read out and agreed" in condition(session).words


def test_withdrawn_after_signing_nothing_begins(case, texts):
    sign(case.patient, texts, by=case.clinician)
    session = case.started()
    taken_back(case, "acne_scars")
    found = condition(session)
    assert (found.state, "withdrawn" in found.words) == (gate.STOP, True)
    assert save(case, session).form.errors
    assert not TreatmentSession.objects.get(pk=session.pk).start_check


def test_withdrawn_before_the_start_no_record_is_opened(case, texts):
    sign(case.patient, texts, by=case.clinician)
    taken_back(case, "hyaluronic_acid")
    with pytest.raises(CannotStart, match="Hyaluronic acid withdrawn"):
        record.start(case.booking(), case.clinician)
    assert not TreatmentSession.objects.exists()


def test_signed_anew_after_a_withdrawal_it_stands_again(case, texts):
    sign(case.patient, texts, by=case.clinician)
    taken_back(case, "acne_scars", "hyaluronic_acid")
    sign(case.patient, texts, by=case.clinician)
    assert condition(case.started()).state == gate.OK


def test_withdrawn_in_the_middle_the_screen_says_stop_and_what_was_done_can_be_signed(client, case, texts):
    sign(case.patient, texts, by=case.clinician)
    session = case.started()
    save(case, session)
    taken_back(case, "acne_scars")
    row = TreatmentSession.objects.get(pk=session.pk)
    assert not gate.unmet(gate.may_sign(row, by=case.clinician))
    client.force_login(case.clinician)
    assert "Stop, record what was done until then" in client.get(reverse("sessions:record", args=[session.pk])).content.decode()


def test_what_stood_when_the_needle_touched_the_skin_stays_in_the_record(case, texts):
    consent = sign(case.patient, texts, by=case.clinician)
    session = signed(case)
    taken_back(case, "acne_scars")
    kept = as_json(session)
    assert kept["format"] == 2
    assert [(row["code"], row["state"], row["consent"]) for row in kept["record"]["start_check"]["consent"]] == [
        ("acne_scars", "signed", consent.pk),
        ("hyaluronic_acid", "signed", consent.pk),
    ]
    nobody = {"reason": "", "by": None, "at": None}
    assert kept["record"]["consent"] == {"older_text": nobody, "ticked_before_it_was_signed_here": False}
    assert "consent_confirmed" not in kept["record"]
    call_command("verify_records")


def test_a_record_signed_while_consent_was_a_tick_still_verifies(case, texts, monkeypatch, capsys):
    from sessions.services import signing

    sign(case.patient, texts, by=case.clinician)
    of_today = signing.content_of
    monkeypatch.setattr(signing, "content_of", lambda session, meaning: of_today(session, meaning, 1))
    before = signed(case)
    monkeypatch.undo()
    assert as_json(before)["format"] == 1
    assert "consent" not in as_json(before)["record"]
    call_command("verify_records")
    assert "1 signed records checked" in capsys.readouterr().out


@pytest.mark.parametrize("ticked", [True, False])
def test_a_record_begun_while_consent_was_a_tick_goes_on(case, texts, ticked):
    """Its kept answers hold none about consent: the tick counts, and where there was none it is asked now."""
    sign(case.patient, texts, by=case.clinician)
    session = case.started()
    save(case, session)
    row = TreatmentSession.objects.get(pk=session.pk)
    row.start_check["conditions"] = [one for one in row.start_check["conditions"] if one["name"] != "consent"]
    row.consent_confirmed = ticked
    row.save()
    taken_back(case, "acne_scars")
    assert condition(session).state == (gate.OK if ticked else gate.STOP)


def test_the_screen_leads_to_the_signature_and_back(client, case, texts):
    session = case.started()
    client.force_login(case.clinician)
    address = reverse("sessions:record", args=[session.pk])
    page = client.get(address).content.decode()
    assert f"{reverse('consent:sign', args=[case.patient.number])}?plan={case.plan.pk}&amp;next={address}" in page
    consented(case.plan, by=case.clinician)
    page = client.get(address).content.decode()
    assert "Have consent signed" not in page
    assert "Consent signed on" in page


def test_a_visit_says_what_is_missing_before_anybody_starts(client, case, texts):
    booking = case.booking()
    client.force_login(case.clinician)
    page = client.get(reverse("sessions:booking", args=[booking.pk])).content.decode()
    assert "Consent is not signed" in page
    sign(case.patient, texts, by=case.clinician)
    assert "Consent is not signed" not in client.get(reverse("sessions:booking", args=[booking.pk])).content.decode()
    taken_back(case, "acne_scars")
    assert "Consent withdrawn" in client.get(reverse("sessions:booking", args=[booking.pk])).content.decode()
    answer = client.post(reverse("sessions:record_start", args=[booking.pk]))
    assert answer.status_code == 422
    assert "Consent withdrawn" in answer.content.decode()
    assert not TreatmentSession.objects.filter(booking=booking).exists()


def test_a_withdrawal_stands_beside_what_was_signed(case, texts):
    consent = sign(case.patient, texts, by=case.clinician)
    assert len(taken_back(case, "acne_scars")) == 1
    assert taken_back(case, "acne_scars") == []  # a double press
    assert ConsentWithdrawal.objects.get().item.consent == consent
    call_command("verify_consents")
