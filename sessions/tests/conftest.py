"""A small diary: two clinicians, two rooms, a pen, and a plan of four sessions. Shared by the tests of this app."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def diary(site, clinician, make_user):
    from sessions.models import Resource, ResourceHours

    class Diary:
        def __init__(self):
            self.site = site
            self.zone = LONDON
            self.osei = self.add("clinician", "Dr Amara Osei", user=clinician)
            self.berg = self.add("clinician", "Elin Berg", user=make_user("elin", "clinician", last_name="Berg"))
            self.room1 = self.add("room", "Room 1")
            self.room2 = self.add("room", "Room 2")
            self.pen = self.add("device", "Powered pen A", device_kind="pen")
            self.pen2 = self.add("device", "Powered pen B", device_kind="pen")

        def add(self, kind, name, **fields):
            resource = Resource.objects.create(site=site, kind=kind, name=name, **fields)
            ResourceHours.objects.bulk_create(
                ResourceHours(resource=resource, weekday=weekday, opens=dt.time(9), closes=dt.time(17)) for weekday in range(5)
            )
            return resource

        def monday(self, weeks: int = 1) -> dt.date:
            """A Monday at least *weeks* whole weeks from today."""
            today = timezone.now().astimezone(LONDON).date()
            return today + dt.timedelta(days=7 * weeks + (7 - today.weekday()) % 7)

        def at(self, day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
            return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=LONDON).astimezone(dt.UTC)

        def key(self) -> str:
            return uuid.uuid4().hex

    return Diary()


@pytest.fixture
def make_plan(clinician):
    from plans.models import Consultation
    from plans.tests.rows import plan_with
    from protocols.models import ProtocolVersion

    def make(patient, *, number=1, sessions=4, weeks=(4, 4, 8), review_days=28, **fields):
        version, _ = ProtocolVersion.objects.get_or_create(version="test", defaults={"document": "{}", "sha256": "0" * 64})
        consultation = Consultation.objects.create(
            patient=patient,
            site=patient.site,
            clinician=clinician,
            status="planned",
            visit_date=timezone.localdate(),
            protocol_version=version,
        )
        first = dt.date(2026, 1, 5)
        last = first + dt.timedelta(weeks=weeks[1] * (sessions - 1))
        course = {"dates": [first.isoformat(), last.isoformat()], "review": (last + dt.timedelta(days=review_days)).isoformat()}
        zone = {
            "zone": "cheeks",
            "zone_label": "Cheeks",
            "indication": "acne_scars",
            "level": "grade_2",
            "depth_mm": "1",
            "proposed_depth_mm": "1",
            "min_depth_mm": "0.5",
            "max_depth_mm": "1.5",
            "passes_min": 1,
            "passes_typical": 2,
            "passes_max": 3,
            "endpoint": "even redness",
        }
        return plan_with(
            [zone],
            **{
                "patient": patient,
                "consultation": consultation,
                "number": number,
                "protocol_version": version,
                "planner_version": "test",
                "case": {},
                "proposal": {"course": course if review_days else {}},
                "device_kind": "pen",
                "sessions_count": sessions,
                "interval_weeks_min": weeks[0],
                "interval_weeks_typical": weeks[1],
                "interval_weeks_max": weeks[2],
                "downtime_days_min": 1,
                "downtime_days_max": 2,
                "accepted_by": clinician,
                "accepted_at": timezone.now(),
                **fields,
            },
        )

    return make


@pytest.fixture
def plan(make_plan, patient):
    return make_plan(patient)


@pytest.fixture
def make_patient(site):
    from patients.models import Patient

    numbers = iter(range(20001, 30000))

    def make(surname="Okafor", given="Chidi", **fields):
        number = next(numbers)
        fields = {"birth_date": dt.date(1988, 7, 9), "phone": f"020 7946 {number % 10000:04}", **fields}
        return Patient.objects.create(number=number, site=site, surname=surname, given=given, **fields)

    return make


@pytest.fixture
def book(diary, desk, patient):
    """`book(starts_at, **fields)` with everything named: no role is left to be filled."""
    from sessions.services.booking import book as make

    def one(starts_at, **fields):
        defaults = {
            "patient": patient,
            "kind": "session",
            "clinician": diary.osei,
            "room": diary.room1,
            "device": diary.pen if fields.get("kind", "session") == "session" else None,
            "by": desk,
            "request_key": diary.key(),
        }
        return make(starts_at=starts_at, **{**defaults, **fields})

    return one
