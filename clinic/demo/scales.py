"""Outcome scales of the demo: how it was before treatment, and how it looks after some sessions, to clinician and patient."""

from decimal import Decimal

from django.utils import timezone

from accounts.models import User
from outcomes.asked import Asked, asked_of
from outcomes.models import OutcomeAnswer
from outcomes.services.recording import Given, correct, keep
from plans.models import TreatmentPlan
from sessions.models import TreatmentSession

Rater, Moment, Kind = OutcomeAnswer.Rater, OutcomeAnswer.Moment, OutcomeAnswer.Kind
SILENT = 5  # every fifth patient says nothing of their own


def before(plan: TreatmentPlan, *, by: User) -> None:
    """Severity on the day the plan is made; the patient sees it a little worse than the clinician."""
    given = []
    for one in asked_of(plan.patient):
        seen = _at_first(one, plan)
        given.append(Given(one, one.of.severity, Rater.CLINICIAN, seen))
        if plan.patient.number % SILENT:
            given.append(Given(one, one.of.severity, Rater.PATIENT, _moved(one.of.severity, seen, Decimal(1))))
    _keep(plan, given, Moment.BASELINE, by, f"demo-before-{plan.pk}")


def after(session: TreatmentSession, *, by: User) -> None:
    """From the second session on: severity and change, as both see it; nothing where somebody was asked that day already."""
    if session.session_number < 2:
        return
    plan, given = session.plan, []
    done = Decimal(session.session_number - 1)
    for one in asked_of(plan.patient):
        now = _moved(one.of.severity, _at_first(one, plan), -done)
        given.append(Given(one, one.of.severity, Rater.CLINICIAN, now))
        if one.of.gais is not None:
            given.append(Given(one, one.of.gais, Rater.CLINICIAN, max(Decimal(2), 4 - done)))
            if plan.patient.number % SILENT:
                given.append(Given(one, one.of.gais, Rater.PATIENT, max(Decimal(1), 3 - done)))
    made = _keep(plan, given, Moment.REVIEW, by, f"demo-after-{session.pk}")
    if plan.patient.number % SILENT == 1 and session.session_number == 2 and made[0].value > made[0].lowest:
        better = made[0].value - 1
        reason = "Looked at again under the same light as the first photograph"
        scale = given[0].scale
        if scale.words_of(better):
            correct(made[0], scale=scale, value=better, reason=reason, by=by, request_key="demo")


def _at_first(one: Asked, plan: TreatmentPlan) -> Decimal:
    """Near the middle of the scale, and where the levels are its grades, the level that was planned."""
    scale = one.of.severity
    level = next((zone.level for zone in plan.zones.all() if zone.indication == one.indication), "")
    if scale.grades and level.rpartition("_")[2].isdigit():
        return Decimal(level.rpartition("_")[2])
    return Decimal(int(scale.lowest + (scale.highest - scale.lowest) / 2) + 1)


def _moved(scale, value: Decimal, by: Decimal) -> Decimal:
    return min(scale.highest, max(scale.lowest, value + by)) if scale.is_ordered else value


def _keep(plan, given, moment, by, key) -> list[OutcomeAnswer]:
    return keep(plan.patient, given, moment=moment, rated_on=timezone.localdate(), site=plan.patient.site, by=by, request_key=key)
