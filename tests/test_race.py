"""
32 clients press at the same moment, over HTTP, against a running server with eight processes, on the engine at hand: one free
time; one room through different clinicians; 32 visits moved into one place; starts that partly overlap. One gets it, or none
that share a minute stand; the others are told what is free, nobody sees an error, and no deadlock is in the log.
"""

import datetime as dt
import http.client
import re
import threading
import time
import urllib.parse
import uuid
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from audit import guards
from sessions.guards import OVERLAP
from sessions.models import Booking, Hold, Resource, ResourceHours
from sessions.services.booking import book

from .running_server import web_server

CLIENTS = 32
READY_SECONDS = 60
LONDON = ZoneInfo("Europe/London")

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("race")


@pytest.fixture(scope="module")
def server(django_db_setup, folder):
    """Eight processes of four threads on the database of the tests; gives the port."""
    with web_server(folder, "--workers", "8", "--threads", "4", "--preload") as port:
        yield port


class World:
    """A clinician, a room and 32 patients, each with somebody at the phone; and for each a clinician and a room of their own."""

    def __init__(self, site, desk):
        from patients.models import Patient

        self.site, self.desk = site, desk
        self.clinician = self._resource(site, "clinician", "Dr Amara Osei")
        self.room = self._resource(site, "room", "Room 1")
        born = dt.date(1980, 1, 1)
        people = (Patient(number=50_000 + n, site=site, surname=f"Caller{n}", birth_date=born) for n in range(CLIENTS))
        self.patients = [patient.save() or patient for patient in people]
        browser = Client()
        browser.force_login(desk)
        self.session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        self.token = "r" * 32

    @cached_property
    def people(self) -> list[Resource]:
        return [self._resource(self.site, "clinician", f"Clinician {n}") for n in range(CLIENTS)]

    @cached_property
    def rooms(self) -> list[Resource]:
        return [self._resource(self.site, "room", f"Room of {n}") for n in range(CLIENTS)]

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

    def one_time(self, slot: dt.datetime) -> list[tuple[str, dict]]:
        """32 patients, one clinician, one room, one time."""
        return [self._new(patient, self.clinician, self.room, slot) for patient in self.patients]

    def one_room(self, slot: dt.datetime) -> list[tuple[str, dict]]:
        """The same room at the same time, each with a clinician of their own."""
        return [self._new(patient, person, self.room, slot) for patient, person in zip(self.patients, self.people, strict=True)]

    def overlapping(self, slot: dt.datetime) -> list[tuple[str, dict]]:
        """Starts five minutes apart, over and over, of visits that take 45."""
        starts = [slot + dt.timedelta(minutes=5 * (n % 16)) for n in range(CLIENTS)]
        return [self._new(patient, self.clinician, self.room, start) for patient, start in zip(self.patients, starts, strict=True)]

    def moves(self, slot: dt.datetime) -> list[tuple[str, dict]]:
        """32 visits that stand elsewhere at one time, each with its own clinician and room, all moved to the same ones."""
        pressed = []
        for patient, person, room in zip(self.patients, self.people, self.rooms, strict=True):
            visit = book(
                patient=patient,
                kind="consultation",
                starts_at=slot + dt.timedelta(days=60),
                clinician=person,
                room=room,
                by=self.desk,
                request_key=str(uuid.uuid4()),
            )
            fields = {"version": visit.version, "clinician": self.clinician.pk, "room": self.room.pk}
            pressed.append((f"/bookings/{visit.pk}/move/", {**fields, "day": slot.date().isoformat(), "time": f"{slot:%H:%M}"}))
        return pressed

    def _new(self, patient, clinician: Resource, room: Resource, start: dt.datetime) -> tuple[str, dict]:
        return "/calendar/new/", {
            "request_key": str(uuid.uuid4()),
            "patient": patient.number,
            "kind": "consultation",
            "clinician": clinician.pk,
            "room": room.pk,
            "day": start.date().isoformat(),
            "time": f"{start:%H:%M}",
        }

    def rush(self, port: int, pressed: list[tuple[str, dict]]) -> list[tuple[int, str, float]]:
        """All at once: (status, page, seconds) of each."""
        replies: list[tuple[int, str, float]] = []
        start = threading.Barrier(CLIENTS)

        def press(path: str, fields: dict):
            cookies = f"{settings.SESSION_COOKIE_NAME}={self.session}; {settings.CSRF_COOKIE_NAME}={self.token}"
            headers = {"Cookie": cookies, "X-CSRFToken": self.token, "Content-Type": "application/x-www-form-urlencoded"}
            browser = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            browser.connect()
            start.wait(timeout=30)
            began = time.monotonic()
            try:
                browser.request("POST", path, urllib.parse.urlencode(fields), headers)
                reply = browser.getresponse()
                replies.append((reply.status, reply.read().decode(), time.monotonic() - began))
            finally:
                browser.close()

        callers = [threading.Thread(target=press, args=one) for one in pressed]
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
    assert Booking.objects.filter(starts_at=slot).count() == 1


def _assert_some_winners(replies, slot) -> None:
    """Each press was booked or told what is free, and those that were booked share no minute."""
    statuses = [status for status, _, _ in replies]
    assert set(statuses) == {302, 409}
    rows = Booking.objects.filter(starts_at__gte=slot, starts_at__lt=slot + dt.timedelta(hours=3)).order_by("starts_at")
    assert len(rows) == statuses.count(302)
    assert all(one.ends_at <= two.starts_at for one, two in pairwise(rows))


SCENES = {
    "one_time": _assert_one_winner,
    "one_room": _assert_one_winner,
    "moves": _assert_one_winner,
    "overlapping": _assert_some_winners,
}


def _run(world, server, folder, scene: str, rounds: int) -> None:
    seconds = []
    for slot in world.slots(rounds):
        replies = world.rush(server, getattr(world, scene)(slot))
        SCENES[scene](replies, slot)
        seconds += [taken for _, _, taken in replies]
    assert _overlaps() == 0
    assert "deadlock" not in (folder / "server.log").read_text(errors="replace").lower()
    seconds.sort()
    half, nearly_all = (seconds[int(len(seconds) * part)] for part in (0.5, 0.95))
    print(f"{connection.vendor}, {scene}: {rounds} rounds of {CLIENTS}, p50 {half:.3f} s, p95 {nearly_all:.3f} s")


@pytest.mark.parametrize("scene", SCENES)
def test_nobody_gets_what_another_has(world, server, folder, scene):
    _run(world, server, folder, scene, 1)  # as often as the control below needs to find two who get the same


@pytest.mark.prove
@pytest.mark.parametrize("scene", SCENES)
def test_nobody_gets_what_another_has_in_50_rounds(world, server, folder, scene):
    _run(world, server, folder, scene, 50)


@pytest.mark.parametrize("scene", ["one_time", *(pytest.param(name, marks=pytest.mark.prove) for name in SCENES if name != "one_time")])
def test_without_the_guard_two_get_the_same(world, server, scene):
    """The negative control: the same rush, with the database's own protection away."""
    (slot,) = world.slots(1)
    guards.remove(OVERLAP)
    try:
        replies = world.rush(server, getattr(world, scene)(slot))
        assert sum(status == 302 for status, _, _ in replies) > 1
        assert _overlaps() > 0
    finally:
        Hold.objects.all().delete()
        guards.install(OVERLAP)
