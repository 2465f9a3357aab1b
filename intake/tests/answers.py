"""Forms for tests: one that is open, and one that was sent."""

import secrets

from django.utils import timezone

from intake.models import QuestionnaireResponse, ResponseItem
from intake.services import answering
from intake.services.handing import questions_of


def opened(patient, version, *, by, language="en", inputs=None, browser=None) -> QuestionnaireResponse:
    now = timezone.now()
    return QuestionnaireResponse.objects.create(
        patient=patient,
        site=patient.site,
        protocol_version=version,
        language=language,
        handed_by=by,
        handed_at=now,
        browser=browser,
        inputs=inputs or {},
        asked=[question.id for question in questions_of(version, patient, patient.site.day_of(now))],
        request_key=secrets.token_hex(8),
    )


def sent(patient, version, *, by, inputs, language="en") -> QuestionnaireResponse:
    """What a patient sent: *inputs* are the fields of the form."""
    response = opened(patient, version, by=by, language=language, inputs=inputs, browser=1)
    answering.send(response, browser=1, request=None)
    response.refresh_from_db()
    return response


def line(response, *, code="", kind="question") -> ResponseItem:
    return response.items.get(kind=kind, code=code)
