"""A person at the clinic's screen, and what a page is checked for wherever they go."""

from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

from clinic.demo.sign_ins import PASSWORD

OUTPUT = Path(__file__).resolve().parent.parent.parent / "test-output"
WIDTHS = (1280, 820)
PHONE = 390
LONGEST_PICTURE = 6000  # px; of a longer page only the first screen is kept
_axe = Axe()


class Visitor:
    def __init__(self, context, clinic, name: str):
        self.clinic = clinic
        self.name = name
        self.broken_rules: list[str] = []
        self.context = context
        self.host = urlsplit(clinic.url).netloc
        context.route("**/*", self._only_our_host)
        context.on("response", self._no_server_error)
        self.page = context.new_page()
        self.page.on("console", self._no_complaint)
        self.page.on("pageerror", lambda error: self.broken_rules.append(f"script error on {self.page.url}: {error}"))

    # The rules

    def _only_our_host(self, route):
        address = urlsplit(route.request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != self.host:
            self.broken_rules.append(f"request to another host: {route.request.url}")
            route.abort()
        else:
            route.continue_()

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

    def sign_in(self, username: str) -> None:
        self.page.goto("/accounts/sign-in/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/today/")

    def look(self, screen: str) -> None:
        """Scan the page with axe at desk and tablet width, look for sideways scroll there and on a phone, keep pictures."""
        folder = OUTPUT / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for width in (*WIDTHS, PHONE):
            self.page.set_viewport_size({"width": width, "height": 900})
            short = self.page.evaluate("document.documentElement.scrollHeight") < LONGEST_PICTURE
            self.page.screenshot(path=folder / f"{screen}-{width}.png", full_page=short)
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{screen} scrolls sideways by {wide} px at {width} px"
            if width in WIDTHS:
                self._accessible(screen, width)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def _accessible(self, screen: str, width: int) -> None:
        found = _axe.run(self.page).response["violations"]
        # axe leaves empty style attributes where it measured; htmx would copy them, and our policy would rightly refuse.
        self.page.evaluate("document.querySelectorAll('[style=\"\"]').forEach(element => element.removeAttribute('style'))")
        words = [f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in found]
        assert not words, f"{screen} at {width} px:\n" + "\n".join(words)
