"""A screen that is left: the server refuses everything until its own user opens it again, and keeps what was sent."""

import datetime as dt
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.desk import kept, services
from accounts.desk.models import WebSession
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines

PASSWORD, PIN = "correct horse battery", "402913"
LIVE = {"HX-Request": "true"}
SCRIPT = {"X-Requested-With": "fetch"}


def ago(**fields) -> dt.datetime:
    return timezone.now() - dt.timedelta(**fields)


def leave_alone(client, **fields) -> None:
    """Nobody has touched this desk for so long; ten minutes unless said."""
    WebSession.objects.filter(pk=client.session.row.pk).update(seen_at=ago(**(fields or {"minutes": 10, "seconds": 1})))


def row_of(client) -> WebSession:
    return WebSession.objects.get(pk=client.session.row.pk)


def unlock(client, typed=PASSWORD, **fields):
    return client.post(reverse("accounts:unlock"), {"typed": typed, **fields})


def presence(client, **headers):
    return client.get(reverse("accounts:presence"), headers=headers).json()


@pytest.fixture
def june(client, desk):
    client.force_login(desk)
    return client


@pytest.fixture
def locked(june):
    leave_alone(june)
    return june


# What a locked session gets


@pytest.mark.parametrize("headers", [{}, LIVE, SCRIPT, {"Range": "bytes=0-10"}], ids=["page", "live part", "script", "range"])
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
@pytest.mark.parametrize("name", ["patients:detail", "patients:edit", "patients:list", "clinic:today"])
def test_a_locked_session_gets_the_lock_whatever_it_asks(locked, patient, name, method, headers):
    address = reverse(name, args=[patient.number] if name in ("patients:detail", "patients:edit") else [])
    response = getattr(locked, method)(address, headers=headers)
    assert response.status_code == 423
    assert response["Cache-Control"] == "no-store"
    page = response.content.decode()
    for said in (patient.surname, patient.given, patient.phone):
        assert said not in page


