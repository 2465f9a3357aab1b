"""A person at the clinic's screen, and what a page is checked for wherever they go."""

import os
import re
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from clinic.demo.sign_ins import PASSWORD

PICTURES = bool(os.environ.get("PICTURES"))  # kept for people to look at; drawing them takes longer than all else
OUTPUT = Path(__file__).resolve().parent.parent.parent / "test-output"
WIDTHS = (1280, 820)
PHONE = 390
# Colours are the same at every width, and looking for them takes most of a scan: the ordinary run does it at the first width.
WHOLE = {"resultTypes": ["violations"]}
WITHOUT_COLOURS = {**WHOLE, "rules": {"color-contrast": {"enabled": False}}}
PROVE = os.environ.get("PROVE") == "1"
LONGEST_PICTURE = 6000  # px; of a longer page only the first screen is kept
_axe = Axe()


def sign_in(page, username: str) -> None:
    page.goto("/accounts/sign-in/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/today/")


class Visitor:
    _signed_in: ClassVar[dict[tuple[str, str], list]] = {}  # (host, user name): cookies

    def __init__(self, context, clinic, name: str):
        self.clinic = clinic
        self.name = name
        self.broken_rules: list[str] = []
        self.context = context
        self.host = urlsplit(clinic.url).netloc
        context.on("request", self._only_our_host)
        context.on("response", self._no_server_error)
        self.page = context.new_page()
        self.page.on("console", self._no_complaint)
        self.page.on("pageerror", lambda error: self.broken_rules.append(f"script error on {self.page.url}: {error}"))

    # The rules

    def _only_our_host(self, request):
        """Watched, not held up: a page that is held up at each of its files is loaded without the browser's own memory of them."""
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != self.host:
            self.broken_rules.append(f"request to another host: {request.url}")

    def _no_server_error(self, response):
        if response.status >= 500:
            self.broken_rules.append(f"{response.status} from {response.url}")

    def _no_complaint(self, message):
        # Chromium reports every reply of 400 and above as an error; those are part of the journeys (422 with messages).
        if message.type == "error" and "Failed to load resource" not in message.text and "Response Status Error Code" not in message.text:
            at = message.location
            self.broken_rules.append(f"console error on {self.page.url} ({at.get('url')}:{at.get('lineNumber')}): {message.text}")
        elif "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.broken_rules.append(f"content security policy on {self.page.url}: {message.text}")

    # What a person does

    def sign_in(self, username: str, *, anew: bool = False) -> None:
        """Go on with what an earlier test signed in as *username*, where that is still good and nobody asks for it *anew*."""
        kept = (self.host, username)
        if not anew and kept in self._signed_in:
            self.context.add_cookies(self._signed_in[kept])
            if self.page.goto("/today/").status == 200 and urlsplit(self.page.url).path == "/today/":
                return
            self.context.clear_cookies()
        sign_in(self.page, username)
        self._signed_in[kept] = self.context.cookies()

    def find_patient(self, text: str) -> None:
        """Look for somebody on the page of patients."""
        self.page.goto("/patients/")
        self.page.locator("#people").fill(text)
        self.page.get_by_role("button", name="Find", exact=True).click()
        self.page.wait_for_load_state()

    def reach(self, address: str) -> None:
        """Wait for the page *address* (a pattern). Where it does not come, say what this page says instead."""
        try:
            self.page.wait_for_url(re.compile(address))
        except PlaywrightTimeoutError as error:
            said = self.page.locator("main").inner_text()
            raise AssertionError(f"No page {address}; {self.page.url} says:\n{said}") from error

    def look(self, screen: str, *, scanned: tuple[int, ...] = WIDTHS) -> None:
        """Scan the page with axe at desk and tablet width (or *scanned*, the widest first), look for sideways scroll, on a phone too."""
        for width in (*WIDTHS, PHONE):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.settle()
            if PICTURES:
                self._picture(screen, width)
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{screen} scrolls sideways by {wide} px at {width} px"
            if width in scanned:
                self._accessible(screen, width, scanned)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def _picture(self, screen: str, width: int) -> None:
        folder = OUTPUT / self.name
        folder.mkdir(parents=True, exist_ok=True)
        short = self.page.evaluate("document.documentElement.scrollHeight") < LONGEST_PICTURE
        self.page.screenshot(path=folder / f"{screen}-{width}.png", full_page=short)

    def settle(self) -> None:
        """Wait for what is under way: a part that waits for its answer is pale, and no scan should judge that."""
        expect(self.page.locator(".waiting-for, .htmx-request, [aria-busy='true']")).to_have_count(0)

    def _accessible(self, screen: str, width: int, scanned: tuple[int, ...]) -> None:
        options = WHOLE if PROVE or width == scanned[0] else WITHOUT_COLOURS
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(_axe.axe_script)
        found = self.page.evaluate("async options => (await axe.run(options)).violations", options)
        # axe leaves empty style attributes where it measured; htmx would copy them, and our policy would rightly refuse.
        self.page.evaluate("document.querySelectorAll('[style=\"\"]').forEach(element => element.removeAttribute('style'))")
        words = [f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in found]
        assert not words, f"{screen} at {width} px:\n" + "\n".join(words)
