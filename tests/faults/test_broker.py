"""
The queue stops, freezes, fills up or wants another password while the clinic works: booking, writing and signing a record and
asking for its sheet answer as fast as ever, and every sheet that is owed is made once the queue is back.
"""

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from .clients import Answer, Person, redirected
from .clinic import ROOT, FaultyClinic

PROVE = bool(os.environ.get("PROVE"))
MINUTES = 5.0 if PROVE else 0.0
LEAST_ROUNDS = 2
MOST_ROUNDS = 100
PAUSE = 2.0 if PROVE else 0.0
# In `make test` a second run has the other core: there the bound only tells an answer from one that waits for the queue.
LONGEST = 2.0 if PROVE else 4.0
DONE_AFTER = 120  # seconds until everything owed is done
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are frozen as Linux does it")


def _client(clinic: FaultyClinic, password: str | None = None) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(clinic.broker.socket), password=password, socket_timeout=5)


@contextmanager
def stopped(clinic: FaultyClinic) -> Iterator[None]:
    clinic.broker.stop(signal.SIGKILL)
    try:
        yield
    finally:
        clinic.broker.start()


@contextmanager
def frozen(clinic: FaultyClinic) -> Iterator[None]:
    """It takes connections and never answers."""
    process = clinic.broker.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def full(clinic: FaultyClinic) -> Iterator[None]:
    """It answers, and refuses every write."""
    client = _client(clinic)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@contextmanager
def another_password(clinic: FaultyClinic) -> Iterator[None]:
    """It wants a password that nobody in the clinic knows, also from those who were in before."""
    client = _client(clinic)
    client.config_set("requirepass", "not-yours")
    for one in client.client_list():
        if one["id"] != str(client.client_id()):
            client.client_kill_filter(_id=one["id"])
    try:
        yield
    finally:
        _client(clinic, "not-yours").config_set("requirepass", "")


class Team:
    """amara with records that wait for their signature, and june at the desk."""

    def __init__(self, clinic: FaultyClinic, drafts: list[dict]):
        self.drafts = drafts
        self.amara = Person(clinic.url).sign_in("amara")
        self.june = Person(clinic.url).sign_in("june")
        self.patient = clinic.rows("SELECT number FROM patients_patient ORDER BY number")[0][0]
        self.room = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'room' ORDER BY id")[0][0]
        self.who = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'clinician' ORDER BY id")[0][0]
        self.day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=400)
        self.answers: dict[str, list[Answer]] = {}
        self.signed: list[int] = []

    def round(self) -> None:
        """A booking, a save, a signature and another sheet, each as a person presses them."""
        self._book()
        draft = self.drafts.pop(0)
        page = f"/sessions/{draft['session']}/"
        fields = {**draft["values"], "version": draft["version"], "page": "faults", "turn": 1, "note": "Written while the queue was away."}
        self._note("save", self.amara.ask(page, fields))
        asked = self.amara.ask(f"{page}sign/")
        version = re.search(r'name="version" value="(\d+)"', asked.body)
        assert version, (asked.status, asked.location, asked.body[-1500:])
        secret = {"version": version[1], "password": "demo-clinic-only"}
        self._note("sign", self.amara.ask(f"{page}sign/", secret))
        self._note("sheet", self.amara.ask(f"{page}sheet/", {"variant": "Letter"}))
        self.signed.append(draft["session"])

    def _book(self) -> None:
        fields = {"request_key": str(uuid.uuid4()), "patient": self.patient, "kind": "consultation", "clinician": self.who}
        for _ in range(30):  # the clinician has free days, and others book too
            self.day += dt.timedelta(days=1)
            answer = self.june.ask("/calendar/new/", {**fields, "room": self.room, "day": self.day.isoformat(), "time": "11:00"})
            self.answers.setdefault("book", []).append(answer)
            if redirected(answer):
                return
            assert answer.status in (409, 422), (answer.status, answer.body[-2000:])
        raise AssertionError(f"no booking was taken: {answer.body[-3000:]}")

    def _note(self, what: str, answer: Answer) -> None:
        assert redirected(answer), (what, answer.status, answer.body[-3000:])
        self.answers.setdefault(what, []).append(answer)

    def slowest(self) -> dict[str, float]:
        return {what: round(max(answer.seconds for answer in answers), 2) for what, answers in self.answers.items()}


