"""The door of the clinic."""

import pytest

from accounts.permissions import Role
from clinic.demo.staff import STAFF


def test_the_sign_in_page_keeps_the_rules(visitor):
    visitor.page.goto("/accounts/sign-in/")
    visitor.look("sign-in")


def test_a_wrong_password_says_what_to_do_and_keeps_the_name(visitor):
    page = visitor.page
    page.goto("/accounts/sign-in/")
    page.get_by_label("User name").fill("amara")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_label("User name").input_value() == "amara"
    assert page.get_by_role("alert").inner_text()
    visitor.look("wrong-password")


@pytest.mark.parametrize("username", [person[0] for person in STAFF])
def test_everybody_of_the_demo_can_sign_in(visitor, username):
    visitor.sign_in(username, anew=True)
    visitor.look("today")


def test_signing_out_closes_the_door(visitor):
    visitor.sign_in("june", anew=True)
    visitor.page.locator("summary", has_text="JP").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/accounts/sign-in/")
    visitor.page.goto("/today/")
    assert "/accounts/sign-in/" in visitor.page.url


def test_the_demo_has_every_role():
    assert {person[4] for person in STAFF} == set(Role)
