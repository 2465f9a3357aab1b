"""Guessing is slow, colleagues get in, and nobody learns which names exist: by word, code, work or time."""

import datetime as dt
import re

import pytest
from axes.models import AccessFailureLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.signing_in import throttle
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "192.0.2.10", "198.51.100.7"


def _try(client, username="amara", password="wrong, and long enough", *, address=HERE):  # noqa: S107
    return client.post(reverse("accounts:sign_in"), {"username": username, "password": password}, REMOTE_ADDR=address)


def _use_up(client, username="amara", *, address=HERE):
    return [_try(client, username, address=address).status_code for _ in range(5)]


def _let_pass(seconds: int) -> None:
    for row in AccessFailureLog.objects.all():
        AccessFailureLog.objects.filter(pk=row.pk).update(attempt_time=row.attempt_time - dt.timedelta(seconds=seconds))


@pytest.mark.both_engines
def test_after_five_wrong_tries_nothing_is_looked_at_for_five_minutes(client, clinician):
    assert _use_up(client) == [422] * 5
    waiting = _try(client, password=PASSWORD)
    assert waiting.status_code == 429
    assert 290 < int(waiting["Retry-After"]) <= 300
    page = waiting.content.decode()
    assert "Wait until" in page
    assert "5 minutes" in page
    _let_pass(301)
    assert _try(client, password=PASSWORD).status_code == 302


@pytest.mark.both_engines
def test_trying_on_does_not_make_the_wait_longer(client, clinician):
    _use_up(client)
    until = throttle.waits_until(_request(), "amara")
    for _ in range(20):
        assert _try(client).status_code == 429
    assert throttle.waits_until(_request(), "amara") == until
    assert AccessFailureLog.objects.count() == 5


def _request(address=HERE):
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    request.user = AnonymousUser()
    return request


def test_without_the_throttle_a_guesser_goes_on(client, clinician, settings):
    """The control."""
    settings.SIGN_IN_TRIES = dict.fromkeys(settings.SIGN_IN_TRIES, (10000, 300))
    assert {_try(client).status_code for _ in range(12)} == {422}


def test_a_stranger_elsewhere_never_stops_a_colleague(client, clinician):
    stranger = Client()
    for _ in range(30):
        _try(stranger, address=ELSEWHERE)
    assert _try(client, password=PASSWORD).status_code == 302


def test_a_stranger_at_the_same_address_never_stops_a_browser_in_which_the_person_signed_in_before(client, clinician):
    _try(client, password=PASSWORD)
    client.post(reverse("accounts:sign_out"))
    stranger = Client()
    _use_up(stranger)
    assert _try(stranger, password=PASSWORD).status_code == 429
    assert _try(client, password=PASSWORD).status_code == 302


def test_a_thousand_machines_stop_nobody_at_a_known_browser_and_strangers_for_a_while(client, clinician, settings):
    settings.SIGN_IN_TRIES = {**settings.SIGN_IN_TRIES, "name": (20, 3600)}
    _try(client, password=PASSWORD)
    client.post(reverse("accounts:sign_out"))
    for number in range(20):
        _try(Client(), address=f"203.0.113.{number}")
    assert _try(Client(), password=PASSWORD, address="203.0.113.99").status_code == 429
    assert _try(client, password=PASSWORD).status_code == 302
    _let_pass(3601)
    assert _try(Client(), password=PASSWORD, address="203.0.113.99").status_code == 302


def test_the_known_browser_has_its_own_five_tries(client, clinician):
    _try(client, password=PASSWORD)
    client.post(reverse("accounts:sign_out"))
    assert _use_up(client) == [422] * 5
    assert _try(client, password=PASSWORD).status_code == 429


def test_who_goes_on_guessing_at_a_known_browser_waits_for_a_day(client, clinician, settings):
    settings.SIGN_IN_TRIES = {**settings.SIGN_IN_TRIES, "name": (10, 86400)}
    assert _try(client, password=PASSWORD).status_code == 302
    client.post(reverse("accounts:sign_out"))
    for _ in range(2):
        assert _use_up(client) == [422] * 5
        _let_pass(301)
    assert int(_try(client, password=PASSWORD)["Retry-After"]) > 80_000
    _let_pass(86400)
    assert _try(client, password=PASSWORD).status_code == 302


def test_a_cookie_of_ones_own_making_is_no_known_browser(client, clinician):
    client.cookies[throttle.COOKIE] = "eyJhIjoiYiJ9:planted:signature"
    _use_up(client)
    client.cookies[throttle.COOKIE] = "another"
    assert _try(client, password=PASSWORD).status_code == 429


def test_one_address_that_tries_many_names_waits(client, clinician):
    for number in range(50):
        _try(client, f"name-{number}")
    assert _try(client, "one-more").status_code == 429
    assert _try(Client(), password=PASSWORD, address=ELSEWHERE).status_code == 302


