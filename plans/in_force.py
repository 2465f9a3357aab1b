"""Until when a plan was in force, asked where a treatment of an earlier day is recorded."""

import datetime as dt

from audit.models import AuditEvent, Outcome

from .models import TreatmentPlan

Status = TreatmentPlan.Status
NEVER = (Status.WRITING, Status.AWAITING, Status.RETURNED)


def ended_at(plan: TreatmentPlan) -> dt.datetime | None:
    """When *plan* was replaced or stopped; None where it was not, or nobody knows any more. One that is completed was not ended."""
    if plan.status == Status.SUPERSEDED:
        newer = TreatmentPlan.objects.filter(supersedes=plan).without_documents().first()
        return newer.in_force_from if newer else None
    if plan.status == Status.STOPPED:
        rows = AuditEvent.objects.filter(action="plan.stopped", outcome=Outcome.DONE, object_type=plan._meta.label_lower)
        row = rows.filter(object_pk=str(plan.pk)).first()
        return row.at if row else None
    return None
