"""Password, PIN, code of an app, passkey: each signs a record in the signer's own session, and nothing else does."""

import json
import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse

from accounts.desk import services as desk
from accounts.signing_in import second_steps
from accounts.signing_in.session import PASSWORD as BY_PASSWORD
from accounts.signing_in.session import PROVED, SECOND_STEP
from audit.models import AuditEvent
from sessions.models import TreatmentSession

from .record_case import PASSWORD, RecordCase

pytestmark = pytest.mark.django_db
PIN, OTHER_PIN = "402913", "777203"


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def ready(client, clinician, case):
    """A whole record, and its signer at an unlocked screen."""
    client.force_login(clinician)
    session = case.started()
    client.post(reverse("sessions:record", args=[session.pk]), case.typed(session) | {"version": session.version})
    session.refresh_from_db()
    return session


def signed_in_by(client, *proofs) -> None:
    session = client.session
    session[PROVED] = dict.fromkeys(proofs, time.time())
    session.save()


def give_pin(rf, user, pin=PIN) -> None:
    request = rf.post("/")
    request.user = user
    desk.set_pin(user, pin, request=request)


def sign(client, session, **typed):
    return client.post(reverse("sessions:sign", args=[session.pk]), {"version": session.version, **typed})


def refused(client, answer) -> str:
    """The page after a refused signature: its own address, so that reload and back lead to it."""
    assert answer.status_code == 302
    assert "/sign/" in answer.url
    return client.get(answer.url).content.decode()


def how(session) -> str | None:
    """How it was signed, as the log says; None where it was not."""
    row = AuditEvent.objects.filter(action="record.signed", outcome="done").last()
    assert (row is not None) == (TreatmentSession.objects.get(pk=session.pk).status == "signed")
    return row.detail["with"] if row else None


def code(secret: str) -> str:
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counters[len(counters) // 2]))


def test_the_pin_signs_where_its_owner_signed_in_by_password(client, clinician, ready, rf):
    give_pin(rf, clinician)
    signed_in_by(client, BY_PASSWORD)
    assert "Password or PIN of" in client.get(reverse("sessions:sign", args=[ready.pk])).content.decode()
    assert sign(client, ready, password=PIN).status_code == 302
    assert how(ready) == "pin"


@pytest.mark.parametrize("proofs", [(), (SECOND_STEP,)])
def test_the_pin_signs_nothing_in_a_session_without_the_password(client, clinician, ready, rf, proofs):
    give_pin(rf, clinician)
    signed_in_by(client, *proofs)
    answer = sign(client, ready, password=PIN)
    assert "Your PIN counts only where you signed in by password" in refused(client, answer)
    assert how(ready) is None
    assert sign(client, ready, password=PASSWORD).status_code == 302
    assert how(ready) == "password"


def test_a_colleagues_pin_or_password_signs_nothing(client, clinician, medical_lead, ready, rf):
    give_pin(rf, clinician)
    give_pin(rf, medical_lead, OTHER_PIN)
    medical_lead.set_password("the other long password")
    medical_lead.save()
    signed_in_by(client, BY_PASSWORD)
    for typed in (OTHER_PIN, "the other long password"):
        assert "does not match yours" in refused(client, sign(client, ready, password=typed))
    assert how(ready) is None


def test_five_wrong_pins_end_the_session(client, clinician, ready, rf):
    give_pin(rf, clinician)
    signed_in_by(client, BY_PASSWORD)
    assert [sign(client, ready, password=f"40291{turn}").status_code for turn in (0, 1, 2, 4, 5)] == [302, 302, 302, 302, 403]
    assert sign(client, ready, password=PIN)["Location"].startswith(reverse("accounts:sign_in"))
    assert how(ready) is None


def test_the_code_of_the_app_signs_once(client, clinician, case, ready):
    secret = second_steps.new_secret()
    second_steps.add_app(clinician, secret, 0)
    typed = code(secret)
    assert "Password or code of the app of" in client.get(reverse("sessions:sign", args=[ready.pk])).content.decode()
    assert sign(client, ready, password=f"{typed[:3]} {typed[3:]}").status_code == 302
    assert how(ready) == "app"
    used = second_steps.accept_app_code(clinician, typed)
    assert used is None, "the code is used up"


def test_a_code_that_let_in_does_not_sign_a_moment_later(client, clinician, ready):
    secret = second_steps.new_secret()
    second_steps.add_app(clinician, secret, 0)
    typed = code(secret)
    assert second_steps.accept_code(clinician, typed) is not None
    answer = sign(client, ready, password=typed)
    assert "A code counts once: wait for the next one" in refused(client, answer)
    assert how(ready) is None


def test_a_recovery_code_signs_nothing(client, clinician, ready):
    second_steps.add_app(clinician, second_steps.new_secret(), 0)
    second_steps.new_recovery_codes(clinician)
    for typed in second_steps.recovery_codes_to_keep(clinician)[:2]:
        assert refused(client, sign(client, ready, password=typed))
    assert how(ready) is None


@pytest.mark.parametrize(
    "sent", ["not json", "{}", json.dumps({"id": "a", "rawId": "a", "type": "public-key", "response": {}}), "[" * 3000]
)
def test_a_made_up_passkey_signs_nothing_and_counts_as_a_try(client, ready, sent):
    answer = sign(client, ready, credential=sent)
    page = refused(client, answer)
    assert "The passkey was not accepted" in page
    assert "4 tries left" in page
    assert how(ready) is None


def test_without_a_pin_or_an_app_the_page_asks_for_the_password_alone(client, ready):
    page = client.get(reverse("sessions:sign", args=[ready.pk])).content.decode()
    assert ">Password of " in page
    assert "PIN" not in page.split("This will be locked")[0].split("sign-row")[1]
