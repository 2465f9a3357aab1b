"""Answers as a clinician and a patient give them, for the tests of every app."""

import datetime as dt
import uuid
from decimal import Decimal

from django.utils import timezone

from outcomes.models import OutcomeAnswer
from outcomes.services.recording import correct
from plans.models import TreatmentPlan


def answered(plan: TreatmentPlan, *, by, days_ago: int = 0, value: int = 3, rater: str = "clinician", corrected: bool = False, **fields):
    """One answer on a scale of four grades, written past the protocol; *corrected*: and its correction."""
    rated_on = timezone.localdate() - dt.timedelta(days=days_ago)
    row = OutcomeAnswer.objects.create(
        **{
            "patient": plan.patient, "site": plan.patient.site, "protocol_version": plan.protocol_version, "indication": "acne_scars",
            "indication_label": "Acne scars", "kind": "severity", "moment": "baseline", "rater": rater, "scale": "Grades", "value": value,
            "words": f"{value}", "lowest": 1, "highest": 4, "is_ordered": True, "rated_on": rated_on, "recorded_by": by,
            "recorded_at": timezone.now() - dt.timedelta(days=days_ago), "request_key": str(uuid.uuid4()), **fields,
        }
    )  # fmt: skip
    if not corrected:
        return [row]
    from outcomes.scales import Grade, Scale

    grades = tuple(Grade(Decimal(number), str(number)) for number in range(1, 5))
    scale = Scale("severity", "Grades", grades, Decimal(1), Decimal(4), True)
    return [row, correct(row, scale=scale, value=Decimal(2), reason="Read wrongly", by=by, request_key=str(uuid.uuid4()))]
