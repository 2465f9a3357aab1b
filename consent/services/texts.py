"""The life of a consent text: written as a draft, approved by a medical lead who did not write it, retired by the next one or by hand."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import PERMISSIONS
from audit.services import gathered, record

from ..content import text_sha256
from ..models import ConsentText

Status = ConsentText.Status


class Refused(Exception):
    """Nothing was changed; the message says why and what to do."""


def draft(*, kind: str, code: str, language: str, title: str, body: str, by) -> ConsentText:
    """
    Begin the next version. Raises Refused where a draft of it stands already.
    """
    with transaction.atomic():
        rows = ConsentText.objects.filter(kind=kind, code=code, language=language)
        if rows.select_for_update().filter(status=Status.DRAFT).exists():
            raise Refused(_("There is a draft of this text already. Go on with that one."))
        number = 1 + (rows.aggregate(last=Max("number"))["last"] or 0)
        row = ConsentText.objects.create(
            kind=kind, code=code, language=language, number=number, title=title, body=body, written_by=by, written_at=timezone.now()
        )
        record("consent.text_written", actor=by, obj=row, detail=_detail(row))
    return row


def change(text: ConsentText, *, title: str, body: str, version: int, by) -> ConsentText:
    """Raises StaleRow: somebody saved it meanwhile. Refused: it is approved."""
    with transaction.atomic():
        row = _locked(text)
        _is_draft(row)
        row.claim(version)
        row.title, row.body, row.written_by, row.written_at = title, body, by, timezone.now()
        row.save(update_fields=["title", "body", "written_by", "written_at"])
        record("consent.text_written", actor=by, obj=row, detail=_detail(row))
    return row


MOST_REASON = 300


def others_who_approve(by) -> bool:
    """Whether anybody but *by* may put a text in use."""
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS["consent.texts_approve"])
    return people.exclude(pk=by.pk).exists()


def approve(text: ConsentText, *, version: int, by, alone: str = "") -> ConsentText:
    """
    Put it in use, exactly as it was read; the version before is retired.

    alone: why the one who wrote it approves it, in a clinic where nobody else may.

    Raises:
        StaleRow: it was changed since it was opened. Refused: it is no draft any more; or the one who wrote it approves it, although
        somebody else may or without saying why.
    """
    alone = " ".join(alone.split())
    with transaction.atomic(), gathered():
        row = _locked(text)
        _is_draft(row)
        if row.written_by_id != by.pk:
            alone = ""
        elif others_who_approve(by):
            raise Refused(_("Somebody else than who wrote a text approves it. Ask another medical lead to read it."))
        elif not alone:
            raise Refused(_("Say why you approve what you wrote yourself: nobody else here may."))
        elif len(alone) > MOST_REASON:
            raise Refused(_("The reason must be %(most)s letters or fewer.") % {"most": MOST_REASON})
        row.claim(version)
        now = timezone.now()
        before = ConsentText.objects.filter(kind=row.kind, code=row.code, language=row.language, status=Status.APPROVED)
        for older in before.select_for_update():
            _retire(older, by=by, at=now)
        row.status, row.approved_by, row.approved_at, row.sha256 = Status.APPROVED, by, now, text_sha256(row)
        row.approved_alone = alone
        row.save(update_fields=["status", "approved_by", "approved_at", "approved_alone", "sha256"])
        detail = _detail(row) | {"sha256": row.sha256} | ({"alone": alone} if alone else {})
        record("consent.text_approved", actor=by, obj=row, detail=detail)
    return row


def retire(text: ConsentText, *, by) -> ConsentText:
    """Take it out of use without a newer one: from then on nothing is signed on it. Raises Refused."""
    with transaction.atomic():
        row = _locked(text)
        if row.status != Status.APPROVED:
            raise Refused(_("Only a text in use is retired."))
        _retire(row, by=by, at=timezone.now())
    return row


def throw_away(text: ConsentText, *, by) -> None:
    """A draft that nobody wants. Raises Refused."""
    with transaction.atomic():
        row = _locked(text)
        _is_draft(row)
        record("consent.text_thrown_away", actor=by, obj=row, detail=_detail(row))
        row.delete()


def in_use(language: str, wanted) -> list[ConsentText]:
    """The texts in use for *wanted* (kind and code each), in that order; one that is missing is not in the list."""
    rows = ConsentText.objects.filter(status=Status.APPROVED, language=language)
    known = {(row.kind, row.code): row for row in rows}
    return [known[(one.kind, one.code)] for one in wanted if (one.kind, one.code) in known]


def _locked(text: ConsentText) -> ConsentText:
    return ConsentText.objects.select_for_update(of=("self",)).select_related("written_by").get(pk=text.pk)


def _is_draft(row: ConsentText) -> None:
    if row.status != Status.DRAFT:
        raise Refused(_("This text is approved: it is never changed. Write a new version."))


def _retire(row: ConsentText, *, by, at) -> None:
    row.status, row.retired_by, row.retired_at = Status.RETIRED, by, at
    row.save(update_fields=["status", "retired_by", "retired_at"])
    record("consent.text_retired", actor=by, obj=row, detail=_detail(row))


def _detail(row: ConsentText) -> dict:
    return {"kind": row.kind, "code": row.code, "language": row.language, "number": row.number}
