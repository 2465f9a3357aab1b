"""A sheet is asked for: the row is written first, the queue is told after the commit."""

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.services import record
from sessions.conversion import record_version
from sessions.models import TreatmentSession

from ..languages import Choice, choose
from ..models import Sheet
from .publishing import publish


class NotSigned(Exception):
    """The record is a draft: a sheet is made from what was signed, never from what may still change."""


def sheet_of(session: TreatmentSession, variant: str | None = None) -> Sheet | None:
    """The sheet of the record as it stands now in the patient's language, on the site's paper where no *variant* is named."""
    return Sheet.objects.filter(
        session=session,
        record_version=record_version(session),
        language=choose(session).language,
        variant=variant or session.booking.site.paper,
    ).first()


def request_sheet(session: TreatmentSession, *, by, variant: str | None = None) -> Sheet:
    """
    Return the sheet of *session*, asked for now or before: one for each version of the record, language and paper.
    A failed one is made again. Returns at once, also with the queue away.

    variant: the paper, in usual or large print; the site's paper where it is not given. The language is the patient's, where its words are
    approved; else English, and the row says why.

    Raises:
        NotSigned: the record is not signed yet.
    """
    if not session.is_signed:
        raise NotSigned
    choice = choose(session)
    with transaction.atomic():
        sheet, is_new = Sheet.objects.get_or_create(
            session=session,
            record_version=record_version(session),
            language=choice.language,
            variant=variant or session.booking.site.paper,
            defaults={"requested_at": timezone.now(), "requested_by": by, **_words(choice)},
        )
        again = not is_new and Sheet.objects.filter(pk=sheet.pk, state=Sheet.State.FAILED).update(
            state=Sheet.State.REQUESTED,
            problem="",
            requested_at=timezone.now(),
            requested_by=by,
            published_at=None,
            attempts=0,
            again_at=None,
            rounds=0,
            **_words(choice),
        )
        if again:
            sheet.refresh_from_db()
        if is_new or again:
            record(
                "sheet.requested",
                actor=by,
                patient=session.patient_id,
                obj=sheet,
                detail={"session": session.pk, "record_version": sheet.record_version, "paper": sheet.variant, "language": sheet.language},
            )
            transaction.on_commit(partial(publish, sheet.pk))
    return sheet


def _words(choice: Choice) -> dict:
    return {"translation": choice.translation, "language_note": choice.note}


def sheet_on_signing(session: TreatmentSession, by) -> None:
    """Signing asks for the sheet in its own transaction: both stand or neither."""
    request_sheet(session, by=by)


def sheet_on_correction(session: TreatmentSession, by) -> None:
    """
    An addition to the record: the sheets there were are kept and marked, and the newer version of each paper is asked for, in the
    addition's own transaction.
    """
    older = Sheet.objects.filter(session=session, superseded_at=None, record_version__lt=record_version(session))
    papers = list(older.order_by("pk").values_list("variant", flat=True))
    if older.update(superseded_at=timezone.now(), again_at=None):
        record("sheet.superseded", actor=by, patient=session.patient_id, obj=session, detail={"sheets": len(papers)})
    for paper in dict.fromkeys([None, *papers]):
        request_sheet(session, by=by, variant=paper)


def signed_today(user) -> list[TreatmentSession]:
    """Signed records of visits of today, each on the clock of its site, whose patients *user* reaches."""
    now = timezone.now()
    near = Q(booking__starts_at__gt=now - timedelta(hours=40), booking__starts_at__lt=now + timedelta(hours=40))
    rows = TreatmentSession.objects.visible_to(user).filter(near, status=TreatmentSession.Status.SIGNED).without_documents()
    rows = rows.select_related("booking__site").prefetch_related("corrections").order_by("booking__starts_at", "pk")
    return [row for row in rows if row.booking.site.day_of(row.booking.starts_at) == row.booking.site.day_of(now)]


def without_sheet(sessions: list[TreatmentSession]) -> list[TreatmentSession]:
    """Those of the signed *sessions* of whose newest version no sheet is there or coming."""
    good = Sheet.objects.filter(session__in=[session.pk for session in sessions], superseded_at=None).exclude(state=Sheet.State.FAILED)
    there = set(good.values_list("session_id", flat=True))
    return [session for session in sessions if session.pk not in there]
