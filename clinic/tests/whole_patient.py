"""One patient with a row of every patient model, and one word in every field that takes text: what an erasure must leave nothing of."""

import datetime as dt
import json
import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone

from aftercare.models import HandOver, Sheet, SheetLink
from aftercare.services.files import name_of, part_name, sha256
from aftercare.tests.signed_record import signed
from audit import guards
from audit.patient_models import of_patients
from clinic.models import Recall, RecallContact
from consent import photos
from consent.models import Consent, ConsentItem, ConsentWithdrawal, PhotoPermission
from consent.services.withdrawing import withdraw
from consent.tests.signed import consented
from events.models import AdverseEvent, CallAcknowledgement, EventAddition, FollowUpCall
from followup.models import ContactChoice, OutboxText, Reminder, WaitingEntry
from intake.models import QuestionnaireResponse, ResponseItem
from outcomes.models import OutcomeAnswer
from outcomes.tests.answered import answered
from papers import storage as papers_storage
from papers.models import Quote
from papers.services import quoting
from papers.tests.rows import paper_of, quoted
from patients.models import Allergy, EmergencyOpening, Medication, Patient, PatientMerge, Procedure, ScreeningAnswer
from photos.models import PhotoSkip
from photos.tests.pictures import photo_of
from plans.models import Consultation, KeptCase, PlanCountersignature, PlanOverride
from protocols.models import ProtocolCase
from sessions.models import Hold, Lot, RecordCountersignature, SessionCorrection, SkinSeen, TubeCheck, UsedLot

PDF = b"%PDF-1.7 a sheet\n%%EOF"
# Looked up or compared by the database; nobody types into them.
NOT_TYPED = {
    "subject", "file", "sha256", "signed_sha256", "content", "strokes", "signature_svg",
    "removed_reason",  # only of one that was taken out, and it has it from the start
    *(f"{size}_{part}" for size in ("full", "screen", "thumb") for part in ("file", "sha256")),
}  # fmt: skip


