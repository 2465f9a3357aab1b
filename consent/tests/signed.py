"""Consent for tests: texts in use, and everything a plan needs signed. The one place where a test gets it."""

import itertools

from django.contrib.auth import get_user_model

from consent.models import Consent, ConsentText, Kind
from consent.needs import needs_of
from consent.services import signing, texts
from consent.standing import stands_for

STROKES = [[[40 + 6 * step, 100 + (step % 7) * 9] for step in range(60)], [[50, 150], [300, 150], [480, 155]]]
_keys = itertools.count(1)


def somebody_else(by):
    """A medical lead who did not write it."""
    fields = {"role": "medical_lead", "last_name": "Reader", "is_active": False}
    return get_user_model().objects.exclude(pk=by.pk).get_or_create(username="reads-texts", defaults=fields)[0]


def text_in_use(
    kind=Kind.INDICATION, code="acne_scars", *, by, language="en", title="", body="It may bleed.\n\nIt may scar."
) -> ConsentText:
    """The next version, approved."""
    made = texts.draft(kind=kind, code=code, language=language, title=title or f"Consent to {code}", body=body, by=by)
    return texts.approve(made, version=made.version, by=somebody_else(by))


def texts_for(plan, *, by, language="en") -> list[ConsentText]:
    """One in use for each thing *plan* needs."""
    needs = needs_of(plan)
    have = {(text.kind, text.code): text for text in texts.in_use(language, needs)}
    return [have.get((need.kind, need.code)) or text_in_use(need.kind, need.code, by=by, language=language) for need in needs]


def signature(patient, **changes) -> signing.Signature:
    given = {
        "signer": "patient",
        "signer_name": str(patient),
        "signer_relation": "",
        "witness": None,
        "witness_name": "Witness Example",
        "strokes": STROKES,
        **changes,
    }
    return signing.Signature(**given)


def sign(patient, found: list[ConsentText], *, by, **changes) -> Consent:
    return signing.sign(patient, found, signature(patient, **changes), site=patient.site, by=by, request_key=f"test-{next(_keys)}")


def consented(plan, *, by, language="en") -> Consent | None:
    """Everything *plan* needs and has not got yet, signed by the patient on the texts in use. None: it stands already."""
    found = texts_for(plan, by=by, language=language)
    wanted = {(row.need.kind, row.need.code) for row in stands_for(plan).open}
    found = [text for text in found if (text.kind, text.code) in wanted]
    return sign(plan.patient, found, by=by) if found else None
