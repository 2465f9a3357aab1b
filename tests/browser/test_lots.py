"""A cartridge by scanner, on a tablet: one scan fills the line; another product and a recalled lot are refused; the list of a recall."""

import re

from playwright.sync_api import expect

PEN, CREAM, RECALLED = "09506000134352", "09506000134376", "EX26-04A"


def scan(page, field: str, code: str) -> None:
    """As a keyboard scanner does it: letters, Ctrl ] for the separator, Enter at the end."""
    place = page.locator(field)
    place.fill("")
    for number, part in enumerate(code.split("|")):
        if number:
            place.press("Control+]")
        place.press_sequentially(part)
    place.press("Enter")


def test_one_scan_fills_the_line_and_what_may_not_be_used_is_refused(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    page.set_viewport_size({"width": 820, "height": 1180})
    page.goto("/today/")
    page.locator("#pile-records a[href^='/sessions/']").first.click()
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))
    scan(page, "#f-needle_lot", f"01{PEN}1731033110NEW-1|21777001")
    expect(page.locator("#f-needle_lot")).to_have_value("NEW-1")
    expect(page.locator("#f-needle_expires_on")).to_have_value("2031-03-31")
    expect(page.locator("#needle-read")).to_contain_text("777001")
    expect(page.locator("#f-needle_lot")).to_be_focused()
    page.get_by_text("Another cartridge").click()
    scan(page, "#f-needle2_lot", f"01{PEN}1731033110NEW-1|21777001")
    expect(page.locator("#e-needle2_lot")).to_contain_text("Scanned twice")
    scan(page, "#f-needle2_lot", f"01{CREAM}1731033110NC")
    expect(page.locator("#e-needle2_lot")).to_contain_text("Scan the needle cartridge")
    scan(page, "#f-needle_lot", f"01{PEN}1731033110{RECALLED}|21000999")
    expect(page.locator("#e-needle_lot")).to_contain_text(f"Lot {RECALLED} is blocked")
    expect(page.locator("#missing")).to_contain_text("needle lot")
    visitor.look("record-lot-refused", scanned=(1280, 820))
    page.reload()
    expect(page.locator("#f-needle2_lot")).to_have_value(f"01{CREAM}1731033110NC")
    page.locator("#f-needle2_lot").fill("")
    scan(page, "#f-needle_lot", f"01{PEN}1731033110NEW-1|21777001")
    expect(page.locator("#f-needle_lot")).to_have_value("NEW-1")
    expect(page.locator("#e-needle2_lot")).to_have_text("")


def test_a_recall_from_the_lot_to_somebody_reached(visitor):
    visitor.sign_in("iris")
    page = visitor.page
    page.goto("/settings/recalls/")
    page.locator("#lot").fill(RECALLED)
    page.locator("#lot").press("Enter")
    page.get_by_role("link", name="Open its recall").click()
    visitor.look("recall", scanned=(1280, 390))
    page.get_by_role("link", name="Keep what happened").first.click()
    page.get_by_text("Reached", exact=True).click()
    page.get_by_label("Note").fill("Is well")
    visitor.look("recall-person", scanned=(1280, 390))
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Is well").first).to_be_visible()
    page.goto("/settings/recalls/new/?q=EX26-07B&order=1")
    page.get_by_role("button", name="Block the lot").click()
    expect(page.locator("#problem")).to_contain_text("Say why the lot is recalled")
    visitor.look("recall-order", scanned=(1280, 390))
    for address in ("/settings/lots/", "/settings/lots/receive/", "/settings/lots/new-product/"):
        page.goto(address)
        visitor.look(address.strip("/").replace("/", "-"), scanned=(1280, 390))
    page.goto("/settings/lots/")
    page.locator("table a.lot").first.click()
    visitor.look("lot", scanned=(1280, 390))
