"""Photos by hand and by keyboard: two dates compared in two presses, and a picture of the camera kept whatever was forgotten."""

import re

from playwright.sync_api import expect

# A camera that always sees the same: Chromium's own is not there on every machine.
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const made = document.createElement("canvas"), pen = made.getContext("2d");
  made.width = 900; made.height = 1200;
  const fill = (colour, ...where) => { pen.fillStyle = colour; pen.fillRect(...where); };
  setInterval(() => { fill("#c9a27e", 0, 0, 900, 1200); fill("#543", 300, 400, 80, 40); }, 50);
  return made.captureStream(20);
};
"""


def photos_of(page, name: str) -> None:
    page.goto(f"/patients/?q={name}")
    page.locator("main a[href^='/patients/1']").first.click()
    page.wait_for_url(re.compile(r"/patients/\d+/$"))


def test_two_dates_are_compared_in_two_presses(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    photos_of(page, "Nadia Rahman")
    page.locator("nav.tabs").get_by_role("link", name="Photos").click()  # 1
    page.locator(".pairs a").first.click()  # 2
    pictures = page.locator("#pair img")
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        expect(picture).to_be_visible()
        assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 300
    expect(page.locator("#pair")).to_contain_text("Record")
    visitor.look("photos-compare", scanned=(1280, 820, 390))
    # Together, by mouse and by keys alone.
    page.get_by_role("button", name="Closer").click()
    shifts = "() => [...document.querySelectorAll('#pair img')].map((one) => getComputedStyle(one).transform)"
    first, then = page.evaluate(shifts)
    assert first == then != "none"
    page.keyboard.press("ArrowLeft")
    moved = page.evaluate(shifts)
    assert moved[0] == moved[1] != first
    page.keyboard.down("Space")
    expect(page.locator("#compare[data-flipped]")).to_have_count(1)
    page.keyboard.up("Space")
    expect(page.locator("#compare[data-flipped]")).to_have_count(0)
    page.get_by_text("Slider", exact=True).click()
    expect(page.locator("#slide")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#slide")).to_have_value("51")
    assert "51%" in page.locator("#pair").get_attribute("style")


def test_a_picture_of_the_camera_stays_after_a_refusal_and_is_kept(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    visitor.context.grant_permissions(["camera"])
    page.set_viewport_size({"width": 820, "height": 1180})
    page.add_init_script(CAMERA)
    photos_of(page, "Nadia Rahman")
    page.locator("nav.tabs").get_by_role("link", name="Photos").click()
    page.get_by_role("link", name="Take photos").click()
    page.get_by_role("link", name="Close-up").click()
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator("#camera-says")).to_have_text("Taken. Keep it, or take it again.")
    page.get_by_role("button", name="Keep this picture").click()
    expect(page.locator("#problem")).to_contain_text("Choose which zone the close-up shows.")
    expect(page.locator("#problem")).to_be_focused()
    assert page.evaluate("document.forms.take.picture.files.length") == 1, "the picture is still there"
    visitor.look("photos-take", scanned=(820, 1280))
    page.get_by_label("Zone of the close-up").select_option(label="Chin")
    page.get_by_text("Clinic lamp", exact=True).click()
    page.get_by_label("Distance to the skin").fill("30")
    page.locator("#how").get_by_text("None", exact=True).click()
    page.get_by_role("button", name="Keep this picture").click()
    expect(page.locator(".notice.success")).to_contain_text("Kept: Face, Close-up, chin.")
