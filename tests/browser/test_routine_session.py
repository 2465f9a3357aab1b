"""
A routine session of eight zones with one scan: from the open record to the sheet at most seven presses besides the signature's own field.
On a tablet with a finger, and by keyboard alone. And what is typed into a record survives whatever happens to the machine.
"""

import datetime as dt
import re
import sqlite3
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect

from clinic.demo.sign_ins import PASSWORD
from scripts.environment import browser as find_browser

from ..running_clinic import ROOT, environment
from .conftest import FLAGS
from .routine_visit import ZONES
from .visitor import sign_in

PEN = "09506000134352"
MOST, PIN = 7, "402913"
TABLET = {"width": 820, "height": 1180}
SENT_WITHIN = 5_000  # ms: what a record may lose when the machine dies


def a_visit(clinic, surname: str) -> int:
    command = [sys.executable, "-m", "tests.browser.routine_visit", surname]
    made = subprocess.run(command, cwd=ROOT, env=environment(clinic.data, clinic.port), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return int(made.stdout.split()[-1])


def began_earlier(clinic, page) -> None:
    """A session takes forty minutes and this test takes one: its start is put back, and the page is drawn anew."""
    record = int(re.search(r"/sessions/(\d+)/", page.url)[1])
    then = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=40)).strftime("%Y-%m-%d %H:%M:00")
    with sqlite3.connect(clinic.data / "clinic.sqlite3", timeout=20) as database:
        database.execute("UPDATE treatment_sessions_treatmentsession SET started_at = ? WHERE id = ?", (then, record))
    database.close()
    page.reload()


def scan(page, serial: str) -> None:
    """The scanner types into the field that holds the focus; nobody presses anything."""
    page.keyboard.type(f"01{PEN}1731033110RT-1")
    page.keyboard.press("Control+]")
    page.keyboard.type(f"21{serial}")
    page.keyboard.press("Enter")
    expect(page.locator("#f-needle_lot")).to_have_value("RT-1")


def whole_and_signed(clinic, page) -> dict:
    """The signed record as its row says."""
    record = int(re.search(r"/sessions/(\d+)/", page.url)[1])
    with sqlite3.connect(clinic.data / "clinic.sqlite3", timeout=20) as database:
        status, lot, sha = database.execute(
            "SELECT status, needle_lot, signed_sha256 FROM treatment_sessions_treatmentsession WHERE id = ?", (record,)
        ).fetchone()
        zones = database.execute(
            "SELECT zone, state, done_depth_mm = planned_depth_mm FROM treatment_sessions_sessionzone WHERE session_id = ?", (record,)
        ).fetchall()
    database.close()
    assert (status, lot, len(sha)) == ("signed", "RT-1", 64)
    assert sorted(zones) == sorted((zone, "done", 1) for zone in ZONES)
    return {"record": record}


def printed(page) -> None:
    link = page.locator("a[href$='/sheet.pdf']").first
    expect(link).to_be_visible(timeout=180_000)
    answer = page.request.get(link.get_attribute("href"))
    assert answer.body().startswith(b"%PDF-")


class Finger:
    """Counts what is pressed on the screen."""

    def __init__(self, page):
        self.page, self.presses = page, 0

    def press(self, place) -> None:
        self.presses += 1
        place.click()


def set_pin(page) -> None:
    page.goto("/accounts/pin/")
    for name, typed in (("pin", PIN), ("again", PIN), ("password", PASSWORD)):
        page.locator(f"input[name='{name}']").fill(typed)
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/sessions/")


def test_eight_zones_with_one_scan_take_seven_presses_on_a_tablet(visitor, clinic):
    visit = a_visit(clinic, "Eightzones")
    visitor.sign_in("amara", anew=True)
    page, finger = visitor.page, Finger(visitor.page)
    set_pin(page)
    page.set_viewport_size(TABLET)
    page.goto(f"/bookings/{visit}/")
    page.get_by_role("button", name="Start the session").click()
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    began_earlier(clinic, page)
    expect(page.locator("input[name$='-depth']")).to_have_count(len(ZONES))
    assert [field.input_value() for field in page.locator("input[name$='-depth']").all()] == [""] * len(ZONES), "done is never prefilled"
    for name in ("identity_checked", "skin_checked"):
        finger.press(page.locator(f"label:has(input[name='{name}'])").first)
    finger.press(page.locator("#f-needle_lot"))
    scan(page, "900001")
    finger.press(page.locator("#all-as-planned"))
    finger.press(page.locator("label:has(input[name='reaction'][value='none'])").first)
    expect(page.locator("[name='ended']")).not_to_have_value("")  # the reaction says that the needling is over
    finger.press(page.locator("#sign"))
    page.wait_for_url(re.compile(r"/sign/"))
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    whole_and_signed(clinic, page)
    printed(page)
    finger.presses += 1  # the link that opens the sheet
    assert finger.presses <= MOST, finger.presses


