"""A signed record turned into plain values, at one place. What comes out knows no database."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import translation

from protocols.knowledge import knowledge_of

from .models import Booking, TreatmentSession


@dataclass(frozen=True)
class ZoneDone:
    zone: str  # id of the protocol
    label: str
    depth_mm: Decimal
    passes: int | None
    endpoint: str  # the protocol's words


@dataclass(frozen=True)
class ZoneLeftOut:
    zone: str
    label: str
    why: str  # in staff words
    because: tuple[str, ...]  # ids of the planner's findings, empty where the session left it out
    until: date | None


@dataclass(frozen=True)
class AdjuvantUsed:
    id: str  # id of the protocol
    label: str
    product: str
    lot: str


@dataclass(frozen=True)
class Correction:
    number: int
    text: str
    reason: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True)
class NextBooking:
    starts_at: datetime
    kind: str  # Booking.Kind
    session_number: int | None
    clinician: str


@dataclass(frozen=True)
class RecordFacts:
    """One session as it was recorded. All datetimes are aware; `treated_on` is the day at the site."""

    session_pk: int
    record_version: int  # 1 as signed, counted up by each correction
    is_signed: bool
    is_demo: bool
    patient_pk: int
    patient_number: int
    patient_name: str  # "RAHMAN, Nadia"
    surname: str
    given: str
    preferred_name: str
    birth_date: date
    phototype: int | None
    site_pk: int
    protocol_version: str
    protocol_sha256: str
    planner_version: str
    plan_number: int
    session_number: int
    sessions_count: int
    clinician: str
    treated_on: date
    started_at: datetime
    ended_at: datetime | None
    zones_done: tuple[ZoneDone, ...]
    zones_left_out: tuple[ZoneLeftOut, ...]
    device_kind: str  # pen | roller
    device_name: str
    device_brand: str  # empty = not listed
    needle_lot: str
    needle_expires_on: date | None
    numbing: str  # product, empty = none used
    adjuvants: tuple[AdjuvantUsed, ...]
    reaction: str  # TreatmentSession.Reaction, empty = not recorded
    reaction_note: str
    next_booking: NextBooking | None
    corrections: tuple[Correction, ...]

    @property
    def deepest_mm(self) -> Decimal | None:
        """The deepest setting used, which picks the downtime band; None where no zone was treated."""
        return max((zone.depth_mm for zone in self.zones_done), default=None)


def with_facts(sessions):
    """*sessions* with all that `record_facts` reads but the next booking, so that a conversion asks for nothing else."""
    return sessions.select_related(
        "patient", "clinician", "device", "plan__protocol_version", "booking__site", "booking__device"
    ).prefetch_related("zones", "corrections__made_by")


def record_version(session: TreatmentSession) -> int:
    """1 as signed, one more for each correction."""
    return 1 + len(session.corrections.all())


def zones_left_out(session: TreatmentSession) -> tuple[ZoneLeftOut, ...]:
    """What the plan left out, then what the session did."""
    findings = {finding["id"]: finding for finding in session.plan.proposal.get("findings", ())}
    labels = _zone_labels(session)
    left_out = []
    for row in session.plan.proposal.get("zones_excluded", ()):
        because = tuple(row.get("because", ()))
        reasons = [findings[name].get("reason", "") for name in because if name in findings]
        until = row.get("until")
        left_out.append(
            ZoneLeftOut(
                zone=row["zone"],
                label=labels.get(row["zone"], row["zone"]),
                why=" ".join(filter(None, reasons)) or "Left out in the plan",
                because=because,
                until=date.fromisoformat(until) if until else None,
            )
        )
    for zone in session.zones.all():
        if zone.state == zone.State.NOT_TREATED:
            left_out.append(ZoneLeftOut(zone=zone.zone, label=zone.zone_label, why=reason_words(zone), because=(), until=None))
    return tuple(left_out)


def reason_words(zone) -> str:
    """The reason of a deviation with its note: `Pain`, or `Pain: stopped halfway`; for "other" the note alone."""
    if zone.reason == zone.Reason.OTHER:
        return zone.note
    with translation.override("en-gb"):  # signed for, and printed
        label = str(zone.get_reason_display()) if zone.reason else ""
    return f"{label}: {zone.note}" if label and zone.note else label


def next_booking(session: TreatmentSession) -> NextBooking | None:
    """The patient's next live visit after this one ended."""
    row = (
        Booking.objects.filter(
            patient=session.patient_id,
            status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED),
            starts_at__gt=session.ended_at or session.started_at,
        )
        .select_related("clinician")
        .order_by("starts_at", "pk")
        .first()
    )
    if row is None:
        return None
    return NextBooking(starts_at=row.starts_at, kind=row.kind, session_number=row.session_number, clinician=row.clinician.name)


def record_facts(session: TreatmentSession) -> RecordFacts:
    """Return *session* as plain values. Load it through `with_facts` where many are converted."""
    patient, plan, site = session.patient, session.plan, session.booking.site
    device = session.device
    return RecordFacts(
        session_pk=session.pk,
        record_version=record_version(session),
        is_signed=session.is_signed,
        is_demo=patient.is_demo or site.is_demo or plan.protocol_version.is_demo,
        patient_pk=patient.pk,
        patient_number=patient.number,
        patient_name=str(patient),
        surname=patient.surname,
        given=patient.given,
        preferred_name=patient.preferred_name,
        birth_date=patient.birth_date,
        phototype=patient.phototype,
        site_pk=site.pk,
        protocol_version=plan.protocol_version.version,
        protocol_sha256=plan.protocol_version.sha256,
        planner_version=plan.planner_version,
        plan_number=plan.number,
        session_number=session.session_number,
        sessions_count=plan.sessions_count,
        clinician=session.clinician.display_name,
        treated_on=session.day,
        started_at=session.started_at,
        ended_at=session.ended_at,
        zones_done=tuple(
            ZoneDone(zone=zone.zone, label=zone.zone_label, depth_mm=zone.done_depth_mm, passes=zone.passes, endpoint=zone.endpoint)
            for zone in session.zones.all()
            if zone.state == zone.State.DONE
        ),
        zones_left_out=zones_left_out(session),
        device_kind=device.device_kind if device else plan.device_kind,
        device_name=device.name if device else "",
        device_brand=device.device_brand if device else "",
        needle_lot=session.needle_lot,
        needle_expires_on=session.needle_expires_on,
        numbing=session.numbing,
        adjuvants=tuple(
            AdjuvantUsed(id=row["id"], label=row.get("label", row["id"]), product=row.get("product", ""), lot=row.get("lot", ""))
            for row in session.adjuvants
            if row.get("used", True)
        ),
        reaction=session.reaction,
        reaction_note=session.reaction_note,
        next_booking=next_booking(session),
        corrections=tuple(
            Correction(number=row.number, text=row.text, reason=row.reason, made_by=row.made_by.display_name, made_at=row.made_at)
            for row in session.corrections.all()
        ),
    )


def _zone_labels(session: TreatmentSession) -> dict[str, str]:
    return {zone.id: zone.short_label for zone in knowledge_of(session.plan.protocol_version).zones.values()}
