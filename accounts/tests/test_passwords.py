"""Passwords: what one may be, changing it, first passwords, and being asked again who one is."""

import re
import unicodedata

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import sign_in as services
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

OLD, NEW = "correct horse battery", "seven quiet herons at dusk"
CHANGE = "accounts:change_password"


def _sign_in(client, username="amara", password=OLD, **extra):
    return client.post(reverse("accounts:sign_in"), {"username": username, "password": password, **extra})


def _change(client, new=NEW, again=None):
    return client.post(reverse(CHANGE), {"new_password": new, "again": new if again is None else again})


@pytest.mark.parametrize(
    "password",
    [
        NEW,
        "lll lll mango 9 tree",
        "ÄÖÜ straße öffnet montags",
        "患者さんの顔を忘れない人たちへの手紙",
        "a" * 7 + "nd then sixteen" + "!" * 200,
        "                 wide open spaces",
        "no composition rules",
        "12 angry men on 3 boats",
    ],
)
def test_long_and_of_ones_own_is_all_that_is_asked(clinician, password):
    validate_password(password, clinician)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Sh0rt!pass", "15 characters or more"),
        ("fourteen chars", "15 characters or more"),
        ("x1!" * 100, "256 characters or fewer"),
        ("passwordpassword", "harder to guess"),
        ("password1234567890!", "harder to guess"),
        ("1234567890123456", "harder to guess"),
        ("0987654321098765", "harder to guess"),
        ("abcdefghijklmnop", "harder to guess"),
        ("qwertyuiopasdfgh", "harder to guess"),
        ("aaaaaaaaaaaaaaaaaa", "harder to guess"),
        ("Dragon dragon dragon", "harder to guess"),
        ("!!!!!letmein!!!!!", "harder to guess"),
        ("P@ssw0rdP@ssw0rd", "harder to guess"),
        ("P@$$w0rd12345678", "harder to guess"),
        ("zxcvbnmasdfghjkl", "harder to guess"),
        ("Correct Horse Battery Staple", "harder to guess"),
        ("Amara Osei amara 1", "less of your name"),
        ("canal-street-alder!", "less of your name"),
        ("microneedling2026!", "less of your name"),
    ],
)
def test_short_common_and_personal_ones_are_refused_in_words(clinician, password, said):
    with pytest.raises(ValidationError) as refused:
        validate_password(password, clinician)
    assert said in " ".join(refused.value.messages)


def test_the_same_text_from_two_keyboards_is_one_password(client, make_user):
    person = make_user("zoe", "front_desk")
    typed = "träume süßer früchte im mai"
    person.set_password(unicodedata.normalize("NFD", typed))
    person.save()
    assert _sign_in(client, "zoe", unicodedata.normalize("NFC", typed)).status_code == 302


def test_spaces_at_the_ends_count(client, make_user):
    person = make_user("zoe", "front_desk")
    person.set_password(f" {NEW} ")
    person.save()
    assert _sign_in(client, "zoe", NEW).status_code == 422
    assert _sign_in(client, "zoe", f" {NEW} ").status_code == 302