def test_many_addresses_of_one_network_are_one_place(client, clinician):
    for number in range(5):
        _try(client, address=f"2001:db8:1:2::{number}")
    assert _try(client, password=PASSWORD, address="2001:db8:1:2:ffff::1").status_code == 429
    assert _try(client, password=PASSWORD, address="2001:db8:1:3::1").status_code == 302


def test_signing_in_forgets_the_wrong_tries_of_this_place(client, clinician):
    for _ in range(4):
        _try(client)
    _try(client, password=PASSWORD)
    client.post(reverse("accounts:sign_out"))
    assert _use_up(client) == [422] * 5


def test_a_code_is_guessed_as_slowly_as_a_password(client, clinician, settings):
    from accounts.signing_in import second_steps

    second_steps.add_app(clinician, second_steps.new_secret(), 1)
    second_steps.new_recovery_codes(clinician)
    _try(client, password=PASSWORD)
    step = reverse("accounts:second_step")
    assert [client.post(step, {"code": "000000"}, REMOTE_ADDR=HERE).status_code for _ in range(5)] == [422] * 5
    code = second_steps.recovery_codes_to_keep(clinician)[0]
    assert client.post(step, {"code": code}, REMOTE_ADDR=HERE).status_code == 429
    assert _try(client, password=PASSWORD).status_code == 429, "nor does the password open another five"
    assert AuditEvent.objects.filter(action="user.second_step_failed", actor=clinician).count() == 5


def test_a_right_guess_after_the_tries_were_used_up_tells_nothing(client, clinician, monkeypatch):
    """Of many guesses at once: this one was let through, and the others used up the tries while it was being hashed."""
    from django.contrib.auth.backends import ModelBackend

    real = ModelBackend.authenticate

    def slow(self, request, **kwargs):
        for _ in range(5):
            throttle.failed(_request(), "amara")
        return real(self, request, **kwargs)

    monkeypatch.setattr(ModelBackend, "authenticate", slow)
    assert _try(client, password=PASSWORD).status_code == 429
    assert "_auth_user_id" not in client.session


# Nobody learns which names exist


@pytest.fixture
def hashes(settings):
    """How many passwords were hashed; the cost of one is the same for every name."""
    Counting.made = 0
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    return lambda: Counting.made


class Counting(MD5PasswordHasher):
    algorithm = "counting"
    made = 0

    def encode(self, password, salt):
        type(self).made += 1
        return super().encode(password, salt)


@pytest.fixture
def people(hashes, make_user, desk):
    """Somebody, somebody who has left, somebody without a password of their own, and nobody."""
    make_user("amara", "clinician")
    left = make_user("left", "clinician", is_active=False)
    bare = make_user("bare", "clinician")
    bare.set_unusable_password()
    bare.save()
    return ["amara", left.username, bare.username, "nobody"]


def _answer(response):
    page = response.content.decode()
    for name in ("amara", "left", "bare", "nobody"):
        page = page.replace(f'value="{name}"', 'value="name"')
    page = re.sub(r'(csrfmiddlewaretoken" value=")[^"]+|nonce="[^"]+', r"\1", page)
    return response.status_code, page, sorted(response.headers), sorted(response.cookies)


@pytest.mark.both_engines
def test_the_same_words_code_headers_work_and_questions_for_every_name(people, hashes):
    seen = {}
    for name in people:
        client = Client()
        before = hashes()
        with CaptureQueriesContext(connection) as asked:
            response = _try(client, name, address=f"192.0.2.{people.index(name)}")
        seen[name] = (_answer(response), hashes() - before, [row["sql"].split(" ")[0] for row in asked.captured_queries])
    assert len({str(found) for found in seen.values()}) == 1, {name: found[1:] for name, found in seen.items()}
    assert seen["nobody"][1] == 1, "one hash each"


@pytest.mark.both_engines
def test_who_has_to_wait_costs_no_hash_whatever_the_name(people, hashes):
    seen = set()
    for name in people:
        address = f"192.0.2.{people.index(name)}"
        _use_up(Client(), name, address=address)
        before = hashes()
        response = _try(Client(), name, address=address)
        seen.add((response.status_code, response.content, hashes() - before))
    assert {(status, made) for status, _, made in seen} == {(429, 0)}


def test_a_name_typed_wrongly_is_not_readable_in_the_throttle(client, clinician):
    """It may be the password, typed one box too high."""
    _try(client, "My secret pass phrase")
    assert "secret" not in str(list(AccessFailureLog.objects.values())).lower()


def test_the_log_has_one_row_when_the_wait_begins_and_none_for_each_try_in_it(client, clinician):
    _use_up(client)
    for _ in range(5):
        _try(client)
    actions = list(AuditEvent.objects.values_list("action", flat=True))
    assert actions.count("user.sign_in_paused") == 1
    assert actions.count("user.sign_in_failed") == 5


def test_a_clock_that_was_set_back_keeps_nobody_out(client, clinician):
    _use_up(client)
    _let_pass(-86400)
    assert _try(client, password=PASSWORD).status_code == 302
