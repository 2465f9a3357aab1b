"""A course as the desk books and moves it: counted in presses, from the accepted plan to the last date, and read by axe."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from .visitor import PHONE


class Clicks:
    """Presses what it is given and counts the presses."""

    def __init__(self):
        self.count = 0

    def __call__(self, target) -> None:
        target.click()
        self.count += 1


@pytest.fixture
def page(visitor):
    visitor.sign_in("amara")
    return visitor.page


def course_to_book(page, sessions: int) -> str:
    """The address of the dates of a plan in force of which nothing is booked yet."""
    page.goto("/calendar/to-place/")
    whole = page.locator(".places a").filter(has_text=re.compile(rf"{sessions} of {sessions} sessions to book"))
    return whole.first.get_attribute("href")


def let_one_clash(page, course: str, number: int) -> None:
    """Book somebody else with the clinician in the middle of session *number* as it is proposed."""
    page.goto(course)
    slot = page.locator(f"input[name='shown-{number}']").get_attribute("value")
    when, _, clinician = slot.partition("/")
    begins = dt.datetime.fromisoformat(when) + dt.timedelta(minutes=30)  # the clinician comes after the numbing
    page.goto("/calendar/to-place/")
    other = page.locator(f".places a:not([href='{course}'])").first.get_attribute("href").split("/")[2]
    asked = f"patient={other}&kind=consultation&clinician={clinician}&day={begins.date()}&time={begins:%H:%M}"
    page.goto(f"/calendar/new/?{asked}")
    page.get_by_role("button", name="Book the visit").click()
    page.wait_for_url(re.compile(r"/bookings/\d+/"))


def test_a_course_of_four_with_one_clash_takes_four_presses_from_the_accepted_plan(visitor, page):
    course = course_to_book(page, 4)
    let_one_clash(page, course, 3)
    page.goto(course.removesuffix("book/"))
    press = Clicks()
    press(page.locator(f"main a[href='{course}']").first)
    page.wait_for_url(re.compile(r"/plans/\d+/book/"))
    # The one after it counts from what it is moved to first, and may meet somebody there: that is over with the choice.
    clash = page.locator("#course li.bad").filter(has_text="Session 3:")
    expect(clash).to_have_count(1)
    expect(clash.locator("input[type='radio']")).to_have_count(2)
    visitor.look("course-with-a-clash")
    press(clash.locator("label.opt").nth(1))
    expect(page.locator("#pick-3-2")).to_be_checked()
    visitor.settle()
    assert page.evaluate("document.activeElement.id") == "pick-3-2"  # the dates were drawn again, and the focus stayed
    expect(page.locator("#course .okline")).to_contain_text("The plan allows")
    press(page.get_by_role("button", name="Book 4 sessions and review"))
    page.wait_for_url(re.compile(r"/patients/\d+/$"))
    expect(page.locator("body")).to_contain_text("Booked: 4 sessions and the review.")
    assert press.count <= 4


def in_focus(page) -> str:
    return page.evaluate("document.activeElement.closest('#drawer, #board, #toasts')?.id ?? document.activeElement.tagName")


def test_a_session_moves_with_the_later_ones_from_the_drawer_and_comes_back_with_one_press(visitor, page):
    page.goto("/calendar/")
    block = page.locator("#board .ev.ses[data-movable]").filter(has_text=re.compile(r"Session 2 of")).first
    key = block.get_attribute("id")
    before = block.locator(".t").inner_text()
    block.locator("a").click()
    drawer = page.locator("#drawer")
    drawer.locator("summary", has_text=re.compile("^Move$")).click()
    day = drawer.locator("input[name='day']").last
    later = dt.date.fromisoformat(day.input_value()) + dt.timedelta(days=7)
    day.fill(later.isoformat())
    drawer.get_by_role("button", name="Move the visit").click()
    expect(drawer).to_contain_text("Nothing is moved yet. Choose what happens to them.")
    expect(page.locator(f"#{key} .t")).to_have_text(before)
    assert in_focus(page) == "drawer"
    visitor.look("course-move", scanned=(1280, PHONE))
    drawer.get_by_role("button", name=re.compile(r"Move \d visits")).click()
    expect(page.locator("#toasts")).to_contain_text("moved along")
    expect(page.locator(f"#{key}")).to_have_count(0)
    assert in_focus(page) == "drawer"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Back to")
    expect(page.locator(f"#{key} .t")).to_have_text(before)
    assert in_focus(page) in ("drawer", "board")


def test_what_a_patient_asks_for_is_found_in_the_drawer_of_the_course(visitor, page):
    course = course_to_book(page, 3)
    page.goto("/calendar/")
    page.locator("#t-place").click()
    page.locator(f"#drawer a[href='{course}']").click()
    drawer = page.locator("#drawer")
    drawer.locator("summary", has_text="Other days, time or person").click()
    for name in ("Tue", "Wed"):
        drawer.get_by_label(name, exact=True).check()
    drawer.get_by_label("Not before").fill("13:00")
    drawer.get_by_role("button", name="Find dates").click()
    expect(drawer.locator("#course")).to_contain_text("13:00")
    dates = drawer.locator("#course li .top b").all_inner_texts()
    assert dates
    assert all(re.search(r"\b(Tue|Wed) ", text) for text in dates), dates
    visitor.look("course-drawer", scanned=(1280, PHONE))
    drawer.locator("button[name='book']").click()
    expect(drawer).to_contain_text("All visits of this course are booked.")
    assert page.url.partition("?")[0].endswith("/calendar/") or "/calendar/" in page.url
    # Booked by mistake: all of it back with one press, and the dates stand there again.
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("are taken back")
    expect(drawer.locator("button[name='book']")).to_be_visible()
    assert in_focus(page) in ("drawer", "board", "toasts")
