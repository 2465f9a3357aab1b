"""
The countersignature of a signed record, or its confirmation by who treated where somebody else entered it: bound to the hash of what
was signed, with who, when and what it means. It is added beside the record and changes nothing in it; refused, it says why, and the
record goes on waiting.
"""

import hashlib

from django.db import transaction
from django.utils import timezone

from audit.models import Outcome
from audit.services import record

from ..conversion import record_version
from ..countersigning import TREATED, refusal_of, roles_of
from ..models import RecordCountersignature, TreatmentSession
from .canonical import canonical

MEANING = "I have read this record as it was signed, and I agree to what went beyond the right of the person who treated."
MEANING_REFUSED = "I have read this record as it was signed, and I do not agree to what went beyond the right of the person who treated."
MEANING_CONFIRMED = "I treated this patient. I have read this record as it was entered for me and signed, and it is complete and true."
MEANING_NOT_CONFIRMED = "I treated this patient. I have read this record as it was entered for me, and it does not say what was done."
_MEANINGS = {True: (MEANING, MEANING_CONFIRMED), False: (MEANING_REFUSED, MEANING_NOT_CONFIRMED)}


def meaning_of(roles: list[str], *, agreed: bool = True) -> str:
    """What an answer in *roles* means: who treated confirms, and everybody else countersigns; nobody does both."""
    return _MEANINGS[agreed][roles == [TREATED]]


class NotWaiting(Exception):
    """It does not wait for this person, or not any more."""


class CorrectedSince(Exception):
    """A correction was added since the record was read."""


class NothingSaid(Exception):
    """A refusal needs words."""


def answer(
    session: TreatmentSession, *, by, agreed: bool, words: str, shown: str, seen: str, version: int, request=None
) -> TreatmentSession:
    """
    Countersign *session* in every role *by* may, or refuse to. shown: how *by* showed who they are (`accounts.desk.signature`), ''
    where it was nothing of theirs. seen, version: the hash and the version of the record as it was read.

    Raises:
        NotWaiting, NothingSaid, CorrectedSince; signing.WrongPassword.
    """
    from .signing import WrongPassword

    action = "record.countersigned" if agreed else "record.countersign_refused"
    words = " ".join(words.split())
    if not agreed and not words:
        raise NothingSaid
    if not shown:
        record(
            action, actor=by, patient=session.patient_id, obj=session, outcome=Outcome.REFUSED, detail={"why": "password"}, request=request
        )
        raise WrongPassword
    with transaction.atomic():
        row = TreatmentSession.objects.select_for_update(of=("self",)).select_related("clinician").get(pk=session.pk)
        roles = roles_of(row, by)
        if not roles or row.signed_sha256 != seen or refusal_of(row) is not None:
            raise NotWaiting
        if record_version(row) != version:
            raise CorrectedSince
        number = row.countersignatures.count()
        for role in roles:
            number += 1
            made = RecordCountersignature(
                session=row,
                number=number,
                role=role,
                agreed=agreed,
                meaning=meaning_of(roles, agreed=agreed),
                words=words[:300],
                by=by,
                at=timezone.now(),
                record_sha256=row.signed_sha256,
                record_version=version,
            )
            made.sha256 = countersignature_hash(made)
            made.save(force_insert=True)
        detail = {"sha256": row.signed_sha256, "roles": roles, "with": shown}
        record(action, actor=by, patient=row.patient_id, obj=row, detail=detail, request=request)
    return row


def countersignature_hash(made: RecordCountersignature) -> str:
    content = {
        "record": made.record_sha256,
        "version": made.record_version,
        "session": made.session_id,
        "number": made.number,
        "role": made.role,
        "agreed": made.agreed,
        "meaning": made.meaning,
        "words": made.words,
        "by": made.by_id,
        "at": made.at,
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()
