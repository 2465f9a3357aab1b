"""A desk that is left and come back to: covered in time, opened in place, taken over by somebody else; nothing left to read."""

import datetime as dt
import re
import sqlite3

import pytest
from playwright.sync_api import expect

from clinic.demo.sign_ins import PASSWORD

from .visitor import sign_in

PIN = "402913"
PATIENT = "Rahman"
SOON = 5_000  # ms: within this a page that stands open is covered


def change(clinic, statement: str, *values) -> None:
    """Move the clock of a row instead of waiting for it."""
    with sqlite3.connect(clinic.data / "clinic.sqlite3", timeout=20) as database:
        database.execute(statement, values)
    database.close()


def leave_alone(clinic, username: str) -> None:
    long_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=16)).strftime("%Y-%m-%d %H:%M:%S")
    change(
        clinic,
        "UPDATE accounts_websession SET seen_at = ? WHERE user_id = (SELECT id FROM accounts_user WHERE username = ?)",
        long_ago,
        username,
    )


def layer(page):
    return page.locator(".desk-layer")


def open_with(page, typed: str = PASSWORD) -> None:
    page.locator("#desk-typed").fill(typed)
    page.get_by_role("button", name="Open this screen").click()


def nothing_to_read(page, *words: str) -> None:
    """Not in view, not in the document, not in the title, not behind a question mark in the address."""
    expect(page.locator(".app")).to_have_count(0)
    everything = (page.content() + page.title() + page.url.partition("?")[2]).lower()
    assert [word for word in words if word.lower() in everything] == []


def open_patient(visitor) -> None:
    visitor.find_patient(PATIENT)
    visitor.page.locator("#found tbody th a").first.click()
    visitor.page.wait_for_url(re.compile(r"/patients/\d+/"))
    expect(visitor.page.locator(".app")).to_contain_text(PATIENT, ignore_case=True)


@pytest.fixture
def at_the_patient(visitor):
    """June is on the page of somebody the demo knows."""
    visitor.sign_in("june", anew=True)
    open_patient(visitor)
    return visitor


def test_a_screen_that_is_left_is_covered_and_opens_where_it_was(visitor, clinic):
    visitor.sign_in("june", anew=True)
    page = visitor.page
    page.goto("/patients/new/")
    page.locator("input[name='surname']").fill("Quillfeather")
    given = page.locator("input[name='given']")
    given.press_sequentially("Maud")
    where = page.url
    leave_alone(clinic, "june")
    expect(layer(page)).to_be_visible(timeout=SOON)
    expect(page.locator("#desk-typed")).to_be_focused()
    nothing_to_read(page, "Quillfeather", "Maud")
    assert page.title().startswith("Locked - ")
    visitor.look("locked")

    open_with(page, "not the password")
    expect(page.get_by_role("alert")).to_have_text(re.compile("4 tries left"))
    visitor.look("locked-wrong")
    open_with(page)
    expect(layer(page)).to_have_count(0)
    assert page.url == where
    expect(given).to_have_value("Maud")
    expect(given).to_be_focused()
    page.keyboard.type("e")
    expect(given).to_have_value("Maude")
    page.locator("main form button.btn.p").first.click()
    page.wait_for_load_state()
    assert "Quillfeather" in page.locator("main").inner_text() or page.locator("input[name='surname']").input_value() == "Quillfeather"
    assert not page.locator("h1", has_text="Locked").count()


def test_what_a_page_saves_by_itself_is_saved_after_opening(visitor, clinic):
    visitor.sign_in("amara", anew=True)
    page = visitor.page
    open_patient(visitor)
    page.locator("main form[action$='/consultations/'] button, main a[href*='/consultations/']").first.click()
    page.wait_for_url(re.compile(r"/consultations/\d+/"))
    medicine = page.locator("#consult input[data-medicine]").first
    page.evaluate("document.querySelectorAll('#consult details').forEach(one => { one.open = true; })")
    medicine.press("Control+a")
    medicine.press_sequentially("zinc sulphate")
    leave_alone(clinic, "amara")
    expect(layer(page)).to_be_visible(timeout=SOON)
    nothing_to_read(page, PATIENT, "zinc sulphate")
    with page.expect_response(lambda answer: "/consultations/" in answer.url and answer.request.method == "POST") as saved:
        open_with(page)
    assert saved.value.status == 200
    expect(layer(page)).to_have_count(0)
    page.reload()
    expect(medicine).to_have_value("zinc sulphate")


def test_tabs_agree(at_the_patient, clinic):
    visitor = at_the_patient
    page, other = visitor.page, visitor.context.new_page()
    other.goto("/patients/")
    leave_alone(clinic, "june")
    for tab in (page, other):
        expect(layer(tab)).to_be_visible(timeout=SOON)
        nothing_to_read(tab, PATIENT)
    open_with(other)
    for tab in (page, other):
        expect(layer(tab)).to_have_count(0, timeout=SOON)
    assert PATIENT.lower() in page.content().lower()


