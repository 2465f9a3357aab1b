"""
32 clients press the same free time at the same moment, over HTTP, against a running server with two processes: one gets it,
the others are told what is free near it, nobody sees an error. On the engine at hand.
"""

import datetime as dt
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from audit import guards
from sessions.guards import OVERLAP
from sessions.models import Booking, Hold, Resource, ResourceHours

CLIENTS = 32
READY_SECONDS = 60
LONDON = ZoneInfo("Europe/London")

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    """Two processes of sixteen threads on the database of the tests; gives the port."""
    folder = tmp_path_factory.mktemp("race")
    environment = {**os.environ, "CLINIC_DATA": str(folder), "SECRET_KEY": settings.SECRET_KEY, "HTTPS": "0"}
    environment["ALLOWED_HOSTS"] = "127.0.0.1"
    if connection.vendor == "sqlite":
        # The embedded database is always called the same, so the server is given the tests' one under that name.
        (folder / "clinic.sqlite3").symlink_to(connection.settings_dict["NAME"])
    else:
        at = connection.settings_dict
        user = ":".join(part for part in (at["USER"], at["PASSWORD"]) if part)
        host = f"/{at['HOST']}" if at["HOST"].startswith("/") else f"{at['HOST']}:{at['PORT'] or 5432}"
        environment["DATABASE_URL"] = f"postgres://{user}@{host}/{at['NAME']}"
    manage = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(manage, cwd=settings.BASE_DIR, env=environment, check=True)
    port = _free_port()
    log = (folder / "server.log").open("wb")
    command = [sys.executable, "-m", "gunicorn", "microneedle_clinic.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--threads", "16", "--worker-class", "gthread", "--timeout", "60"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, port, folder / "server.log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _wait(process, port: int, log) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            browser = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            browser.request("GET", "/accounts/sign-in/")
            if browser.getresponse().status == 200:
                return
        except OSError:
            threading.Event().wait(0.05)
        finally:
            browser.close()
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")


class World:
    """A clinician, a room and 32 patients, each with somebody at the phone."""

    def __init__(self, site, desk):
        from patients.models import Patient

        self.clinician = self._resource(site, "clinician", "Dr Amara Osei")
        self.room = self._resource(site, "room", "Room 1")
        born = dt.date(1980, 1, 1)
        people = (Patient(number=50_000 + n, site=site, surname=f"Caller{n}", birth_date=born) for n in range(CLIENTS))
        self.patients = [patient.save() or patient for patient in people]
        browser = Client()
        browser.force_login(desk)
        self.session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        self.token = "r" * 32

    @staticmethod
    def _resource(site, kind, name):
        resource = Resource.objects.create(site=site, kind=kind, name=name)
        for weekday in range(7):
            ResourceHours.objects.create(resource=resource, weekday=weekday, opens=dt.time(8), closes=dt.time(20))
        return resource

    def slots(self, count: int):
        """Different free starts, far enough from each other that each round finds free times around."""
        first = dt.datetime.now(LONDON).date() + dt.timedelta(days=7)
        return [dt.datetime.combine(first + dt.timedelta(days=n // 3), dt.time(9 + 3 * (n % 3)), tzinfo=LONDON) for n in range(count)]

    def rush(self, port: int, slot: dt.datetime) -> list[tuple[int, str, float]]:
        """All at once: (status, page, seconds) of each."""
        replies: list[tuple[int, str, float]] = []
        start = threading.Barrier(CLIENTS)

        def press(patient):
            fields = {
                "request_key": str(uuid.uuid4()),
                "patient": patient.number,
                "kind": "consultation",
                "clinician": self.clinician.pk,
                "room": self.room.pk,
                "day": slot.date().isoformat(),
                "time": f"{slot:%H:%M}",
            }
            cookies = f"{settings.SESSION_COOKIE_NAME}={self.session}; {settings.CSRF_COOKIE_NAME}={self.token}"
            headers = {"Cookie": cookies, "X-CSRFToken": self.token, "Content-Type": "application/x-www-form-urlencoded"}
            browser = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            browser.connect()
            start.wait(timeout=30)
            began = time.monotonic()
            try:
                browser.request("POST", "/calendar/new/", urllib.parse.urlencode(fields), headers)
                reply = browser.getresponse()
                replies.append((reply.status, reply.read().decode(), time.monotonic() - began))
            finally:
                browser.close()

        callers = [threading.Thread(target=press, args=[patient]) for patient in self.patients]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        return replies


@pytest.fixture
def world(transactional_db, site, desk):
    return World(site, desk)


def _overlaps() -> int:
    """Pairs of live holds of one subject that share a minute, asked without any help of the guard."""
    rows = Hold.objects.filter(is_live=True).order_by("subject", "starts_at").values_list("subject", "starts_at", "ends_at")
    rows = list(rows)
    return sum(one[0] == two[0] and two[1] < one[2] for one, two in pairwise(rows))


def _assert_one_winner(replies, slot) -> None:
    statuses = sorted(status for status, _, _ in replies)
    assert statuses == [302] + [409] * (CLIENTS - 1)
    for status, page, _ in replies:
        if status == 409:
            offered = set(re.findall(r'name="slot" value="([^"/]+)/', page))
            assert len(offered) >= 4
            assert f"{slot:%Y-%m-%dT%H:%M}" not in offered
    assert Booking.objects.filter(starts_at=slot).count() == 1


def _run(world, server, rounds: int) -> None:
    seconds = []
    for slot in world.slots(rounds):
        replies = world.rush(server, slot)
        _assert_one_winner(replies, slot)
        seconds += [taken for _, _, taken in replies]
    assert _overlaps() == 0
    seconds.sort()
    half, nearly_all = (seconds[int(len(seconds) * part)] for part in (0.5, 0.95))
    print(f"{connection.vendor}: {rounds} rounds of {CLIENTS}, p50 {half:.3f} s, p95 {nearly_all:.3f} s")


def test_one_of_32_gets_the_time_and_31_are_told_what_is_free(world, server):
    _run(world, server, 3)


@pytest.mark.prove
def test_one_of_32_in_each_of_50_rounds(world, server):
    _run(world, server, 50)


def test_without_the_guard_more_than_one_gets_it(world, server):
    """The negative control: the same rush, with the database's own protection away."""
    (slot,) = world.slots(1)
    guards.remove(OVERLAP)
    try:
        replies = world.rush(server, slot)
        assert sum(status == 302 for status, _, _ in replies) > 1
        assert _overlaps() > 0
    finally:
        Hold.objects.all().delete()
        guards.install(OVERLAP)
    _assert_one_winner(world.rush(server, world.slots(2)[1]), world.slots(2)[1])  # and back again
