"""
An accepted plan, and the consultation it was agreed in, stay as they were: the database refuses to change or delete their
content, whoever asks.

What may still change is what happens to it afterwards: `status`, `version` and the link to the plan it replaced. As
the guard speaks of columns, a status is written with `update()` or `save(update_fields=...)`, never with a bare `save()`.
"""

from audit.guards import Guard, no_change

MAY_CHANGE = frozenset({"id", "status", "version", "supersedes_id"})
MAY_CHANGE_AFTER = frozenset({"id", "version", "saved_at", "saved_by_id", "saved_from"})


def guards() -> list[Guard]:
    from .models import Consultation, PlanOverride, PlanZone, TreatmentPlan

    content = tuple(field.column for field in TreatmentPlan._meta.concrete_fields if field.column not in MAY_CHANGE)
    found = tuple(field.column for field in Consultation._meta.concrete_fields if field.column not in MAY_CHANGE_AFTER)
    return [
        no_change(
            Consultation._meta.db_table,
            when="OLD.status <> 'open'",
            columns=found,
            reason="What was found in a consultation that has ended is never changed",
            name="plans_ended_consultation",
        ),
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
