"""What is missing is said and led to by keyboard, the plan appears only then, and another way is taken with one button."""

import re

from playwright.sync_api import expect

from .test_journeys import choose, decide_everything

PATIENT = 10060


def test_ask_then_answer_then_take_another_way(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    page.goto(f"/patients/{PATIENT}/")
    page.locator("main form[action$='/consultations/'] button, main a[href*='/consultations/']").first.click()
    page.wait_for_url(re.compile(r"/consultations/\d+/"))
    choose(page, "concern", "acne_scars")
    choose(page, "level.acne_scars", "grade_3")
    choose(page, "morphology.acne_scars", "rolling")
    choose(page, "phototype", "2")
    page.locator("#zone-list > summary").click()
    for zone in ("cheeks", "chin"):
        page.locator(f"input[name='zones.acne_scars'][value='{zone}']").check()
    for name in ("medicines", "allergies"):
        page.locator(f"#f-{name} > summary").click()
        choose(page, f"{name}_asked", "none")
    page.locator(".missing-list a").first.wait_for()
    expect(page.locator("#proposal input[name^='yours.']")).to_have_count(0)
    expect(page.locator("#zones")).to_have_count(0)
    visitor.look("ask")

    # The keyboard goes to what is missing, and answers it.
    page.locator("#first-missing").press("Enter")
    focused = page.evaluate("document.activeElement.closest('[id^=\"f-\"]')?.id ?? document.activeElement.id")
    assert focused == page.locator("#first-missing").get_attribute("href").removeprefix("#")
    count = page.locator(".check-row").count()
    for _ in range(count):
        page.keyboard.press("n")
    expect(page.locator("#checks > summary")).to_contain_text(f"{count} of {count}")
    page.get_by_role("heading", name="Proposed plan").wait_for()

    # A number leads to its reference on the page.
    marker = page.locator("#row-cheeks a.ref").first
    goal = marker.get_attribute("href").removeprefix("#")
    marker.click()
    expect(page.locator("#references")).to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.closest('li')?.id") == goal
    page.locator("[data-why='cheeks']").click()
    visitor.look("plan-with-references")

    # What was typed by hand gives way to the way that is taken, and comes back with the recommended one.
    proposed = page.locator("#yours-sessions").get_attribute("data-was")
    page.locator("#fact-edit").evaluate("part => { part.open = true }")
    page.locator("#yours-sessions").fill("6")
    page.locator("#yours-sessions").press("Tab")
    expect(page.locator("#way-recommended .tag")).to_have_count(0)
    page.locator("#use-fewer_visits").click()
    expect(page.locator("#way-fewer_visits")).to_contain_text("Yours")
    fewer = page.locator("#yours-sessions").input_value()
    assert int(fewer) < int(proposed)
    expect(page.locator("#reason-sessions")).to_have_value("fewer_visits")
    visitor.look("fewer-visits")
    page.locator("#use-recommended").click()
    expect(page.locator("#way-recommended")).to_contain_text("Yours")
    expect(page.locator("#yours-sessions")).to_have_value(proposed)
    page.locator("#use-fewer_visits").click()
    expect(page.locator("#way-fewer_visits")).to_contain_text("Yours")

    decide_everything(page)
    page.locator("#accept").click()
    page.wait_for_url(re.compile(r"/plans/\d+/book/"))
    page.goto(page.url.removesuffix("book/"))
    expect(page.locator("main")).to_contain_text("Fewer visits, as offered beside the plan")
    visitor.look("accepted")


def test_the_page_on_what_the_planner_is_for(visitor):
    visitor.sign_in("june")
    visitor.page.locator(".me > summary").click()
    visitor.page.get_by_role("link", name="What the planner is for").first.click()
    visitor.page.get_by_role("heading", name="How to check a proposal").wait_for()
    visitor.look("intended-purpose")
