"""Rows turned into what a sheet is made from. All queries of a sheet are here."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils import timezone

from protocols import documents
from protocols.models import ProtocolVersion
from sessions.conversion import record_facts
from sessions.models import Booking, TreatmentSession

from .content import SheetContent, content
from .facts import Approval, LeftOut, Medicine, NextVisit, RecordFacts, SheetCannotBeMade, SheetFacts, SiteFacts, Treated, UsedProduct
from .medicines import classes_of
from .models import Sheet


@dataclass(frozen=True)
class Pack:
    """The document of one protocol version. It was checked whole when it was loaded."""

    document: dict[str, Any]


@lru_cache(maxsize=4)
def _pack(sha256: str, pk: int) -> Pack:
    text = ProtocolVersion.objects.values_list("document", flat=True).get(pk=pk)
    if documents.sha256(text) != sha256:
        raise SheetCannotBeMade("The protocol was changed outside the clinic's own screens. Restore it from a backup, then make it again.")
    return Pack(json.loads(text))


def pack_of(version: ProtocolVersion) -> Pack:
    """Parsed once per process and version: an approved document never changes."""
    return _pack(version.sha256, version.pk)


def approval_of(version: ProtocolVersion) -> Approval:
    """A version that was retired since stays the one the treatment was done by."""
    return Approval(
        version=version.version,
        approved_by=version.approved_by.display_name if version.approved_by else "",
        approved_on=timezone.localtime(version.approved_at).date() if version.approved_at else None,
        next_review_on=version.next_review_on,
        demo=version.is_demo,
    )


def facts_of(session: TreatmentSession, pack: Pack) -> RecordFacts:
    """The record as it was signed, with what the patient's file says about medicines and allergies."""
    record = record_facts(session)
    return RecordFacts(
        name=f"{record.given} {record.surname}".strip(),
        birth_date=record.birth_date,
        session_number=record.session_number,
        sessions_planned=record.sessions_count,
        clinician=record.clinician,
        ended_at=record.ended_at,
        treated=tuple(Treated(zone.zone, zone.depth_mm) for zone in record.zones_done),
        left_out=tuple(
            LeftOut(zone.zone, zone.because, "" if zone.because else zone.why)
            for zone in record.zones_left_out
            if zone.zone not in {done.zone for done in record.zones_done}
        ),
        device=record.device_kind,
        needle_lot=record.needle_lot,
        needle_expires_on=record.needle_expires_on,
        numbing=record.numbing,
        numbing_allergy=_numbing_allergy(session, pack),
        products=tuple(UsedProduct(used.id, used.product, used.lot) for used in record.adjuvants),
        medicines=tuple(
            Medicine(row.name, classes_of(row.name, row.answered_class, pack.document))
            for row in session.patient.medications.filter(stopped_on=None)
        ),
        next_visit=_next_visit(session),
    )


def _numbing_allergy(session: TreatmentSession, pack: Pack) -> str:
    """The allergy, as written, that the protocol counts as one to numbing."""
    words = [
        word.casefold()
        for entry in pack.document["allergens"]["list"]
        if "anaesthetic_allergy" in entry["leads_to"]
        for word in entry["words"]
    ]
    for allergy in session.patient.allergies.all():
        if any(word in allergy.substance.casefold() for word in words):
            return allergy.substance
    return ""


def _next_visit(session: TreatmentSession) -> NextVisit | None:
    visit = (
        Booking.objects.filter(
            patient=session.patient_id,
            starts_at__gt=session.ended_at,
            status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED),
        )
        .select_related("clinician")
        .order_by("starts_at", "pk")
        .first()
    )
    if visit is None:
        return None
    return NextVisit(visit.kind, visit.starts_at, visit.ends_at, visit.clinician.name, visit.session_number)


def content_of(sheet: Sheet) -> SheetContent:
    """
    Return what stands on *sheet*.

    Raises:
        SheetCannotBeMade: with the reason in plain words.
    """
    session = TreatmentSession.objects.select_related(
        "patient", "plan__protocol_version__approved_by", "booking__site", "clinician", "device"
    ).get(pk=sheet.session_id)
    version, site = session.plan.protocol_version, session.booking.site
    pack = pack_of(version)
    return content(
        facts_of(session, pack),
        pack,
        site=SiteFacts(
            clinic=site.name,
            address=site.address,
            phone=site.phone,
            phone_hours=site.phone_hours,
            emergency_number=site.emergency_number,
            country=site.country,
            time_zone=site.time_zone,
        ),
        approval=approval_of(version),
        sheet=SheetFacts(sheet.number, sheet.record_version, sheet.variant),
        language=sheet.language,
    )
