"""Who gets in, who does not, and what the log says about it."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def url():
    return reverse("accounts:sign_in")


def _sign_in(client, url, username="amara", password=PASSWORD, **extra):
    return client.post(url, {"username": username, "password": password, **extra})


def test_signing_in_leads_to_today(client, url, clinician):
    response = _sign_in(client, url)
    assert (response.status_code, response["Location"]) == (302, reverse("clinic:today"))


def test_the_web_session_gets_a_new_key(client, url, clinician):
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = client.cookies["sessionid"].value
    _sign_in(client, url)
    assert client.cookies["sessionid"].value != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert thief.get(reverse("clinic:today")).status_code == 302


@pytest.mark.parametrize("target", ["/patients/", "/protocols/?a=b"])
def test_next_leads_to_a_page_of_ours(client, url, clinician, target):
    assert _sign_in(client, url, next=target)["Location"] == target


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"]
)
def test_next_leads_nowhere_else(client, url, clinician, target):
    assert _sign_in(client, url, next=target)["Location"] == reverse("clinic:today")


def test_an_unknown_name_a_wrong_password_and_a_leaver_read_the_same(client, url, clinician, desk):
    desk.is_active = False
    desk.save()

    def said(**typed):
        response = _sign_in(client, url, **typed)
        assert response.status_code == 422
        return response.content.decode().split('id="problem"')[1].split("</div>")[0]

    unknown = said(username="nobody")
    assert "do not match" in unknown
    assert said(password="wrong") == unknown
    assert said(username="june") == unknown


def test_empty_fields_say_what_to_enter_and_keep_what_was_typed(client, url):
    page = _sign_in(client, url, username="amara", password="").content.decode()
    assert "Enter your password." in page
    assert 'value="amara"' in page
    assert 'aria-describedby="id_password_error"' in page


def test_somebody_deactivated_is_out_at_the_next_request(client, url, clinician):
    _sign_in(client, url)
    clinician.is_active = False
    clinician.save()
    response = client.get(reverse("protocols:list"))
    assert response.status_code == 302
    assert response["Location"].startswith(url)


def test_a_new_password_ends_the_sessions_of_the_old_one(client, url, clinician):
    _sign_in(client, url)
    clinician.set_password("another battery staple")
    clinician.save()
    assert client.get(reverse("protocols:list")).status_code == 302


def test_signing_out_needs_a_form_and_ends_the_session(client, url, clinician):
    _sign_in(client, url)
    out = reverse("accounts:sign_out")
    assert client.get(out).status_code == 405
    assert client.post(out)["Location"] == url
    assert client.get(reverse("protocols:list")).status_code == 302


def test_a_form_from_another_site_does_not_sign_in(url, clinician):
    response = _sign_in(Client(enforce_csrf_checks=True), url)
    assert response.status_code == 403
    assert "This page was open too long" in response.content.decode()


def test_the_log_has_in_out_and_failed_and_never_a_password(client, url, clinician):
    _sign_in(client, url, password="not-my-secret")
    _sign_in(client, url, username="my secret, typed one box too high", password="not-my-secret")
    _sign_in(client, url)
    client.post(reverse("accounts:sign_out"))
    rows = AuditEvent.objects.order_by("pk")
    assert [(row.action, row.outcome, row.actor_name) for row in rows] == [
        ("user.sign_in_failed", "refused", "system"),
        ("user.sign_in_failed", "refused", "system"),
        ("user.signed_in", "done", "Dr Amara Osei"),
        ("user.signed_out", "done", "Dr Amara Osei"),
    ]
    assert [row.detail for row in rows[:2]] == [{"user_name": "amara"}, {"user_name": "nobody's"}]
    assert all(row.address == "127.0.0.1" for row in rows)
    assert "not-my-secret" not in str(list(rows.values()))
