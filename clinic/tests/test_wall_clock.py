"""
Shown = stored = printed, over five zones and every clock change of ten years; sums are on the wall clock; a time that does not
exist is refused in words, one that comes twice is asked.
"""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.templatetags.clinic_format import clock, weekday
from aftercare.dates import calendar_of
from planner import wording
from sessions.forms.booking import BookingForm, MoveForm, read_clock
from sessions.models import Booking, Resource
from sessions.services.hours import at_clock, day_bounds, local_day, moments_at, same_clock
from sessions.tests.clock_changes import QUARTER, ZONES, changes

CLOCKS = [dt.time(n // 4, n % 4 * 15) for n in range(96)]


@pytest.mark.parametrize("name", ZONES)
def test_each_quarter_of_a_day_comes_as_often_as_the_day_is_long(name):
    zone, seen = ZoneInfo(name), 0
    for change in changes(name):
        for day in {local_day(change + dt.timedelta(hours=hours), zone) for hours in (-24, 0, 24)}:
            start, end = day_bounds(day, zone)
            moments = [moment for one in CLOCKS for moment in moments_at(day, one, zone)]
            assert sorted(moments) == [start + n * QUARTER for n in range((end - start) // QUARTER)]
            seen += 1
    assert (seen >= 40) is (name != "Asia/Kolkata")


@pytest.mark.parametrize("name", ZONES)
def test_plus_28_days_at_ten_stays_ten(name):
    zone = ZoneInfo(name)
    for change in changes(name) or [dt.datetime(2026, 6, 1, tzinfo=dt.UTC)]:
        for before in range(29):
            day = local_day(change, zone) - dt.timedelta(days=before)
            later = same_clock(at_clock(day, dt.time(10), zone), 28, zone).astimezone(zone)
            assert (later.date() - day, later.time()) == (dt.timedelta(days=28), dt.time(10))


@pytest.mark.django_db
@pytest.mark.both_engines
@pytest.mark.parametrize("name", ZONES)
def test_what_is_stored_is_shown_and_printed(name, site, patient, desk):
    zone, calendar = ZoneInfo(name), calendar_of("GB", "midday")
    person = Resource.objects.create(site=site, kind="clinician", name="Dr Amara Osei")
    moments = [change + step * 2 * QUARTER for change in changes(name) or [dt.datetime(2026, 6, 1, tzinfo=dt.UTC)] for step in range(-6, 7)]
    Booking.objects.bulk_create(
        Booking(
            site=site,
            patient=patient,
            kind="consultation",
            starts_at=moment.astimezone(zone),
            ends_at=moment + QUARTER,
            clinician=person,
            created_by=desk,
            request_key=str(number),
        )
        for number, moment in enumerate(moments)
    )
    stored = {booking.request_key: booking.starts_at for booking in Booking.objects.all()}
    for number, moment in enumerate(moments):
        read, local = stored[str(number)], moment.astimezone(zone)
        assert read == moment
        with timezone.override(zone):
            assert (weekday(read), clock(read)) == (wording.day(local.date(), weekday=True), f"{local:%H:%M}")
        printed = calendar.clock(read.astimezone(zone)).replace("midday", "12:00").replace("midnight", "00:00")
        assert read_clock(printed) == local.time()
        assert moment in moments_at(local.date(), local.time(), zone)


# What the desk types


def next_change(name: str, *, forward: bool) -> tuple[dt.date, dt.time, dt.datetime]:
    """(day, a clock time in the hour that is left out or comes twice, the moment of the change) of the next one to come."""
    zone = ZoneInfo(name)
    for change in changes(name):
        before, after = (change - QUARTER).astimezone(zone), change.astimezone(zone)
        grows = after.utcoffset() > before.utcoffset()
        if change > timezone.now() + dt.timedelta(days=1) and grows is forward:
            shown = (before.replace(tzinfo=None) + QUARTER) if forward else after.replace(tzinfo=None)
            return shown.date(), shown.time(), change
    raise LookupError(name)


@pytest.fixture
def form(site, patient):
    def make(name, day, clock_time, **fields):
        site.time_zone = name
        site.save()
        sent = {"request_key": str(uuid.uuid4()), "kind": "consultation", "day": day.isoformat(), "time": f"{clock_time:%H:%M}", **fields}
        return BookingForm(sent, site=site, today=timezone.localdate(), who=patient)

    return make


@pytest.mark.django_db
@pytest.mark.parametrize("name", ZONES[:4])
def test_a_time_that_does_not_exist_is_refused_in_words(name, form):
    day, left_out, _ = next_change(name, forward=True)
    typed = form(name, day, left_out)
    assert not typed.is_valid()
    assert typed.errors["time"] == [f"There is no {left_out:%H:%M} on {wording.day(day, weekday=True)}: the clocks go forward over it"]
    assert form(name, day, dt.time(10)).is_valid()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ZONES[:4])
def test_a_time_that_comes_twice_is_asked(name, form):
    day, twice, change = next_change(name, forward=False)
    typed = form(name, day, twice)
    assert not typed.is_valid()
    assert typed.asks_which
    assert "comes twice" in typed.errors["which"][0]
    first, second = (form(name, day, twice, which=which) for which in ("first", "second"))
    assert first.is_valid()
    assert second.is_valid()
    assert first.starts_at < change <= second.starts_at
    zone = ZoneInfo(name)
    assert first.starts_at.astimezone(zone).time() == second.starts_at.astimezone(zone).time() == twice


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["first", "second"])
def test_a_visit_in_the_hour_that_comes_twice_stays_in_its_own(which, site, patient, desk):
    site.time_zone = "Europe/London"
    site.save()
    day, twice, _ = next_change("Europe/London", forward=False)
    starts_at = moments_at(day, twice, ZoneInfo("Europe/London"))[which == "second"]
    person = Resource.objects.create(site=site, kind="clinician", name="Dr Amara Osei")
    visit = Booking.objects.create(
        site=site,
        patient=patient,
        kind="consultation",
        starts_at=starts_at,
        ends_at=starts_at + QUARTER,
        clinician=person,
        created_by=desk,
        request_key="twice",
    )
    shown = MoveForm(booking=visit, today=timezone.localdate())
    sent = {field.name: field.value() for field in shown if field.value() is not None}
    again = MoveForm(sent, booking=visit, today=timezone.localdate())
    assert again.is_valid(), again.errors
    assert again.starts_at == starts_at
