"""Do the signed records still say what was signed?"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from audit.models import AuditEvent, Outcome

from ..models import TreatmentSession
from .canonical import canonical
from .countersign import countersignature_hash
from .record import correction_hash
from .signing import content_of, sha256


@dataclass(frozen=True)
class Fault:
    """One record that does not hold. `what` says which part, in plain words."""

    session_pk: int
    what: str

    def __str__(self) -> str:
        return f"Record {self.session_pk}: {self.what}"


def faults_of(session: TreatmentSession) -> Iterator[Fault]:
    """Recompute every hash of one signed record from its rows."""
    if sha256(session.signed_content) != session.signed_sha256:
        yield Fault(session.pk, "the signed text does not have the hash it was signed with")
        return
    if canonical(content_of(session, *_meaning_and_form(session))) != session.signed_content:
        yield Fault(session.pk, "the stored values are not the ones that were signed")
    logged = AuditEvent.objects.filter(
        action="record.signed", outcome=Outcome.DONE, object_type=session._meta.label_lower, object_pk=str(session.pk)
    ).first()
    if logged is None or logged.detail.get("sha256") != session.signed_sha256:
        yield Fault(session.pk, "the log does not know this signature")
    yield from _countersignature_faults(session)
    before = session.signed_sha256
    for expected, correction in enumerate(session.corrections.order_by("number"), start=1):
        if correction.number != expected:
            yield Fault(session.pk, f"correction {expected} is not there")
            return
        if correction_hash(correction, before=before) != correction.sha256:
            yield Fault(session.pk, f"correction {correction.number} is not what was added")
            return
        before = correction.sha256


def _countersignature_faults(session: TreatmentSession) -> Iterator[Fault]:
    for made in session.countersignatures.order_by("number"):
        if made.record_sha256 != session.signed_sha256 or countersignature_hash(made) != made.sha256:
            yield Fault(session.pk, f"countersignature {made.number} is not what was given")


def _meaning_and_form(session: TreatmentSession) -> tuple[str, int]:
    """The sentence that was signed and the form it was written in: both stand in the text itself, whatever today's are."""
    signed = json.loads(session.signed_content)
    return signed["signed"]["meaning"], signed["format"]


def verify() -> tuple[int, list[Fault]]:
    """Return how many signed records were checked, and every fault, oldest record first."""
    checked, faults = 0, []
    signed = TreatmentSession.objects.filter(status=TreatmentSession.Status.SIGNED).select_related("plan__protocol_version").order_by("pk")
    for session in signed.iterator(chunk_size=500):
        checked += 1
        faults += faults_of(session)
    return checked, faults
