"""A clinic with a diary: resources, a plan, bookings of today."""

import datetime as dt
from itertools import count

import pytest
from django.utils import timezone

from patients.models import Patient
from plans.models import Consultation
from plans.tests.rows import plan_with
from protocols.models import ProtocolVersion
from sessions.models import Booking, Resource

_keys = count()


@pytest.fixture
def now():
    """Noon of today on the clinic's clock, so that every offset of a test stays within the day."""
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def column(site, clinician):
    return Resource.objects.create(site=site, kind="clinician", name="Dr Amara Osei", user=clinician)


@pytest.fixture
def other_column(site, make_user):
    return Resource.objects.create(site=site, kind="clinician", name="Elin Berg", user=make_user("elin", "clinician", last_name="Berg"))


@pytest.fixture
def person(site):
    def make(surname, given="Ada", **fields):
        return Patient.objects.create(
            number=50000 + next(_keys), site=site, surname=surname, given=given, birth_date=dt.date(1980, 5, 6), **fields
        )

    return make


@pytest.fixture
def version(db):
    return ProtocolVersion.objects.create(version="test", document="{}", sha256="0" * 64)


@pytest.fixture
def plan_of(site, clinician, version):
    def make(patient, sessions=4, zones=(), *, plan_number=1, accepted_by=clinician, **fields):
        consultation = Consultation.objects.create(
            patient=patient, site=site, clinician=clinician, visit_date=dt.date(2026, 1, 5), protocol_version=version, status="planned"
        )
        return plan_with(
            zones, patient=patient, consultation=consultation, number=plan_number, protocol_version=version, planner_version="1",
            case={}, proposal={}, device_kind="pen", sessions_count=sessions,
            interval_weeks_min=4, interval_weeks_typical=4, interval_weeks_max=8, downtime_days_min=0, downtime_days_max=2,
            accepted_by=accepted_by, accepted_at=timezone.now(), **fields,
        )  # fmt: skip

    return make


@pytest.fixture
def book(site, desk, column, now):
    def make(patient, minutes, status="booked", *, kind="consultation", clinician=None, plan=None, number=None, **fields):
        starts_at = now + dt.timedelta(minutes=minutes)
        return Booking.objects.create(
            site=site, patient=patient, plan=plan, kind=kind, session_number=number, status=status, starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(minutes=45), clinician=clinician or column, created_by=desk,
            request_key=f"test-{next(_keys)}", **fields,
        )  # fmt: skip

    return make