def sheets(clinic: FaultyClinic, sessions: list[int]) -> dict[int, str]:
    """The state of each sheet of these sessions, by its id."""
    rows = clinic.rows("SELECT id, session_id, state FROM aftercare_sheet")
    return {pk: state for pk, session, state in rows if session in sessions}


def times_made(clinic: FaultyClinic, wanted: dict[int, str]) -> list[int]:
    """How often each of these sheets was made, as the log has it."""
    made = [int(pk) for (pk,) in clinic.rows("SELECT object_pk FROM audit_auditevent WHERE action = %s", ("sheet.made",))]
    return [made.count(pk) for pk in wanted]


FAULTS = (stopped, frozen, *(pytest.param(fault, marks=pytest.mark.prove) for fault in (full, another_password)))
# What the queue does reaches both engines the same way: the second one is tried in the long proofs. Two lists, not one of pairs:
# so one clinic stands for all faults of its engine.
ON = ["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)]


@linux
@pytest.mark.parametrize("minutes", [pytest.param(MINUTES, marks=pytest.mark.prove if PROVE else ())])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("standing", ON, indirect=True)
def test_the_clinic_works_while_the_queue_does_not(clinic, drafts, fault, minutes):
    rounds = MOST_ROUNDS if minutes else LEAST_ROUNDS
    people = Team(clinic, drafts(rounds))
    with fault(clinic):
        until = time.monotonic() + minutes * 60
        while len(people.signed) < rounds:
            people.round()
            time.sleep(PAUSE)
        time.sleep(max(0.0, until - time.monotonic()))  # the worker and beat feel it for as long
        owed = sheets(clinic, people.signed)
        assert len(owed) == 2 * len(people.signed)
        assert "ready" not in owed.values(), "the queue was there: the fault is none"
    back = time.monotonic()
    clinic.wait_until(lambda: set(sheets(clinic, people.signed).values()) == {"ready"}, DONE_AFTER, "everything owed")
    print(
        f"{clinic.engine}, queue {fault.__name__}: {len(people.signed)} rounds, slowest {people.slowest()} s, "
        f"all sheets {time.monotonic() - back:.0f} s after it was back"
    )
    assert max(people.slowest().values()) < LONGEST, people.slowest()
    assert set(times_made(clinic, owed)) == {1}


PUBLISH = """
import sys
from django.conf import settings
if sys.argv[1:] == ["patient"]:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
import django
django.setup()
from celery import current_app
from aftercare.services import publishing
from aftercare.models import Sheet
sheet = Sheet.objects.order_by("pk").values_list("pk", flat=True).first()
print("ready", flush=True)
if sys.argv[1:] == ["patient"]:
    current_app.send_task("aftercare.tasks.render_sheet", (sheet,), ignore_result=True)
else:
    publishing.publish(sheet)
print("told", flush=True)
"""


def _publishes(clinic: FaultyClinic, *arguments: str, within: float) -> bool:
    environment = {**clinic.environment(), "DJANGO_SETTINGS_MODULE": "microneedle_clinic.settings"}
    command = [sys.executable, "-c", PUBLISH, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            return False
        return True
    finally:
        process.kill()
        process.wait()


@linux
@pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
def test_telling_a_frozen_queue_without_time_limits_waits_for_ever(clinic):
    """The negative control of the answers above."""
    with frozen(clinic):
        assert not _publishes(clinic, "patient", within=10)
        assert _publishes(clinic, within=10)
