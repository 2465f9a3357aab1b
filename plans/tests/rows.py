"""Plans for tests, written as the service writes them: whole, then in force."""

from plans.models import PlanZone, TreatmentPlan


def plan_with(zones: list[dict], *, status: str = "accepted", **fields) -> TreatmentPlan:
    """A plan with its zones; each of *zones* holds the columns of one row, without plan and position."""
    plan = TreatmentPlan.objects.create(status=TreatmentPlan.Status.WRITING, **fields)
    for position, row in enumerate(zones, start=1):
        PlanZone.objects.create(plan=plan, **{"position": position, **row})
    plan.status = status
    plan.save(update_fields=["status"])
    return plan
