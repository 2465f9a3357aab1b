"""Signed records to make sheets from. The people and lots are invented; the protocol is the packaged one, approved."""

import datetime as dt
import itertools
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone

from patients.models import Patient
from plans.models import Consultation
from plans.tests.rows import plan_with
from protocols import documents
from protocols.models import ProtocolVersion
from sessions.models import Booking, Resource, SessionZone, TreatmentSession
from tests import made

ENDED = dt.datetime(2026, 11, 17, 11, 40, tzinfo=dt.UTC)
_numbers = itertools.count(30001)


@lru_cache
def pack() -> dict:
    """Parsed once for all tests: copy it before changing it."""
    return made.pack()


@lru_cache
def _document() -> tuple[str, str]:
    document = documents.canonical(pack())
    return document, documents.sha256(document)


def version(by, *, approved: bool = True) -> ProtocolVersion:
    document, sha256 = _document()
    fields = {"document": document, "sha256": sha256}
    if approved:
        fields |= {"status": "approved", "approved_by": by, "approved_at": ENDED - dt.timedelta(days=76), "is_demo": True}
        fields["next_review_on"] = dt.date(2027, 9, 2)
    return ProtocolVersion.objects.get_or_create(version="2026.1" if approved else "2026.2-draft", defaults=fields)[0]


def signed(
    site,
    clinician,
    *,
    patient=None,
    zones=(("forehead", "0.5"), ("cheeks", "1")),
    left_out=(),
    ended_at=ENDED,
    approved=True,
    surname="Rahman",
    given="Nadia",
    **fields,
) -> TreatmentSession:
    """A record signed by *clinician*, with *zones* done as (zone, depth in mm) and *left_out* as (zone, reason, note)."""
    number = next(_numbers)
    patient = patient or Patient.objects.create(
        number=number,
        site=site,
        surname=surname,
        given=given,
        birth_date=dt.date(1991, 3, 4),
        surname_key=surname.lower(),
        given_key=given.lower(),
    )
    protocol = version(clinician, approved=approved)
    consultation = Consultation.objects.create(
        patient=patient, site=site, clinician=clinician, status="planned", visit_date=ended_at.date(), protocol_version=protocol
    )
    rows = [(zone, Decimal(depth), "", "") for zone, depth in zones] + [(zone, None, reason, note) for zone, reason, note in left_out]
    agreed = [
        {
            "zone": zone,
            "zone_label": zone,
            "indication": "acne_scars",
            "level": "grade_2",
            **dict.fromkeys(("depth_mm", "proposed_depth_mm", "min_depth_mm", "max_depth_mm"), depth or Decimal("0.5")),
            "passes_min": 1,
            "passes_typical": 2,
            "passes_max": 3,
            "endpoint": "even redness",
        }
        for zone, depth, _, _ in rows
    ]
    plan = plan_with(
        agreed,
        patient=patient,
        consultation=consultation,
        number=1,
        protocol_version=protocol,
        planner_version="test",
        case={},
        proposal={},
        device_kind="pen",
        sessions_count=4,
        interval_weeks_min=4,
        interval_weeks_typical=4,
        interval_weeks_max=8,
        downtime_days_min=1,
        downtime_days_max=2,
        accepted_by=clinician,
        accepted_at=timezone.now(),
    )
    person = Resource.objects.get_or_create(site=site, kind="clinician", name="Dr Amara Osei")[0]
    booking = Booking.objects.create(
        site=site,
        patient=patient,
        plan=plan,
        kind="session",
        session_number=1,
        status="done",
        starts_at=ended_at - dt.timedelta(hours=1),
        ends_at=ended_at,
        clinician=person,
        created_by=clinician,
        request_key=f"sheet-test-{number}",
    )
    session = TreatmentSession.objects.create(
        booking=booking,
        patient=patient,
        plan=plan,
        session_number=1,
        clinician=clinician,
        started_at=ended_at - dt.timedelta(hours=1),
        ended_at=ended_at,
        **{"needle_lot": "B24-0917", "needle_expires_on": dt.date(2028, 3, 31), **fields},
    )
    for position, (plan_zone, (zone, depth, reason, note)) in enumerate(zip(plan.zones.order_by("position"), rows, strict=True), 1):
        planned = depth or Decimal("0.5")
        SessionZone.objects.create(
            session=session,
            plan_zone=plan_zone,
            position=position,
            zone=zone,
            zone_label=zone,
            planned_depth_mm=planned,
            ceiling_mm=planned,
            planned_passes=2,
            planned_endpoint="even redness",
            state="done" if depth else "not_treated",
            done_depth_mm=depth,
            reason=reason,
            note=note,
        )
    TreatmentSession.objects.filter(pk=session.pk).update(
        status="signed", signed_by=clinician, signed_at=ended_at, signed_content="{}", signed_sha256="0" * 64
    )
    return TreatmentSession.objects.select_related("booking__site", "patient", "plan").get(pk=session.pk)
