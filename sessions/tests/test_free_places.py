"""
Free places against an oracle that knows nothing of spans: it walks every five minutes of 28 days, looks at the rows of the
database, and tries every combination of people, rooms, devices and bays.
"""

import datetime as dt
import random
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from sessions.models import Absence, Booking, DeviceUse, Hold, Holiday, NumbingTime, Resource, ResourceHours, ServiceTime
from sessions.services import free_time
from sessions.services.free_time import free_times
from sessions.services.hours import Visit, seconds
from sessions.services.party import Party
from sessions.services.refusals import NotSuitable

pytestmark = pytest.mark.django_db

DAYS, STEP = 28, 5 * 60
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago")


class RandomClinic:
    """Six clinicians at most, rooms, bays and devices with hours, leave, holidays and visits, all drawn from *seed*."""

    def __init__(self, seed: int, site, patient, plan, desk):
        self.draw = draw = random.Random(seed)  # noqa: S311
        site.time_zone = draw.choice(ZONES)
        site.save()
        self.site, self.patient, self.plan, self.zone = site, patient, plan, ZoneInfo(site.time_zone)
        today = timezone.now().astimezone(self.zone).date()
        self.first_day = today + dt.timedelta(days=draw.randint(1, 330))
        self.resources = {
            kind: [self._resource(kind, number) for number in range(draw.randint(least, most))]
            for kind, least, most in (("clinician", 1, 6), ("room", 1, 3), ("device", 1, 3), ("bay", 0, 3))
        }
        for device, person in product(self.resources["device"], self.resources["clinician"]):
            if draw.random() < 0.25:
                DeviceUse.objects.create(device=device, clinician=person)
        for offset in draw.sample(range(DAYS), draw.randint(0, 2)):
            Holiday.objects.create(site=site, day=self.first_day + dt.timedelta(days=offset), name="Closed")
        ServiceTime.objects.create(
            site=site,
            kind="session",
            numbing_minutes=draw.choice((0, 20, 45)),
            needling_minutes=draw.choice((30, 50)),
            clean_down_minutes=draw.choice((0, 10)),
            minutes_per_zone=draw.choice((0, 5)),
        )
        if draw.random() < 0.5:
            NumbingTime.objects.create(site=site, product="Numbing cream", minutes=draw.choice((0, 60)))
        self.visit = Booking.objects.create(
            site=site,
            patient=patient,
            kind="consultation",
            starts_at=timezone.now(),
            ends_at=timezone.now() + dt.timedelta(minutes=5),
            clinician=self.resources["clinician"][0],
            created_by=desk,
            request_key=f"random {seed}",
        )
        for resource in [None, *(one for rows in self.resources.values() for one in rows)]:
            self._take(resource)

    def _resource(self, kind: str, number: int) -> Resource:
        draw = self.draw
        fields = {"device_kind": draw.choice(("pen", "pen", "roller"))} if kind == "device" else {}
        if draw.random() < 0.2:
            fields["retired_on"] = self.first_day + dt.timedelta(days=draw.randint(-3, DAYS))
        if draw.random() < 0.3:
            fields["cleaning_minutes"] = draw.choice((5, 20))
        one = Resource.objects.create(site=self.site, kind=kind, name=f"{kind} {number}", **fields)
        for weekday in range(7):
            for opens, closes in draw.choice((((9, 17),), ((9, 12), (13, 18)), ((7, 24),), ((1, 4), (12, 20)), ())):
                valid = {}
                if draw.random() < 0.2:
                    valid["valid_from"] = self.first_day + dt.timedelta(days=draw.randint(0, DAYS))
                if draw.random() < 0.2:
                    valid["valid_until"] = self.first_day + dt.timedelta(days=DAYS + draw.randint(0, 5))
                closing = dt.time(23, 55) if closes == 24 else dt.time(closes)
                ResourceHours.objects.create(resource=one, weekday=weekday, opens=dt.time(opens), closes=closing, **valid)
        return one

    def _take(self, resource: Resource | None) -> None:
        """Visits of *resource*, or of the patient, and its leave: at steps of five minutes, none over another."""
        draw, at = self.draw, dt.datetime.combine(self.first_day, dt.time.min, tzinfo=dt.UTC)
        until, rows = at + dt.timedelta(days=DAYS + 1), []
        while at < until:
            at += dt.timedelta(minutes=5 * draw.randint(6, 200 if resource else 600))
            end = at + dt.timedelta(minutes=5 * draw.randint(1, 30))
            subject = f"r{resource.pk}" if resource else f"p{self.patient.pk}"
            held = {"resource": resource} if resource else {"patient": self.patient}
            rows.append(Hold(booking=self.visit, subject=subject, starts_at=at, ends_at=end, is_live=draw.random() < 0.9, **held))
            at = end
        Hold.objects.bulk_create(rows)
        if resource and draw.random() < 0.4:
            away = dt.datetime.combine(self.first_day, dt.time(7), tzinfo=dt.UTC) + dt.timedelta(days=draw.randint(0, DAYS))
            until = away + dt.timedelta(hours=draw.randint(1, 60))
            Absence.objects.create(resource=resource, starts_at=away, ends_at=until, reason="Leave")

    # The oracle

    def oracle(self, clinician: Resource | None = None) -> list[dt.datetime]:
        row = ServiceTime.objects.get(site=self.site)
        named = NumbingTime.objects.filter(site=self.site, product="Numbing cream").first()
        numbing = (named.minutes if named else row.numbing_minutes) // 5
        needling = (row.needling_minutes + row.minutes_per_zone * (self.plan.zones.count() - row.zones_included)) // 5
        clean = row.clean_down_minutes // 5
        midnight = dt.datetime.combine(self.first_day, dt.time.min, tzinfo=self.zone)
        self.start = seconds(midnight) // STEP * STEP
        # A visit may begin on the last day and end on the one after; two days are looked at beyond it.
        self.clock = [dt.datetime.fromtimestamp(self.start + n * STEP, tz=self.zone) for n in range((DAYS + 2) * 288 + 24)]
        free = {one.pk: self._free(one) for rows in self.resources.values() for one in rows}
        patient = self._held(f"p{self.patient.pk}")
        people = [clinician] if clinician else self.resources["clinician"]
        devices = [one for one in self.resources["device"] if one.device_kind == self.plan.device_kind]
        trained = {(use.device_id, use.clinician_id) for use in DeviceUse.objects.all()}
        closed_to_others = {device for device, _ in trained}
        teams = [
            (who, device) for who, device in product(people, devices) if device.pk not in closed_to_others or (device.pk, who.pk) in trained
        ]
        found = []
        for n, local in enumerate(self.clock):
            second = self.start + n * STEP
            if second % 900 or local.date() < self.first_day or (local.date() - self.first_day).days >= DAYS:
                continue
            needle, end = n + numbing, n + numbing + needling
            if any(patient[n:end]):
                continue
            if not any(self._is(free[who.pk], needle, end, who) and self._is(free[what.pk], needle, end, what) for who, what in teams):
                continue
            in_bay = numbing and any(self._is(free[bay.pk], n, needle, bay) for bay in self.resources["bay"])
            if any(
                self._is(free[room.pk], low, end, room, least=clean)
                for room in self.resources["room"]
                for low in ([needle, n] if in_bay else [n])
            ):
                found.append(dt.datetime.fromtimestamp(second, tz=dt.UTC))
        return found

    @staticmethod
    def _is(free: list[bool], low: int, high: int, one: Resource, *, least: int = 0) -> bool:
        """Free from *low* to *high*, and as long after it as it takes to make it ready."""
        return all(free[low : high + max(least, one.cleaning_minutes // 5)])

    def _held(self, subject: str) -> list[bool]:
        rows = Hold.objects.filter(subject=subject, is_live=True)
        return self._in([(seconds(row.starts_at), seconds(row.ends_at)) for row in rows])

    def _in(self, spans: list[tuple[int, int]]) -> list[bool]:
        marks = [False] * len(self.clock)
        for low, high in spans:
            for n in range(max(0, (low - self.start) // STEP), min(len(marks), -(-(high - self.start) // STEP))):
                marks[n] = True
        return marks

    def _free(self, one: Resource) -> list[bool]:
        held = self._held(f"r{one.pk}")
        away = self._in([(seconds(row.starts_at), seconds(row.ends_at)) for row in one.absences.all()])
        holidays = set(Holiday.objects.filter(site=self.site).values_list("day", flat=True))
        hours = list(one.hours.all())
        marks = []
        for n, local in enumerate(self.clock):
            day, clock = local.date(), local.time()
            open_now = any(
                row.weekday == day.weekday()
                and row.opens <= clock < row.closes
                and (row.valid_from is None or row.valid_from <= day)
                and (row.valid_until is None or day <= row.valid_until)
                for row in hours
            )
            gone = one.retired_on is not None and day >= one.retired_on
            marks.append(open_now and not gone and day not in holidays and not held[n] and not away[n])
        return marks


@pytest.fixture
def compare(site, patient, make_plan, desk):
    plan = make_plan(patient, numbing="Numbing cream")

    def one(seed: int) -> int:
        Hold.objects.all().delete()
        Booking.objects.all().delete()
        for model in (Absence, Holiday, DeviceUse, NumbingTime, ServiceTime, ResourceHours, Resource):
            model.objects.all().delete()
        clinic = RandomClinic(seed, site, patient, plan, desk)
        who = clinic.draw.choice([None, *clinic.resources["clinician"]])
        try:
            got = free_times(site=site, kind="session", first_day=clinic.first_day, days=DAYS, patient=patient, plan=plan, clinician=who)
        except NotSuitable:
            got = []
        assert [slot.starts_at for slot in got] == clinic.oracle(who), f"seed {seed}"
        for slot in got[:: max(1, len(got) // 5)]:
            assert not slot.bay or slot.bay.kind == "bay"
        return len(got)

    return one


@pytest.mark.both_engines
def test_free_places_are_those_of_the_oracle(compare):
    assert sum(compare(seed) for seed in range(12)) > 100


@pytest.mark.parametrize("rule", ["cleaning", "training", "holidays", "bays"])
def test_the_oracle_sees_a_rule_that_is_left_out(compare, monkeypatch, rule):
    """The negative control: each rule taken away in turn."""
    if rule == "cleaning":
        monkeypatch.setattr(Visit, "held", lambda visit, role, one: visit.reach(role))
    elif rule == "training":
        monkeypatch.setattr(Party, "devices_of", lambda party, who: party.candidates["device"])
    elif rule == "holidays":
        monkeypatch.setattr(free_time, "day_bounds", lambda day, zone: (timezone.now(), timezone.now()))
    else:
        monkeypatch.setattr(Visit, "numbs", False)
    with pytest.raises(AssertionError, match="seed"):
        sum(map(compare, range(40)))


@pytest.mark.both_engines
@pytest.mark.prove
def test_free_places_are_those_of_the_oracle_in_200_clinics(compare):
    assert sum(compare(seed) for seed in range(1000, 1200)) > 2000


@pytest.mark.both_engines
def test_at_most_ten_queries_whatever_the_size(site, patient, make_plan, desk, django_assert_max_num_queries):
    plan = make_plan(patient, numbing="Numbing cream")
    clinic = RandomClinic(3, site, patient, plan, desk)
    for number in range(20):
        clinic._resource("clinician", 100 + number)
    plan = type(plan).objects.get(pk=plan.pk)
    with django_assert_max_num_queries(10):
        free_times(site=site, kind="session", first_day=clinic.first_day, days=DAYS, patient=patient, plan=plan)


@pytest.mark.both_engines
@pytest.mark.parametrize(("clinicians", "visits"), [(1, 2), (6, 60)])
def test_free_places_of_a_plan_take_at_most_ten_queries_whatever_the_size(
    site, plan, desk, make_user, django_assert_max_num_queries, clinicians, visits
):
    """Hours, leave, holds, who is signed off and trained for what, the minutes of the visit: each read once for everybody."""
    made = {}
    for kind, count in (("clinician", clinicians), ("room", clinicians), ("device", clinicians), ("bay", clinicians)):
        for number in range(count):
            user = make_user(f"{kind}{number}", "clinician") if kind == "clinician" else None
            fields = {"device_kind": "pen"} if kind == "device" else {}
            one = Resource.objects.create(site=site, kind=kind, name=f"{kind} {number}", user=user, **fields)
            made.setdefault(kind, []).append(one)
            ResourceHours.objects.bulk_create(
                ResourceHours(resource=one, weekday=day, opens=dt.time(8), closes=dt.time(18)) for day in range(7)
            )
    for device in made["device"]:
        DeviceUse.objects.create(device=device, clinician=made["clinician"][0])
    NumbingTime.objects.create(site=site, product="Numbing cream", minutes=60)
    plan.numbing = "Numbing cream"
    first_day = timezone.now().date() + dt.timedelta(days=3)
    start = dt.datetime.combine(first_day, dt.time(9), tzinfo=dt.UTC)
    for number in range(visits):
        times = {"starts_at": start + dt.timedelta(hours=number * 7)}
        times["ends_at"] = times["starts_at"] + dt.timedelta(minutes=50)
        who = made["clinician"][number % clinicians]
        visit = Booking.objects.create(
            site=site, patient=plan.patient, kind="review", clinician=who, created_by=desk, request_key=f"q{number}", **times
        )
        Hold.objects.create(booking=visit, resource=who, subject=f"r{who.pk}", **times)
    with django_assert_max_num_queries(10):
        places = free_times(site=site, kind="session", first_day=first_day, days=DAYS, patient=plan.patient, plan=plan)
    assert places
