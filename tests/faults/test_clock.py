"""
The clock of the machine jumps an hour or a day, forward and back, and over a clock change, under the clinic while people work:
nothing acknowledged is lost, the log's chain stays whole and goes on, what was asked for is made once, beat goes on within its
interval, nobody's sign-in lives on, and whoever is asked to sign in again is told why.
"""

import datetime as dt
import time
import zoneinfo

import pytest
import redis

from clinic.demo.sign_ins import PASSWORD

from . import clock
from .clients import Answer, Clinician, Desk, Person, Said, at_work, redirected
from .clinic import FaultyClinic, faulty_clinic
from .test_broker import Team, frozen, linux, sheets, times_made
from .test_kills import people_of, unaudited, wrong

HOUR, DAY = 3600, 86400
JUMPS = (HOUR, 0, DAY, 0, -DAY, 0)  # seconds ahead of the machine's clock, one after the other
BEAT_WITHIN = 20  # seconds; it offers something every five
LONDON = "Europe/London"
UNSEALED = "SELECT count(*) FROM audit_auditevent e LEFT JOIN audit_auditseal s ON s.event_id = e.id WHERE s.event_id IS NULL"
SIGNED = "SELECT session_id FROM aftercare_sheet WHERE variant = 'A4' ORDER BY session_id"
NEWEST = "SELECT max(id) FROM audit_auditevent"


class Returning(Person):
    """Opens the screen or signs in again wherever the clinic asks for it; what was sent meanwhile was refused."""

    def __init__(self, url: str, name: str):
        super().__init__(url)
        self.name, self.is_back = name, True
        self.sign_in(name)

    def ask(self, path: str, fields: dict | None = None, *, headers: dict | None = None) -> Answer:
        answer = super().ask(path, fields, headers=headers)
        if self.is_back and (answer.status == 423 or (answer.status == 302 and "sign-in" in answer.location)):
            self.is_back = False
            if answer.status == 423:
                super().ask("/accounts/unlock/", {"typed": PASSWORD})
            else:
                self.sign_in(self.name)
            self.is_back = True
        return answer


def stands(person: Person) -> str:
    """Of a sign-in: "open", "locked", or "out", and then the page says so."""
    answer = person.ask("/today/")
    if answer.status == 302:
        assert "Your sign-in has ended." in person.ask(answer.location).body, answer.location
        return "out"
    return {200: "open", 423: "locked"}[answer.status]


def unlocks(person: Person) -> bool:
    return redirected(person.ask("/accounts/unlock/", {"typed": PASSWORD})) and stands(person) == "open"


def beat_offers(clinic: FaultyClinic, seconds: float = BEAT_WITHIN) -> bool:
    """Whether the sweep of sheets that are owed comes to the queue meanwhile, as the queue itself sees it."""
    until = time.monotonic() + seconds
    client = redis.Redis(unix_socket_path=str(clinic.broker.socket), socket_timeout=seconds)
    with client.monitor() as seen:
        while time.monotonic() < until:
            try:
                said = seen.next_command()["command"]
            except redis.TimeoutError:
                return False
            if said.startswith("LPUSH") and "sweep_sheets" in said:
                return True
    return False


def sealing_goes_on(clinic: FaultyClinic) -> None:
    """Everything that is in the log by now gets its seal."""
    newest = clinic.rows(NEWEST)[0][0]
    clinic.wait_until(lambda: clinic.rows(f"{UNSEALED} AND e.id <= %s", (newest,)) == [(0,)], 60, "a seal on every row")


def asked_for_before(clinic: FaultyClinic, ahead: float) -> None:
    """Sheets are asked for while the queue is frozen, the worker dies, the clock jumps: each is made once, soon."""
    team = Team(clinic, clinic.drafts(1))
    with frozen(clinic):
        team.round()
        clinic.kill("worker")
        clock.move(clinic, ahead)
    clinic.wait_until(lambda: set(sheets(clinic, team.signed).values()) == {"ready"}, 120, "the sheets")
    assert set(times_made(clinic, sheets(clinic, team.signed))) == {1}


@linux
@pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
def test_a_day_forward_and_back(clinic):
    june, session = Person(clinic.url).sign_in("june"), clinic.rows(SIGNED)[0][0]
    clock.move(clinic, DAY)
    try:
        assert stands(june) == "out"
        assert beat_offers(clinic)
        amara = Person(clinic.url).sign_in("amara")
        assert redirected(amara.ask(f"/sessions/{session}/sheet/", {"variant": "Letter"}))
    finally:
        clock.move(clinic, 0)
    assert beat_offers(clinic)
    assert stands(amara) == "out"
    assert stands(june.sign_in("june")) == "open"
    sealing_goes_on(clinic)
    clinic.the_log_holds()
    letter = clinic.rows("SELECT id FROM aftercare_sheet WHERE session_id = %s AND variant = 'Letter'", (session,))[0][0]
    clinic.wait_until(lambda: sheets(clinic, [session])[letter] == "ready", 60, "the sheet")
    assert times_made(clinic, {letter: "ready"}) == [1]