def make(site, clinician, *, number=48213, marker="Zqmarkerx", ended_at=None, **fields) -> Patient:
    """*marker*: letters only, written into every text and document of every row of the patient."""
    now = ended_at or timezone.now()
    patient = Patient.objects.create(number=number, site=site, surname=marker, given=marker, birth_date=dt.date(1991, 3, 4), **fields)
    session = signed(site, clinician, patient=patient, ended_at=now)
    plan, by = session.plan, clinician
    Allergy.objects.create(patient=patient, substance=marker, recorded_by=by)
    taken_back = Allergy.objects.create(patient=patient, substance=f"{marker} again", recorded_by=by)
    Allergy.objects.filter(pk=taken_back.pk).update(removed_at=now, removed_by=by)
    Medication.objects.create(patient=patient, name=marker, recorded_by=by)
    Procedure.objects.create(patient=patient, what=marker, performed_on=now.date(), recorded_by=by)
    ScreeningAnswer.objects.create(patient=patient, question="q", protocol_version="x", answer=True, answered_at=now)
    EmergencyOpening.objects.create(
        patient=patient, user=by, reason=marker, opened_at=now, ends_at=now + dt.timedelta(hours=1), request_key=uuid.uuid4()
    )
    PatientMerge.objects.create(
        kept=Patient.objects.create(number=number + 500_000, site=site, surname="Apart", birth_date=dt.date(1991, 3, 4)),
        other=patient,
        merged_by=by,
        merged_at=now,
        reason=marker,
        before={"marker": marker},
        after={"marker": marker},
        request_key=uuid.uuid4(),
        undone_at=now,
        undone_by=by,
    )
    case = ProtocolCase.objects.create(name=f"{marker} {number}", case={"note": marker}, note=marker, created_by=by)
    KeptCase.objects.create(consultation=plan.consultation, case=case, kept_by=by)
    draft = Consultation.objects.create(
        patient=patient, site=site, clinician=by, status="closed", visit_date=now.date(), protocol_version=plan.protocol_version
    )
    Consultation.objects.filter(pk=draft.pk).update(saved_at=now)
    connection.check_constraints()  # PostgreSQL alters no table while foreign keys of this transaction wait to be checked
    with guards.suspended():
        PlanOverride.objects.create(plan=plan, field="sessions", proposed="4", chosen="5", reason="wish", made_by=by, made_at=now)
        RecordCountersignature.objects.create(
            session=session,
            number=1,
            role="prescriber",
            agreed=True,
            record_version=1,
            meaning=marker,
            words=marker,
            by=by,
            at=now,
            record_sha256="0",
            sha256="0",
        )
        PlanCountersignature.objects.create(plan=plan, role="medical_lead", agreed=True, reason=marker, by=by, at=now)
        connection.check_constraints()
    booking = session.booking
    sooner = {"gap_reason": marker, "gap_by": by, "gap_at": now, "gap_first_day": now.date()}
    type(booking).objects.filter(pk=booking.pk).update(**sooner)
    Hold.objects.create(
        booking=booking, patient=patient, subject=f"p{patient.pk}", starts_at=booking.starts_at, ends_at=booking.ends_at, is_live=False
    )
    SessionCorrection.objects.create(
        session=session, number=1, text=marker, reason=marker, made_by=by, made_at=now, request_key=str(uuid.uuid4()), sha256="0" * 64
    )
    SkinSeen.objects.create(session=session, healed="yes", dark_marks="no", seen_by=by, seen_at=now, request_key=str(uuid.uuid4()))
    connection.check_constraints()
    with guards.suspended("signed_lots_locked", "signed_tubes_locked"):
        TubeCheck.objects.create(session=session, adjuvant="prp", label=marker, key=marker, by=by, at=now)
        UsedLot.objects.create(session=session, kind="needle", place="needle", number=marker, key=marker, raw=marker, added_at=now)
        connection.check_constraints()
    lot = Lot.objects.filter(key="RECALLED").first() or Lot.objects.create(number="recalled", key="RECALLED", added_at=now, added_by=by)
    recall = Recall.objects.create(
        lot=lot, reason="Packs", letter="Ring us", ordered_at=now, ordered_by=by, request_key=str(uuid.uuid4()),
        lifted_at=now, lifted_by=by, lifted_reason="Cleared",
    )  # fmt: skip
    RecallContact.objects.create(
        recall=recall, patient=patient, status="reached", note=marker, at=now, by=by, request_key=str(uuid.uuid4())
    )
    sheet = Sheet.objects.create(session=session, record_version=1, variant="A4", requested_at=now)
    default_storage.save(name_of(sheet.pk), ContentFile(PDF + marker.encode()))
    default_storage.save(part_name(sheet.pk, 1), ContentFile(marker.encode()))
    Sheet.objects.filter(pk=sheet.pk).update(
        state="ready", file=name_of(sheet.pk), sha256=sha256(PDF + marker.encode()), finished_at=now, pages=1
    )
    HandOver.objects.create(sheet=sheet, to="companion", name=marker, at=now, by=by, request_key=str(uuid.uuid4()))
    SheetLink.objects.create(sheet=sheet, key=f"whole-{number}", page=marker, made_at=now, ends_at=now + dt.timedelta(days=30))
    consent = consented(plan, by=by)
    withdraw(patient, [consent.items.first()], said_by=marker, reason=marker, by=by)
    answered(plan, by=by, corrected=True)
    photos.answer(patient, {"record": True}, language="en", said_by=marker, by=by, request_key=f"whole-{number}")
    near = {"by": by, "allowed": False, "taken_at": now, "view": "close_up", "zone": marker}
    photo_of(patient, data=marker.encode(), session=session, **near)
    photo_of(patient, data=f"{marker} again".encode(), removed_at=now, removed_by=by, removed_reason=marker, **near)
    PhotoSkip.objects.create(patient=patient, session=session, reason="other", note=marker, said_by=by, at=now, request_key=marker)
    connection.check_constraints()
    with guards.suspended():
        for model, path, field in (
            (Consent, "patient", "signed_at"),
            (ConsentItem, "consent__patient", "signed_at"),
            (ConsentWithdrawal, "item__consent__patient", "at"),
            (PhotoPermission, "patient", "at"),
            (OutcomeAnswer, "patient", "recorded_at"),
        ):
            model.objects.filter(**{f"{path}__pk": patient.pk}).update(**{field: now})
        connection.check_constraints()
    form = QuestionnaireResponse.objects.create(
        patient=patient, site=site, protocol_version=plan.protocol_version, language="en", handed_by=by, handed_at=now,
        inputs={"note": marker}, asked=["q"], request_key=f"whole-{number}",
    )  # fmt: skip
    ResponseItem.objects.create(response=form, position=1, kind="question", code="q", inputs={"n": marker}, asked=marker, said=marker)
    ResponseItem.objects.filter(response=form).update(before=marker)
    QuestionnaireResponse.objects.filter(pk=form.pk).update(status="completed", sent_at=now)
    ContactChoice.objects.create(patient=patient)
    reminder = Reminder.objects.create(booking=booking, channel="sms", starts_at=booking.starts_at, state="sent", sent_at=now)
    OutboxText.objects.create(reminder=reminder, to=marker, words=marker)
    WaitingEntry.objects.create(
        site=site,
        patient=patient,
        kind="review",
        until=now.date(),
        note=marker,
        created_at=now,
        created_by=by,
        request_key=str(uuid.uuid4()),
    )
    call = FollowUpCall.objects.create(
        patient=patient, session=session, site=site, outcome="reached", protocol_version=plan.protocol_version, day=3, level="see_today",
        answer_by=now, at=now, by=by, request_key=str(uuid.uuid4()),
    )  # fmt: skip
    CallAcknowledgement.objects.create(call=call, decision=marker, at=now, by=by)
    event = AdverseEvent.objects.create(
        patient=patient, session=session, call=call, site=site, title=marker, onset_on=now.date(), description=marker, outcome="ongoing",
        opened_at=now, opened_by=by, request_key=str(uuid.uuid4()),
    )  # fmt: skip
    EventAddition.objects.create(event=event, kind="course", text=marker, at=now, by=by, request_key=str(uuid.uuid4()))
    quote = quoted(plan, by=by, key=f"whole-{number}")
    quoting.decline(quote, said_by=marker, note=marker, by=by)
    printed = PDF + f" paper {marker}".encode()
    paper_of(plan, quote=quote, by=by, name=papers_storage.write(printed), sha256=sha256(printed))
    connection.check_constraints()
    with guards.suspended():
        Quote.objects.filter(pk=quote.pk).update(given_at=now)
        connection.check_constraints()
    mark_everything(patient, marker)
    patient.refresh_from_db()
    return patient


