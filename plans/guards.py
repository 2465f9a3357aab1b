"""
An accepted plan stays as it was agreed: the database refuses to change or delete its content, whoever asks.

What may still change is what happens to it afterwards: `status`, `version` and the link to the plan it replaced. As
the guard speaks of columns, a status is written with `update()` or `save(update_fields=...)`, never with a bare `save()`.
"""

from audit.guards import Guard, no_change

MAY_CHANGE = frozenset({"id", "status", "version", "supersedes_id"})


def guards() -> list[Guard]:
    from .models import PlanOverride, PlanZone, TreatmentPlan

    content = tuple(field.column for field in TreatmentPlan._meta.concrete_fields if field.column not in MAY_CHANGE)
    return [
        no_change(
            TreatmentPlan._meta.db_table,
            columns=content,
            reason="An accepted plan is never changed: it is replaced by a new one",
            name="plans_accepted_plan",
        ),
        no_change(PlanZone._meta.db_table, reason="The zones of an accepted plan are never changed", name="plans_accepted_zone"),
        no_change(
            PlanOverride._meta.db_table, reason="The overrides of an accepted plan are never changed", name="plans_accepted_override"
        ),
    ]
