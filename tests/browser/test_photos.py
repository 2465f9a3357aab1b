"""Photos by hand and by keyboard: two dates compared in two presses, and a picture of the camera kept whatever was forgotten."""

import re

from playwright.sync_api import expect

# A camera that always sees the same: Chromium's own is not there on every machine.
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const made = document.createElement("canvas"), pen = made.getContext("2d");
  made.width = 900; made.height = 1200;
  setInterval(() => {
    pen.fillStyle = "#c9a27e"; pen.fillRect(0, 0, 900, 1200);
    pen.fillStyle = "#543"; pen.fillRect(300, 400, 80, 40);
  }, 50);
  return made.captureStream(20);
};
"""


def open_nadia(visitor) -> str:
    """Her page; she has photos of four dates. Returns its address."""
    visitor.find_patient("Rahman")
    visitor.page.locator("main a[href^='/patients/']").filter(has_text=re.compile(r"Nadia\b")).first.click()
    visitor.page.wait_for_url(re.compile(r"/patients/\d+/$"))
    return visitor.page.url


def test_two_dates_are_compared_in_two_presses(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    open_nadia(visitor)
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
    open_nadia(visitor)
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


def test_every_screen_of_photos(visitor):
    """The tab, one picture, taking it out, why there are none, as a file; each form with nothing typed; who allows nothing."""
    visitor.sign_in("iris")
    page = visitor.page
    address = open_nadia(visitor)
    page.goto(f"{address}photos/")
    visitor.look("photos")
    record = page.locator("main a[href^='/sessions/']").last.get_attribute("href")
    page.locator(".thumbs a").first.click()
    visitor.look("photo")
    page.get_by_role("link", name="Take it out").click()
    page.locator("main form button").click()
    expect(page.locator("#problem")).to_contain_text("Say why")
    visitor.look("photo-take-out-problems")
    page.goto(f"{record}no-photos/")
    page.locator("main form button").click()
    visitor.look("photos-skip-problems")
    page.goto(f"{address}photos/compare/?view=close_up&area=face")
    visitor.look("photos-compare-any")
    page.goto(f"{address}consent/photos/")
    page.locator("#id_record").get_by_text("No", exact=True).click()
    page.locator("#id_said_by").get_by_text("The patient").click()
    page.get_by_role("button", name="Keep the answers").click()
    page.goto(f"{address}photos/")
    expect(page.locator("main")).to_contain_text("No picture is shown.")
    expect(page.locator("main img")).to_have_count(0)
    visitor.look("photos-not-allowed")
    page.goto(f"{address}photos/take/")
    visitor.look("photos-take-not-allowed")
