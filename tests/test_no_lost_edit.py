"""
Two to eight people save one record at the same moment, over and over: no edit that was acknowledged is written over by somebody who had
not seen it. Whoever comes second is refused, is shown what the other wrote, and saves again from there.
"""

import random
import re
import threading
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.versioning import VersionedModel
from sessions.models import TreatmentSession
from sessions.tests.record_case import RecordCase

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]
FEWEST, MOST = 2, 8
TRIES = 12  # of one person, before the round is given up
PATIENCE = 60
_VERSION = re.compile(r'name="version"[^>]*value="(\d+)"')


@dataclass(frozen=True)
class Kept:
    """One acknowledged save: the version it was made from, what stood in the field there, and what was written."""

    base: int
    seen: str
    written: str


class Somebody:
    """A person at a screen of their own: reads the record, writes, and where refused reads what the other wrote and writes again."""

    def __init__(self, user, address: str, fields: dict, name: str):
        self.client = Client()
        self.client.force_login(user)
        self.address, self.fields, self.name = address, fields, name
        self.kept: list[Kept] = []
        self.faults: list[str] = []

    def read(self) -> tuple[int, str]:
        html = self.client.get(self.address).content.decode()
        note = re.search(r'<textarea[^>]*name="note"[^>]*>\s*([^<]*)</textarea>', html)
        return int(_VERSION.search(html)[1]), note[1].strip()

    def work(self, together: threading.Barrier, *, repeats: bool) -> None:
        try:
            version, seen = self.read()
            together.wait(PATIENCE)
            for turn in range(1, TRIES + 1):
                text = f"{self.name} after [{seen[:40]}]"
                # A page that saves twice after a lost answer is the same save; it carries its own name and turn.
                sent = {**self.fields, "note": text, "version": version, "page": f"{self.name}-{turn}", "turn": 1}
                answer = self.client.post(self.address, sent, HTTP_HX_REQUEST="true")
                if answer.status_code == 200:
                    self.kept.append(Kept(version, seen, text))
                    if repeats:
                        self.client.post(self.address, sent, HTTP_HX_REQUEST="true")
                    return
                if answer.status_code != 409:
                    self.faults.append(f"{answer.status_code}: {answer.content.decode()[:300]}")
                    return
                version, seen = self.read()
            self.faults.append(f"{self.name} came through in none of {TRIES} tries")
        except Exception as error:  # a thread's own exception would be lost
            self.faults.append(repr(error))
        finally:
            connection.close()


def lost(start: tuple[int, str], kept: list[Kept], end: str) -> list[str]:
    """What was acknowledged and written over unseen: every save must have seen the one before it, and the last one stands."""
    wrong, standing = [], start[1]
    bases = [one.base for one in kept]
    wrong += [f"two saves from version {base}" for base in {base for base in bases if bases.count(base) > 1}]
    for one in sorted(kept, key=lambda one: one.base):
        if one.seen != standing:
            wrong.append(f"{one.written!r} was written over {standing!r}, and had seen {one.seen!r}")
        standing = one.written
    if end != standing:
        wrong.append(f"{end!r} stands, and {standing!r} was acknowledged last")
    return wrong


class Rounds:
    def __init__(self, site, clinician, patient):
        self.case = RecordCase(site, clinician, patient)
        self.session = self.case.started()
        self.address = reverse("sessions:record", args=[self.session.pk])
        self.fields = self.case.typed(self.session)
        self.user = clinician

    def note(self) -> tuple[int, str]:
        row = TreatmentSession.objects.values_list("version", "note").get(pk=self.session.pk)
        return row[0], row[1]

    def run(self, count: int, *, seed: int = 3) -> list[str]:
        chance = random.Random(seed)  # noqa: S311 - how many come, no secret
        for number in range(count):
            people = [Somebody(self.user, self.address, self.fields, f"r{number}p{place}") for place in range(chance.randint(FEWEST, MOST))]
            start, together = self.note(), threading.Barrier(len(people))
            repeats = chance.random() < 0.3
            callers = [threading.Thread(target=one.work, args=(together,), kwargs={"repeats": repeats}) for one in people]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join(PATIENCE * 2)
            faults = [fault for one in people for fault in one.faults]
            kept = [save for one in people for save in one.kept]
            wrong = faults + lost(start, kept, self.note()[1])
            if len(kept) != len(people):
                wrong.append(f"{len(kept)} of {len(people)} were acknowledged")
            if wrong:
                return wrong
        return []


@pytest.fixture
def rounds(site, clinician, patient):
    return Rounds(site, clinician, patient)


def test_no_acknowledged_edit_is_lost(rounds):
    assert rounds.run(4) == []


@pytest.mark.prove
def test_no_acknowledged_edit_is_lost_in_500_rounds(rounds):
    assert rounds.run(500) == []


def test_without_the_version_edits_are_lost(rounds, monkeypatch):
    """The control: a save that asks for no version writes over what it has not seen, and this test says so."""
    monkeypatch.setattr(VersionedModel, "claim", lambda row, expected: setattr(row, "version", row.version + 1))
    assert any("written over" in line or "two saves" in line for line in rounds.run(6))


def test_what_is_lost_is_found():
    """The control of the count: each way of losing, by itself."""
    good = [Kept(1, "", "a"), Kept(2, "a", "b")]
    assert lost((1, ""), good, "b") == []
    assert lost((1, ""), good, "a")
    assert lost((1, ""), [Kept(1, "", "a"), Kept(1, "", "b")], "b")
    assert lost((1, ""), [Kept(1, "", "a"), Kept(2, "", "b")], "b")
    assert lost((1, ""), good[:1], "")
