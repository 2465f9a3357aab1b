import datetime as dt
import json

import pytest
from django.utils import timezone

from aftercare.tests.signed_record import pack, signed
from protocols import documents
from protocols.models import ProtocolVersion
from sessions.models import Booking

from .rows import price_list_of


@pytest.fixture
def plan(site, clinician):
    """A plan in force: forehead and cheeks, four sessions."""
    return signed(site, clinician).plan


@pytest.fixture
def patient(plan):
    return plan.patient


@pytest.fixture
def prices(site, clinician):
    return price_list_of(site, by=clinician)


@pytest.fixture
def worded(plan, clinician):
    """The plan under a version that has its words before a visit: approved, and another took its place since."""
    mapping = {**pack(), **documents.read_pack(documents.ADDITIONS / "before_visit.yaml")}
    document = documents.canonical(mapping)
    version = ProtocolVersion.objects.create(
        version="2026.9", document=document, sha256=documents.sha256(document), status="retired", approved_by=clinician,
        approved_at=timezone.now(), is_demo=True, next_review_on=dt.date(2027, 9, 2),
    )  # fmt: skip
    assert "before_visit" in json.loads(document)
    plan.protocol_version = version  # of the object alone: an accepted plan is never changed
    return plan


@pytest.fixture
def visit(worded):
    """Session 2, three weeks from now."""
    return booking_of(worded, timezone.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=21))


def booking_of(plan, starts_at, number=2) -> Booking:
    first = plan.bookings.first()
    made = Booking.objects.create(
        site=first.site, patient=plan.patient, plan=plan, kind="session", session_number=number, status="booked", starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=1), clinician=first.clinician, created_by=first.created_by, request_key=f"papers-{number}",
    )  # fmt: skip
    made.plan = plan
    return made
