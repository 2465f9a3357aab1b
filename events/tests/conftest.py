"""A protocol in force that says what is asked after a session, and sessions done some days ago."""

import datetime as dt

import pytest
from django.utils import timezone

from aftercare.tests.signed_record import signed
from events.services import calling, script
from events.services.session_facts import facts_of
from protocols.documents import ADDITIONS, canonical, read_pack, sha256
from protocols.follow_up import questions_for
from protocols.models import ProtocolVersion
from tests import made


@pytest.fixture(scope="session")
def _with_calls():
    document = canonical(made.pack() | read_pack(ADDITIONS / "follow_up.yaml"))
    return document, sha256(document)


@pytest.fixture
def in_force(db, medical_lead, _with_calls):
    """The approved version, with its follow-up calls."""
    document, digest = _with_calls
    version = ProtocolVersion.objects.create(
        version="2026.2-calls",
        status="approved",
        document=document,
        sha256=digest,
        approved_by=medical_lead,
        approved_at=timezone.now(),
        next_review_on=timezone.localdate() + dt.timedelta(days=300),
    )
    assert script.in_force().version == version
    return version


@pytest.fixture
def session_of(site, clinician, in_force):
    """A signed session, *days* ago, with zones as (zone, depth in mm)."""

    def make(days=3, zones=(("forehead", "0.5"), ("cheeks", "1.5")), **fields):
        ended = timezone.now() - dt.timedelta(days=days)
        return signed(site, clinician, zones=zones, ended_at=ended, approved=False, **fields)

    return make


@pytest.fixture
def expected():
    """Every question of that day after *session* answered as normal healing is, with *but* instead."""

    def make(session, **but):
        in_force, facts = script.in_force(), facts_of(session)
        band = facts.band(in_force.knowledge)
        day = calling.day_of_call(facts, timezone.now())
        asked = questions_for(in_force.calls, day=day, band=band.id if band else None)
        answers = {one.id: one.expected[0] for one in asked} | but
        return {name: value for name, value in answers.items() if value is not None}

    return make


@pytest.fixture
def rung(desk, expected):
    """A call of the desk about *session*, kept; *but* are answers that differ from what is expected."""

    def make(session, *, outcome="reached", check_in="", by=None, key=None, **but):
        facts, now = facts_of(session), timezone.now()
        return calling.keep(
            facts,
            script.in_force(),
            outcome=outcome,
            answers=expected(session, **but),
            by=by or desk,
            request_key=key or f"call-{session.pk}-{check_in}-{outcome}-{len(but)}",
            day=calling.day_of_call(facts, now),
            check_in=check_in,
        )

    return make


@pytest.fixture
def form_of(expected):
    """What the page of a call sends."""

    def make(session, *, outcome="reached", key="sent", day=None, check_in="", extra=(), **but):
        answers = expected(session, **but)
        facts = facts_of(session)
        sent = {
            "session": session.pk,
            "protocol": script.in_force().version.pk,
            "day": calling.day_of_call(facts, timezone.now()) if day is None else day,
            "check_in": check_in,
            "outcome": outcome,
            "request_key": key,
        }
        return sent | {f"q-{name}": value for name, value in answers.items()} | dict(extra)

    return make
