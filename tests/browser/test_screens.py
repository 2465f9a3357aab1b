"""Every screen of the demo clinic, at desk, tablet and phone width, as the people see it who may open it."""

import re

import pytest


def follow(visitor, name: str | re.Pattern, screen: str, *, role: str = "link") -> None:
    """Press what is called *name* first on the page, and look at where it leads."""
    visitor.page.get_by_role(role, name=name).first.click()
    visitor.page.wait_for_load_state()
    visitor.look(screen)


def open_patient(visitor, text: str) -> None:
    """Find somebody the way people do: in the search box of the bar."""
    visitor.page.goto(f"/patients/?q={text}")
    visitor.page.locator("main a[href^='/patients/']").filter(has_text=re.compile(text, re.IGNORECASE)).first.click()
    visitor.page.wait_for_load_state()


def test_patients(visitor):
    visitor.sign_in("june")
    for screen, address in (
        ("patients", "/patients/"),
        ("found", "/patients/?q=rahman"),
        ("nobody-found", "/patients/?q=zzzzz"),
        ("register", "/patients/new/"),
        ("find", "/find/?q=rahman"),
    ):
        visitor.page.goto(address)
        visitor.look(screen)


@pytest.mark.parametrize("surname", ["Rahman", "Featherstonehaugh", "Kusumawardhani", "Кузнецова", "العبد"])
def test_a_patient_with_any_name(visitor, surname):
    visitor.sign_in("amara")
    open_patient(visitor, surname)
    visitor.look("patient")
    visitor.page.goto(f"{visitor.page.url}edit/")
    visitor.look("edit")


def test_what_the_desk_sees_of_a_patient(visitor):
    visitor.sign_in("june")
    open_patient(visitor, "Rahman")
    visitor.look("patient-desk")


def test_register_with_nothing_typed_says_what_is_missing(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/patients/new/")
    visitor.page.locator("main form").get_by_role("button").last.click()
    visitor.page.wait_for_selector("main [role=alert]")
    visitor.look("register-problems")


def test_protocols(visitor):
    visitor.sign_in("iris")
    visitor.page.goto("/protocols/")
    visitor.look("protocols")
    visitor.page.locator("main a[href^='/protocols/']").first.click()
    visitor.page.wait_for_load_state()
    visitor.look("version")
    version = visitor.page.url
    addresses = visitor.page.locator("main a[href^='/protocols/']").evaluate_all("links => links.map(link => link.pathname)")
    indications = sorted({address for address in addresses if address.strip("/").count("/") == 2})
    assert len(indications) == 5, indications
    for address in indications:
        visitor.page.goto(address)
        visitor.look(address.strip("/").rpartition("/")[2])
    assert version


@pytest.mark.parametrize("columns", ["people", "rooms", "devices"])
def test_calendar(visitor, columns):
    visitor.sign_in("june")
    visitor.page.goto(f"/calendar/?by={columns}")
    visitor.look(f"calendar-{columns}")


def test_bookings(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/calendar/new/")
    visitor.look("new-booking")
    visitor.page.goto("/calendar/")
    visitor.page.locator("a[href^='/bookings/']").first.click()
    visitor.page.wait_for_load_state()
    visitor.look("booking")


def test_print_queue(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/print/")
    visitor.look("print-queue")


def test_pages_that_are_not_there_or_not_for_this_person(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/patients/999999999/")
    visitor.look("not-found")
    visitor.page.goto("/protocols/")
    visitor.look("protocols-desk")
