"""A form read as the consultation screen is: one reader for both (`plans.conversion`), so that no rule stands twice."""

import datetime as dt

from django.utils import timezone

from plans.catalogue import Catalogue, catalogue_of
from plans.conversion import Reading, case_of
from plans.inputs import Inputs
from plans.models import Consultation
from plans.panel import Panel

from .models import QuestionnaireResponse


def day_of(response: QuestionnaireResponse) -> dt.date:
    """The day it is, or was when it was sent, at the site."""
    return response.site.day_of(response.sent_at or timezone.now())


def read(response: QuestionnaireResponse, inputs: Inputs | None = None) -> Reading:
    """*inputs*: a part of it; None = all that was answered."""
    return case_of(
        response.inputs if inputs is None else inputs,
        patient=response.patient,
        visit_date=day_of(response),
        catalogue=catalogue_of(response.protocol_version),
    )


def panel(response: QuestionnaireResponse, reading: Reading) -> Panel:
    """The fields of the consultation screen, filled as the patient filled them; nothing of a consultation is stored."""
    of_the_day = Consultation(
        patient=response.patient,
        site=response.site,
        visit_date=day_of(response),
        protocol_version=response.protocol_version,
        inputs=response.inputs,
    )
    return Panel(of_the_day, catalogue_of(response.protocol_version), reading)


def questions(response: QuestionnaireResponse) -> dict:
    """{id: question} of those this form asks, in its order."""
    catalogue: Catalogue = catalogue_of(response.protocol_version)
    known = {question.id: question for question in catalogue.questions}
    return {code: known[code] for code in response.asked if code in known}
