"""The tablet in the patient's hands: by keyboard, through a gap in the network, other tabs covered; then the clinician goes through it."""

import re

from playwright.sync_api import expect

from clinic.demo.sign_ins import PASSWORD


def answer(page, word: str) -> None:
    page.get_by_role("radio", name=word, exact=True).check()


def test_a_patient_answers_on_the_tablet_and_a_clinician_goes_through_it(visitor):
    visitor.sign_in("june", anew=True)
    page = visitor.page
    visitor.find_patient("Moreau")
    page.locator("main a[href^='/patients/1']").first.click()
    page.wait_for_url(re.compile(r"/patients/\d+/$"))
    number = page.url.rstrip("/").rpartition("/")[2]
    other = visitor.context.new_page()
    other.goto(f"/patients/{number}/")
    page.goto(f"/patients/{number}/intake/")
    visitor.look("tablet-hand-over", scanned=(1280, 820))
    page.get_by_role("button", name="Hand the tablet over").click()
    visitor.look("tablet-who", scanned=(1280, 820))
    expect(other.get_by_role("heading", name="This tablet is for the questions")).to_be_visible()
    expect(other.get_by_text("Moreau", exact=False)).to_have_count(0)
    page.get_by_role("button", name="Yes, this is me").click()
    expect(page.locator("input:checked")).to_have_count(0)
    page.go_back()
    page.goto("/today/")
    page.wait_for_url(re.compile(r"/tablet/"))
    # Without a mouse: the first answer has the focus after Tab, the arrow chooses, Enter goes on.
    first = page.url
    page.get_by_role("radio", name="Yes", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-kept]")).to_have_text("Saved")
    visitor.look("tablet-question", scanned=(1280, 820))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    visitor.look("tablet-question-fault", scanned=(820,))
    answer(page, "No")
    page.get_by_role("button", name="Next").click()
    expect(page).not_to_have_url(first)
    # A gap in the network: what is answered stays on the screen, and goes out when there is one.
    here = page.url
    visitor.context.set_offline(True)
    answer(page, "No")
    expect(page.locator("[data-kept]")).to_contain_text("Not saved yet")
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(here)
    visitor.context.set_offline(False)
    expect(page.locator("[data-kept]")).to_have_text("Saved")
    page.goto("/tablet/check/")
    page.locator("li", has_text="Do you take any medicines").get_by_role("link").click()
    answer(page, "Yes")
    page.get_by_label("Name of the medicine").press_sequentially("apixab")
    page.get_by_role("option", name="Apixaban").click()
    expect(page.locator("[data-kept]")).to_have_text("Saved")
    visitor.look("tablet-medicines", scanned=(1280, 820))
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/tablet/check/")
    visitor.look("tablet-check", scanned=(1280, 820))
    page.get_by_role("button", name="Send to the clinic").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.get_by_role("link", name="For staff").click()
    visitor.look("tablet-staff", scanned=(1280, 820))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patients/{number}/intake/")
    expect(other.get_by_role("heading", name="This tablet is for the questions")).to_have_count(0)
    visitor.context.clear_cookies()
    visitor.sign_in("amara", anew=True)
    page.goto(f"/patients/{number}/intake/")
    page.locator("a[href^='/intake/']").first.click()
    visitor.look("tablet-review", scanned=(1280, 820))
    page.get_by_role("button", name=re.compile("Accept.*Apixaban")).click()
    expect(page.locator("table").last).to_contain_text("Apixaban")
    expect(page.locator("table").last).to_contain_text("Accepted")
