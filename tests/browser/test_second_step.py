"""The second step in a real browser: an app's code, a passkey of a virtual authenticator, and the calm pages on the way."""

import re

import pytest
from allauth.mfa.totp.internal import auth as totp

from tests import running_clinic

NEW = "seven quiet herons at dusk"
PHONE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}


@pytest.fixture(scope="module")
def clinic():
    """An empty clinic as `make clinic` makes it, with its first manager: nobody there is let through without a second step."""
    running = running_clinic.start("--first-manager")
    yield running
    running_clinic.stop(running)


@pytest.fixture(scope="module")
def first_password(clinic):
    return re.search(r"Password +(\S+)", clinic.output).group(1)


def _sign_in(page, password):
    page.goto("/accounts/sign-in/")
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def _code(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, list(totp.yield_hotp_counters_from_time())[-1]))


def test_the_first_manager_gets_in_with_an_own_password_and_an_app_then_a_passkey_alone(visitor, first_password):
    page = visitor.page
    _sign_in(page, first_password)
    visitor.look("own-password")
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password again").fill(NEW)
    page.get_by_role("button", name="Use this password").click()
    page.get_by_text("I cannot scan it").click()
    secret = page.locator(".key").inner_text().replace(" ", "")
    visitor.look("set-up")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Set up the app").click()
    visitor.look("wrong-code")
    page.get_by_label("Code").fill(_code(secret))
    page.get_by_role("button", name="Set up the app").click()
    visitor.look("recovery-codes")
    recovery = page.locator(".codes li").first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    page.goto("/accounts/me/sign-in/")
    visitor.look("how-i-sign-in")

    devices = visitor.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**PHONE, "automaticPresenceSimulation": True}})
    page.get_by_role("link", name="Add a passkey").click()
    visitor.look("add-passkey")
    page.get_by_label("Name of this passkey").fill("Desk computer")
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_text("The passkey was added.").wait_for()
    assert page.locator("b", has_text="Desk computer").is_visible()

    _sign_out(page)
    _sign_in(page, NEW)
    page.get_by_label("Code").wait_for()
    visitor.look("second-step")
    page.get_by_label("Code").fill("12 34 56")
    page.get_by_role("button", name="Sign in").click()
    visitor.look("second-step-wrong")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/today/")

    _sign_out(page)
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url("**/today/")

    page.goto("/accounts/me/sign-in/confirm/")
    visitor.look("confirm")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/me/sign-in/")

    _sign_out(page)
    _sign_in(page, NEW)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/today/")
    page.goto("/accounts/me/sign-in/")
    assert page.get_by_text("9 of 10 are unused.").is_visible()

    _sign_out(page)
    for _ in range(5):
        _sign_in(page, "wrong")
    _sign_in(page, "wrong")
    visitor.look("wait")
    assert page.get_by_role("heading", name=re.compile("Wait until")).is_visible()


def _sign_out(page):
    page.goto("/today/")
    page.locator("summary.ava").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/sign-in/")