def test_changing_it_ends_the_other_sessions_and_keeps_this_one_under_a_new_key(client, clinician):
    other = Client()
    _sign_in(other)
    _sign_in(client)
    key = client.cookies["sessionid"].value
    assert _change(client)["Location"] == reverse("accounts:my_sign_in")
    assert client.cookies["sessionid"].value != key
    assert client.get("/today/").status_code == 200
    assert other.get("/today/").status_code == 302
    assert _sign_in(Client()).status_code == 422
    assert _sign_in(Client(), password=NEW).status_code == 302
    row = AuditEvent.objects.get(action="user.password_changed")
    assert (row.actor, NEW in str(row.detail)) == (clinician, False)


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("", "", "Enter a new password."),
        (NEW, "something else entirely", "Both passwords must be the same."),
        ("short", "short", "15 characters or more"),
        (OLD, OLD, "other than the one you have"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(client, clinician, new, again, said):
    _sign_in(client)
    response = _change(client, new, again)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert not new or f'value="{new}"' not in page
    assert _sign_in(Client()).status_code == 302


def test_a_first_password_opens_nothing_but_the_page_that_asks_for_an_own_one(client, desk, manager):
    first = services.give_first_password(desk, by=manager, reason="in person")
    _sign_in(client, "june", first)
    assert client.get("/patients/")["Location"] == reverse(CHANGE)
    assert "given to you" in client.get(reverse(CHANGE)).content.decode()
    assert _change(client, first).status_code == 422
    assert _change(client)["Location"] == "/patients/"
    assert client.get("/patients/").status_code == 200
    assert _sign_in(Client(), "june", first).status_code == 422
    said = client.get("/today/").content.decode() + client.get("/patients/").content.decode()
    assert AuditEvent.objects.filter(action="user.password_set", object_pk=str(desk.pk)).count() == 1
    assert first not in said + str(list(AuditEvent.objects.values()))


def test_a_given_password_is_told_with_who_gave_it(client, desk, manager):
    first = services.give_first_password(desk, by=manager, reason="in person")
    _sign_in(client, "june", first)
    assert "Omar Reed gave you a new first password on" in client.get(reverse(CHANGE)).content.decode()


def test_from_the_command_line_somebody_gets_in_again(client, manager, capsys, settings):
    from accounts.signing_in import second_steps

    second_steps.add_app(manager, second_steps.new_secret(), 1)
    call_command("let_in", "omar")
    first = re.search(r"Password +(\S+)", capsys.readouterr().out).group(1)
    settings.SECOND_STEP_ROLES = frozenset({"manager"})
    _sign_in(client, "omar", first)
    assert client.get("/today/")["Location"] == reverse(CHANGE)
    assert _change(client)["Location"] == reverse("accounts:set_up_second_step")
    assert AuditEvent.objects.filter(action__in=["user.second_step_reset", "user.password_set"]).count() == 2
    with pytest.raises(CommandError, match="nobody with the user name"):
        call_command("let_in", "nobody")


# Being asked again


@pytest.fixture
def stale(settings):
    """Every proof is too old."""
    settings.FRESH_PROOF_SECONDS = -1


PAGES = ["accounts:change_password", "accounts:set_up_second_step", "accounts:add_passkey"]


@pytest.mark.parametrize("name", PAGES)
def test_what_is_sensitive_asks_who_it_is_and_leads_back(client, clinician, stale, settings, name):
    _sign_in(client)
    assert client.get(reverse(name))["Location"] == reverse("accounts:confirm")
    settings.FRESH_PROOF_SECONDS = 300
    key = client.cookies["sessionid"].value
    assert client.post(reverse("accounts:confirm"), {"password": OLD})["Location"] == reverse(name)
    assert client.cookies["sessionid"].value != key
    assert client.get(reverse(name)).status_code == 200


def test_an_open_screen_changes_nothing_without_the_password(client, clinician, stale):
    _sign_in(client)
    assert _change(client)["Location"] == reverse("accounts:confirm")
    assert client.post(reverse("accounts:confirm"), {"password": "not the password"}).status_code == 422
    assert User.objects.get(pk=clinician.pk).check_password(OLD)
    assert AuditEvent.objects.filter(action="user.confirm_failed").count() == 1


def test_without_asking_the_open_screen_would_do(client, clinician, stale, settings):
    """The control: a fresh proof is what the page asked for."""
    settings.FRESH_PROOF_SECONDS = 300
    _sign_in(client)
    assert _change(client)["Location"] == reverse("accounts:my_sign_in")


def test_confirming_is_guessed_as_slowly_as_signing_in(client, clinician):
    _sign_in(client)
    client.cookies.pop("known_browser")
    confirm = reverse("accounts:confirm")
    assert [client.post(confirm, {"password": "wrong"}).status_code for _ in range(5)] == [422] * 5
    assert client.post(confirm, {"password": OLD}).status_code == 429


def test_confirming_is_ones_own_and_never_a_name_that_was_sent(client, clinician, desk):
    desk.set_password(NEW)
    desk.save()
    _sign_in(client)
    assert client.post(reverse("accounts:confirm"), {"username": "june", "password": NEW}).status_code == 422


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://testserver/accounts/me/sign-in/password/?a=b", "/accounts/me/sign-in/password/?a=b"),
        ("http://testserver//evil.example/", "/today/"),
        ("http://testserver", "/today/"),
        ("https://evil.example/accounts/", "/today/"),
        ("javascript:alert(1)", "/today/"),
        ("", "/today/"),
    ],
)
def test_confirming_leads_back_to_a_page_of_ours(client, clinician, stale, settings, came_from, leads_to):
    _sign_in(client)
    client.post(reverse(CHANGE), {"new_password": NEW, "again": NEW}, headers={"Referer": came_from})
    settings.FRESH_PROOF_SECONDS = 300
    assert client.post(reverse("accounts:confirm"), {"password": OLD})["Location"] == leads_to
    assert User.objects.get(pk=clinician.pk).check_password(OLD), "nothing was sent again by itself"
