"""The day of a visit at the desk: numbing that counts without taking the focus, lateness, what follows, the end of the day, the paper."""

import re

import pytest
from playwright.sync_api import expect

from .visitor import PHONE


@pytest.fixture
def calendar(visitor):
    visitor.sign_in("june")
    visitor.page.clock.install()
    visitor.page.goto("/calendar/?by=people&view=day")
    return visitor.page


def open_visit(page, kind: str):
    page.locator(f"#board .ev{kind} > a").last.click()
    expect(page.locator("#drawer .visit-drawer")).to_be_visible()
    return page.locator("#drawer")


def test_numbing_counts_its_minutes_and_leaves_the_focus_where_it_is(visitor, calendar):
    drawer = open_visit(calendar, ".arrived")
    drawer.get_by_role("button", name="Numbing on").click()
    box = drawer.locator("[data-numbing]")
    expect(box).to_contain_text(re.compile(r"Numbing on since \d\d:\d\d"))
    expect(calendar.locator("#toasts")).to_contain_text("numbing is on")
    visitor.look("numbing", scanned=(1280, PHONE))
    button = drawer.get_by_role("button", name="Not here after all")
    button.focus()
    calendar.evaluate("window.kept = document.activeElement")
    minutes = int(re.search(r"(\d+)", box.locator("[data-since]").inner_text())[1])
    calendar.clock.run_for(125_000)
    expect(box.locator("[data-since]")).to_have_text(re.compile(rf"^({minutes + 2}|{minutes + 3})\Wmin$"))
    assert calendar.evaluate("window.kept === document.activeElement && window.kept.isConnected")
    # As if it had been on for long enough; half an hour without a hand on the desk would lock the screen first.
    calendar.evaluate("(box => { box.dataset.ready = box.dataset.numbing; })(document.querySelector('[data-numbing]'))")
    calendar.clock.run_for(6_000)
    expect(box.locator("[data-left]")).to_contain_text("Ready since")
    expect(calendar.locator("#live")).to_contain_text("the numbing is ready")
    assert calendar.evaluate("window.kept === document.activeElement && window.kept.isConnected")


def test_late_cancelled_and_booked_again_by_keyboard_with_the_way_back(visitor, calendar):
    page = calendar
    drawer = open_visit(page, ".ses[data-movable][data-waits]")
    drawer.locator("#late summary").press("Enter")
    drawer.get_by_label("Minutes late").fill("25")
    drawer.get_by_label("Minutes late").press("Enter")
    expect(drawer.locator(".fits")).to_contain_text("25 min late")
    expect(drawer.locator(".fits")).to_be_focused()
    expect(drawer.locator(".fits button[name='slot'], .fits .btn.p").first).to_be_visible()
    visitor.look("late", scanned=(1280, PHONE))
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("not late after all")
    expect(drawer.locator(".fits")).to_have_count(0)  # drawn again without it
    visitor.settle()
    drawer.locator("summary").filter(has_text="Cancel").press("Enter")
    drawer.get_by_label("Why", exact=True).select_option("Patient is ill")
    drawer.get_by_role("button", name="Cancel the visit").press("Enter")
    expect(drawer.locator("#follows")).to_contain_text("is to be booked again")
    visitor.look("follows", scanned=(1280, PHONE))
    drawer.locator("#follows button[name='time']").first.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Booked again")
    expect(drawer.locator(".tag").first).to_have_text("Booked")


@pytest.mark.parametrize("who", ["june", "amara", "iris", "omar"])
def test_the_end_of_the_day_and_the_paper_are_there_for_who_works_with_patients(visitor, who):
    visitor.sign_in(who)
    page = visitor.page
    if who in ("iris", "omar"):
        expect(page.locator("#worklist h2").first).to_have_text("To finish")
    visitor.look(f"today-{who}", scanned=(1280,))
    page.get_by_role("link", name="End of the day").click()
    expect(page.locator("h1")).to_contain_text("End of the day")
    visitor.look(f"end-{who}", scanned=(1280, PHONE))
    page.get_by_role("link", name="Tomorrow on paper").click()
    visitor.look(f"paper-{who}", scanned=(1280, PHONE))
    with page.expect_response("**/today/paper/print/") as answer:
        page.evaluate("fetch('/today/paper/print/', {method: 'POST', body: new FormData(document.querySelector('main form'))})")
    assert (answer.value.status, answer.value.headers["content-type"]) == (200, "application/pdf")


def test_arrived_on_today_keeps_the_row_and_is_undone_beside_its_words(visitor):
    visitor.sign_in("june")
    page = visitor.page
    page.goto("/today/")
    row = page.locator("[data-row]:has([data-arrived])").first
    which, name = row.get_attribute("id"), row.locator("[data-open]").inner_text()
    row.locator("[data-arrived] button").press("Enter")
    notice = page.locator(".notice.success")
    expect(notice).to_contain_text("marked as here")
    expect(notice).to_contain_text(name.split(",")[0])
    expect(page).to_have_url(re.compile(rf"/today/#{which}$"))
    expect(page.locator(f"#{which} [data-open]")).to_be_focused(timeout=4000)
    visitor.look("today-arrived", scanned=(1280, PHONE))
    notice.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".notice.success")).to_contain_text("arrival taken back")
    expect(page.locator(f"#{which} [data-open]")).to_be_focused(timeout=4000)
    expect(page.locator(f"#{which} [data-arrived]")).to_have_count(1)
    visitor.settle()
