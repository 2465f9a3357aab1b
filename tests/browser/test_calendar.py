"""The calendar as the desk uses it: by keyboard alone, counted in presses, and read by axe in each of its views."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from sessions.tests.clock_changes import coming as clocks_change

from .visitor import PHONE


class Presses:
    """Presses keys and counts them."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def __call__(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1


@pytest.fixture
def calendar(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/calendar/")
    return visitor.page


def coming(page, where: str = "") -> str:
    """The id of the last visit of the day that waits for its patient."""
    return page.locator(f"#board .ev[data-movable][data-waits]{where}").last.get_attribute("id")


def focused(page) -> str:
    return page.evaluate("document.activeElement.closest('li')?.id ?? document.activeElement.id")


def start_of(page, block: str) -> str:
    return page.locator(f"#{block} .t").inner_text()


def test_a_visit_moves_without_a_pointer_in_five_presses_and_back_by_undo(visitor, calendar):
    block = coming(calendar)
    before = start_of(calendar, block)
    # The desk stands one step away from the visit: on the one before it, or on its own numbing.
    calendar.evaluate(f"diary.go(diary.links(document.getElementById('{block}').parentElement).at(-2))")
    press = Presses(calendar)
    for _ in range(2):
        if focused(calendar) != block:
            press("ArrowDown")
    press("m", "ArrowUp")
    expect(calendar.locator(".ghost")).to_be_visible()
    if calendar.locator(".ghost.clash-at").count():
        press("ArrowUp")
    press("Enter")
    expect(calendar.locator("#toasts")).to_contain_text("Moved to")
    expect(calendar.locator(f"#{block} .t")).not_to_have_text(before)
    assert press.count <= 5
    assert focused(calendar) == block
    calendar.get_by_role("button", name="Undo").press("Enter")
    expect(calendar.locator("#toasts")).to_contain_text("Back to")
    expect(calendar.locator(f"#{block} .t")).to_have_text(before)
    assert focused(calendar) == block


def test_what_stands_in_the_way_is_shown_while_moving_and_said_when_put_there(visitor, calendar):
    block = coming(calendar)
    before = start_of(calendar, block)
    calendar.locator(f"#{block} > a").focus()
    press = Presses(calendar)
    press("m")
    for _ in range(40):
        if calendar.locator(".ghost.clash-at").count():
            break
        press("ArrowUp")
    expect(calendar.locator("#live")).to_contain_text(re.compile("[Tt]aken|Not in|Closed|away|Starts"))
    press("Escape")
    expect(calendar.locator(".ghost")).to_have_count(0)
    assert (start_of(calendar, block), focused(calendar)) == (before, block)
    # Put onto somebody else all the same, it stays where it was, and the next best times are one press away.
    press("m", *["ArrowUp"] * 2, "ArrowLeft", "Escape", "Enter")
    expect(calendar.locator("#drawer .visit-drawer")).to_be_visible()
    press("Escape")
    expect(calendar.locator("#drawer")).to_be_empty()
    assert focused(calendar) == block


def test_a_refusal_in_the_drawer_is_over_once_something_was_done(visitor, calendar):
    block = coming(calendar)
    calendar.locator(f"#{block} > a").click()
    drawer = calendar.locator("#drawer")
    drawer.locator("summary", has_text=re.compile("^Move$")).click()
    drawer.locator("input[name='time']").last.fill("03:00")
    drawer.get_by_role("button", name="Move the visit").click()
    expect(drawer.locator(".problem")).to_be_visible()
    calendar.locator(f"#{block} > a").focus()
    calendar.keyboard.press("a")
    expect(drawer).to_contain_text(re.compile(r"Here \d\d:"))
    expect(drawer.locator(".problem")).to_have_count(0)
    calendar.locator("#toasts").get_by_role("button", name="Undo").press("Enter")
    expect(drawer.get_by_role("button", name="Mark as here")).to_be_visible()


def test_arrived_is_one_press_and_a_refresh_leaves_the_focus_and_what_has_it(visitor, calendar):
    block = coming(calendar)
    link = calendar.locator(f"#{block} > a")
    link.focus()
    press = Presses(calendar)
    press("a")
    assert press.count == 1
    expect(link).to_contain_text("Here")
    assert focused(calendar) == block

    # Somebody else changes this visit and another one: the other is drawn again, this one not while somebody is in it.
    calendar.evaluate(f"window.kept = document.getElementById('{block}')")
    other = coming(calendar, f":not(#{block})")
    elsewhere = visitor.context.new_page()
    for one, button in ((other, "Mark as here"), (block, "Not here after all")):
        elsewhere.goto(f"/bookings/{one[1:]}/")
        elsewhere.get_by_role("button", name=button).click()
        elsewhere.wait_for_load_state()
    elsewhere.close()
    calendar.evaluate("diary.refresh()")
    expect(calendar.locator(f"#{other}")).to_contain_text("Here")
    expect(link).to_contain_text("Here")
    assert calendar.evaluate("window.kept.isConnected && window.kept.contains(document.activeElement)")
    calendar.evaluate("document.activeElement.blur(); diary.refresh()")
    expect(calendar.locator(f"#{block}")).not_to_contain_text("Here")
    expect(calendar.locator("#made")).to_contain_text("Up to date")


def hold(page, block: str, down: float, *, edge: bool = False) -> tuple[float, float]:
    """Press the mouse on *block*, at its lower edge or within, and draw it so many px down without letting go."""
    box = page.locator(f"#{block}").bounding_box()
    x, y = box["x"] + 30, box["y"] + (box["height"] - 3 if edge else 12)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + down / 2, steps=3)
    page.mouse.move(x, y + down, steps=3)
    return x, y + down


