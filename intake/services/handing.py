"""The tablet goes to the patient and comes back; a form nobody goes on with is put away."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.desk import confined
from audit.services import gathered, record
from patients.merged import refuse_merged
from plans.catalogue import catalogue_of
from plans.services.consultation import NoProtocol
from protocols.services import current_version

from ..models import QuestionnaireResponse
from ..tablet import place


def questions_of(version, patient, on) -> list:
    """What the protocol has this patient asked, in its order; what is asked of the clinician stays with them."""
    sex, age = patient.sex or None, patient.age_on(on)
    return [one for one in catalogue_of(version).questions if one.asked_of == "patient" and one.asked(sex=sex, age=age)]


def version_to_ask():
    """
    The protocol version the questions come from.

    Raises:
        NoProtocol: none is loaded.
    """
    version = current_version()
    if version is None:
        raise NoProtocol(_("No protocol is loaded, so there is nothing to ask. Load one with `manage.py load_protocols`."))
    return version


def hand_over(patient, *, language: str, request, request_key: str) -> QuestionnaireResponse:
    """
    Open the questions for *patient* and confine this browser to them.

    Raises:
        NoProtocol, MergedAway.
    """
    with transaction.atomic():
        response = begin(
            patient, language=language, by=request.user, browser=request.session.row.pk, request_key=request_key, request=request
        )
        confined.confine(request, place(response))
    return response


def begin(patient, *, language: str, by, browser: int, request_key: str, request=None) -> QuestionnaireResponse:
    """
    The form of *patient*, held by the web session *browser*. One that was begun is gone on with, wherever it was: the tablet that had it
    holds nothing any more.

    Raises:
        NoProtocol, MergedAway.
    """
    version, now = version_to_ask(), timezone.now()
    with transaction.atomic(), gathered():
        refuse_merged(patient)  # the row stays locked: two desks hand over one after the other
        rows = QuestionnaireResponse.objects.select_for_update().filter(patient=patient, status=QuestionnaireResponse.Status.OPEN)
        response = rows.first()
        resumed = response is not None
        if response is None:
            asked = [question.id for question in questions_of(version, patient, patient.site.day_of(now))]
            response = QuestionnaireResponse(
                patient=patient, site=patient.site, protocol_version=version, asked=asked, request_key=request_key
            )
        response.language, response.handed_by, response.handed_at = language, by, now
        response.browser, response.confirmed_at = browser, None
        response.save()
        detail = {"language": language, "resumed": resumed, "protocol": response.protocol_version.version}
        record("intake.handed_over", actor=by, request=request, patient=response.patient_id, obj=response, detail=detail)
    return response


def given_back(response: QuestionnaireResponse | None, *, request) -> None:
    """Staff hold the tablet again; the form can be gone on with where it is still open."""
    if response is None:
        return
    with transaction.atomic():
        QuestionnaireResponse.objects.filter(pk=response.pk, browser=request.session.row.pk).update(browser=None)
        record("intake.given_back", request=request, patient=response.patient_id, obj=response)


class NotOpen(Exception):
    """The form was sent or put away meanwhile."""


def put_away(response: QuestionnaireResponse, *, by, request=None) -> None:
    """
    Nobody goes on with this form. What was answered stays with it and goes nowhere.

    Raises:
        NotOpen.
    """
    with transaction.atomic():
        stored = QuestionnaireResponse.objects.select_for_update().get(pk=response.pk)
        if stored.status == QuestionnaireResponse.Status.STOPPED:
            return
        if not stored.is_open:
            raise NotOpen
        stored.claim(stored.version)
        stored.status, stored.closed_at, stored.closed_by, stored.browser = stored.Status.STOPPED, timezone.now(), by, None
        stored.save(update_fields=["status", "closed_at", "closed_by", "browser"])
        record("intake.put_away", actor=by, request=request, patient=stored.patient_id, obj=stored)
