"""The rows a new record begins with, whether it is begun at the visit or on a later day."""

from ..models import Booking, SessionZone, TreatmentSession
from .terms import ceiling_mm, zone_word


def for_opening(booking: Booking) -> Booking:
    """The visit as it stands, taken for this transaction."""
    rows = Booking.objects.select_for_update(of=("self",))
    return rows.select_related("plan__protocol_version", "patient", "device", "site", "clinician__user").get(pk=booking.pk)


def open_record(booking: Booking, **fields) -> TreatmentSession:
    """The record of *booking* with its plan's zones, none of them recorded. fields: who treats, when, and how it is entered."""
    plan, device = booking.plan, booking.device
    if device is not None and device.device_kind != plan.device_kind:
        device = None
    session = TreatmentSession.objects.create(
        booking=booking,
        patient=booking.patient,
        plan=plan,
        session_number=booking.session_number or 1 + plan.records.filter(status=TreatmentSession.Status.SIGNED).count(),
        device=device if device is None or device.is_active or "entered_at" in fields else None,
        gap_reason=booking.gap_reason,
        gap_by=booking.gap_by,
        gap_at=booking.gap_at,
        **fields,
    )
    SessionZone.objects.bulk_create(
        SessionZone(
            session=session,
            plan_zone=zone,
            position=zone.position,
            zone=zone.zone,
            zone_label=zone_word(plan, zone.zone, zone.zone_label),
            planned_depth_mm=zone.depth_mm,
            ceiling_mm=max(ceiling_mm(plan, zone), zone.depth_mm),
            planned_passes=zone.passes_typical,
            planned_endpoint=zone.endpoint,
        )
        for zone in plan.zones.all()
    )
    return session
