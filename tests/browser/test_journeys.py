"""The main job from the first look to the printed sheet, and a booking by telephone, as people do them."""

import datetime as dt
import hashlib
import io
import re
import shutil
import subprocess
import sys
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from playwright.sync_api import expect

from clinic.demo.sign_ins import PASSWORD

from ..running_clinic import ROOT, environment, start_demo, stop, zone_where_it_is_late_morning
from .visitor import Visitor

ZONES = ("cheeks", "chin")


@pytest.fixture(scope="module")
def clinic():
    """Its own: what is booked today must be free, whatever other tests have booked."""
    running = start_demo()
    yield running
    stop(running)
    shutil.rmtree(running.data, ignore_errors=True)


def now() -> dt.datetime:
    return dt.datetime.now(ZoneInfo(zone_where_it_is_late_morning()))


def choose(page, name: str, value: str) -> None:
    """Tick a choice the way a mouse does: on its label."""
    page.locator(f"label:has(input[name='{name}'][value='{value}'])").first.click()


def consult(visitor: Visitor) -> None:
    """Type what is found: acne scars of the cheeks and chin, nothing against treatment."""
    page = visitor.page
    page.locator("main form[action$='/consultations/'] button, main a[href*='/consultations/']").first.click()
    visitor.reach(r"/consultations/\d+/")
    visitor.look("consultation-empty")
    choose(page, "concern", "acne_scars")
    choose(page, "level.acne_scars", "grade_3")
    choose(page, "morphology.acne_scars", "rolling")
    choose(page, "phototype", "3")
    page.locator("#checks > summary").click()
    for answer in page.locator("label:has(input[name^='q.'][value='no'])").all():
        if answer.is_visible():
            answer.click()
    for name in ("medicines", "allergies"):
        page.locator(f"#f-{name} > summary").click()
        choose(page, f"{name}_asked", "none")
    if not page.locator("input[name='zones.acne_scars'][value='cheeks']").is_visible():
        page.locator("#zone-list > summary").click()
    for zone in ZONES:
        page.locator(f"input[name='zones.acne_scars'][value='{zone}']").check()


def decide_everything(page) -> None:
    """Deal with each caution that may be dealt with here."""
    for _ in range(12):
        waiting = page.locator("#alerts button[name='decide']:not([value$='|undo'])")
        if not waiting.count():
            return
        more = page.locator("#alerts-more:not([open]) > summary")
        if more.count() and not waiting.first.is_visible():
            more.click()
        before = waiting.count()
        waiting.first.click()
        page.wait_for_function(
            "n => document.querySelectorAll(\"#alerts button[name='decide']:not([value$='|undo'])\").length < n", arg=before
        )


def book_the_course(visitor: Visitor) -> None:
    page = visitor.page
    visitor.reach(r"/plans/\d+/book/")
    page.locator("[name='first_day']").first.fill(now().date().isoformat())
    page.locator("[name='time']").first.fill("12:45")
    page.get_by_role("button", name="Find dates").click()
    page.wait_for_load_state()
    visitor.look("book-course")
    page.locator("button[name='book']").click()
    page.wait_for_load_state()
    visitor.look("course-booked")


def sign_consent(visitor: Visitor) -> None:
    """From the record to the tablet's page: first with too little ink, then drawn, and back."""
    page = visitor.page
    page.get_by_role("link", name="Have consent signed").click()
    page.locator("#pen").wait_for()
    visitor.look("consent")
    page.get_by_label("The patient", exact=True).check()
    page.get_by_label("Witness", exact=True).select_option(index=1)
    page.get_by_role("button", name="Keep the signature").click()
    page.get_by_text("There is no signature yet").first.wait_for()
    visitor.look("consent-unsigned")
    field = page.locator("#pen")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 40):
        page.mouse.move(box["x"] + 40 + 7 * step, box["y"] + box["height"] * (0.3 if step % 4 < 2 else 0.7))
    page.mouse.up()
    visitor.look("consent-drawn")
    page.get_by_role("button", name="Keep the signature").click()
    visitor.reach(r"/sessions/\d+/$")
    expect(page.locator("#conditions")).to_contain_text("Consent signed on")


def record_the_session(visitor: Visitor) -> None:
    page = visitor.page
    visitor.look("record-empty")
    sign_consent(visitor)
    for name in ("identity_checked", "skin_checked"):
        page.locator(f"label:has(input[name='{name}'])").first.click()
    device = page.locator("select[name='device']")
    if device.count() and not device.input_value():
        device.select_option(index=1)
    page.locator("[name='needle_lot']").fill("EX4711A")
    page.reload()  # in the middle of typing, before anything had the time to save itself
    expect(page.locator("[name='needle_lot']")).to_have_value("EX4711A")
    page.locator("[name='needle_expires_on']").fill(f"31 Mar {now().year + 2}")
    page.locator("#all-as-planned").click()
    page.wait_for_function("[...document.querySelectorAll(\"input[name$='-passes']\")].every(field => field.value)")
    for number, product in enumerate(page.locator("input[name^='adj-'][name$='-product']").all()):
        product.fill("Example serum")
        page.locator("input[name^='adj-'][name$='-lot']").nth(number).fill("AD100")
    choose(page, "reaction", "expected")
    # The journey takes a minute, a session longer. It ended a little ago: a clock put right meanwhile leaves no end still to come.
    page.locator("[name='started']").fill((now() - dt.timedelta(minutes=40)).strftime("%H:%M"))
    page.locator("[name='ended']").fill((now() - dt.timedelta(minutes=5)).strftime("%H:%M"))
    visitor.look("record-filled")
    page.locator("#sign").click()
    visitor.reach(r"/sign/")
    visitor.look("sign")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign and lock").click()
    visitor.reach(r"/sessions/\d+/$")
    visitor.look("record-locked")


