"""The demo clinic with three more people in it: a medical lead and a manager of the other site, and a medical lead of none."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests import running_clinic

FAR_LEAD, FAR_MANAGER, NOWHERE = "far_lead", "far_manager", "nowhere"
# Each role, the other site's staff, somebody without a site, and nobody.
PEOPLE = ["amara", "june", "iris", "omar", "vera", "petra", FAR_LEAD, FAR_MANAGER, NOWHERE, ""]
_MORE = f"""
from accounts.models import Site, User
from clinic.demo.sign_ins import PASSWORD
far = (("{FAR_LEAD}", "medical_lead", "mill-lane"), ("{FAR_MANAGER}", "manager", "mill-lane"), ("{NOWHERE}", "medical_lead", ""))
for name, role, slug in far:
    if not User.objects.filter(username=name).exists():
        person = User(username=name, role=role, first_name=name.title(), last_name="Example", is_demo=True)
        person.set_password(PASSWORD)
        person.save()
        person.sites.set(Site.objects.filter(slug=slug))
"""


@pytest.fixture(scope="session")
def two_sites(clinic):
    clinic.manage("shell", "--no-imports", "-c", _MORE)
    return clinic


@contextmanager
def _careless(clinic) -> Iterator[int]:
    """A second web server on the clinic's data, of settings that add the views of `tests/hostile/careless.py`; gives its port."""
    port = running_clinic.free_port()
    environment = running_clinic.environment(clinic.data, port)
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.hostile.careless_settings", "BROKER_URL": clinic.state["broker_url"]}
    environment["DEMO_WITHOUT_SECOND_STEP"] = "1"
    command = [sys.executable, "-m", "gunicorn", "microneedle_clinic.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    log = clinic.data / "log" / "careless.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=running_clinic.ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        clinic.wait_until(lambda: process.poll() is not None or _answers(port), running_clinic.START_SECONDS, "the careless server")
        assert process.poll() is None, log.read_text()[-3000:]
        yield port
    finally:
        process.terminate()
        process.wait(30)
        log.unlink()


def _answers(port: int) -> bool:
    from .crawler import SIGN_IN, Browser

    try:
        return Browser(port).ask("GET", SIGN_IN).status == 200
    except OSError:
        return False


@pytest.fixture
def careless(two_sites) -> Iterator[int]:
    with _careless(two_sites) as port:
        yield port


@pytest.fixture
def how_many() -> Callable[[int, int], int]:
    """how_many(few, all): the small count of an ordinary run, or the full one of `make prove`."""
    return lambda few, full: full if os.environ.get("PROVE") else few
