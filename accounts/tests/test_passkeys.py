"""Passkeys against answers made by hand. What a real one does is in tests/browser/test_second_step.py."""

import base64
import json

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
ALONE = "accounts:passkey_sign_in"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _answer(**response) -> dict:
    data = {"type": "webauthn.get", "challenge": _b64(b"x" * 32), "origin": "http://testserver"}
    sent = {"clientDataJSON": _b64(json.dumps(data).encode()), "authenticatorData": _b64(b"\0" * 37), "signature": _b64(b"no")}
    return {"id": _b64(b"k"), "rawId": _b64(b"k"), "type": "public-key", "response": {**sent, **response}, "clientExtensionResults": {}}


MADE_UP = [
    "",
    "not json",
    "[]",
    "7",
    '"text"',
    "null",
    "{}",
    '{"response": 3}',
    '{"response": {"userHandle": {"a": 1}}}',
    json.dumps(_answer()),
    json.dumps(_answer(userHandle=_b64(b"1"))),
    json.dumps(_answer(userHandle=_b64(b"9" * 40))),
    json.dumps(_answer(userHandle=_b64(b"\xff\xfe"))),
    json.dumps(_answer(authenticatorData="*", userHandle=_b64(b"1"))),
    json.dumps(_answer(clientDataJSON=_b64(b"{}"), userHandle=_b64(b"1"))),
    "[" * 3000,
]


def _begin(client):
    return client.get(reverse(ALONE), headers={"Accept": "application/json"})


@pytest.mark.parametrize("sent", MADE_UP)
@pytest.mark.parametrize("asked_first", [True, False])
def test_what_was_made_up_signs_nobody_in(client, clinician, sent, asked_first):
    sent = sent.replace(_b64(b"1"), _b64(str(clinician.pk).encode()))
    if asked_first:
        assert json.loads(_begin(client).content)["publicKey"]["userVerification"] == "required"
    response = client.post(reverse(ALONE), {"credential": sent})
    assert response.status_code == 422
    assert "The passkey was not accepted." in response.content.decode()
    assert client.get("/today/").status_code == 302


@pytest.mark.parametrize("sent", MADE_UP)
def test_what_was_made_up_is_no_second_step_and_is_not_stored(client, clinician, sent):
    client.post(reverse("accounts:sign_in"), {"username": "amara", "password": PASSWORD})
    assert client.post(reverse("accounts:add_passkey"), {"credential": sent, "name": "Mine"}).status_code == 422
    assert not Authenticator.objects.exists()


def test_looking_at_the_sign_in_page_leaves_nothing_behind(client, db):
    client.get(reverse("accounts:sign_in"))
    assert "sessionid" not in client.cookies
    assert not Session.objects.exists()


def test_made_up_passkeys_are_slowed_down_and_stop_no_password(client, clinician):
    assert [client.post(reverse(ALONE), {"credential": "{}"}).status_code for _ in range(6)] == [422] * 5 + [429]
    signing_in = {"username": "amara", "password": PASSWORD}
    assert Client().post(reverse("accounts:sign_in"), signing_in).status_code == 302


def test_a_strangers_made_up_passkeys_stop_no_colleague_anywhere_else(client, clinician, settings):
    settings.SIGN_IN_TRIES = {**settings.SIGN_IN_TRIES, "name": (5, 86400)}
    assert [client.post(reverse(ALONE), {"credential": "{}"}).status_code for _ in range(6)] == [422] * 5 + [429]
    assert Client(REMOTE_ADDR="198.51.100.7").post(reverse(ALONE), {"credential": "{}"}).status_code == 422


@pytest.mark.parametrize("sent", MADE_UP[::3])
def test_what_was_made_up_confirms_nobody_and_is_counted(client, clinician, sent):
    client.post(reverse("accounts:sign_in"), {"username": "amara", "password": PASSWORD})
    confirm = reverse("accounts:confirm")
    assert [client.post(confirm, {"credential": sent}).status_code for _ in range(6)] == [422] * 5 + [429]
    assert client.post(confirm, {"password": PASSWORD}).status_code == 429
