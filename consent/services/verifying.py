"""Do the signed consents still say what was signed?"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from audit.models import AuditEvent, Outcome

from .. import ink
from ..content import canonical, content_of, sha256, text_sha256
from ..models import Consent, ConsentText


@dataclass(frozen=True)
class Fault:
    """One consent that does not hold. `what` says which part, in plain words."""

    consent_pk: int
    what: str

    def __str__(self) -> str:
        return f"Consent {self.consent_pk}: {self.what}"


def faults_of(consent: Consent) -> Iterator[Fault]:
    """Recompute every hash of one consent from its rows."""
    if sha256(consent.content) != consent.sha256:
        yield Fault(consent.pk, "the signed text does not have the hash it was signed with")
        return
    signed = json.loads(consent.content)
    items = {item.text.sha256: item for item in consent.items.select_related("text")}
    if {one["sha256"] for one in signed["texts"]} != set(items):
        yield Fault(consent.pk, "its items are not the texts that were signed")
        return
    texts = [items[one["sha256"]].text for one in signed["texts"]]
    again = content_of(consent, texts, meaning=signed["meaning"])
    # Names as they were on that day: people marry, and staff and sites are renamed.
    again["patient"], again["site"]["name"], again["taken_by"]["name"] = (
        signed["patient"],
        signed["site"]["name"],
        signed["taken_by"]["name"],
    )
    if signed["patient"]["id"] != consent.patient_id or canonical(again) != consent.content:
        yield Fault(consent.pk, "the stored values are not the ones that were signed")
    if consent.way == Consent.Way.DRAWN and consent.signature_svg != ink.svg(consent.strokes):
        yield Fault(consent.pk, "the picture of the signature is not what was drawn")
    logged = AuditEvent.objects.filter(
        action="consent.signed", outcome=Outcome.DONE, object_type=consent._meta.label_lower, object_pk=str(consent.pk)
    ).first()
    if logged is None or logged.detail.get("sha256") != consent.sha256:
        yield Fault(consent.pk, "the log does not know this signature")


def verify() -> tuple[int, list[Fault]]:
    """Return how many consents were checked, and every fault, oldest first; and texts in use whose words lost their hash."""
    checked, faults = 0, []
    for consent in Consent.objects.select_related("patient", "site", "taken_by").order_by("pk").iterator(chunk_size=500):
        checked += 1
        faults += faults_of(consent)
    return checked, faults


def changed_texts() -> list[ConsentText]:
    """Approved or retired texts whose words are not those that were approved."""
    rows = ConsentText.objects.exclude(status=ConsentText.Status.DRAFT)
    return [text for text in rows if text_sha256(text) != text.sha256]
