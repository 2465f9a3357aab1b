"""What beat offers every few seconds is offered again soon, also after the clock was put back."""

import datetime as dt

import pytest
import time_machine
from celery.beat import PersistentScheduler
from celery.schedules import schedule
from celery.utils.imports import symbol_by_name
from django.conf import settings

from microneedle_clinic.beat import Every
from microneedle_clinic.beat_scheduler import Scheduler
from microneedle_clinic.celery import app

SECONDS = 5.0
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
BACK = (dt.timedelta(seconds=30), dt.timedelta(hours=1), dt.timedelta(days=1))


def test_a_clock_that_was_put_back_does_not_stop_it():
    every, ran = Every(SECONDS, app=app), app.now()
    assert every.is_due(ran).is_due is False
    assert every.is_due(ran - dt.timedelta(seconds=6)).is_due is True
    assert every.is_due(ran + dt.timedelta(days=1)) == (True, SECONDS)
    assert schedule(SECONDS, app=app).is_due(ran + dt.timedelta(days=1)).is_due is False  # what Celery's own does


@pytest.fixture
def beat_of(tmp_path):
    """A beat with two more tasks than it has, and the names of what it would have handed to the queue."""
    made = []

    def make(kind: type) -> tuple[PersistentScheduler, list[str]]:
        offered: list[str] = []

        class Noted(kind):
            producer = None

            def apply_entry(self, entry, producer=None):
                offered.append(entry.name)

        beat = Noted(app, schedule_filename=str(tmp_path / "beat"), lazy=True)
        beat.setup_schedule()
        made.append(beat)
        for name in ("sweep", "another"):
            beat.add(name=name, task=name, schedule=Every(SECONDS, app=app))
        return beat, offered

    yield make
    for beat in made:
        beat.close()


def test_everything_that_beat_offers_is_offered_so(beat_of):
    assert symbol_by_name(settings.CELERY_BEAT_SCHEDULER) is Scheduler
    beat, _ = beat_of(Scheduler)
    assert set(settings.CELERY_BEAT_SCHEDULE) < set(beat.schedule)
    assert {name for name, entry in beat.schedule.items() if type(entry.schedule) is not Every} == set()


def in_a_while(beat: PersistentScheduler, clock, seconds: float) -> None:
    """As Celery's own loop does: tick, sleep as long as the tick says, tick."""
    left = seconds
    while left >= 0:
        rest = max(beat.tick(), 0.001)  # nobody wakes in the very microsecond
        clock.shift(rest)
        left -= rest


@pytest.mark.parametrize("back", BACK, ids=str)
def test_a_beat_that_runs_while_the_clock_is_put_back_goes_on_within_its_own_interval(beat_of, back):
    with time_machine.travel(NOON, tick=False) as clock:
        beat, offered = beat_of(Scheduler)
        in_a_while(beat, clock, 3 * SECONDS)
        assert offered.count("sweep") >= 2
        clock.shift(-back)
        del offered[:]
        in_a_while(beat, clock, SECONDS)
        assert set(offered) == set(beat.schedule)


def test_celerys_own_beat_would_offer_nothing_for_as_long_as_the_clock_was_put_back(beat_of):
    """The negative control."""
    with time_machine.travel(NOON, tick=False) as clock:
        beat, offered = beat_of(PersistentScheduler)
        in_a_while(beat, clock, 3 * SECONDS)
        del offered[:]
        clock.shift(-dt.timedelta(days=1))
        in_a_while(beat, clock, 3600)
        assert offered == []


def test_a_clock_put_forward_brings_one_offer_and_no_heap_of_them(beat_of):
    with time_machine.travel(NOON, tick=False) as clock:
        beat, offered = beat_of(Scheduler)
        in_a_while(beat, clock, 3 * SECONDS)
        before = offered.count("sweep")
        assert before
        clock.shift(dt.timedelta(days=1))
        in_a_while(beat, clock, SECONDS / 2)
        assert offered.count("sweep") == before + 1
