"""The paper before a visit: the version's own words, with dates worked back from the visit."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from aftercare.tests.signed_record import pack
from papers.content.before_visit import before_visit, dated
from papers.content.common import CannotBeMade
from planner.errors import KnowledgeFaults
from protocols import documents
from protocols.follow_up import parse

from .conftest import booking_of

pytestmark = pytest.mark.django_db


def test_each_entry_of_the_protocol_is_said_with_its_date(visit, site):
    facts = before_visit(visit).facts
    entries = sorted(pack()["precare"], key=lambda row: row["day"])
    words = documents.read_pack(documents.ADDITIONS / "before_visit.yaml")["before_visit"]["lines"]
    assert len(facts["rows"]) == len(entries)
    day = site.day_of(visit.starts_at)
    for row, entry in zip(facts["rows"], entries, strict=True):
        there = day + dt.timedelta(days=entry["day"])
        assert f"{there.day}\u00a0{there:%B}\u00a0{there.year}" in row["when"]
        assert f"{there:%A}" in row["when"]
        assert row["say"] == [line.replace("{phone}", site.phone) for line in words[entry["id"]]]
    assert facts["rows"][-1]["when"].startswith("On the day")
    assert facts["rows"][0]["when"].startswith("Since")  # half a year before the visit lies before the booking


def test_dates_agree_with_a_second_calculation_across_clock_changes():
    """Counted back day by day on the wall clock, at the same time of day, in zones that change their clocks."""
    chance, zones = random.Random(11), [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Tokyo")]  # noqa: S311
    days = [row["day"] for row in pack()["precare"]]
    for _ in range(5000):
        zone = chance.choice(zones)
        starts = (dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=chance.randrange(3 * 366 * 24 * 60))).astimezone(zone)
        for day in days:
            assert dated(starts.date(), day) == dt.date.fromordinal(starts.date().toordinal() + day)
    # Negative control: hours counted back in real time land on another day where the clocks changed between.
    late = dt.datetime(2026, 10, 27, 0, 30, tzinfo=ZoneInfo("Europe/London"))
    hours_back = (late.astimezone(dt.UTC) - dt.timedelta(hours=24 * 3)).astimezone(late.tzinfo).date()
    assert hours_back != dt.date(2026, 10, 23)


def test_moving_the_visit_moves_every_date(visit):
    before = before_visit(visit).facts
    visit.starts_at += dt.timedelta(days=1)
    after = before_visit(visit).facts
    assert all(old["when"] != new["when"] for old, new in zip(before["rows"], after["rows"], strict=True))
    assert [row["say"] for row in before["rows"]] == [row["say"] for row in after["rows"]]


def test_a_version_without_words_prints_nothing_and_says_who_adds_them(plan):
    coming = booking_of(plan, timezone.now() + dt.timedelta(days=20))
    with pytest.raises(CannotBeMade, match="has no words for the paper before a visit"):
        before_visit(coming)


def test_words_nobody_approved_are_not_printed(visit):
    visit.plan.protocol_version.approved_at = None
    with pytest.raises(CannotBeMade, match="is not approved"):
        before_visit(visit)


@pytest.mark.parametrize(("field", "value"), [("kind", "review"), ("status", "cancelled"), ("status", "done"), ("plan", None)])
def test_only_a_session_to_come_has_one(visit, field, value):
    setattr(visit, field, value)
    with pytest.raises(CannotBeMade, match="nothing to get ready for"):
        before_visit(visit)


def _with(**fields):
    section = documents.read_pack(documents.ADDITIONS / "before_visit.yaml")["before_visit"]
    return {**pack(), "before_visit": {**section, **fields}}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"intro": "Stop 3 days before."}, "holds a figure"),
        ({"intro": "Ring {doctor}."}, "asks for {doctor}"),
        ({"intro": "Ring {phone."}, "brace"),
        ({"since": "From then on"}, "must hold {day}"),
        ({"lines": {"stop_retinoids": ["Stop retinol."]}}, "needs words for day_of_treatment"),
        ({"lines": []}, "must be a mapping"),
        ({"closing": []}, "at least one line"),
        ({"extra": "x"}, "before_visit"),
    ],
)
def test_a_section_that_does_not_fit_is_refused_with_the_place(fields, says):
    with pytest.raises(KnowledgeFaults) as error:
        parse(_with(**fields))
    named = [str(fault) for fault in error.value.faults]
    assert all("before_visit" in fault for fault in named)
    assert any(says in fault for fault in named)


def test_words_for_what_is_no_entry_are_refused():
    lines = _with()["before_visit"]["lines"]
    with pytest.raises(KnowledgeFaults, match="there is no moon_phase under precare"):
        parse(_with(lines={**lines, "moon_phase": ["Wait for the moon."]}))
