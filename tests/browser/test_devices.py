"""Devices as the clinic keeps them, and a code read by the camera: where the browser can, and the words where it cannot."""

import re

from playwright.sync_api import expect

PEN = "09506000134352"
# What the browser offers where it reads codes: here one that always sees the same pack, before a camera that shows nothing.
READS = """
window.BarcodeDetector = class { static async getSupportedFormats() { return ["data_matrix"]; }
  async detect() { return [{ rawValue: "01%s1731033110CAM-1\\u001d21888001" }]; } };
navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
"""


def test_a_device_its_log_and_its_label(visitor):
    visitor.sign_in("omar")
    page = visitor.page
    page.goto("/settings/devices/")
    visitor.look("devices", scanned=(1280, 390))
    page.get_by_role("link", name="Pen A").click()
    visitor.look("device", scanned=(1280, 390))
    page.get_by_text("Take it out of service").first.click()
    page.get_by_role("button", name="Take it out of service").click()
    expect(page.locator("#problem")).to_contain_text("Say why it goes out of service")
    visitor.look("device-refused", scanned=(1280,))
    page.get_by_role("link", name="Change").click()
    visitor.look("device-label", scanned=(1280, 390))
    page.get_by_label("Deepest setting on the label, mm").fill("1,2,3")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#problem")).to_contain_text("must be a number such as 1.25")


def _open_record(page) -> None:
    page.goto("/today/")
    page.locator("#pile-records a[href^='/sessions/']").first.click()
    page.wait_for_url(re.compile(r"/sessions/\d+/$"))


def test_where_the_browser_reads_no_codes_it_says_what_to_do(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    _open_record(page)
    page.get_by_role("button", name="Needle lot: read with the camera").click()
    expect(page.get_by_role("dialog")).to_contain_text("Type it, or use the scanner")
    visitor.look("camera-none", scanned=(1280,))
    page.keyboard.press("Escape")
    expect(page.locator("#f-needle_lot")).to_be_focused()


def test_a_code_before_the_camera_fills_the_line(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    page.add_init_script(READS % PEN)
    _open_record(page)
    page.get_by_role("button", name="Needle lot: read with the camera").click()
    expect(page.locator("#f-needle_lot")).to_have_value("CAM-1")
    expect(page.locator("#f-needle_expires_on")).to_have_value("2031-03-31")
    expect(page.locator("#needle-read")).to_contain_text("888001")
    expect(page.get_by_role("dialog")).to_be_hidden()
