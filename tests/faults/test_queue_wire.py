"""The wire to the queue is cut, slow, or hangs: whoever works notices nothing, and every sheet that is owed is made once afterwards."""

from collections.abc import Iterator

import pytest

from .clinic import FaultyClinic, faulty_clinic
from .test_broker import DONE_AFTER, LEAST_ROUNDS, LONGEST, Team, sheets, times_made
from .wire import Wire

pytestmark = pytest.mark.prove
SLOW = 0.05  # seconds that each piece on its way to the queue waits


@pytest.fixture(scope="module")
def open_clinic(made) -> Iterator[FaultyClinic]:
    with faulty_clinic(made("sqlite"), queue_wired=True) as clinic:
        yield clinic


@pytest.fixture
def clinic(open_clinic) -> Iterator[FaultyClinic]:
    yield open_clinic
    open_clinic.mend()


def wire_of(clinic: FaultyClinic) -> Wire:
    assert clinic.queue_wire is not None
    return clinic.queue_wire


def all_is_made_once(clinic: FaultyClinic, team: Team) -> None:
    clinic.wait_until(lambda: set(sheets(clinic, team.signed).values()) == {"ready"}, DONE_AFTER, "everything owed")
    assert set(times_made(clinic, sheets(clinic, team.signed))) == {1}
    print(f"slowest {team.slowest()} s")
    assert max(team.slowest().values()) < LONGEST, team.slowest()
    clinic.the_log_holds()


@pytest.mark.parametrize("fault", [Wire.cut, Wire.hang])
def test_the_clinic_works_without_it(clinic, fault):
    team = Team(clinic, clinic.drafts(LEAST_ROUNDS))
    fault(wire_of(clinic))
    for _ in range(LEAST_ROUNDS):
        team.round()
    owed = sheets(clinic, team.signed)
    assert len(owed) == 2 * LEAST_ROUNDS
    assert "ready" not in owed.values(), "the queue was there: the fault is none"
    wire_of(clinic).mend()
    all_is_made_once(clinic, team)


def test_a_slow_queue_makes_nothing_slow_that_somebody_waits_for(clinic):
    team = Team(clinic, clinic.drafts(LEAST_ROUNDS))
    wire_of(clinic).delay(SLOW)
    for _ in range(LEAST_ROUNDS):
        team.round()
    all_is_made_once(clinic, team)


@pytest.mark.parametrize("carried", [False, True], ids=["before it arrives", "before its answer comes back"])
def test_a_cut_while_a_sheet_is_handed_over(clinic, carried):
    """Carried: the queue has the sheet and the web server does not know; it is offered again, and made once all the same."""
    team = Team(clinic, clinic.drafts(1))
    wire = wire_of(clinic)
    wire.cut_at(lambda said: b"LPUSH" in said and b"render_sheet" in said, carried=carried)
    team.round()
    assert wire.is_cut, "nothing was handed over: the cut proves nothing"
    wire.mend()
    all_is_made_once(clinic, team)
