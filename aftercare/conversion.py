"""Rows turned into what a sheet is made from. All queries of a sheet are here."""

from accounts.models import ClinicSettings, Site
from planner.knowledge import Knowledge
from planner.words import tokens
from protocols.documents import sha256
from protocols.knowledge import DocumentChanged, knowledge_of
from protocols.models import ProtocolVersion
from sessions.conversion import record_facts
from sessions.models import Booking, TreatmentSession

from .content import SheetContent, content
from .facts import (
    Approval,
    LeftOut,
    Medicine,
    NextVisit,
    RecordFacts,
    SheetCannotBeMade,
    SheetFacts,
    SiteFacts,
    TranslationFacts,
    Treated,
    UsedProduct,
)
from .models import PhoneHours, Sheet, SheetTranslation

ENGLISH = "en"


def knowledge_for(version: ProtocolVersion) -> Knowledge:
    """Parsed once per process and version."""
    try:
        return knowledge_of(version)
    except DocumentChanged as error:
        raise SheetCannotBeMade(
            "The protocol was changed outside the clinic's own screens. Restore it from a backup, then make it again."
        ) from error


def approval_of(version: ProtocolVersion, site: Site) -> Approval:
    """A version that was retired since stays the one the treatment was done by."""
    return Approval(
        version=version.version,
        approved_by=version.approved_by.display_name if version.approved_by else "",
        approved_on=site.day_of(version.approved_at) if version.approved_at else None,
        next_review_on=version.next_review_on,
        demo=version.is_demo,
    )


def facts_of(session: TreatmentSession, knowledge: Knowledge) -> RecordFacts:
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
        numbing_allergy=_numbing_allergy(session, knowledge),
        products=tuple(UsedProduct(used.id, used.product, used.lot) for used in record.adjuvants),
        medicines=tuple(
            Medicine(row.name, _classes(row.name, row.said_classes, knowledge))
            for row in session.patient.medications.filter(stopped_on=None)
        ),
        next_visit=_next_visit(session),
        phototype=record.phototype,
    )


def _classes(name: str, said: list[str] | None, knowledge: Knowledge) -> tuple[str, ...]:
    """Classes of a medicine: those of every name in it that the protocol knows, and what a clinician said it is."""
    found = knowledge.names.medicines.find(tokens(name))
    return tuple(dict.fromkeys([*(group for match in found for group in match.value.classes), *(said or ())]))


def _numbing_allergy(session: TreatmentSession, knowledge: Knowledge) -> str:
    """The allergy, as written, that the protocol counts as one to numbing."""
    for allergy in session.patient.allergies.all():
        found = knowledge.names.allergens.find(tokens(allergy.substance))
        if any("anaesthetic_allergy" in match.value.leads_to for match in found):
            return allergy.substance
    return ""


def _next_visit(session: TreatmentSession) -> NextVisit | None:
    visit = (
        Booking.objects.filter(
            patient=session.patient_id,
            starts_at__gt=session.ended_at,
            status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED),
        )
        .select_related("clinician", "site")
        .order_by("starts_at", "pk")
        .first()
    )
    if visit is None:
        return None
    times = (visit.on_site(visit.starts_at), visit.on_site(visit.ends_at))
    return NextVisit(visit.kind, *times, visit.clinician.name, visit.session_number, visit.site.address)


def _translation(sheet: Sheet, site: Site) -> TranslationFacts | None:
    """The words the sheet was asked for with, if they stand as they were approved."""
    row = sheet.translation
    if row is None:
        return None
    if row.status != SheetTranslation.Status.APPROVED:
        raise SheetCannotBeMade(f"The {row.get_language_display()} words were retired. Make the sheet again: it is then made in English.")
    if sha256(row.document) != row.sha256:
        raise SheetCannotBeMade(
            f"The {row.get_language_display()} words were changed outside the clinic's own screens. "
            "Restore them from a backup, then make it again."
        )
    return TranslationFacts(row.content, row.approved_by.display_name, site.day_of(row.approved_at))


def _phone_hours(site: Site, language: str) -> str:
    """In the language of the sheet or not at all: words that the patient cannot read help nobody, the number does."""
    if language == ENGLISH:
        return site.phone_hours
    return PhoneHours.objects.filter(site=site, language=language).values_list("words", flat=True).first() or ""


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
    knowledge = knowledge_for(version)
    clinic = ClinicSettings.objects.filter(pk=1).first()
    return content(
        facts_of(session, knowledge),
        knowledge,
        site=SiteFacts(
            clinic=clinic.name if clinic else site.name,
            address=site.address,
            phone=site.phone,
            phone_hours=_phone_hours(site, sheet.language),
            emergency_number=site.emergency_number,
            country=site.country,
            time_zone=site.time_zone,
        ),
        approval=approval_of(version, site),
        sheet=SheetFacts(sheet.number, sheet.record_version, sheet.paper, sheet.is_large),
        language=sheet.language,
        translation=_translation(sheet, site),
    )
