"""Twenty who write and fifty who read on SQLite, all at once: nobody sees "locked", nobody an error, and the file is whole."""

import os
import time

import pytest

from .clients import Answer, Person, Said, at_work
from .clinic import FaultyClinic, faulty_clinic
from .test_kills import people_of, wrong

PROVE = bool(os.environ.get("PROVE"))
SECONDS = 300 if PROVE else 12
WRITERS, READERS = 20, 50
PAUSE = 0.5  # between two presses of one person
PATIENCE = 120  # seconds; a small machine answers seventy people one after another
OF_THEIR_SITE = "SELECT number FROM patients_patient WHERE site_id = (SELECT MIN(id) FROM accounts_site) ORDER BY number"
LOCKED = ("database is locked", "database table is locked")


class Reader:
    """Goes through the pages that everybody has open; each notes in the log who read it."""

    def __init__(self, person: Person, patients: list[int], number: int, seen: list[Answer]):
        self.person, self.patients, self.number, self.seen = person, patients, number, seen

    def act(self) -> None:
        patient = self.patients[self.number % len(self.patients)]
        pages = ("/today/", f"/patients/{patient}/", "/calendar/", "/patients/?q=a", "/print/")
        self.seen.append(self.person.ask(pages[self.number % len(pages)]))
        self.number += 1


def crowd(clinic: FaultyClinic, said: Said, seen: list[Answer], tries: int = 1) -> list:
    writers = people_of(clinic, said, desks=WRITERS // 2, clinicians=WRITERS // 2, tries=tries)
    patients = [number for (number,) in clinic.rows(OF_THEIR_SITE)]
    readers = [Reader(writers[at % WRITERS].person.another_tab(), patients, at, seen) for at in range(READERS)]
    for one in (*writers, *readers):
        one.person.timeout = PATIENCE
    return [*writers, *readers]


def shown(said: Said, seen: list[Answer]) -> list[str]:
    """What no answer may be."""
    bad = [f"{answer.status}: {answer.body[:200]}" for answer in seen if answer.status == 0 or answer.status >= 500]
    bad += [answer.body[:200] for answer in seen if any(word in answer.body for word in LOCKED)]
    return bad + said.faults + sorted(said.unknown)


@pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seconds", [pytest.param(SECONDS, marks=pytest.mark.prove if PROVE else ())])
def test_twenty_write_and_fifty_read(clinic, seconds):
    said, seen = Said(), []
    with at_work(crowd(clinic, said, seen), pause=PAUSE) as stop:
        stop.wait(seconds)
    times = sorted(answer.seconds for answer in seen)
    print(
        f"{seconds} s: {len(said.acknowledged)} acknowledged, {len(said.refused)} refused, slowest {said.slowest:.1f} s; "
        f"{len(seen)} pages read, half within {times[len(times) // 2]:.1f} s, slowest {times[-1]:.1f} s"
    )
    assert shown(said, seen) == []
    assert said.acknowledged
    assert said.refused
    assert {answer.status for answer in seen} == {200}
    assert wrong(clinic, said) == {"acknowledged but missing": set(), "refused but present": set()}
    logs = "".join(path.read_text(errors="replace") for path in (clinic.data / "log").glob("*.log"))
    assert not [word for word in LOCKED if word in logs]
    assert clinic.rows("PRAGMA integrity_check") == [("ok",)]
    assert clinic.rows("PRAGMA foreign_key_check") == []


@pytest.mark.prove
def test_without_waiting_for_the_lock_errors_are_shown(made):
    """The negative control: the same crowd where write locks are taken late and are not waited for."""
    with faulty_clinic(made("sqlite"), extra={"DJANGO_SETTINGS_MODULE": "tests.faults.careless_database"}) as clinic:
        said, seen = Said(), []
        until = time.monotonic() + 120
        with at_work(crowd(clinic, said, seen, tries=50)) as stop:
            while not shown(said, seen) and time.monotonic() < until:
                stop.wait(0.2)
        assert shown(said, seen)
