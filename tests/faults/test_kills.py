"""
Sixteen people write while web, worker, broker, database and the rest are killed in random order: what the clinic acknowledged
is there, what it refused is not, and every acknowledged change has its audit row. On both engines.
"""

import datetime as dt
import os
import random
import sys

import pytest

from .clients import Clinician, Desk, Person, Said, at_work
from .clinic import FaultyClinic, faulty_clinic

DESKS, CLINICIANS = 8, 8
KILLS = 60 if os.environ.get("PROVE") else 5
PAUSE = 0.1  # between two presses of one person: whoever meets a closed door knocks again, and not a thousand times a second
SEED = int(os.environ.get("FAULT_SEED", "1"))
linux = pytest.mark.skipif(sys.platform != "linux", reason="process groups are killed as Linux does it")


def people_of(clinic: FaultyClinic, said: Said, *, desks: int = DESKS, clinicians: int = CLINICIANS, tries: int = 1) -> list:
    """Half of them book, each in a year of days of their own; half write lines into records."""
    patients = [number for (number,) in clinic.rows("SELECT number FROM patients_patient ORDER BY number")]
    room = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'room' ORDER BY id")[0][0]
    who = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'clinician' ORDER BY id")
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=60)
    found: list = []
    here: dict[str, Person] = {}

    def signed_in(name: str) -> Person:
        """The first of a name signs in, the others are tabs of the same browser."""
        if name not in here:
            here[name] = Person(clinic.url).sign_in(name, tries)
        return here[name].another_tab()

    for index in range(desks):
        person = signed_in(("june", "ravi")[index % 2])
        place = {"clinician": who[index % len(who)][0], "room": room, "first_day": first + dt.timedelta(days=30 * index)}
        found.append(Desk(person, said, patient=patients[index], **place))
    for index in range(clinicians):
        person = signed_in(("amara", "lena", "tomas", "iris")[index % 4])
        found.append(Clinician(person, said, patient=patients[index], name=f"Marker {index}"))
    return found


def kept(clinic: FaultyClinic) -> set[str]:
    """The keys of everything that is in the database."""
    bookings = clinic.rows("SELECT request_key FROM treatment_sessions_booking")
    lines = clinic.rows("SELECT substance FROM patients_allergy WHERE substance LIKE %s", ("Marker %",))
    return {key for (key,) in bookings} | {substance for (substance,) in lines}


def wrong(clinic: FaultyClinic, said: Said) -> dict[str, set[str]]:
    there = kept(clinic)
    return {"acknowledged but missing": said.acknowledged - there, "refused but present": said.refused & there}


def kill_in_random_order(clinic: FaultyClinic, said: Said, kills: int, chance: random.Random) -> list[str]:
    """Each kill hits a clinic that has acknowledged something since the one before."""
    done = []
    for _ in range(kills):
        before = len(said.acknowledged)
        clinic.wait_until(lambda before=before: len(said.acknowledged) > before + 3, what="work between two kills")
        part = chance.choice(sorted(clinic.parts()))
        clinic.kill(part)
        done.append(part)
    return done


@linux
@pytest.mark.parametrize("kills", [pytest.param(KILLS, marks=pytest.mark.prove if KILLS == 60 else ())])
def test_nothing_acknowledged_is_lost_and_nothing_refused_is_there(clinic, kills):
    said = Said()
    with at_work(people_of(clinic, said), pause=PAUSE):
        killed = kill_in_random_order(clinic, said, kills, random.Random(SEED))  # noqa: S311 - not a secret
        before = len(said.acknowledged)
        clinic.wait_until(lambda: len(said.acknowledged) > before + 10, what="work after the last kill")
    assert said.refused, "nobody was refused anything: the proof of refusals proves nothing"
    print(
        f"{clinic.engine}: {len(killed)} kills ({', '.join(sorted(set(killed)))}), {len(said.acknowledged)} acknowledged, "
        f"{len(said.refused)} refused, {len(said.unknown)} without an answer, slowest {said.slowest:.1f} s"
    )
    assert wrong(clinic, said) == {"acknowledged but missing": set(), "refused but present": set()}
    assert said.faults == []
    assert unaudited(clinic, said) == set()
    clinic.the_log_holds()


def unaudited(clinic: FaultyClinic, said: Said) -> set[str]:
    """Keys of what was acknowledged and of which the log knows nothing."""
    booked = "SELECT b.request_key FROM treatment_sessions_booking b JOIN audit_auditevent e ON e.object_pk = CAST(b.id AS varchar(64))"
    noted = "SELECT a.substance FROM patients_allergy a JOIN audit_auditevent e ON e.object_pk = CAST(a.id AS varchar(64))"
    logged = clinic.rows(f"{booked} WHERE e.action = %s", ("booking.made",))
    logged += clinic.rows(f"{noted} WHERE e.action = %s", ("allergy.recorded",))
    return said.acknowledged - {key for (key,) in logged}


@pytest.mark.prove
@linux
def test_a_database_that_answers_before_it_has_written_loses_what_was_acknowledged(made):
    """The negative control: commits are answered from memory, and a kill of the database forgets them."""
    forgetful = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "2GB"}
    with faulty_clinic(made("postgresql"), durable=False, **forgetful) as clinic:
        said = Said()
        with at_work(people_of(clinic, said), pause=PAUSE):
            clinic.wait_until(lambda: len(said.acknowledged) > 20, what="work before the kill")
            clinic.kill("database")
        assert wrong(clinic, said)["acknowledged but missing"]
