"""Second steps through the real pages: who needs one, setting it up, using it once, losing it."""

import contextlib
import re
import threading

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from accounts.models import SignInNotice, User
from accounts.permissions import Role
from accounts.services import sign_in as services
from accounts.signing_in import second_steps
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
NEEDS_ONE = ("clinician", "medical_lead", "manager")


@pytest.fixture(autouse=True)
def _required(settings):
    settings.SECOND_STEP_ROLES = frozenset(NEEDS_ONE)


@pytest.fixture
def minute(monkeypatch):
    """The half minute a telephone and the server believe in; `minute(1)` is the next one."""
    now = [1_800_000_000]
    monkeypatch.setattr(totp.time, "time", lambda: now[0])

    def later(steps: int = 1) -> None:
        now[0] += 30 * steps

    return later


def _code(secret: str, *, off: int = 0) -> str:
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counters[len(counters) // 2] + off))


def _sign_in(client, username="amara", **extra):
    return client.post(reverse("accounts:sign_in"), {"username": username, "password": PASSWORD, **extra})


def _set_up(client) -> str:
    """Go through the set-up page as a person does; the key of the app."""
    page = client.get(reverse("accounts:set_up_second_step")).content.decode()
    secret = re.search(r'class="lot key">([A-Z2-7 ]+)<', page).group(1).replace(" ", "")
    answer = client.post(reverse("accounts:set_up_second_step"), {"code": _code(secret)})
    assert answer["Location"] == reverse("accounts:recovery_codes")
    return secret


def _codes(client) -> list[str]:
    return re.findall(r"<li>(\d{4} \d{4})</li>", client.get(reverse("accounts:recovery_codes")).content.decode())


@pytest.fixture
def with_app(clinician, minute):
    """Dr Osei has set up an app; (its key, her recovery codes)."""
    client = Client()
    _sign_in(client)
    secret = _set_up(client)
    codes = _codes(client)
    client.post(reverse("accounts:recovery_codes"))
    minute()
    return secret, codes


TODAY = "/today/"
PATIENTS = "/patients/"


@pytest.mark.parametrize("role", list(Role))
def test_who_needs_one_opens_nothing_before_it_is_set_up(client, make_user, role):
    make_user("one", role)
    _sign_in(client, "one")
    response = client.get(TODAY)
    if role in NEEDS_ONE:
        assert response["Location"] == reverse("accounts:set_up_second_step")
    else:
        assert response.status_code == 200


def test_a_live_part_is_led_to_the_set_up_too(client, clinician):
    _sign_in(client)
    response = client.get(PATIENTS, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (401, reverse("accounts:set_up_second_step"))


def test_nothing_is_written_before_it_is_set_up(client, clinician):
    _sign_in(client)
    before = AuditEvent.objects.count()
    assert client.post("/patients/new/", {"surname": "Planted"})["Location"] == reverse("accounts:set_up_second_step")
    assert AuditEvent.objects.count() == before


def test_without_the_middleware_the_page_opens(client, clinician, settings):
    """The control: it is the middleware that asks."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SignInSteps" not in name]
    _sign_in(client)
    assert client.get(TODAY).status_code == 200


def test_setting_up_leads_over_the_codes_to_where_the_person_was_going(client, clinician, minute):
    _sign_in(client)
    assert client.get(PATIENTS)["Location"] == reverse("accounts:set_up_second_step")
    key_before = client.cookies["sessionid"].value
    _set_up(client)
    assert client.cookies["sessionid"].value != key_before
    assert client.get(PATIENTS)["Location"] == reverse("accounts:recovery_codes"), "the codes are kept first"
    codes = _codes(client)
    assert len(set(codes)) == 10
    assert _codes(client) == codes, "shown until they are kept, also after a reload"
    assert client.post(reverse("accounts:recovery_codes"))["Location"] == PATIENTS
    assert client.get(reverse("accounts:recovery_codes")).status_code == 302, "never again"
    assert client.get(PATIENTS).status_code == 200


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_picture(client, clinician, minute):
    _sign_in(client)
    page = client.get(reverse("accounts:set_up_second_step")).content.decode()
    wrong = client.post(reverse("accounts:set_up_second_step"), {"code": "000000"})
    assert wrong.status_code == 422
    key = 'class="lot key">'
    assert wrong.content.decode().split(key)[1][:30] == page.split(key)[1][:30]
    assert not Authenticator.objects.exists()


def test_the_password_alone_signs_nobody_in_who_has_one(client, with_app):
    response = _sign_in(client, next=PATIENTS)
    assert response["Location"] == reverse("accounts:second_step")
    assert client.get(PATIENTS).status_code == 302
    assert client.get(PATIENTS)["Location"].startswith(reverse("accounts:sign_in"))
    assert not AuditEvent.objects.filter(action="user.signed_in").exclude(detail={}).exists()


def test_the_code_signs_in_with_a_new_session_key_and_leads_on(client, with_app):
    secret, _ = with_app
    _sign_in(client, next=PATIENTS)
    pending = client.cookies["sessionid"].value
    response = client.post(reverse("accounts:second_step"), {"code": f" {_code(secret)} "})
    assert response["Location"] == PATIENTS
    assert client.cookies["sessionid"].value != pending
    assert client.get(PATIENTS).status_code == 200
    assert AuditEvent.objects.filter(action="user.signed_in").latest("pk").detail == {"second_step": "app"}


def test_a_code_counts_once(with_app, minute):
    secret, _ = with_app
    code = _code(secret)
    first, thief = Client(), Client()
    _sign_in(first)
    _sign_in(thief)
    assert first.post(reverse("accounts:second_step"), {"code": code}).status_code == 302
    assert thief.post(reverse("accounts:second_step"), {"code": code}).status_code == 422
    assert thief.get(PATIENTS).status_code == 302


@pytest.mark.parametrize(("off", "gets_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(client, with_app, minute, off, gets_in):
    secret, _ = with_app
    minute(5)
    _sign_in(client)
    assert client.post(reverse("accounts:second_step"), {"code": _code(secret, off=off)}).status_code == (302 if gets_in else 422)


def test_a_recovery_code_lets_in_once(with_app):
    _, codes = with_app
    first, again = Client(), Client()
    _sign_in(first)
    assert first.post(reverse("accounts:second_step"), {"code": codes[3]}).status_code == 302
    _sign_in(again)
    assert again.post(reverse("accounts:second_step"), {"code": codes[3]}).status_code == 422
    assert again.post(reverse("accounts:second_step"), {"code": codes[4].replace(" ", "")}).status_code == 302
    assert AuditEvent.objects.filter(detail={"second_step": "recovery code"}).count() == 2


def test_somebody_elses_code_lets_nobody_in(client, with_app, make_user, minute):
    secret, codes = with_app
    make_user("iris", "medical_lead")
    other = Client()
    _sign_in(other, "iris")
    _set_up(other)
    _sign_in(client, "iris")
    for code in (_code(secret), codes[0]):
        assert client.post(reverse("accounts:second_step"), {"code": code}).status_code == 422


def test_a_sign_in_that_waits_ends_with_the_password_or_the_person(client, with_app, clinician):
    secret, _ = with_app
    _sign_in(client)
    clinician.is_active = False
    clinician.save()
    assert client.post(reverse("accounts:second_step"), {"code": _code(secret)})["Location"] == reverse("accounts:sign_in")
    clinician.is_active = True
    clinician.set_password("quite another battery")
    clinician.save()
    assert client.post(reverse("accounts:second_step"), {"code": _code(secret)})["Location"] == reverse("accounts:sign_in")


def test_a_sign_in_does_not_wait_for_ever(client, with_app, settings):
    secret, _ = with_app
    _sign_in(client)
    settings.SIGN_IN_STEP_SECONDS = -1
    assert client.post(reverse("accounts:second_step"), {"code": _code(secret)})["Location"] == reverse("accounts:sign_in")


def test_secrets_are_not_readable_in_the_database(with_app):
    secret, codes = with_app
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code.replace(" ", "") in stored for code in codes)


def test_a_new_secret_key_still_reads_what_the_old_one_wrote(client, with_app, settings):
    secret, _ = with_app
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 60
    _sign_in(client)
    assert client.post(reverse("accounts:second_step"), {"code": _code(secret)}).status_code == 302


def test_the_demo_is_let_through_only_where_the_setting_says_so(make_user, settings):
    make_user("demo", "clinician", is_demo=True)
    make_user("real", "clinician")
    for exempt in (False, True):
        settings.DEMO_WITHOUT_SECOND_STEP = exempt
        for name, opens in (("demo", exempt), ("real", False)):
            client = Client()
            _sign_in(client, name)
            assert (client.get(TODAY).status_code == 200) is opens, (name, exempt)


def test_somebody_whose_role_comes_to_need_one_is_asked_at_the_next_page(client, desk):
    _sign_in(client, "june")
    assert client.get(TODAY).status_code == 200
    User.objects.filter(pk=desk.pk).update(role=Role.MANAGER)
    assert client.get(TODAY)["Location"] == reverse("accounts:set_up_second_step")


def test_who_set_one_up_elsewhere_meanwhile_enters_its_code(client, clinician, minute):
    _sign_in(client)
    other = Client()
    _sign_in(other)
    secret = _set_up(other)
    assert client.get(TODAY)["Location"] == reverse("accounts:second_step")
    assert client.get(reverse("accounts:set_up_second_step"))["Location"] == reverse("accounts:second_step"), "not another one beside it"
    minute()
    client.post(reverse("accounts:second_step"), {"code": _code(secret)})
    assert client.get(TODAY).status_code == 200


def test_the_only_one_of_somebody_who_needs_one_stays(client, with_app, clinician):
    secret, _ = with_app
    _sign_in(client)
    client.post(reverse("accounts:second_step"), {"code": _code(secret)})
    app = second_steps.app_of(clinician)
    client.post(reverse("accounts:remove_second_step", args=[app.pk]))
    assert second_steps.app_of(clinician) is not None
    assert "Set up another first" in client.get(reverse("accounts:my_sign_in")).content.decode()
    User.objects.filter(pk=clinician.pk).update(role=Role.FRONT_DESK)
    client.post(reverse("accounts:remove_second_step", args=[app.pk]))
    assert not Authenticator.objects.filter(user=clinician).exists(), "the recovery codes go with the last one"


def test_nobody_removes_another_persons(client, with_app, clinician, desk):
    _sign_in(client, "june")
    app = second_steps.app_of(clinician)
    assert client.post(reverse("accounts:remove_second_step", args=[app.pk])).status_code == 404
    assert second_steps.app_of(clinician) is not None


def test_a_reset_ends_the_sessions_and_is_told_once(client, with_app, clinician, manager):
    secret, _ = with_app
    _sign_in(client)
    client.post(reverse("accounts:second_step"), {"code": _code(secret)})
    services.reset_second_step(clinician, by=manager, reason="Telephone lost, seen in person")
    assert client.get(TODAY)["Location"].startswith(reverse("accounts:sign_in")), "signed out at once"
    assert AuditEvent.objects.get(action="user.second_step_reset").detail == {"reason": "Telephone lost, seen in person"}
    _sign_in(client)
    page = client.get(reverse("accounts:set_up_second_step")).content.decode()
    assert "Omar Reed took away your second step on" in page
    assert SignInNotice.objects.get().told_at is not None
    again = Client()
    _sign_in(again)
    assert "took away" not in again.get(reverse("accounts:set_up_second_step")).content.decode()


def test_new_recovery_codes_end_the_old_ones(client, with_app, minute):
    secret, codes = with_app
    _sign_in(client)
    client.post(reverse("accounts:second_step"), {"code": _code(secret)})
    assert client.post(reverse("accounts:new_recovery_codes"))["Location"] == reverse("accounts:recovery_codes")
    new = _codes(client)
    assert not set(new) & set(codes)
    client.post(reverse("accounts:recovery_codes"))
    other = Client()
    _sign_in(other)
    assert other.post(reverse("accounts:second_step"), {"code": codes[0]}).status_code == 422
    assert other.post(reverse("accounts:second_step"), {"code": new[0]}).status_code == 302


# Two at the same moment


def _at_once(code: str, accept, monkeypatch) -> int:
    """How many of two that come with *code* together get in: each has read the row before either writes, where it can."""
    from accounts.signing_in.second_steps import counter_of

    together = threading.Barrier(2)

    def slowly(*args, **kwargs):
        found = counter_of(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1)
        return found

    monkeypatch.setattr(second_steps, "counter_of", slowly)
    person, through = User.objects.get(username="amara"), []

    def enter():
        try:
            through.append(accept(person, code) is not None)
        finally:
            connection.close()

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(through)


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_of_two_with_the_same_code_at_once_one_gets_in(with_app, monkeypatch):
    secret, _ = with_app
    assert _at_once(_code(secret), second_steps.accept_code, monkeypatch) == 1


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would(with_app, monkeypatch):
    """The control."""
    secret, _ = with_app
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    assert _at_once(_code(secret), second_steps.accept_code.__wrapped__, monkeypatch) == 2


def test_a_clock_that_was_set_back_keeps_nobody_out(client, with_app, minute):
    secret, _ = with_app
    _sign_in(client)
    client.post(reverse("accounts:second_step"), {"code": _code(secret)})
    minute(-2880)  # a day
    other = Client()
    _sign_in(other)
    assert other.post(reverse("accounts:second_step"), {"code": _code(secret)}).status_code == 302
