"""One's own sign-ins: how long they last, the list of them, and the PIN."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.desk import services
from accounts.desk.browsers import browser_words
from accounts.desk.models import ReentryPin, WebSession
from accounts.desk.services import easily_guessed
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines

PASSWORD, PIN = "correct horse battery", "402913"
LIST = "accounts:sign_ins"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def is_in(client) -> bool:
    return client.get(reverse("patients:list")).status_code == 200


# How long


@both
def test_the_absolute_limit_ends_even_a_busy_session(desk):
    client = signed_in(desk)
    WebSession.objects.update(began_at=timezone.now() - dt.timedelta(hours=11, minutes=59))
    session = client.session
    session["busy"] = 1
    session.save()
    assert is_in(client)
    row = WebSession.objects.get()
    assert row.expires_at - row.began_at == dt.timedelta(hours=12)
    WebSession.objects.update(expires_at=timezone.now())
    assert not is_in(client)


@both
def test_a_new_key_for_the_same_session_keeps_its_clocks_and_its_lock(desk):
    client = signed_in(desk)
    began = timezone.now() - dt.timedelta(hours=3)
    WebSession.objects.update(began_at=began, locked_at=began, tries=3)
    session = client.session
    session.cycle_key()
    row = WebSession.objects.get()
    assert (row.began_at, row.locked_at, row.tries) == (began, began, 3)


def test_the_table_does_not_hold_what_a_cookie_holds(desk):
    client = signed_in(desk)
    key = client.session.session_key
    assert not WebSession.objects.filter(key_hash=key).exists()
    assert key not in str(list(WebSession.objects.values()))


def test_what_has_run_out_is_swept_away_at_the_next_sign_in(desk, clinician):
    signed_in(clinician)
    WebSession.objects.update(expires_at=timezone.now())
    signed_in(desk)
    assert [row.user for row in WebSession.objects.all()] == [desk]


# The list


@both
def test_the_list_shows_ones_own_and_marks_this_one(desk, clinician):
    here, there, other = signed_in(desk), signed_in(desk), signed_in(clinician)
    WebSession.objects.filter(pk=there.session.row.pk).update(
        browser="Mozilla/5.0 (iPad; CPU OS 17) Version/17 Safari/605", address="10.0.0.7"
    )
    WebSession.objects.filter(pk=other.session.row.pk).update(address="10.0.0.99")
    page = here.get(reverse(LIST)).content.decode()
    assert page.count("This browser") == 1
    assert "Safari on iPad" in page
    assert "10.0.0.7" in page
    assert "10.0.0.99" not in page


@both
def test_one_is_signed_out_and_the_others_stay(desk):
    here, there, third = signed_in(desk), signed_in(desk), signed_in(desk)
    response = here.post(reverse("accounts:end_sign_in", args=[there.session.row.pk]))
    assert response["Location"] == reverse(LIST)
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    row = AuditEvent.objects.get(action="session.ended")
    assert row.detail == {"why": "signed out from the list", "user": desk.pk}


def test_nobody_elses_can_be_signed_out(desk, clinician):
    here, other = signed_in(desk), signed_in(clinician)
    here.post(reverse("accounts:end_sign_in", args=[other.session.row.pk]))
    assert is_in(other)
    assert not AuditEvent.objects.filter(action="session.ended").exists()


@both
def test_all_others_are_signed_out_at_once(desk, clinician):
    here, there, third, other = signed_in(desk), signed_in(desk), signed_in(desk), signed_in(clinician)
    here.post(reverse("accounts:end_other_sign_ins"))
    assert [is_in(one) for one in (here, there, third, other)] == [True, False, False, True]
    assert AuditEvent.objects.filter(action="session.ended").count() == 2


def test_a_leaver_is_out_everywhere(desk, manager):
    here, there = signed_in(desk), signed_in(desk)
    assert services.end_all(desk, by=manager, why="left") == 2
    assert not is_in(here)
    assert there.get(reverse("accounts:presence")).json() == {"state": "out"}


def test_the_sessions_of_an_earlier_password_are_not_listed(desk):
    signed_in(desk)
    desk.set_password("another battery staple")
    desk.save()
    here = signed_in(desk)
    assert [row.pk for row in services.sessions_of(desk)] == [here.session.row.pk]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Linux; Android 14) Gecko Firefox/120", "Firefox on Android"),
        ("curl/8", "A browser that gives no name"),
        ("", "A browser that gives no name"),
    ],
)
def test_a_browser_in_words(named, words):
    assert browser_words(named) == words


# The PIN


def _set(client, pin=PIN, again=None, password=PASSWORD):
    return client.post(reverse("accounts:pin"), {"pin": pin, "again": pin if again is None else again, "password": password})


@both
def test_a_pin_is_set_changed_and_removed(desk):
    client = signed_in(desk)
    assert _set(client)["Location"] == reverse(LIST)
    assert services.pin_fits(desk, PIN)
    assert _set(client, "864209").status_code == 302
    assert not services.pin_fits(desk, PIN)
    assert services.pin_fits(desk, "864209")
    client.post(reverse("accounts:remove_pin"))
    assert not services.has_pin(desk)
    assert [row.action for row in AuditEvent.objects.filter(action__contains="pin_").order_by("pk")] == [
        "user.pin_set",
        "user.pin_set",
        "user.pin_removed",
    ]


def test_the_pin_is_not_in_the_table_and_not_in_the_log(desk):
    _set(signed_in(desk))
    everything = str(list(ReentryPin.objects.values())) + str(list(AuditEvent.objects.values())) + str(list(WebSession.objects.values()))
    assert PIN not in everything


def test_a_pin_is_worth_nothing_without_the_clinics_secret(desk, settings):
    _set(signed_in(desk))
    settings.SECRET_KEY = "another secret of the same clinic's database"
    assert not services.pin_fits(desk, PIN)


def test_a_pin_signs_nobody_in(client, desk):
    _set(signed_in(desk))
    client.post(reverse("accounts:sign_in"), {"username": desk.username, "password": PIN})
    assert not is_in(client)


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "40a913", "402 913", "٤٠٢٩١٣", "111111", "123456", "987654", "121212", "402402"])
def test_a_pin_that_will_not_do_says_why_and_changes_nothing(desk, pin):
    client = signed_in(desk)
    response = _set(client, pin)
    assert response.status_code == 422
    assert "New PIN must be" in response.content.decode()
    assert not services.has_pin(desk)


@pytest.mark.parametrize("pin", ["402913", "112233", "190456", "123457", "4029134"])
def test_an_ordinary_pin_is_not_called_easy(pin):
    assert not easily_guessed(pin)


def test_two_that_differ_and_nothing_at_all(desk):
    client = signed_in(desk)
    assert "must be the same" in _set(client, again="402914").content.decode()
    page = _set(client, "", "", "").content.decode()
    for said in ("Enter a PIN.", "Enter the PIN once more.", "Enter your password."):
        assert said in page


def test_whoever_finds_an_open_screen_cannot_guess_the_password_here(desk):
    client = signed_in(desk)
    codes = [_set(client, password=f"guess {number}").status_code for number in range(5)]
    assert codes == [422, 422, 422, 422, 403]
    assert not is_in(client)
    assert not services.has_pin(desk)


def test_the_page_never_shows_a_pin_again(desk):
    assert PIN not in _set(signed_in(desk), again="402914").content.decode()


def test_a_pin_outlives_a_change_of_the_clinics_secret(desk, settings):
    _set(signed_in(desk))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next secret of the clinic, long enough to be one, and then some more"
    assert services.pin_fits(desk, PIN)
    assert not services.pin_fits(desk, "402914")