@pytest.mark.prove
@linux
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_jumps_while_people_work(made, engine):
    with faulty_clinic(made(engine), extra=clock.environment()) as clinic:
        said = Said()
        people = returning(people_of(clinic, said, desks=2, clinicians=2))
        with at_work(people, pause=0.3):
            for ahead in JUMPS:
                asked_for_before(clinic, ahead)
                assert beat_offers(clinic), ahead
                sealing_goes_on(clinic)
                before = len(said.acknowledged)
                clinic.wait_until(lambda before=before: len(said.acknowledged) > before + 4, what="work after the jump")
        print(f"{engine}: {len(JUMPS)} jumps, {len(said.acknowledged)} acknowledged, {len(said.refused)} refused")
        assert wrong(clinic, said) == {"acknowledged but missing": set(), "refused but present": set()}
        assert said.faults == []
        assert unaudited(clinic, said) == set()
        sealing_goes_on(clinic)
        clinic.the_log_holds()


@pytest.mark.prove
@linux
def test_celerys_own_beat_stands_still_after_the_clock_was_put_back(made):
    """The negative control of what beat offers above."""
    careless = {"DJANGO_SETTINGS_MODULE": "tests.faults.careless_beat"}
    with faulty_clinic(made("sqlite"), extra=clock.environment() | careless) as clinic:
        clock.move(clinic, DAY)
        assert beat_offers(clinic)
        clock.move(clinic, 0)
        beat_offers(clinic, 6)  # one that was under way
        assert beat_offers(clinic) is False


def returning(people: list[Desk | Clinician]) -> list:
    """The same people, who come back."""
    names = {"Desk": ("june", "ravi"), "Clinician": ("amara", "lena")}
    for number, one in enumerate(people):
        one.person = Returning(one.person.url, names[type(one).__name__][number % 2])
    return people


@pytest.mark.prove
@linux
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_hour_forward_and_back_locks_screens_and_ends_sign_ins_of_the_future(made, engine):
    with faulty_clinic(made(engine), extra=clock.environment()) as clinic:
        june = Person(clinic.url).sign_in("june")
        clock.move(clinic, HOUR)
        assert stands(june) == "locked"
        assert unlocks(june)
        ravi = Person(clinic.url).sign_in("ravi")
        clock.move(clinic, 0)
        assert stands(june) == "locked", "nobody knows how long the screen was left"
        assert unlocks(june)
        assert stands(ravi) == "out", "it would outlive its limit"
        ravi.sign_in("ravi")
        assert stands(ravi) == "open"
        clock.move(clinic, -40)  # clocks of two hosts differ by as much
        assert {stands(june), stands(ravi)} == {"open"}
        clinic.the_log_holds()


@pytest.mark.prove
@linux
@pytest.mark.parametrize("forward", [True, False], ids=["to summer time", "to winter time"])
def test_the_clocks_are_changed_while_people_work(made, forward):
    """Fifteen seconds before it, and on: nobody is locked out, everything goes on."""
    with faulty_clinic(made("sqlite"), extra=clock.environment() | {"CLINIC_TIME_ZONE": LONDON}) as clinic:
        clinic.change("UPDATE accounts_site SET time_zone = %s", (LONDON,))
        change = clock_change(forward=forward)
        clock.move(clinic, change - time.time() - 15)
        said = Said()
        people = people_of(clinic, said, desks=2, clinicians=2)
        with at_work(people, pause=0.3):
            clinic.wait_until(lambda: clock.shown(clinic) > change + 5, 60, "the change")
            before = len(said.acknowledged)
            assert beat_offers(clinic)
            sealing_goes_on(clinic)
            clinic.wait_until(lambda: len(said.acknowledged) > before + 4, what="work after the change")
        assert {stands(one.person) for one in people} == {"open"}
        assert wrong(clinic, said) == {"acknowledged but missing": set(), "refused but present": set()}
        assert said.faults == []
        assert unaudited(clinic, said) == set()
        clinic.the_log_holds()


def clock_change(*, forward: bool) -> float:
    """When the clocks in London are changed next, in seconds since 1970."""
    zone, hour = zoneinfo.ZoneInfo(LONDON), dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    while True:
        after = hour + dt.timedelta(hours=1)
        summer = [bool(moment.astimezone(zone).dst()) for moment in (hour, after)]
        if summer == [not forward, forward]:
            return after.timestamp()
        hour = after
