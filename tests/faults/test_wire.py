"""The wire to the database is cut, slow, or hangs: a calm page, nothing half-written, and work goes on when it is whole."""

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest

from .clients import Answer, Person, redirected
from .clinic import FaultyClinic, faulty_clinic
from .wire import COMMIT, Wire

BOUND = 60  # seconds for the answer that says that the database does not answer
CALM = "cannot reach its records"
MAKES_A_BOOKING = b'INSERT INTO "treatment_sessions_booking"'


class Wired:
    def __init__(self, clinic: FaultyClinic, wire: Wire | None):
        self.clinic, self.wire = clinic, wire
        self.june = Person(clinic.url, timeout=BOUND).sign_in("june")
        self.patient = clinic.rows("SELECT number FROM patients_patient ORDER BY number")[0][0]
        self.room = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'room' ORDER BY id")[0][0]
        self.who = clinic.rows("SELECT id FROM treatment_sessions_resource WHERE kind = 'clinician' ORDER BY id")[0][0]
        self.day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=300)

    def free_day(self) -> dt.date:
        """A day on which the clinician works."""
        while True:
            self.day += dt.timedelta(days=1)
            opens = self.clinic.rows(
                "SELECT 1 FROM treatment_sessions_resourcehours WHERE resource_id = %s AND weekday = %s", (self.who, self.day.weekday())
            )
            if opens:
                return self.day

    def book(self, key: str, day: dt.date) -> Answer:
        fields = {"request_key": key, "patient": self.patient, "kind": "consultation", "clinician": self.who, "room": self.room}
        return self.june.ask("/calendar/new/", {**fields, "day": day.isoformat(), "time": "11:00"})

    def there(self, key: str) -> tuple[int, int, int]:
        """How many bookings of that key, rows of the log about it, and times that it holds."""
        found = self.clinic.rows("SELECT id FROM treatment_sessions_booking WHERE request_key = %s", (key,))
        if not found:
            return 0, 0, 0
        of = "SELECT count(*) FROM audit_auditevent WHERE action = 'booking.made' AND object_pk = %s"
        held = "SELECT count(*) FROM treatment_sessions_hold WHERE booking_id = %s"
        pk = found[0][0]
        return len(found), self.clinic.rows(of, (str(pk),))[0][0], min(1, self.clinic.rows(held, (pk,))[0][0])


@pytest.fixture(scope="module")
def open_wire(made) -> Iterator[Wired]:
    extra = {"DATABASE_URL": "postgres://clinic@/{folder}/wire/clinic"}
    with faulty_clinic(made("postgresql"), extra=extra, wired=True) as clinic:
        assert clinic.wire is not None
        yield Wired(clinic, clinic.wire)


@pytest.fixture
def wired(open_wire) -> Iterator[Wired]:
    yield open_wire
    open_wire.wire.mend()
    open_wire.clinic.mend()


@pytest.mark.parametrize("carried", [False, True], ids=["before the commit arrives", "before its answer comes back"])
def test_a_cut_in_the_middle_of_a_commit(wired, carried):
    key, day = str(uuid.uuid4()), wired.free_day()
    wired.wire.cut_at(lambda said: MAKES_A_BOOKING in said and said.endswith(COMMIT), carried=carried)
    answer = wired.book(key, day)
    assert wired.wire.is_cut, "nothing was committed: the cut proves nothing"
    assert answer.status == 503, answer.body[-3000:]
    assert CALM in answer.body
    assert wired.there(key) == ((1, 1, 1) if carried else (0, 0, 0))
    wired.wire.mend()
    again = wired.book(key, day)  # who does not know presses again
    assert redirected(again), (again.status, again.body[-3000:])
    assert wired.there(key) == (1, 1, 1)


def test_a_database_that_is_away_is_a_calm_page_and_a_moment_later_all_is_well(wired):
    key, day = str(uuid.uuid4()), wired.free_day()
    wired.wire.cut()
    for answer in (wired.book(key, day), wired.june.ask("/today/"), wired.june.ask("/accounts/sign-in/")):
        assert (answer.status, CALM in answer.body) in {(503, True), (200, False)}, answer.body[-3000:]
    assert wired.there(key) == (0, 0, 0)
    wired.wire.mend()
    assert redirected(wired.book(key, day))
    assert wired.there(key) == (1, 1, 1)


def test_a_slow_database_gives_a_slow_answer(wired):
    key, day = str(uuid.uuid4()), wired.free_day()
    wired.wire.delay(0.05)
    answer = wired.book(key, day)
    assert redirected(answer), (answer.status, answer.body[-3000:])
    assert wired.there(key) == (1, 1, 1)


def test_a_database_that_hangs_gives_a_calm_page_within_a_bound(wired):
    """The library would wait for ever, and so would one thread of the web server after another: see web/patience.py."""
    key, day = str(uuid.uuid4()), wired.free_day()
    wired.wire.hang()
    answer = wired.book(key, day)
    assert answer.status == 503, (answer.status, answer.seconds, answer.body[-3000:])
    assert CALM in answer.body
    wired.wire.mend()
    wired.clinic.wait_until(lambda: redirected(wired.book(key, day)), 60, "a booking after the wire was mended")
    assert wired.there(key) == (1, 1, 1)
