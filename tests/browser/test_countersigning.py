"""A nurse plans deeper than she is signed off for: it waits, the medical lead countersigns, and only then it can be booked."""

import re

from playwright.sync_api import expect

from .test_journeys import consult, decide_everything
from .visitor import Visitor

SURNAME = "Vasquez"


def open_patient(visitor: Visitor) -> None:
    visitor.find_patient(SURNAME)
    visitor.page.locator("main a[href^='/patients/']").filter(has_text=re.compile(SURNAME, re.IGNORECASE)).first.click()
    visitor.page.wait_for_load_state()


def sign_out(visitor: Visitor) -> None:
    visitor.context.clear_cookies()


def go_deeper(page) -> None:
    """One step more on the cheeks than proposed, with a reason."""
    with page.expect_response(lambda reply: reply.request.method == "POST" and "/consultations/" in reply.url):
        page.locator("[name='yours.depth.cheeks']").fill("1.25")
        page.locator("[name='yours.depth.cheeks']").press("Tab")
    page.locator("[name='reason.depth.cheeks']").wait_for()
    page.locator("[name='reason.depth.cheeks']").select_option("thick_here")
    page.locator("label:has([name='told.depth.cheeks'])").click()


def test_a_plan_beyond_the_nurses_sign_off_waits_for_the_lead(visitor):
    visitor.sign_in("lena")
    page = visitor.page
    open_patient(visitor)
    consult(visitor)
    page.get_by_role("heading", name="Proposed plan").wait_for()
    go_deeper(page)
    page.locator("#send").wait_for()
    decide_everything(page)
    visitor.look("before-sending")
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/plans/\d+/$"))
    plan = page.url
    expect(page.locator("#countersign")).to_contain_text("Waiting for the medical lead")
    assert not page.locator("#do-countersign").count()  # never by the one who sent it
    visitor.look("sent")
    page.goto(f"{plan}book/")
    expect(page.locator("main")).to_contain_text("waiting for countersignature")
    assert not page.locator("button[name='book']").count()
    visitor.look("nothing-to-book")
    page.goto("/accounts/staff/")
    visitor.look("own-certificates")
    sign_out(visitor)

    visitor.sign_in("iris")
    page.locator("#main a[href='/plans/countersign/']").first.click()
    page.wait_for_load_state()
    visitor.look("waiting-list")
    page.locator("tr", has_text=re.compile(SURNAME, re.IGNORECASE)).get_by_role("link").click()
    page.wait_for_url(plan)
    expect(page.locator("#countersign")).to_contain_text("1.25")
    page.locator("#countersign details > summary").first.click()
    visitor.look("to-countersign")
    page.locator("#do-countersign").click()
    page.wait_for_selector("#problem")
    expect(page.locator("#problem")).to_contain_text("Say why this may go ahead")
    visitor.look("no-reason")
    page.locator("#f-reason").fill("Seen together; the scars are thick here")
    page.locator("#do-countersign").click()
    page.wait_for_url(plan)
    expect(page.locator("main")).to_contain_text("It can be booked now")
    visitor.look("countersigned")
    page.goto("/accounts/staff/")
    visitor.look("staff")
    page.get_by_role("link", name="Nurse Lena Holm").click()
    page.wait_for_load_state()
    visitor.look("person")
    page.get_by_role("button", name="Record the certificate").click()
    page.wait_for_selector("#problem")
    visitor.look("person-problems")
    sign_out(visitor)

    visitor.sign_in("lena")
    page.goto(f"{plan}book/")
    page.get_by_role("button", name="Find dates").wait_for()
