"""A manager helps a colleague who lost the second step, and nobody else can."""

import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.signing_in import second_steps
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def _signed_in(username) -> Client:
    client = Client()
    client.post(reverse("accounts:sign_in"), {"username": username, "password": PASSWORD})
    return client


@pytest.fixture
def lost(clinician):
    second_steps.add_app(clinician, second_steps.new_secret(), 1)
    second_steps.new_recovery_codes(clinician)
    return clinician


def _reset(client, person, reason="In person at the desk"):
    return client.post(reverse("accounts:reset_second_step", args=[person.pk]), {"reason": reason})


def test_a_manager_takes_it_away_and_says_how_they_made_sure(lost, manager):
    client = _signed_in("omar")
    page = reverse("accounts:staff_sign_in", args=[lost.pk])
    assert "An authenticator app" in client.get(page).content.decode()
    assert _reset(client, lost)["Location"] == page
    assert not Authenticator.objects.filter(user=lost).exists()
    row = AuditEvent.objects.get(action="user.second_step_reset")
    assert (row.actor, row.object_pk, row.detail) == (manager, str(lost.pk), {"reason": "In person at the desk"})
    assert "is told of this" in client.get(page).content.decode()


def test_without_a_reason_nothing_is_taken_away(lost, manager):
    response = _reset(_signed_in("omar"), lost, reason="  ")
    assert response.status_code == 422
    assert "Enter how you made sure who it is." in response.content.decode()
    assert Authenticator.objects.filter(user=lost).exists()


@pytest.mark.parametrize("who", ["iris", "june", "amara"])
def test_nobody_but_a_manager_can(lost, medical_lead, desk, who):
    second_steps.Authenticator.objects.exclude(user=lost).delete()
    client = Client()
    client.force_login(type(lost).objects.get(username=who))
    assert _reset(client, lost).status_code == 403
    assert Authenticator.objects.filter(user=lost).exists()


def test_nobody_resets_their_own(manager, site):
    second_steps.add_app(manager, second_steps.new_secret(), 1)
    client = Client()
    client.force_login(manager)
    session = client.session
    session["proved"] = {"password": time.time()}
    session.save()
    assert _reset(client, manager).status_code == 409
    assert Authenticator.objects.filter(user=manager).exists()


def test_a_colleague_of_another_site_is_not_there(lost, manager):
    from accounts.models import Site

    lost.sites.set([Site.objects.create(name="Elsewhere", slug="elsewhere")])
    assert _reset(_signed_in("omar"), lost).status_code == 404
    assert Authenticator.objects.filter(user=lost).exists()


def test_an_open_screen_of_a_manager_takes_nothing_away(lost, manager, settings):
    client = _signed_in("omar")
    settings.FRESH_PROOF_SECONDS = -1
    assert _reset(client, lost)["Location"] == reverse("accounts:confirm")
    assert Authenticator.objects.filter(user=lost).exists()
    page, way = reverse("accounts:staff_sign_in", args=[lost.pk]), reverse("accounts:reset_second_step", args=[lost.pk])
    assert way not in client.get(page).content.decode(), "nothing is typed that would be lost on the way to the proof"
    assert client.get(f"{page}?lost=1")["Location"] == reverse("accounts:confirm")
    settings.FRESH_PROOF_SECONDS = 300
    assert way in client.get(f"{page}?lost=1").content.decode()


def test_a_manager_ends_the_wait_after_wrong_tries(desk, manager):
    guesser = Client()
    for _ in range(5):
        guesser.post(reverse("accounts:sign_in"), {"username": "june", "password": "wrong"})
    sign_in = {"username": "june", "password": PASSWORD}
    assert Client().post(reverse("accounts:sign_in"), sign_in).status_code == 429
    client = _signed_in("omar")
    assert "5 wrong passwords or codes" in client.get(reverse("accounts:staff_sign_in", args=[desk.pk])).content.decode()
    client.post(reverse("accounts:let_in_again", args=[desk.pk]))
    assert Client().post(reverse("accounts:sign_in"), sign_in).status_code == 302
    assert AuditEvent.objects.get(action="user.let_in_again").detail == {"wrong_tries": 5}
