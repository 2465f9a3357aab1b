"""One person's check of a tube, kept with the record."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.models import Outcome
from audit.services import gathered, record

from ..models import TreatmentSession
from ..services.drafts import for_writing
from . import rule
from .models import TubeCheck


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


def check(session: TreatmentSession, *, adjuvant: str, label: str, by, request=None) -> TubeCheck:
    """
    *by*, who has just proved who they are, read *label* from the tube and found the patient on it. The same person's again: as it stands.

    Raises:
        Refused: the second person read another label than the first. drafts.Locked: the record is signed or closed.
    """
    key = rule.key(label)
    with transaction.atomic(), gathered():
        row = for_writing(session)
        checks = list(row.tube_checks.select_related("by"))
        own = next((one for one in checks if (one.adjuvant, one.key, one.by_id) == (adjuvant, key, by.pk)), None)
        if own is not None:
            return own
        first = rule.waiting(checks, adjuvant)
        agrees = first is None or first.by_id == by.pk or first.key == key
        if agrees:
            made = TubeCheck.objects.create(session=row, adjuvant=adjuvant, label=label, key=key, by=by, at=timezone.now())
            record("tube.checked", actor=by, patient=row.patient_id, obj=row, request=request, detail={"check": made.pk})
            return made
        record("tube.checked", actor=by, patient=row.patient_id, obj=row, request=request, outcome=Outcome.REFUSED)
    raise Refused(
        gettext("This is not the label %(by)s read. Do not use the tube: read it again, both of you") % {"by": first.by}, field="tube_label"
    )