def test_sign_pressed_before_the_answer_to_the_reaction_came_keeps_the_end(visitor, clinic):
    """The save of the reaction is done and its answer is still on the way: the page does not know the end that was set with it."""
    visit = a_visit(clinic, "Pressedearly")
    visitor.sign_in("amara", anew=True)
    page = visitor.page
    page.goto(f"/bookings/{visit}/")
    page.get_by_role("button", name="Start the session").click()
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    began_earlier(clinic, page)
    for name in ("identity_checked", "skin_checked"):
        page.locator(f"label:has(input[name='{name}'])").first.click()
    page.locator("#f-needle_lot").focus()
    scan(page, "900003")
    page.locator("#all-as-planned").click()
    expect(page.locator("#record-status")).to_contain_text("saved")
    page.wait_for_load_state("networkidle")
    answers = []

    def slowly(route):
        if route.request.header_value("hx-request"):
            answers.append(route.fetch())  # saved; the answer comes nowhere
        else:
            route.continue_()

    page.route(re.compile(r"/sessions/\d+/$"), slowly)
    page.locator("label:has(input[name='reaction'][value='none'])").first.click()
    clinic.wait_until(lambda: bool(page.wait_for_timeout(50) or answers), 10, "the save of the reaction")
    assert page.locator("[name='ended']").input_value() == "", "the page has not heard of the end"
    page.locator("#sign").click()
    page.wait_for_url(re.compile(r"/sign/"))
    page.unroute_all(behavior="ignoreErrors")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    whole_and_signed(clinic, page)


class Keys:
    """Moves with Tab alone, and counts the keys that do something."""

    def __init__(self, page):
        self.page, self.presses = page, 0

    def to(self, selector: str) -> None:
        for _ in range(250):
            if self.page.evaluate("selector => document.activeElement?.matches(selector) || false", selector):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"Tab never comes to {selector}")

    def press(self, key: str) -> None:
        self.presses += 1
        self.page.keyboard.press(key)


def test_eight_zones_by_keyboard_alone(visitor, clinic):
    visit = a_visit(clinic, "Keyboardonly")
    visitor.sign_in("amara", anew=True)
    page, keys = visitor.page, Keys(visitor.page)
    page.goto(f"/bookings/{visit}/")
    keys.to("form[action$='/start/'] button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    began_earlier(clinic, page)
    for name in ("identity_checked", "skin_checked"):
        keys.to(f"input[name='{name}']")
        keys.press("Space")
    keys.press("s")
    expect(page.locator("#f-needle_lot")).to_be_focused()
    scan(page, "900002")
    keys.to("#all-as-planned")
    keys.press("Enter")
    keys.to("input[name='reaction']")
    keys.press("Space")
    expect(page.locator("input[name='reaction'][value='none']")).to_be_checked()
    expect(page.locator("[name='ended']")).not_to_have_value("")  # the reaction says that the needling is over
    keys.press("Control+Enter")
    page.wait_for_url(re.compile(r"/sign/"))
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    whole_and_signed(clinic, page)
    printed(page)
    keys.to("a[href$='/sheet.pdf']")
    assert keys.presses + 1 <= MOST, keys.presses


# What was typed survives

BEFORE = "Typed more than five seconds before that"


def open_record(visitor, clinic, surname: str, username: str = "amara"):
    visit = a_visit(clinic, surname)
    visitor.sign_in(username, anew=True)
    visitor.page.goto(f"/bookings/{visit}/")
    visitor.page.get_by_role("button", name="Start the session").click()
    visitor.page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    return visitor.page


def on_another_machine(chromium, clinic, address: str, username: str = "iris"):
    """Somebody else, another browser: the page as it stands on the server."""
    context = chromium.new_context(base_url=clinic.url, locale="en-GB")
    page = context.new_page()
    sign_in(page, username)
    page.goto(urlsplit(address).path)
    return context, page


def kept(clinic, page) -> str:
    record = int(re.search(r"/sessions/(\d+)/", page.url)[1])
    with sqlite3.connect(clinic.data / "clinic.sqlite3", timeout=20) as database:
        (note,) = database.execute("SELECT note FROM treatment_sessions_treatmentsession WHERE id = ?", (record,)).fetchone()
    database.close()
    return note


def test_a_browser_that_is_killed_loses_no_more_than_five_seconds(visitor, clinic, chromium):
    """The process is killed, so that nothing of the page can run any more; on another machine what was typed before is there."""
    visit = a_visit(clinic, "Killed")
    dying = chromium.browser_type.launch(executable_path=find_browser(), args=list(FLAGS))
    page = dying.new_context(base_url=clinic.url, locale="en-GB").new_page()
    sign_in(page, "amara")
    page.goto(f"/bookings/{visit}/")
    page.get_by_role("button", name="Start the session").click()
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    address = page.url
    note = page.locator("[name='note']")
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url == address, timeout=SENT_WITHIN):
        note.press_sequentially(BEFORE, delay=140)  # without a pause in which a page might think that the typing is over
    clinic.wait_until(lambda: kept(clinic, page)[:10] == BEFORE[:10], 30, "the draft")
    note.press_sequentially(", and this a moment before")
    _kill(dying)
    context, elsewhere = on_another_machine(chromium, clinic, address)
    expect(elsewhere.locator("[name='note']")).to_have_value(re.compile(f"^{BEFORE[:10]}"))
    context.close()


