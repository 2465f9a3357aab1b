"""A draft edited in the browser: by keyboard, by two people at once, and with a reference taken away."""

import re

import pytest
from playwright.sync_api import expect

from .visitor import Visitor

CHEEKS = "depth_ranges[acne_scars,grade_1,cheeks]"


def field(page, path: str):
    return page.locator(f'form[data-edit] [name="{path}"]:not([type=hidden])').first


def make_draft(visitor: Visitor, name: str) -> str:
    """A draft of the newest version in use, as its page offers it; returns the address of its editor."""
    page = visitor.page
    page.goto("/protocols/")
    page.locator("main a[href^='/protocols/2026.']").first.click()
    page.get_by_text("Make a draft from it").click()
    page.get_by_label("Name of the new version").fill(name)
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url("**/edit/")
    return page.url


def save(page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^Save")).last.click()


@pytest.fixture
def second(chromium, clinic, request):
    """Another person at another screen."""
    context = chromium.new_context(base_url=clinic.url, viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(30_000)
    someone = Visitor(context, clinic, re.sub(r"\W+", "-", request.node.name).strip("-") + "-second")
    yield someone
    context.close()
    assert not someone.broken_rules, "\n".join(someone.broken_rules)


def test_a_depth_is_edited_with_the_keyboard_alone(visitor):
    visitor.sign_in("iris")
    editor = make_draft(visitor, "keyboard-draft")
    visitor.look("hub")
    page = visitor.page
    page.goto(f"{editor}depth/acne_scars/")
    visitor.look("grid")
    boxes = page.locator("[data-grid] input")
    boxes.first.focus()
    while page.evaluate("document.activeElement.name") != f"{CHEEKS}.min":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.name") == f"{CHEEKS}.max"
    page.keyboard.type("9")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_be_focused()
    expect(field(page, f"{CHEEKS}.max")).to_have_value("9")
    expect(field(page, f"{CHEEKS}.max")).to_have_attribute("aria-invalid", "true")
    visitor.look("grid-problem")
    page.locator("#problem a").first.focus()
    page.keyboard.press("Enter")
    expect(field(page, f"{CHEEKS}.max")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("0.5")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Saved 1 value.")).to_be_visible()
    expect(field(page, f"{CHEEKS}.max")).to_have_value("0.5")
    page.goto(editor)
    expect(page.locator("main")).to_contain_text("Depth: Acne scars, Flat marks, Cheeks: max")
    visitor.look("hub-changed")


def test_the_second_person_sees_both_texts(visitor, second):
    visitor.sign_in("iris")
    editor = make_draft(visitor, "two-people-draft")
    second.sign_in("amara")
    for someone in (visitor, second):
        someone.page.goto(f"{editor}zones/")
        field(someone.page, "zones[forehead].note").fill(f"Text of {(someone is visitor and 'the lead') or 'the clinician'}")
    field(visitor.page, "zones[chin].short_reason").fill("Changed by the lead")
    save(visitor.page)
    with second.page.expect_navigation():
        second.page.keyboard.press("Control+Enter")
    meeting = second.page.locator("#meeting")
    expect(meeting).to_be_focused()
    for text in ("Text of the lead", "Text of the clinician", "Changed by the lead", "Vance"):
        expect(meeting).to_contain_text(text)
    expect(field(second.page, "zones[forehead].note")).to_have_value("Text of the clinician")
    second.look("conflict")
    save(second.page)
    expect(second.page.locator("#problem")).to_contain_text("choose which of the two stands")
    second.page.get_by_label("keep mine for Forehead: note").check()
    save(second.page)
    expect(second.page.get_by_text("Saved 1 value.")).to_be_visible()
    expect(field(second.page, "zones[forehead].note")).to_have_value("Text of the clinician")
    expect(field(second.page, "zones[chin].short_reason")).to_have_value("Changed by the lead")


def test_a_removed_reference_keeps_the_draft_from_review(visitor):
    visitor.sign_in("iris")
    editor = make_draft(visitor, "reference-draft")
    page = visitor.page
    page.goto(f"{editor}references/harris2015/")
    visitor.look("reference")
    page.get_by_role("link", name="Take out", exact=True).click()
    visitor.look("remove")
    page.get_by_role("button", name="Remove harris2015").click()
    page.wait_for_url("**/edit/")
    expect(page.locator("#faults")).to_contain_text("Cannot be handed over or approved yet")
    visitor.look("hub-unsourced")
    page.goto(editor.removesuffix("edit/"))
    assert page.get_by_role("button", name="Hand over for review").count() == 0
    page.goto(editor)
    page.get_by_role("button", name="Take it off values that have another source").click()
    page.wait_for_load_state()
    left = page.locator("#faults li a")
    if left.count():
        left.first.click()
        visitor.look("unsourced-value")
        page.locator("fieldset:has(.gone) [data-add-source]").first.fill("textbook")
        page.keyboard.press("Enter")
        page.locator("fieldset:has(.gone) .gone").first.click()
        save(page)
        expect(page.get_by_text("Saved 1 value.")).to_be_visible()


@pytest.mark.parametrize(
    "address",
    [
        *("depth/wrinkles/abdomen/", "rules/", "rules/herpes_history/", "adjuvants/prp/", "times/", "wording/", "medicines/?q=iso"),
        *("references/new/", "more/technique/", "history/"),
    ],
)
def test_the_kinds_of_pages(visitor, draft_for_looking, address):
    visitor.sign_in("amara")
    visitor.page.goto(f"{draft_for_looking}{address}")
    visitor.look("page")


@pytest.fixture(scope="module")
def draft_for_looking(chromium, clinic):
    context = chromium.new_context(base_url=clinic.url, locale="en-GB")
    context.set_default_timeout(30_000)
    someone = Visitor(context, clinic, "draft-for-looking")
    someone.sign_in("iris")
    yield make_draft(someone, "looking-draft")
    context.close()