def sheet_bytes(visitor: Visitor) -> bytes:
    """Wait for the sheet as the page does, then open it."""
    page = visitor.page
    link = page.locator("a[href$='/sheet.pdf']").first
    for _ in range(30):
        if link.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    answer = page.request.get(link.get_attribute("href"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    return answer.body()


def wipe_the_devices(clinic) -> None:
    command = [sys.executable, "-m", "tests.browser.clean_devices"]
    made = subprocess.run(command, cwd=ROOT, env=environment(clinic.data, clinic.port), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def test_from_the_first_look_to_the_printed_sheet(clinic, visitor):
    visitor.sign_in("amara")
    page = visitor.page
    page.get_by_role("searchbox").first.fill("Suryanto")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    page.locator("main a[href^='/patients/']").filter(has_text=re.compile("suryanto", re.IGNORECASE)).first.click()
    page.wait_for_load_state()
    visitor.look("patient")

    consult(visitor)
    page.get_by_role("heading", name="Proposed plan").wait_for()
    visitor.look("proposal")
    depths = page.locator("#proposal").inner_text()
    assert "mm" in depths
    decide_everything(page)
    visitor.look("decided")
    page.locator("#accept").click()

    book_the_course(visitor)

    page.goto("/calendar/")
    page.locator("a[href^='/bookings/']").filter(has_text=re.compile("suryanto", re.IGNORECASE)).first.click()
    page.wait_for_load_state()
    visitor.look("booking")
    page.get_by_role("button", name="Mark as here").click()
    page.get_by_role("button", name="Not here after all").wait_for()
    wipe_the_devices(clinic)
    page.get_by_role("button", name="Start the session").click()
    visitor.reach(r"/sessions/\d+/")

    record_the_session(visitor)

    first = sheet_bytes(visitor)
    assert first.startswith(b"%PDF-")
    assert hashlib.sha256(first).digest() == hashlib.sha256(sheet_bytes(visitor)).digest()
    text = words_of(first)
    assert "suryanto" in text.lower()
    assert "020 7946 0118" in text
    for zone in ZONES:
        assert zone in text.lower()
    assert str(now().year) in text
    assert fonts_not_embedded(first) == []
    visitor.page.goto("/print/")
    visitor.look("print-queue")


def words_of(pdf: bytes) -> str:
    """The text of the file, as poppler reads it."""
    import shutil
    import subprocess

    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not on this machine (Debian: apt-get install poppler-utils)")
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def fonts_not_embedded(pdf: bytes) -> list[str]:
    missing = []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for entry in document.objects:
            if isinstance(entry, pikepdf.Dictionary) and entry.get("/Type") == "/FontDescriptor":
                embedded = any(name in entry for name in ("/FontFile", "/FontFile2", "/FontFile3"))
                missing += [] if embedded else [str(entry.get("/FontName"))]
    return missing


def test_a_new_patient_books_by_telephone(visitor):
    visitor.sign_in("june")
    page = visitor.page
    page.goto("/calendar/")
    page.get_by_role("link", name=re.compile("New booking")).click()
    page.wait_for_load_state()
    surname = "Telefonova-Example"
    page.get_by_label("Surname").fill(surname)
    page.get_by_label("Given name").fill("Testina")
    page.get_by_label(re.compile("^Phone|Telephone")).first.fill("07700 900999")
    for label, value in (("Day", "4"), ("Month", "3"), ("Year", "1991")):
        page.get_by_role("group", name="Date of birth").get_by_label(label).fill(value)
    choose(page.locator("#drawer"), "kind", "consultation")
    page.locator("#drawer input[name='day']").fill((now().date() + dt.timedelta(days=2)).isoformat())
    page.get_by_role("button", name="Show free times").click()
    page.locator("#free button[name='slot']").first.wait_for()
    visitor.look("free-times")
    page.locator("#free button[name='slot']").first.click()
    page.locator("#drawer .visit-drawer").wait_for()
    visitor.look("booked")
    assert surname.upper() in page.locator("body").inner_text().upper()
    visitor.find_patient(surname)
    assert page.locator("main a[href^='/patients/']").filter(has_text=re.compile(surname, re.IGNORECASE)).count() == 1
