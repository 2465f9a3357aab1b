"""Ending a plan before its last session."""

from django.db import transaction
from django.utils.translation import gettext

from audit.services import record

from ..models import TreatmentPlan


class NotInForce(Exception):
    """Only a plan that is in force can be stopped."""


def stop(plan: TreatmentPlan, *, by, request=None) -> TreatmentPlan:
    """
    Stop *plan*: no more sessions are booked or started from it. Stopped already: returned as it is.

    Raises:
        NotInForce: it was completed or replaced.
    """
    with transaction.atomic():
        stored = TreatmentPlan.objects.select_for_update().get(pk=plan.pk)
        if stored.status == TreatmentPlan.Status.STOPPED:
            return stored
        if stored.status != TreatmentPlan.Status.ACCEPTED:
            status = stored.get_status_display().lower()
            raise NotInForce(gettext("Plan %(number)s is %(status)s.") % {"number": stored.number, "status": status})
        stored.claim(stored.version)
        TreatmentPlan.objects.filter(pk=stored.pk).update(status=TreatmentPlan.Status.STOPPED)
        stored.status = TreatmentPlan.Status.STOPPED
        record("plan.stopped", actor=by, patient=stored.patient_id, obj=stored, request=request, detail={"number": stored.number})
    return stored
