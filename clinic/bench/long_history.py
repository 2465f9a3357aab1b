"""One patient with years behind them: what the timeline has to page through. Written in bulk, past the services."""

import datetime as dt
import hashlib
import uuid

from django.utils import timezone

from accounts.models import User
from aftercare.models import Sheet
from consent.models import PhotoPermission
from outcomes.models import OutcomeAnswer
from photos.models import Photo
from photos.standard_views import View
from plans.models import Consultation, PlanZone, TreatmentPlan
from sessions.models import Booking, Resource, SessionCorrection, SessionZone, TreatmentSession

SESSIONS, PHOTOS = 500, 2000
A_COURSE = 5  # sessions
A_DAY = dt.timedelta(days=1)


def fill(like: TreatmentPlan, *, by: User, sessions: int = SESSIONS, photos: int = PHOTOS) -> None:
    """
    Give the patient of *like* earlier courses as that one: *sessions* recorded sessions with their zones, a sheet, a correction and an
    answer on a scale each, some visits that were missed, and *photos* rows of photos, whose files are not there.
    """
    patient, now = like.patient, timezone.now()
    who = Resource.objects.filter(site=patient.site, kind=Resource.Kind.CLINICIAN).order_by("pk")[0]
    first = like.number + 1
    plans = [_course(like, first + number, now - A_DAY * 7 * (sessions - number * A_COURSE)) for number in range(-(-sessions // A_COURSE))]
    visit = {"site": patient.site, "patient": patient, "clinician": who, "created_by": by, "created_at": now}
    bookings, missed = [], []
    for number in range(sessions):
        starts = now - A_DAY * 7 * (sessions - number)
        plan = plans[number // A_COURSE]
        of = {"plan": plan, "kind": "session", "session_number": number % A_COURSE + 1}
        times = {"starts_at": starts, "ends_at": starts + dt.timedelta(minutes=50)}
        bookings.append(Booking(status="done", **visit, **of, **times, request_key=f"long-{patient.pk}-{number}"))
        if number % 5 == 0:
            times = {"starts_at": starts - A_DAY, "ends_at": starts - A_DAY + dt.timedelta(minutes=50)}
            missed.append(Booking(status="missed", **visit, kind="review", **times, request_key=f"long-{patient.pk}-missed-{number}"))
    Booking.objects.bulk_create([*bookings, *missed], batch_size=200)
    records = TreatmentSession.objects.bulk_create(
        [
            TreatmentSession(
                booking=row, patient=patient, plan=row.plan, session_number=row.session_number, clinician=by,
                started_at=row.starts_at, ended_at=row.ends_at, reaction="none", note="Long enough to be worth leaving where it is. " * 20,
            )
            for row in bookings
        ],
        batch_size=200,
    )  # fmt: skip
    zones = {plan.pk: list(plan.zones.all()) for plan in plans}
    SessionZone.objects.bulk_create(
        [
            SessionZone(
                session=record, plan_zone=zone, position=zone.position, zone=zone.zone, zone_label=zone.zone_label,
                planned_depth_mm=zone.depth_mm, ceiling_mm=zone.max_depth_mm, planned_passes=zone.passes_typical,
                planned_endpoint=zone.endpoint, state="done", done_depth_mm=zone.depth_mm, passes=zone.passes_typical,
                endpoint=zone.endpoint,
            )
            for record in records
            for zone in zones[record.plan_id]
        ],
        batch_size=400,
    )  # fmt: skip
    Sheet.objects.bulk_create(
        [Sheet(session=row, record_version=1, variant="A4", requested_at=row.ended_at, state="requested") for row in records],
        batch_size=200,
    )
    SessionCorrection.objects.bulk_create(
        [
            SessionCorrection(
                session=row, number=1, text="The left side was done first", reason="Left out", made_by=by, made_at=row.ended_at + A_DAY,
                request_key=f"long-{row.pk}", sha256=hashlib.sha256(str(row.pk).encode()).hexdigest(),
            )
            for row in records
        ],
        batch_size=200,
    )  # fmt: skip
    OutcomeAnswer.objects.bulk_create(
        [
            OutcomeAnswer(
                patient=patient, site=patient.site, protocol_version=like.protocol_version, indication="acne_scars",
                indication_label="Acne scars", kind="severity", moment="review", rater="clinician", scale="Grades", value=row.pk % 4 + 1,
                words=str(row.pk % 4 + 1), lowest=1, highest=4, is_ordered=True, rated_on=row.started_at.date(), recorded_by=by,
                recorded_at=row.ended_at, request_key=str(uuid.uuid4()),
            )
            for row in records
        ],
        batch_size=200,
    )  # fmt: skip
    files = {
        f"{size}_{what}": "0" * 64 if what == "sha256" else "none" for size in ("full", "screen", "thumb") for what in ("file", "sha256")
    }
    Photo.objects.bulk_create(
        [
            Photo(
                patient=patient, site=patient.site, occasion="review", area="face", area_label="Face", view=View.values[number % 5],
                taken_at=now - A_DAY * 7 * sessions * number / photos, way="file", light="lamp", distance_cm=60, make_up=False, width=1600,
                height=1200, original_kind="jpeg", original_bytes=1, original_sha256="0" * 64, added_by=by, added_at=now,
                request_key=f"long-{patient.pk}-{number}", **files,
            )
            for number in range(photos)
        ],
        batch_size=200,
    )  # fmt: skip
    PhotoPermission.objects.bulk_create(
        [
            PhotoPermission(
                patient=patient, use="record", allowed=True, language="en", question="May we?", said_by="The patient",
                recorded_by=by, at=now - A_DAY * 70 * number, request_key=f"long-{patient.pk}-{number}",
            )
            for number in range(30)
        ],
    )  # fmt: skip


def _course(like: TreatmentPlan, number: int, accepted_at: dt.datetime) -> TreatmentPlan:
    """A course that was finished, with the zones of *like*."""
    zones = list(like.zones.all())
    consultation = Consultation.objects.get(pk=like.consultation_id)
    consultation.pk, consultation._state.adding = None, True
    consultation.save()
    plan = TreatmentPlan.objects.get(pk=like.pk)
    plan.pk, plan._state.adding, plan.consultation, plan.supersedes = None, True, consultation, None
    plan.number, plan.status, plan.accepted_at, plan.sessions_count = number, TreatmentPlan.Status.WRITING, accepted_at, A_COURSE
    plan.save()
    for zone in zones:
        zone.pk, zone._state.adding, zone.plan = None, True, plan
    PlanZone.objects.bulk_create(zones)
    for status in (TreatmentPlan.Status.ACCEPTED, TreatmentPlan.Status.COMPLETED):
        TreatmentPlan.objects.filter(pk=plan.pk).update(status=status)
    plan.status = TreatmentPlan.Status.COMPLETED
    return plan
