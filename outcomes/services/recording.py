"""Keeping answers. Each is added; what stands wrong is corrected by a row of its own."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from audit.services import gathered, record
from patients.models import Patient
from planner import wording

from ..asked import Asked
from ..models import OutcomeAnswer
from ..scales import Scale

_BY_PATIENT = gettext_noop(
    "%(indication)s, %(kind)s, by the patient: %(day)s has an answer already. Correct that one, so that both can be read."
)
_BY_CLINICIAN = gettext_noop(
    "%(indication)s, %(kind)s, by the clinician: %(day)s has an answer already. Correct that one, so that both can be read."
)


class AnswerRefused(Exception):
    """Nothing was kept; the words say what to do."""


class AlreadyCorrected(Exception):
    """Somebody corrected it meanwhile. `row` is what stands now."""

    def __init__(self, row: OutcomeAnswer):
        super().__init__("This answer was corrected meanwhile")
        self.row = row


@dataclass(frozen=True)
class Given:
    """One answer as it was given."""

    asked: Asked
    scale: Scale
    rater: str
    value: Decimal

    @property
    def key(self) -> str:
        return f"{self.asked.indication}-{self.scale.kind}-{self.rater}"


def _hold(patient: Patient) -> None:
    """Answers about one person are kept one after the other."""
    list(patient.every_record().select_for_update(no_key=True).values_list("pk"))


def keep(
    patient: Patient, given: list[Given], *, moment: str, rated_on: dt.date, site, by, request_key: str, consultation=None, booking=None
) -> list[OutcomeAnswer]:
    """
    Keep what was answered. The same *request_key* keeps once.

    Raises:
        AnswerRefused: nothing was answered; a value the scale does not have; one of that day stands already.
    """
    if not given:
        raise AnswerRefused(_("Nothing is answered yet: choose at least one grade."))
    with transaction.atomic(), gathered():
        _hold(patient)
        keys = {one.key: f"{patient.pk}-{one.key}-{request_key}"[:120] for one in given}
        done = list(OutcomeAnswer.objects.filter(request_key__in=keys.values()))
        if done:
            return done
        made, now = [], timezone.now()
        for one in given:
            words = one.scale.words_of(one.value)
            if words is None:
                raise AnswerRefused(
                    _("%(scale)s has no grade %(value)s. Choose one of the list.")
                    % {"scale": one.scale.name, "value": wording.number(one.value)}
                )
            first = OutcomeAnswer.objects.filter(
                patient=patient, indication=one.asked.indication, kind=one.scale.kind, rater=one.rater, rated_on=rated_on
            ).first()
            if first is not None:
                said = _BY_PATIENT if one.rater == OutcomeAnswer.Rater.PATIENT else _BY_CLINICIAN
                what = {"indication": one.asked.of.label, "kind": first.get_kind_display().lower(), "day": in_words(rated_on)}
                raise AnswerRefused(gettext(said) % what)
            made.append(
                OutcomeAnswer.objects.create(
                    patient=patient,
                    site=site,
                    protocol_version=one.asked.version,
                    consultation=consultation,
                    booking=booking,
                    indication=one.asked.indication,
                    indication_label=one.asked.of.label[:120],
                    kind=one.scale.kind,
                    moment=moment,
                    rater=one.rater,
                    scale=one.scale.name,
                    value=one.value,
                    words=words,
                    lowest=one.scale.lowest,
                    highest=one.scale.highest,
                    is_ordered=one.scale.is_ordered,
                    rated_on=rated_on,
                    recorded_by=by,
                    recorded_at=now,
                    request_key=keys[one.key],
                )
            )
        for row in made:
            detail = {"kind": row.kind, "rater": row.rater, "indication": row.indication}
            record("outcome.recorded", actor=by, patient=patient, obj=row, detail=detail)
    return made


def correct(row: OutcomeAnswer, *, scale: Scale, value: Decimal | None, reason: str, by, request_key: str) -> OutcomeAnswer:
    """
    Add what is right beside *row*. value None: it was recorded in error and counts no more. The same *request_key* adds once.

    Raises:
        AnswerRefused: no reason; a value the scale does not have; nothing is different.
        AlreadyCorrected: it does not stand any more.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise AnswerRefused(_("Enter why it is corrected."))
    words = "" if value is None else scale.words_of(value)
    if words is None:
        raise AnswerRefused(
            _("%(scale)s has no grade %(value)s. Choose one of the list.") % {"scale": scale.name, "value": wording.number(value)}
        )
    key = f"{row.pk}-correction-{request_key}"[:120]
    with transaction.atomic():
        _hold(row.patient)
        done = OutcomeAnswer.objects.filter(request_key=key).first()
        if done is not None:
            return done
        later = OutcomeAnswer.objects.filter(corrects=row).first()
        if later is not None:
            raise AlreadyCorrected(later)
        if value == row.value:
            raise AnswerRefused(_("That is what stands already. Choose the right grade, or go back."))
        same = (
            "patient_id", "site_id", "protocol_version_id", "consultation_id", "booking_id", "indication", "indication_label", "kind",
            "moment", "rater", "scale", "lowest", "highest", "is_ordered", "rated_on",
        )  # fmt: skip
        made = OutcomeAnswer.objects.create(
            **{name: getattr(row, name) for name in same},
            value=value,
            words=words,
            corrects=row,
            reason=reason[:300],
            recorded_by=by,
            recorded_at=timezone.now(),
            request_key=key,
        )
        record("outcome.corrected", actor=by, patient=row.patient_id, obj=made, detail={"corrects": row.pk, "kind": row.kind})
    return made
