"""
Every date of the sheet, worked out a second time in another way, on random sessions across clock changes.

The second way never uses the sheet's own arithmetic: it walks minute by minute on the clock of the world (UTC) and reads the wall clock
there, and counts calendar days with ordinals.
"""

import datetime as dt
import os
import random
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from aftercare.content import _Sheet
from aftercare.dates import Moment
from aftercare.facts import SheetFacts, SiteFacts, Treated
from aftercare.tests.test_content import APPROVED, DOCUMENT, facts
from aftercare.words import words_for

HOW_MANY = 5_000 if os.environ.get("PROVE") else 150
# Clocks that change at 1:00 UTC, at 2:00 local time, by half an hour, in the other half of the year, and never.
ZONES = (
    "Europe/London",
    "Europe/Warsaw",
    "America/New_York",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Asia/Karachi",
    "America/Santiago",
)
UTC = dt.UTC


def changes(zone: str) -> list[dt.datetime]:
    """The moments at which the clocks of *zone* change in 2026 and 2027, found by looking."""
    here, found, moment = ZoneInfo(zone), [], dt.datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year < 2028:
        after = moment + dt.timedelta(hours=12)
        if moment.astimezone(here).utcoffset() != after.astimezone(here).utcoffset():
            found.append(after)
        moment = after
    return found


def sessions(seed: int):
    """Half of them near a change of the clocks, half anywhere in two years."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    known = {zone: changes(zone) for zone in ZONES}
    for _ in range(HOW_MANY):
        zone = chance.choice(ZONES)
        near = known[zone] and chance.random() < 0.5
        base = chance.choice(known[zone]) - dt.timedelta(days=15) if near else dt.datetime(2026, 1, 1, tzinfo=UTC)
        ended = base + dt.timedelta(minutes=chance.randrange((16 if near else 730) * 24 * 60))
        band = chance.choice(DOCUMENT["downtime_bands"])
        depth = Decimal(str(band["depth_mm"]["up_to_and_including"]))
        yield zone, ended.astimezone(ZoneInfo(zone)), depth, band


def boundary(wall: dt.datetime) -> bool:
    return (wall.hour, wall.minute) in ((6, 0), (12, 0), (18, 0))


def walked(ended: dt.datetime, minutes: int, zone: ZoneInfo) -> tuple[int, int]:
    """(ordinal of the day, hour) of the first 6, 12 or 18 o'clock that is not before *minutes* have really gone by."""
    moment = ended.astimezone(UTC) + dt.timedelta(minutes=minutes)
    wall = moment.astimezone(zone)
    if boundary(wall) and wall.second == wall.microsecond == 0:
        return wall.toordinal(), wall.hour
    moment = moment.replace(second=0, microsecond=0)
    while True:
        moment += dt.timedelta(minutes=1)
        if boundary(wall := moment.astimezone(zone)):
            return wall.toordinal(), wall.hour


def counted(ended: dt.datetime, days: int) -> tuple[int, int]:
    """The same time of day *days* calendar days later, then the next 6, 12 or 18 o'clock."""
    minute = ended.hour * 60 + ended.minute + (1 if ended.second or ended.microsecond else 0)
    ordinal = ended.toordinal() + days
    for hour in (6, 12, 18):
        if minute <= hour * 60:
            return ordinal, hour
    return ordinal + 1, 6


def second_way(ended: dt.datetime, band: dict, zone: ZoneInfo) -> dict[str, tuple[int, int]]:
    found = {}
    for name, value in band["resume"].items():
        if name.endswith("_hours"):
            found[name] = walked(ended, int(value * 60), zone)
        elif name.endswith("_days"):
            found[name] = counted(ended, int(value))
    return found


def first_way(sheet: _Sheet) -> dict[str, tuple[int, int]]:
    return {name: (moment.day.toordinal(), moment.begins.hour) for name, moment in sheet.moments.items()}


def sheet_of(zone: str, ended: dt.datetime, depth: Decimal) -> _Sheet:
    site = SiteFacts("Alder Skin Clinic", "14 Canal Street", "020 7946 0118", "Every day", "999", "GB", zone)
    words = words_for(DOCUMENT, "en", "GB")
    record = facts(treated=(Treated("abdomen", depth),), ended_at=ended)
    return _Sheet(record, SimpleNamespace(document=DOCUMENT).document, site, APPROVED, SheetFacts("AC-1", 1, "A4"), words)


def test_two_ways_of_working_out_every_date_agree():
    crossed = 0
    for zone, ended, depth, band in sessions(20261117):
        sheet, here = sheet_of(zone, ended, depth), ZoneInfo(zone)
        assert sheet.band["id"] == band["id"]
        assert first_way(sheet) == second_way(ended, band, here), (zone, ended, band["id"])
        gel = min(DOCUMENT["aftercare"], key=lambda entry: entry["from_hour"])["to_hour"]
        until = sheet._gel_until()
        assert (until.day.toordinal(), until.begins.hour) == walked(ended, int(gel * 60), here), (zone, ended)
        crossed += ended.utcoffset() != (ended.astimezone(UTC) + dt.timedelta(days=14)).astimezone(here).utcoffset()
    assert crossed > HOW_MANY / 5, "too few sessions cross a change of the clocks to prove anything"


def test_the_second_way_would_notice_a_rule_that_ends_an_hour_early(monkeypatch):
    """Hours counted on the wall clock, as if no clock ever changed: the two ways part."""
    from aftercare import content, dates

    def on_the_wall(ended_at, hours, zone):
        return dates.round_up(ended_at.astimezone(zone).replace(tzinfo=None) + dt.timedelta(hours=float(hours)))

    monkeypatch.setattr(content, "after_hours", on_the_wall)
    parted = [
        1 for zone, ended, depth, band in sessions(7) if first_way(sheet_of(zone, ended, depth)) != second_way(ended, band, ZoneInfo(zone))
    ]
    assert parted


@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Lord_Howe"])
def test_the_clocks_of_the_test_do_change(zone):
    assert len(changes(zone)) == 4
    assert Moment(dt.date(2026, 1, 1), dt.time(6)).part.name == "MORNING"
