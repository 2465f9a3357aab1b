"""What waits, what drifts, what is sent: each screen as the people see it, and the freed time that goes to the next with one press."""

import datetime as dt
import re

from playwright.sync_api import expect


def test_the_lists_beside_the_calendar(visitor):
    visitor.sign_in("june")
    for screen, address in (
        ("drift", "/drift/"),
        ("drift-review", "/drift/?kind=review"),
        ("waiting", "/waiting/"),
        ("texts", "/reminders/texts/"),
        ("to-place", "/calendar/to-place/"),
    ):
        visitor.page.goto(address)
        visitor.look(screen)


def test_a_patient_is_put_on_the_list_and_says_what_they_want_of_reminders(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/waiting/")
    visitor.page.locator("tbody th a").first.click()
    visitor.page.get_by_role("link", name="Put on the waiting list").click()
    page = visitor.page
    page.get_by_label("Until").fill("")
    page.get_by_role("button", name="Put on the waiting list").click()
    expect(page.locator("#problem")).to_be_focused()
    visitor.look("wait-problem")
    page.goto(re.sub(r"waiting/$", "reminders/", page.url))
    visitor.look("reminders")
    page.get_by_label("Reminders by text message").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Stopped")).to_be_visible()


def test_the_settings_of_reminders_and_the_own_calendar_link(visitor):
    visitor.sign_in("omar")
    visitor.page.goto("/settings/reminders/")
    visitor.look("reminder-settings")
    visitor.context.clear_cookies()
    visitor.sign_in("amara")
    visitor.page.goto("/settings/my-calendar/")
    visitor.look("calendar-link")
    visitor.page.get_by_role("button", name="Make a link").click()
    expect(visitor.page.get_by_text("visits.ics?key=")).to_be_visible()
    visitor.look("calendar-link-made")


def test_a_cancelled_visit_goes_to_the_next_on_the_list_with_one_press_and_no_pointer(visitor):
    """From the cancelled visit in the drawer: Tab to the first name's button, Enter."""
    visitor.sign_in("june")
    page = visitor.page
    page.goto("/waiting/")
    waits = page.locator("tbody tr").count()
    cancel = page.locator("#drawer summary", has_text="Cancel")
    for ahead in range(1, 15):  # to a day with a visit that has not begun, and whose time somebody could take
        page.goto(f"/calendar/{dt.datetime.now(dt.UTC).date() + dt.timedelta(days=ahead)}/")
        blocks = page.locator("#board a[href^='/bookings/']")
        if not blocks.count():
            continue
        blocks.first.click()
        expect(page.locator("#drawer .visit-drawer")).to_be_visible()
        if not cancel.count():
            continue
        cancel.click()
        page.locator("#drawer form[action$='/cancel/'] select").select_option(index=1)
        page.get_by_role("button", name="Cancel the visit").click()
        expect(page.locator("#drawer .tag", has_text="Cancelled")).to_be_visible()
        if page.locator(".could-come button").count():
            break
    visitor.look("freed-time", scanned=(1280,))
    button = page.locator(".could-come button").first
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Off the waiting list")
    expect(page.locator("#drawer .tag", has_text="Booked")).to_be_visible()
    page.goto("/waiting/")
    expect(page.locator("tbody tr")).to_have_count(waits - 1)
