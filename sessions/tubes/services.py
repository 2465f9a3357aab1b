"""One person's check of a tube, kept with the record."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from audit.models import Outcome
from audit.services import gathered, record

from ..models import TreatmentSession
from ..services.drafts import for_writing
from . import rule
from .models import TubeCheck

ANOTHERS = gettext_lazy(
    "This label was read for another patient here within a day. Do not use the tube: find out whose blood it is. Where two tubes were "
    "labelled alike, label this one anew with name and birth date"
)


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


def check(session: TreatmentSession, *, adjuvant: str, label: str, by, request=None) -> TubeCheck:
    """
    *by*, who has just proved who they are, read *label* from the tube and found the patient on it. The same person's again: as it stands.

    Raises:
        Refused: the second person read another label than the first, or it was read for another patient. drafts.Locked: the record is
            signed or closed.
    """
    key = rule.key(label)
    with transaction.atomic(), gathered():
        row = for_writing(session)
        checks = list(row.tube_checks.select_related("by"))
        own = next((one for one in checks if (one.adjuvant, one.key, one.by_id) == (adjuvant, key, by.pk)), None)
        if own is not None:
            return own
        first, is_anothers = rule.waiting(checks, adjuvant), rule.is_of_another(row, key)
        agrees = first is None or first.by_id == by.pk or first.key == key
        if agrees and not is_anothers:
            made = TubeCheck.objects.create(session=row, adjuvant=adjuvant, label=label, key=key, by=by, at=timezone.now())
            record("tube.checked", actor=by, patient=row.patient_id, obj=row, request=request, detail={"check": made.pk})
            return made
        record("tube.checked", actor=by, patient=row.patient_id, obj=row, request=request, outcome=Outcome.REFUSED)
    if is_anothers:
        raise Refused(str(ANOTHERS), field="tube_label")
    words = gettext("This is not the label %(by)s read. Do not use the tube: read it again, both of you") % {"by": first.by}
    raise Refused(words, field="tube_label")