def mark_everything(patient: Patient, marker: str) -> None:
    """*marker* into every text and document of every row, past what services and guards let through."""
    connection.check_constraints()
    with guards.suspended():
        for entry in of_patients():
            for row in entry.rows_of(patient.pk):
                values = {}
                for field in row._meta.concrete_fields:
                    if field.choices or field.name in NOT_TYPED or field.primary_key:
                        continue
                    if isinstance(field, models.JSONField):
                        values[field.name] = {"marker": [marker]}
                    elif isinstance(field, models.CharField | models.TextField):
                        text = f"{marker}{row.pk}"
                        values[field.name] = text[: field.max_length] if field.max_length else text
                if values:
                    type(row)._base_manager.filter(pk=row.pk).update(**values)
        connection.check_constraints()


def traces_of(marker: str) -> list[str]:
    """Where *marker* still stands: "table.column", "web session" or the name of a file. Reads every table of the database."""
    from importlib import import_module

    from django.conf import settings

    found, word = [], marker.casefold()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of the database's own
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found += [f"{table}.{column}" for column, value in zip(columns, row, strict=True) if word in str(value).casefold()]
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = store.rows() if hasattr(store, "rows") else store.model.objects
    for row in rows.all():
        data = store.decode(row.data if hasattr(row, "data") else row.session_data)
        if word in json.dumps(data, default=str, ensure_ascii=False).casefold():
            found.append("web session")
    for place in (settings.MEDIA_ROOT, settings.AUDIT_DIR):
        for path in sorted(place.rglob("*")):
            if path.is_file() and word.encode() in path.read_bytes().lower():
                found.append(path.name)
    return sorted(set(found))