def test_escape_ends_a_drag_for_good_although_the_button_is_still_held(visitor, calendar):
    block = coming(calendar)
    calendar.locator(f"#{block}").scroll_into_view_if_needed()
    sent = []
    calendar.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    x, y = hold(calendar, block, -63)
    expect(calendar.locator(".ghost")).to_be_visible()
    calendar.keyboard.press("Escape")
    calendar.mouse.move(x, y - 63, steps=3)
    expect(calendar.locator(".ghost")).to_have_count(0)
    calendar.mouse.up()
    expect(calendar.locator("#drawer")).to_be_empty()  # letting go opens nothing either
    assert not [url for url in sent if "/bookings/" in url]
    assert focused(calendar) == block
    calendar.locator(f"#{block} > a").click()  # and the next press is a press
    expect(calendar.locator("#drawer .visit-drawer")).to_be_visible()
    calendar.keyboard.press("Escape")
    # The control: let go without Escape, the same drag sends the move.
    hold(calendar, block, -63)
    with calendar.expect_request(re.compile("/move/")):
        calendar.mouse.up()


def test_the_edge_of_a_visit_comes_to_rest_where_it_is_drawn(visitor, calendar):
    block = coming(calendar)
    calendar.locator(f"#{block}").scroll_into_view_if_needed()
    rows = int(re.search(r"for(\d+)", calendar.locator(f"#{block}").get_attribute("class"))[1])
    hold(calendar, block, 42, edge=True)  # six rows of 7 px: half an hour
    expect(calendar.locator(".ghost")).to_have_class(re.compile(rf"\bfor{rows + 6}\b"))
    calendar.keyboard.press("Escape")
    calendar.mouse.up()


def test_a_finger_that_holds_a_visit_draws_it_and_one_that_swipes_scrolls(visitor, calendar):
    block = coming(calendar)
    box = calendar.locator(f"#{block}")
    box.scroll_into_view_if_needed()
    sent = []
    calendar.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    hand = calendar.context.new_cdp_session(calendar)

    def finger(kind: str, *at: float) -> None:
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [dict(zip("xy", at, strict=True))] if at else []})

    def draw(down: float, *, edge: bool = False, held: bool = True) -> None:
        place = box.bounding_box()
        x, y = place["x"] + 30, place["y"] + (place["height"] - 5 if edge else 12)
        finger("touchStart", x, y)
        if held:
            expect(calendar.locator(".ghost")).to_be_visible()
        for part in range(1, 7):
            finger("touchMove", x, y + down * part / 6)

    draw(-60, held=False)
    finger("touchEnd")
    expect(calendar.locator(".ghost")).to_have_count(0)
    assert not sent
    box.scroll_into_view_if_needed()
    rows = int(re.search(r"for(\d+)", box.get_attribute("class"))[1])
    draw(42, edge=True)
    expect(calendar.locator(".ghost")).to_have_class(re.compile(rf"\bfor{rows + 6}\b"))
    calendar.keyboard.press("Escape")
    finger("touchEnd")
    expect(calendar.locator(".ghost")).to_have_count(0)
    draw(-63)
    with calendar.expect_request(re.compile("/move/")) as moved:
        finger("touchEnd")
    assert "time=" in moved.value.post_data


def test_an_open_drawer_says_what_happened_to_its_visit_and_keeps_what_is_typed_and_the_focus(visitor, calendar):
    block = coming(calendar)
    calendar.locator(f"#{block} > a").click()
    drawer, news = calendar.locator("#drawer"), calendar.locator("#drawer-news")
    drawer.locator("summary", has_text=re.compile("^Move$")).click()
    typed = drawer.locator("input[name='time']").last
    typed.fill("12:3")
    calendar.evaluate("diary.refresh()")
    elsewhere = visitor.context.new_page()
    elsewhere.goto(f"/bookings/{block[1:]}/")
    elsewhere.get_by_role("button", name="Mark as here").click()
    elsewhere.wait_for_load_state()
    elsewhere.close()
    expect(news).to_have_count(0)
    calendar.evaluate("diary.refresh()")
    expect(news).to_contain_text("Marked as here by you")
    expect(calendar.locator("#live")).to_contain_text("Marked as here")
    expect(typed).to_be_focused()
    expect(typed).to_have_value("12:3")
    visitor.look("calendar-news", scanned=(1280,))
    news.get_by_role("button", name="Show it").press("Enter")
    expect(drawer).to_contain_text(re.compile(r"Here \d\d:"))
    expect(news).to_have_count(0)
    expect(typed).to_have_value("12:3")  # with the version that stands now: pressed again it is used
    expect(typed).to_be_visible()
    assert focused(calendar) == "drawer-h"
    drawer.get_by_role("button", name="Not here after all").click()
    expect(drawer.get_by_role("button", name="Mark as here")).to_be_visible()