def test_the_page_locks_by_its_own_clock_and_the_server_knows(chromium, clinic, visitor):
    page = visitor.page
    page.clock.install()
    visitor.sign_in("ravi", anew=True)
    page.goto("/patients/")
    page.clock.fast_forward("08:30")
    expect(page.locator(".desk-warning")).to_contain_text("locks at")
    visitor.look("about-to-lock")
    page.mouse.click(640, 880)
    expect(page.locator(".desk-warning")).to_have_count(0)
    page.clock.fast_forward("10:01")
    expect(layer(page)).to_be_visible(timeout=SOON)
    expect(page.locator("h1", has_text="Locked")).to_be_visible()
    answer = visitor.context.request.get(f"{clinic.url}/patients/")
    assert answer.status == 423


def test_locking_on_purpose_with_a_pin_for_the_way_back(at_the_patient):
    visitor = at_the_patient
    page = visitor.page
    patient = page.url
    page.goto("/accounts/pin/")
    visitor.look("set-a-pin")
    page.get_by_label("New PIN", exact=True).fill(PIN)
    page.get_by_label("New PIN once more").fill(PIN)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Save the PIN").click()
    page.wait_for_url("**/accounts/sessions/")
    visitor.look("sign-ins")
    page.goto(patient)
    page.locator("summary.ava").click()
    page.get_by_role("button", name="Lock this screen").click()
    expect(page.locator("#desk-typed")).to_be_focused()
    nothing_to_read(page, PATIENT)
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    expect(layer(page)).to_have_count(0)
    assert page.url == patient
    page.goto("/accounts/sessions/")
    page.get_by_role("button", name="Remove the PIN").click()


def test_after_five_wrong_ones_the_same_person_signs_in_beside_it_and_goes_on(visitor, clinic):
    visitor.sign_in("ravi", anew=True)
    page = visitor.page
    page.goto("/patients/")
    page.locator("#people").fill("Quill")
    leave_alone(clinic, "ravi")
    expect(layer(page)).to_be_visible(timeout=SOON)
    for left in (4, 3, 2, 1):
        open_with(page, "000000")
        expect(page.get_by_role("alert")).to_contain_text(f"{left} tr")
    open_with(page, "000000")
    expect(page.locator("h1", has_text="Signed out")).to_be_visible()
    nothing_to_read(page, "Quill")
    visitor.look("signed-out")
    with visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    beside = opened.value
    sign_in(beside, "ravi")
    expect(layer(page)).to_have_count(0, timeout=SOON)
    expect(page.locator("#people")).to_have_value("Quill")


def test_somebody_deactivated_is_out_and_the_page_on_the_screen_is_covered(visitor, clinic):
    visitor.sign_in("lena", anew=True)
    page = visitor.page
    open_patient(visitor)
    change(clinic, "UPDATE accounts_user SET is_active = 0 WHERE username = 'lena'")
    try:
        expect(layer(page)).to_be_visible(timeout=SOON)
        expect(page.locator("h1", has_text="Signed out")).to_be_visible()
        expect(page.locator(".app")).to_have_count(0)
        nothing_to_read(page, PATIENT)
    finally:
        change(clinic, "UPDATE accounts_user SET is_active = 1 WHERE username = 'lena'")


def test_somebody_else_takes_over_the_desk(at_the_patient, clinic):
    visitor = at_the_patient
    page, other = visitor.page, visitor.context.new_page()
    other.goto(page.url)
    leave_alone(clinic, "june")
    expect(layer(page)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Sign in as somebody else").click()
    page.wait_for_url("**/accounts/sign-in/")
    expect(other.locator("h1", has_text="Signed out")).to_be_visible(timeout=SOON)
    nothing_to_read(other, PATIENT)
    page.go_back()
    page.wait_for_load_state()
    assert PATIENT.lower() not in page.content().lower()
    visitor.sign_in("omar", anew=True)


def test_the_back_button_after_signing_out_shows_nothing(at_the_patient):
    visitor = at_the_patient
    page = visitor.page
    page.locator("summary.ava").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/sign-in/")
    page.go_back()
    page.wait_for_load_state()
    expect(page.get_by_label("User name")).to_be_visible()
    assert PATIENT.lower() not in page.content().lower()


def test_a_plain_form_sent_from_a_locked_screen_is_sent_again(chromium, clinic):
    """Without scripts nothing warns and nothing covers: what was typed for a quarter of an hour is still not lost."""
    context = chromium.new_context(base_url=clinic.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, "june")
    page.goto("/accounts/pin/")
    page.get_by_label("New PIN", exact=True).fill(PIN)
    page.get_by_label("New PIN once more").fill(PIN)
    leave_alone(clinic, "june")
    page.get_by_role("button", name="Save the PIN").click()
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert PIN not in page.content()
    page.get_by_label(re.compile("assword")).fill(PASSWORD)
    page.get_by_role("button", name="Open this screen").click()
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    context.close()
