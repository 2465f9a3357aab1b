"""
From the request to the stored sheet with a real broker and a real worker: nothing is lost and nothing is made twice,
whoever is killed when.
"""

import os
import signal
import time

import pytest
from celery import current_app

from aftercare.models import Sheet
from aftercare.services import publishing, request_sheet
from aftercare.tests.signed_record import signed

from .sheet_line import (
    MARKS,
    ask_for,
    broker,
    count,
    each_made_once,
    end,
    let_leases_run_out,
    pid_of_broker,
    place,
    start_worker,
    stop_while_one_is_being_made,
    until,
    worker,
)

__all__ = ["place"]
pytestmark = MARKS


def test_a_sheet_that_is_asked_for_is_made_and_kept(place, site, clinician):
    with broker(place) as url, worker(place, url):
        ask_for(1, site, clinician)
        until(lambda: count("ready") == 1, place, sweeping=False)  # the request itself told the queue
    each_made_once(place, 1)


@pytest.mark.parametrize("number", [6, pytest.param(20, marks=pytest.mark.prove)])
def test_a_killed_worker_loses_no_sheet_and_doubles_none(place, site, clinician, number):
    with broker(place) as url:
        first = start_worker(place, url)
        try:
            ask_for(number, site, clinician)
            stop_while_one_is_being_made(first, place)
        finally:
            end(first)
        assert count("ready") < number
        let_leases_run_out()
        with worker(place, url):
            until(lambda: count("ready") == number, place)
        assert Sheet.objects.filter(attempts__gt=1).exists()
    each_made_once(place, number)


@pytest.mark.prove
def test_without_the_sweep_the_killed_workers_sheet_is_lost(place, site, clinician):
    """The negative control: messages taken early and nobody looking after the rows."""
    with broker(place) as url:
        first = start_worker(place, url, app="tests.careless_worker")
        try:
            ask_for(4, site, clinician)
            in_hand = stop_while_one_is_being_made(first, place)
        finally:
            end(first)
        with worker(place, url, app="tests.careless_worker"):
            # A later sheet comes through, so the queue is served; what the dead worker held does not come back.
            later = request_sheet(signed(site, clinician, surname="Later"), by=clinician)
            until(lambda: Sheet.objects.get(pk=later.pk).state == "ready", place, sweeping=False)
            assert count("rendering") >= in_hand


def test_a_dead_broker_fails_no_request_and_the_sheet_comes_when_it_is_back(place, site, clinician):
    current_app.conf.broker_url = f"redis+socket://{place}/broker.sock?virtual_host=0"
    session = signed(site, clinician)
    began = time.monotonic()
    sheet = request_sheet(session, by=clinician)
    assert time.monotonic() - began < 2
    sheet.refresh_from_db()
    assert (sheet.state, sheet.published_at) == ("requested", None)
    with broker(place) as url, worker(place, url):
        until(lambda: count("ready") == 1, place)
    each_made_once(place, 1)


def test_a_frozen_broker_holds_no_request_up(place, site, clinician):
    with broker(place) as url:
        pid = pid_of_broker(place)
        os.kill(pid, signal.SIGSTOP)
        try:
            session = signed(site, clinician)
            began = time.monotonic()
            request_sheet(session, by=clinician)
            assert time.monotonic() - began < 3
            # Left alone from then on: the next request does not even try.
            began = time.monotonic()
            request_sheet(session, by=clinician, variant="Letter")
            assert time.monotonic() - began < 0.5
            assert count("requested") == 2
        finally:
            os.kill(pid, signal.SIGCONT)
        publishing._away_until = 0.0
        with worker(place, url):
            until(lambda: count("ready") == 2, place)
    each_made_once(place, 2)