def test_what_does_not_come_through_is_said_and_the_words_go_by_themselves_when_the_clinic_answers_again(visitor, calendar):
    block = coming(calendar)
    bar, made = calendar.locator("#netbar"), calendar.locator("#made")
    calendar.locator(f"#{block} > a").click()
    drawer = calendar.locator("#drawer")
    drawer.locator("summary", has_text=re.compile("^Move$")).click()
    drawer.locator("input[name='time']").last.fill("16:35")
    visitor.context.set_offline(True)
    expect(made).to_contain_text("No connection")
    drawer.get_by_role("button", name="Move the visit").click()
    expect(bar).to_contain_text("What you typed is still here")
    calendar.locator(f"#{block} > a").focus()
    Presses(calendar)("m", "ArrowUp", "Enter")
    expect(calendar.locator(".ghost")).to_have_count(0)
    assert focused(calendar) == block
    visitor.context.set_offline(False)
    expect(bar).to_be_hidden()
    expect(made).to_contain_text("Up to date")
    expect(drawer.locator("input[name='time']").last).to_have_value("16:35")
    assert focused(calendar) == block
    # The same where the browser has its network and only the clinic's computer does not answer.
    calendar.route("**/*", lambda route: route.abort())
    calendar.keyboard.press("a")
    expect(bar).to_be_visible()
    calendar.unroute("**/*")
    calendar.evaluate("diary.refresh()")
    expect(bar).to_be_hidden()
    # htmx writes down what it could not send; no script of ours failed over it.
    visitor.broken_rules[:] = [one for one in visitor.broken_rules if "htmx:sendError" not in one and "htmx:afterRequest" not in one]


@pytest.mark.parametrize("view", ["day", "week", "list"])
def test_each_view_with_its_drawer_is_accessible_and_survives_back(visitor, calendar, view):
    here = calendar.locator("#board").get_attribute("data-address").partition("?")[0]
    calendar.goto(f"{here}?by=people&view={view}")
    visitor.look(f"calendar-{view}", scanned=(1280, PHONE))
    calendar.locator("#board a[href^='/bookings/']").first.click()
    expect(calendar.locator("#drawer .visit-drawer")).to_be_visible()
    assert "open=" in calendar.url
    calendar.locator("#drawer summary").first.click()
    visitor.look(f"calendar-{view}-drawer", scanned=(1280, PHONE))
    calendar.reload()
    expect(calendar.locator("#drawer .visit-drawer")).to_be_visible()
    calendar.go_back()
    expect(calendar.locator("#drawer")).to_be_empty()
    assert f"view={view}" in calendar.url


@pytest.mark.parametrize("forward", [True, False])
def test_in_the_week_in_which_the_clocks_change_a_visit_comes_out_at_the_time_it_is_shown_at(visitor, calendar, forward):
    week = f"/calendar/{clocks_change(forward=forward).isoformat()}/?by=people&view=week"
    calendar.goto("/calendar/to-place/")
    patient = calendar.locator(".places a").nth(int(forward)).get_attribute("href").split("/")[2]
    calendar.goto(week)
    address = urlsplit(calendar.locator("#board .cl").last.locator("[data-free] a").first.get_attribute("href"))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    calendar.goto(f"/calendar/new/?{urlencode({**asked, 'time': '10:00', 'patient': patient, 'kind': 'consultation'})}")
    calendar.get_by_role("button", name="Book the visit").click()
    calendar.wait_for_url(re.compile(r"/bookings/\d+/"))
    block = f"b{re.search(r'/bookings/([0-9]+)/', calendar.url)[1]}"
    calendar.goto(week)
    hours = {li.inner_text(): li.get_attribute("data-at") for li in calendar.locator("#clock li[data-at]").all()}
    expect(calendar.locator(f"#{block}")).to_have_class(re.compile(rf"\bat{hours['10:00']}\b"))
    press = Presses(calendar)
    for keys, shown in ((("m", "Shift+ArrowDown", "Enter"), "10:00"), (("m", "ArrowDown", "Enter"), "10:15")):
        stood = calendar.locator(f"#{block}").get_attribute("data-version")
        calendar.locator(f"#{block} > a").focus()
        with calendar.expect_response("**/move/") as answer:
            press(*keys)
        sent = parse_qs(answer.value.request.post_data)
        assert ("time" in sent) is (shown == "10:15")  # what only gets longer says no time
        expect(calendar.locator("#toasts")).to_contain_text(f", {shown}")
        expect(calendar.locator(f"#{block}")).not_to_have_attribute("data-version", stood)  # drawn again
        expect(calendar.locator(f"#{block} .t")).to_have_text(shown)
