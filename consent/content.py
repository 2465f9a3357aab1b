"""One way only to write down what was signed, so that the same consent always has the same hash."""

import datetime as dt
import hashlib
import json

from .models import Consent, ConsentText

FORMAT = 1


def canonical(content) -> str:
    """JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def words_of(text: ConsentText) -> dict:
    """What is approved and signed of a text."""
    return {
        "kind": text.kind,
        "code": text.code,
        "language": text.language,
        "number": text.number,
        "title": text.title,
        "body": text.body,
    }


def text_sha256(text: ConsentText) -> str:
    return sha256(canonical(words_of(text)))


def content_of(consent: Consent, texts: list[ConsentText], *, meaning: str) -> dict:
    """Everything that is signed: the words, who they are about, who signed in front of whom, and the signature itself."""
    patient = consent.patient
    return {
        "format": FORMAT,
        "patient": {
            "id": consent.patient_id,
            "number": patient.number,
            "name": str(patient),
            "born": patient.birth_date.isoformat(),
        },
        "site": {"id": consent.site_id, "name": consent.site.name},
        "language": consent.language,
        "texts": [words_of(text) | {"sha256": text.sha256} for text in texts],
        "meaning": meaning,
        "signer": {"who": consent.signer, "name": consent.signer_name, "relation": consent.signer_relation},
        "witness": {"id": consent.witness_id, "name": consent.witness_name},
        "signature": {"way": consent.way, "typed": consent.typed_name, "strokes": consent.strokes},
        "taken_by": {"id": consent.taken_by_id, "name": consent.taken_by.display_name},
        "signed_at": consent.signed_at.astimezone(dt.UTC).isoformat(),
    }
