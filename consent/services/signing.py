"""Signing: the texts as they were on the screen, the signature, who signed in front of whom, in one row with its hash."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from audit.services import record

from .. import ink
from ..content import canonical, content_of, sha256
from ..lock import hold
from ..models import Consent, ConsentItem, ConsentText
from ..wording import meaning


class TextsChanged(Exception):
    """What was on the screen is not what is in use now: nothing was signed."""


@dataclass(frozen=True)
class Signature:
    """What the form read: who signs, in front of whom, and how."""

    signer: str
    signer_name: str
    signer_relation: str
    witness: object | None
    witness_name: str
    strokes: list
    typed_name: str = ""

    @property
    def way(self) -> str:
        return Consent.Way.TYPED if self.typed_name else Consent.Way.DRAWN


def sign(patient, texts: list[ConsentText], signature: Signature, *, site, by, request_key: str) -> Consent:
    """
    Keep what was signed. The same *request_key* signs once.

    texts: as the page showed them, all of one language.

    Raises:
        ink.NoSignature: nothing was drawn, or too little, and no name was typed.
        TextsChanged: one of them is not in use any more.
    """
    if signature.way == Consent.Way.DRAWN:
        ink.judge(signature.strokes)
    key = f"{patient.pk}-{request_key}"
    with transaction.atomic():
        hold(patient)
        done = Consent.objects.filter(request_key=key).first()
        if done is not None:
            return done
        standing = ConsentText.objects.select_for_update().filter(pk__in=[text.pk for text in texts], status=ConsentText.Status.APPROVED)
        if not texts or len(standing) != len(texts) or len({text.language for text in standing}) != 1:
            raise TextsChanged
        consent = Consent(
            patient=patient,
            site=site,
            language=texts[0].language,
            signer=signature.signer,
            signer_name=signature.signer_name,
            signer_relation=signature.signer_relation,
            witness=signature.witness,
            witness_name=signature.witness_name,
            way=signature.way,
            typed_name=signature.typed_name,
            strokes=[] if signature.typed_name else signature.strokes,
            signature_svg="" if signature.typed_name else ink.svg(signature.strokes),
            taken_by=by,
            signed_at=timezone.now(),
            request_key=key,
        )
        consent.content = canonical(content_of(consent, texts, meaning=meaning(consent.language)))
        consent.sha256 = sha256(consent.content)
        consent.save(force_insert=True)
        for text in texts:
            ConsentItem.objects.create(consent=consent, text=text, kind=text.kind, code=text.code, signed_at=consent.signed_at)
        record(
            "consent.signed",
            actor=by,
            patient=patient,
            obj=consent,
            detail={"texts": [text.pk for text in texts], "sha256": consent.sha256, "way": str(consent.way)},
        )
    return consent
