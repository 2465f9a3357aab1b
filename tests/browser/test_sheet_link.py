"""The page that the code on a sheet leads to, on a phone: whoever has it needs no sign-in, and it passes as every screen does."""

import subprocess
import sys
from pathlib import Path

from tests import running_clinic

ROOT = Path(__file__).resolve().parent.parent.parent
ADDRESS = """
import django
django.setup()
from aftercare.models import SheetLink
from aftercare.services import links
link = SheetLink.objects.exclude(page="").order_by("-pk").first()
print(links.address_of(link) if link else "")
"""


def address_of_a_sheet(clinic) -> str:
    """As it is printed; the demo's sheets are made by its worker, one after the other."""
    environment = running_clinic.environment(clinic.data, clinic.port) | {"DJANGO_SETTINGS_MODULE": "microneedle_clinic.settings"}
    environment |= {"PUBLIC_URL": f"http://localhost:{clinic.port}", "SHEET_LINK_DAYS": "30"}
    for _ in range(30):
        told = subprocess.run([sys.executable, "-c", ADDRESS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        if told.stdout.strip():
            return told.stdout.strip().partition(f":{clinic.port}")[2]
    raise AssertionError("no sheet of the demo clinic was made")


def test_the_sheet_on_a_phone(visitor, clinic):
    visitor.page.goto(address_of_a_sheet(clinic))
    assert visitor.page.get_by_role("heading", name="Your steps").is_visible()
    visitor.look("sheet-link")


def test_a_link_that_opens_nothing(visitor):
    visitor.page.goto("/sheet/")
    visitor.look("sheet-link-gone")


def test_the_page_of_a_sheet(visitor):
    visitor.sign_in("june")
    visitor.page.goto("/print/")
    visitor.page.locator("a[id^='see-']").first.click()
    visitor.page.wait_for_load_state()
    visitor.look("sheet")
