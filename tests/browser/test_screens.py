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
    visitor.find_patient(text)
    visitor.page.locator("main a[href^='/patients/']").filter(has_text=re.compile(text, re.IGNORECASE)).first.click()
    visitor.page.wait_for_load_state()


def test_patients(visitor):
    visitor.sign_in("june")
    for screen, address in (("patients", "/patients/"), ("register", "/patients/new/")):
        visitor.page.goto(address)
        visitor.look(screen)
    for screen, typed in (("found", "rahman"), ("nobody-found", "zzzzz")):
        visitor.find_patient(typed)
        visitor.look(screen)
    visitor.page.locator("#find").fill("rahman")
    visitor.page.locator("#find").press("Enter")
    visitor.page.wait_for_load_state()
    visitor.look("find")
    assert "rahman" not in visitor.page.url


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
    visitor.page.locator("main th a[href^='/protocols/']").first.click()
    visitor.page.wait_for_load_state()
    visitor.look("version")
    version = visitor.page.url
    indications = visitor.page.locator("#indications th a").evaluate_all("links => links.map(link => link.pathname)")
    assert len(indications) == 5, indications
    for address in indications:
        visitor.page.goto(address)
        visitor.look(address.strip("/").rpartition("/")[2])
    assert version


def test_versions_side_by_side_import_and_who_is_on_a_retired_one(visitor):
    visitor.sign_in("iris")
    page = visitor.page
    page.goto("/protocols/compare/")
    visitor.look("compare")
    page.goto("/protocols/import/")
    visitor.look("import")
    page.get_by_label("Or paste the pack").fill("zones: 1")
    page.get_by_role("button", name="Import as a draft").click()
    page.wait_for_selector("main [role=alert]")
    assert page.get_by_label("Or paste the pack").input_value() == "zones: 1"
    visitor.look("import-faults")
    page.goto("/protocols/")
    page.locator("a[href^='/plans/on-retired-protocols/']").first.click()
    page.wait_for_load_state()
    assert page.locator("main tbody tr").count() > 0
    visitor.look("on-retired")


def test_a_draft_is_handed_over_and_sent_back_and_approving_asks_for_what_is_missing(visitor):
    """The demo's draft, from its page alone. In the end it is a draft again: the other journeys plan with the version in use."""
    visitor.sign_in("iris")
    page = visitor.page
    page.goto("/protocols/")
    page.locator("main tr", has_text="Draft").locator("th a").first.click()
    page.get_by_role("button", name="Hand over for review").click()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_selector("main [role=alert]")
    visitor.look("approve-problems")
    page.get_by_label("Why this version is approved").fill("Read against its sources")
    page.get_by_label("Next review").fill("2999-01-05")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("link", name="Next review must be within five years").wait_for()
    assert page.get_by_label("Why this version is approved").input_value() == "Read against its sources"
    page.get_by_text("Send it back to draft").click()
    page.get_by_label("What has to be changed").fill("Read the note on the forehead once more")
    page.get_by_role("button", name="Send back").click()
    page.get_by_text("Read the note on the forehead once more").wait_for()
    page.get_by_role("link", name="Edit the draft").wait_for()


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


def test_consent(visitor):
    """Texts, whose consent is to be renewed, what somebody signed, and each form with nothing typed."""
    visitor.sign_in("amara")
    page = visitor.page
    page.goto("/settings/consent/")
    visitor.look("consent-texts")
    page.locator("main td a").first.click()
    page.wait_for_load_state()
    visitor.look("consent-text")
    page.goto("/today/consent/")
    visitor.look("consent-ahead")
    page.locator("main th a").first.click()
    page.wait_for_load_state()
    visitor.look("consent-of-a-patient")
    consent = page.url
    page.locator("main a[href^='/consents/']").first.click()
    page.wait_for_load_state()
    visitor.look("consent-signed")
    for part, button in (("sign", "Keep the signature"), ("withdraw", "Withdraw"), ("photos", "Keep the answers")):
        page.goto(f"{consent}{part}/")
        visitor.look(f"consent-{part}")
        page.get_by_role("button", name=button, exact=True).click()
        page.locator("main [role=alert]").wait_for()
        visitor.look(f"consent-{part}-problems")