def _kill(browser) -> None:
    """The whole browser at once, as when the machine is switched off; only the one that this test started."""
    session = browser.new_browser_cdp_session()
    try:
        session.send("Browser.crash")
    except Error:
        return  # it answers nothing any more


def test_a_closed_tab_keeps_what_was_typed(visitor, clinic, chromium):
    page = open_record(visitor, clinic, "Closedtab")
    page.locator("[name='note']").press_sequentially("Typed, and the tab closed at once")
    address = page.url
    page.on("dialog", lambda dialog: dialog.accept())  # the browser asks whether to leave
    page.close(run_before_unload=True)
    context, elsewhere = on_another_machine(chromium, clinic, address)
    clinic.wait_until(lambda: kept(clinic, elsewhere) == "Typed, and the tab closed at once", 10, "the draft of a closed tab")
    context.close()


def test_a_network_gap_of_five_minutes_loses_nothing(visitor, clinic):
    visitor.page.clock.install()
    page = open_record(visitor, clinic, "Networkgap")
    visitor.context.set_offline(True)
    page.locator("[name='note']").fill("Typed while nothing went through")
    page.clock.run_for(1_000)
    expect(page.locator("#record-status")).to_contain_text("still trying")
    page.clock.run_for(300_000)
    expect(page.locator("#record-status")).to_contain_text("1 change waiting")
    assert kept(clinic, page) == ""
    visitor.context.set_offline(False)
    page.clock.run_for(6_000)
    clinic.wait_until(lambda: kept(clinic, page) == "Typed while nothing went through", 20, "what waited")
    expect(page.locator("#record-status")).not_to_contain_text("still trying")
    # What does not go through htmx says to the console.
    visitor.broken_rules[:] = [line for line in visitor.broken_rules if "htmx:sendError" not in line and "htmx:afterRequest" not in line]


@pytest.mark.parametrize("button", ["Save", "Sign and lock"])
def test_a_button_pressed_in_a_network_gap_leaves_the_page_and_what_was_typed(visitor, clinic, button):
    """Sent off, the form would take the page away with it; said in words, it is pressed once more when the network is back."""
    page = open_record(visitor, clinic, "Pressedingap" + button[:4])
    visitor.context.set_offline(True)
    page.locator("[name='note']").fill("Typed while nothing went through")
    page.get_by_role("button", name=button, exact=False).last.click()
    expect(page.locator("#netbar")).to_contain_text("what you typed is still here")
    expect(page.locator("[name='note']")).to_have_value("Typed while nothing went through")
    visitor.context.set_offline(False)
    page.get_by_role("button", name=button, exact=False).last.click()
    clinic.wait_until(lambda: kept(clinic, page) == "Typed while nothing went through", 20, "what was typed")
    visitor.broken_rules[:] = [line for line in visitor.broken_rules if "htmx:sendError" not in line and "htmx:afterRequest" not in line]


def test_a_sign_in_that_ran_out_loses_nothing(visitor, clinic):
    """The server knows the browser no more; signed in again in another tab, the record goes on and what waited is saved."""
    page = open_record(visitor, clinic, "Ranout")
    with sqlite3.connect(clinic.data / "clinic.sqlite3", timeout=20) as database:
        database.execute("DELETE FROM accounts_websession WHERE user_id = (SELECT id FROM accounts_user WHERE username = 'amara')")
    database.close()
    page.locator("[name='note']").fill("Typed after the sign-in had run out")
    other = visitor.context.new_page()
    sign_in(other, "amara")
    other.close()
    page.bring_to_front()
    clinic.wait_until(lambda: kept(clinic, page) == "Typed after the sign-in had run out", 30, "what waited")