def test_without_the_lock_the_page_would_be_shown(locked, patient, settings):
    """The control: it is the lock that refuses."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "DeskLock" not in name]
    assert patient.surname in locked.get(reverse("patients:detail", args=[patient.number])).content.decode()


def test_a_file_is_refused_as_a_page_is(locked):
    assert locked.get("/sheets/1/sheet.pdf").status_code in (404, 423)
    assert locked.get(reverse("accounts:sign_ins")).status_code == 423
    assert locked.get(reverse("accounts:pin")).status_code == 423


def test_it_stays_locked_when_somebody_comes_back_without_opening_it(locked, patient):
    """The mouse of whoever comes by is no key: a sign of life after the limit comes too late."""
    assert presence(locked, **{"X-Touched": "0"})["state"] == "locked"
    assert row_of(locked).locked_at
    WebSession.objects.update(seen_at=timezone.now())
    assert locked.get(reverse("patients:list")).status_code == 423


def test_a_slow_request_that_saves_its_session_does_not_open_it(june):
    before = june.session
    before["kept"] = "from before"
    services.WebSession.objects.update(locked_at=timezone.now())
    before.save()
    assert june.get(reverse("patients:list")).status_code == 423


def test_each_refused_request_and_the_lock_itself_are_in_the_log(locked, patient):
    address = reverse("patients:detail", args=[patient.number])
    locked.get(address)
    locked.post(address, {"note": "x"})
    locked.get(address, headers=LIVE)  # a poll of a page that stands open
    rows = [(row.action, row.outcome, row.path) for row in AuditEvent.objects.filter(action__regex=r"locked$").order_by("pk")]
    assert rows == [
        ("session.locked", "done", address),
        ("access.locked", "refused", address),
        ("access.locked", "refused", address),
    ]


# The clock


def test_nine_minutes_are_not_ten(june):
    leave_alone(june, minutes=9, seconds=50)
    assert june.get(reverse("patients:list")).status_code == 200


def test_the_limit_is_the_clinics_setting_and_15_minutes_at_most(june, settings):
    settings.IDLE_LOCK_SECONDS = 60
    leave_alone(june, seconds=61)
    assert june.get(reverse("patients:list")).status_code == 423
    assert 5 <= django_settings.IDLE_LOCK_SECONDS <= 900


@pytest.mark.parametrize("seconds", ["901", "0"])
def test_a_clinic_that_would_not_lock_does_not_start(tmp_path, seconds):
    environment = {**os.environ, "CLINIC_DATA": str(tmp_path), "IDLE_LOCK_SECONDS": seconds}
    command = [sys.executable, "manage.py", "check"]
    result = subprocess.run(command, cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "IDLE_LOCK_SECONDS must be 5 to 900" in result.stderr


POLLS = {
    "live part": ({}, LIVE),
    "refresh of the worklist": ({"poll": "1"}, {}),
    "script": ({}, SCRIPT),
    "fetch": ({}, {"Sec-Fetch-Mode": "cors"}),
    "what nobody has touched": ({}, {**LIVE, "X-Touched": "480"}),
    "nonsense": ({}, {**LIVE, "X-Touched": "-1"}),
}


@pytest.mark.parametrize("poll", POLLS)
def test_a_poll_is_no_sign_of_life(june, poll):
    query, headers = POLLS[poll]
    leave_alone(june, minutes=8)
    before = row_of(june).seen_at
    assert june.get(reverse("clinic:today"), query, headers=headers).status_code == 200
    assert row_of(june).seen_at == before
    assert presence(june)["state"] == "open"
    assert row_of(june).seen_at == before


LIFE = {
    "page": lambda client: client.get(reverse("patients:list")),
    "page in a browser": lambda client: client.get(reverse("patients:list"), headers={"Sec-Fetch-Mode": "navigate"}),
    "form": lambda client: client.post(reverse("clinic:today")),
    "typing, as the page says": lambda client: presence(client, **{"X-Touched": "2"}),
    "live part somebody has pressed": lambda client: client.get(reverse("clinic:today"), headers={**LIVE, "X-Touched": "0"}),
}


@pytest.mark.parametrize("life", LIFE)
def test_a_person_is_a_sign_of_life(june, life):
    leave_alone(june, minutes=8)
    LIFE[life](june)
    assert row_of(june).seen_at > ago(seconds=10)


@both
def test_reading_pages_does_not_write_the_clock_each_time(june):
    leave_alone(june, minutes=1)

    def written():
        with CaptureQueriesContext(connection) as queries:
            assert june.get(reverse("patients:list")).status_code == 200
        return sum("UPDATE" in query["sql"] and "websession" in query["sql"] for query in queries)

    assert [written() for _ in range(5)] == [1, 0, 0, 0, 0]


def test_the_session_is_read_with_one_query_and_the_lock_costs_none(june, settings):
    june.get(reverse("patients:list"))

    def asked():
        with CaptureQueriesContext(connection) as queries:
            june.get(reverse("patients:list"))
        return len(queries)

    june.get(reverse("patients:list"))
    with_lock = asked()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "DeskLock" not in name]
    assert asked() == with_lock


# Opening


@both
def test_the_password_opens_and_leads_back(locked, patient):
    address = reverse("patients:detail", args=[patient.number]) + "?a=1"
    assert f'name="back" value="{address}"' in locked.get(address).content.decode()
    response = unlock(locked, back=address)
    assert (response.status_code, response["Location"]) == (302, address)
    assert locked.get(address).status_code == 200
    row = AuditEvent.objects.get(action="session.opened")
    assert (row.actor_name, row.detail) == ("June Park", {"with": "password"})


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_back_leads_nowhere_else(locked, target):
    assert unlock(locked, back=target)["Location"] == reverse("clinic:home")


def test_the_pin_opens(locked, desk, rf):
    services.ReentryPin.objects.all().delete()
    _give_pin(desk)
    assert "PIN or password" in locked.get(reverse("clinic:today")).content.decode()
    assert unlock(locked, PIN).status_code == 302
    assert locked.get(reverse("patients:list")).status_code == 200


def _give_pin(user, pin=PIN):
    from django.contrib.auth.hashers import make_password

    services.ReentryPin.objects.create(user=user, digest=make_password(services._keyed(user, pin)), set_at=timezone.now())


def test_a_colleagues_pin_or_password_does_not_open(locked, clinician):
    _give_pin(clinician, "777203")
    clinician.set_password("another battery staple")
    clinician.save()
    for typed in ("777203", "another battery staple", ""):
        assert unlock(locked, typed).status_code == 422
    assert locked.get(reverse("patients:list")).status_code == 423


@both
def test_after_five_wrong_ones_only_a_full_sign_in_helps(locked, desk):
    _give_pin(desk)
    said = [unlock(locked, "000000") for _ in range(4)]
    assert [response.status_code for response in said] == [422] * 4
    assert "1 try left" in said[-1].content.decode()
    response = unlock(locked, "000000")
    assert response.status_code == 403
    assert "Sign in in full" in response.content.decode()
    assert unlock(locked, PIN)["Location"].startswith(reverse("accounts:sign_in"))
    assert locked.get(reverse("patients:list")).status_code == 302
    assert not WebSession.objects.exists()
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions.count("session.open_failed") == 5
    assert actions.count("session.ended") == 1


def test_the_tries_do_not_start_anew_with_another_page(locked, desk):
    for _ in range(4):
        unlock(locked, "000000")
        locked.get(reverse("patients:list"))
        presence(locked)
    assert unlock(locked, "000000").status_code == 403


@both
@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_the_same_moment_five_are_judged(site, make_user, monkeypatch):
    user = make_user("ravi", "front_desk")
    client = Client()
    client.force_login(user)
    WebSession.objects.update(locked_at=timezone.now())
    judged = []
    monkeypatch.setattr(services, "pin_fits", lambda user, typed: judged.append(typed) or False)
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value

    def one(number):
        from django.db import connections

        thief = Client()
        thief.cookies[django_settings.SESSION_COOKIE_NAME] = key
        try:
            return unlock(thief, f"{number:06}").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(one, range(24)))
    assert len(judged) <= services.TRIES
    assert set(codes) <= {302, 403, 422}
    assert not WebSession.objects.exists()


def test_opening_what_is_open_goes_on(june):
    assert unlock(june, "", back="/patients/")["Location"] == "/patients/"
    assert AuditEvent.objects.filter(action__startswith="session.open").count() == 0


# What was sent while locked


def _registration():
    return {"surname": "Quillfeather", "given": "Maud", "note": "line one\r\nline two <b>&amp;", "password": "typed into some form"}


def _sealed(page: str) -> str:
    return re.search(r'name="kept" value="([^"]+)"', page)[1]


def test_a_password_typed_twice_is_kept_neither_time(locked, clinician):
    sent = {"new_password": "a secret of mine", "again": "a secret of mine", "note": "kept"}
    page = locked.post(reverse("accounts:change_password"), sent).content.decode()
    again = unlock(locked, kept=_sealed(page)).content.decode()
    assert "kept</textarea>" in again
    assert "a secret of mine" not in again


@both
def test_a_form_sent_while_locked_is_kept_and_sent_again_after_opening(locked, patient):
    address = reverse("patients:edit", args=[patient.number])
    page = locked.post(address, _registration()).content.decode()
    assert "Quillfeather" not in page
    assert "what you sent is kept" in page
    assert not type(patient).objects.filter(surname="Quillfeather").exists()
    again = unlock(locked, kept=_sealed(page)).content.decode()
    assert f'action="{address}"' in again
    assert 'name="surname" hidden>\nQuillfeather</textarea>' in again
    assert "line one\r\nline two &lt;b&gt;&amp;amp;" in again
    assert "typed into some form" not in again


def test_a_wrong_try_does_not_lose_it(locked, patient):
    sealed = _sealed(locked.post(reverse("patients:edit", args=[patient.number]), _registration()).content.decode())
    page = unlock(locked, "wrong", kept=sealed).content.decode()
    assert _sealed(page) == sealed
    assert "Quillfeather" in unlock(locked, kept=sealed).content.decode()


def test_somebody_else_cannot_open_what_was_kept(locked, clinician, patient):
    sealed = _sealed(locked.post(reverse("patients:edit", args=[patient.number]), _registration()).content.decode())
    other = Client()
    other.force_login(clinician)
    response = unlock(other, kept=sealed)
    assert response.status_code == 302
    assert kept.unseal(sealed[:-8] + "AAAAAAA=", clinician) is None
    assert kept.unseal("nonsense", clinician) is None


def test_a_form_from_another_site_is_not_kept(locked, patient):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = locked.cookies
    response = strict.post(reverse("patients:edit", args=[patient.number]), _registration())
    assert response.status_code == 403
    assert "kept" not in re.findall(r'name="(\w+)"', response.content.decode())


def test_what_is_too_long_to_come_back_is_said(locked, patient, monkeypatch):
    monkeypatch.setattr(kept, "LONGEST", 10)
    page = locked.post(reverse("patients:edit", args=[patient.number]), _registration()).content.decode()
    assert "too long to be kept" in page


# The presence of a page, the lock on purpose, and somebody else


def test_presence_says_how_it_stands_and_nothing_of_anybody_else(june, desk):
    assert presence(Client()) == {"state": "out"}
    said = presence(june)
    assert (said["state"], set(said)) == ("open", {"state", "who", "ends", "idle"})
    leave_alone(june)
    assert set(presence(june)) == {"state", "who", "ends", "idle", "name", "pin", "secret"}


def test_presence_leaves_no_row_in_the_log(june):
    before = AuditEvent.objects.count()
    for _ in range(3):
        presence(june)
    assert AuditEvent.objects.count() == before


def test_somebody_deactivated_is_out_at_the_next_question_of_the_page_that_stands_open(june, desk):
    assert presence(june)["state"] == "open"
    desk.is_active = False
    desk.save()
    assert presence(june) == {"state": "out"}
    assert june.get(reverse("patients:list")).status_code == 302
    desk.is_active = True
    desk.save()
    assert june.get(reverse("patients:list")).status_code == 302, "what was ended must not come back to life"


def test_locking_on_purpose(june):
    response = june.post(reverse("accounts:lock"), {"back": "/patients/"})
    assert response["Location"] == "/patients/"
    assert june.get("/patients/").status_code == 423
    assert AuditEvent.objects.get(action="session.locked").detail == {"why": "asked"}


@both
def test_somebody_else_takes_over_the_desk_and_sees_nothing(locked, patient, clinician):
    locked.get(reverse("patients:detail", args=[patient.number]))
    response = locked.post(reverse("accounts:hand_over"))
    assert (response.status_code, response["Location"]) == (302, reverse("accounts:sign_in"))
    assert not WebSession.objects.exists()
    assert patient.surname not in locked.get(reverse("accounts:sign_in")).content.decode()
    assert AuditEvent.objects.get(action="session.ended").detail == {"why": "somebody else signs in"}


def test_signing_out_of_a_locked_screen_needs_no_opening(locked):
    assert locked.post(reverse("accounts:sign_out"))["Location"] == reverse("accounts:sign_in")
    assert not WebSession.objects.exists()


def test_the_pages_for_machines_do_not_ask_for_a_pin(locked):
    assert locked.get(reverse("clinic:health")).status_code in (200, 503)


def test_only_what_opens_ends_or_asks_answers_a_locked_session():
    """The list of exceptions is short, and it is read here."""
    from django.urls import get_resolver

    def open_ones(patterns, space=""):
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                yield from open_ones(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)
            elif getattr(pattern.callback, "open_while_locked", False):
                yield f"{space}{pattern.name}"

    assert set(open_ones(get_resolver().url_patterns)) == {
        "accounts:presence",
        "accounts:lock",
        "accounts:unlock",
        "accounts:hand_over",
        "accounts:language",
        "accounts:sign_out",
        "clinic:health",
        # Whoever calls these has a secret link and no session: a calendar program, a patient who reads the own sheet or wants no reminders.
        "aftercare:read",
        "followup:feed",
        "followup:stop",
    }


def test_a_screen_is_not_open_for_longer_because_the_clock_was_put_back(june):
    """Its last touch then lies in the future; a minute is what two hosts may differ by."""
    WebSession.objects.filter(pk=june.session.row.pk).update(seen_at=timezone.now() + dt.timedelta(seconds=50))
    assert june.get(reverse("clinic:today")).status_code == 200
    WebSession.objects.filter(pk=june.session.row.pk).update(seen_at=timezone.now() + dt.timedelta(hours=1))
    assert june.get(reverse("clinic:today")).status_code == 423
    unlock(june)
    assert june.get(reverse("clinic:today")).status_code == 200


def test_a_sign_in_of_the_future_has_ended(june):
    """It would outlive the absolute limit by as much as the clock was put back."""
    WebSession.objects.update(began_at=timezone.now() + dt.timedelta(hours=1), expires_at=timezone.now() + dt.timedelta(hours=13))
    row = WebSession.objects.get()
    person = row.user
    assert services.sessions_of(person) == []
    answer = june.get(reverse("clinic:today"))
    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)
    assert "Your sign-in has ended. Sign in to go on." in june.get(answer["Location"]).content.decode()
    assert "has ended" not in june.get(reverse("accounts:sign_in")).content.decode(), "said once"
    Client().force_login(person)
    assert not WebSession.objects.filter(pk=row.pk).exists(), "nor does it begin again when the clock comes there"


def test_who_sends_a_form_after_the_sign_in_has_ended_is_told_that_it_was_not_saved(june):
    WebSession.objects.filter(pk=june.session.row.pk).update(expires_at=timezone.now())
    answer = june.post(reverse("accounts:pin"), {"pin": "274961"})
    assert "What you sent was not saved: sign in, then send it again." in june.get(answer["Location"]).content.decode()


def test_a_stranger_is_not_told_that_a_sign_in_has_ended(client):
    answer = client.get(reverse("clinic:today"))
    assert "has ended" not in client.get(answer["Location"]).content.decode()
