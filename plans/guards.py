"""
An accepted plan, and the consultation it was agreed in, stay as they were: the database refuses to change or delete their
content, whoever asks.

What may still change is what happens to it afterwards: `status` along its one way, `version`, the link to the plan it
replaced, and who countersigned it, at that moment only. As the guard speaks of columns, a status is written with `update()` or
`save(update_fields=...)`, never with a bare `save()`. Zones and overrides are added while the plan is being written, and never
after.
"""

from audit.guards import Guard, no_change, refuse

COUNTERSIGNED = ("countersigned_by_id", "countersigned_at", "countersign_reason")
MAY_CHANGE = frozenset({"id", "status", "version", "supersedes_id", *COUNTERSIGNED})
# From what to what a plan may go. Superseded, completed, stopped and sent back are the end of it.
WAY = {
    "writing": ("accepted", "awaiting"),
    "awaiting": ("accepted", "returned"),
    "accepted": ("superseded", "completed", "stopped"),
}
# Whose row it is, for an erasure order: SQL over OLD.
OF_PLAN = "(SELECT p.patient_id FROM plans_treatmentplan AS p WHERE p.id = OLD.plan_id)"
MAY_CHANGE_AFTER = frozenset({"id", "version", "saved_at", "saved_by_id", "saved_from"})


def guards() -> list[Guard]:
    from .models import Consultation, PlanCountersignature, PlanOverride, PlanZone, TreatmentPlan

    content = tuple(field.column for field in TreatmentPlan._meta.concrete_fields if field.column not in MAY_CHANGE)
    found = tuple(field.column for field in Consultation._meta.concrete_fields if field.column not in MAY_CHANGE_AFTER)
    return [
        no_change(
            Consultation._meta.db_table,
            when="OLD.status <> 'open'",
            columns=found,
            reason="What was found in a consultation that has ended is never changed",
            name="plans_ended_consultation",
            patient="OLD.patient_id",
        ),
        no_change(
            TreatmentPlan._meta.db_table,
            columns=content,
            reason="An accepted plan is never changed: it is replaced by a new one",
            name="plans_accepted_plan",
            patient="OLD.patient_id",
        ),
        refuse(
            TreatmentPlan._meta.db_table,
            event="UPDATE",
            columns=("status",),
            when=f"OLD.status <> NEW.status AND NOT ({_ways()})",
            reason="A plan goes its one way: it is never taken back",
            name="plans_plan_way",
        ),
        refuse(
            TreatmentPlan._meta.db_table,
            event="UPDATE",
            columns=COUNTERSIGNED,
            when="NOT (OLD.status = 'awaiting' AND NEW.status = 'accepted')",
            reason="A plan is countersigned once, when it comes into force",
            name="plans_plan_countersigned",
        ),
        no_change(
            PlanCountersignature._meta.db_table,
            reason="A countersignature is never changed",
            name="plans_countersignature",
            patient=OF_PLAN,
        ),
        _while(
            "plans_countersignature_in_time", PlanCountersignature._meta.db_table, "awaiting", "Only a plan that waits is countersigned"
        ),
        _while("plans_zone_in_time", PlanZone._meta.db_table, "writing", "The zones of a plan are written with it"),
        _while("plans_override_in_time", PlanOverride._meta.db_table, "writing", "The overrides of a plan are written with it"),
        no_change(
            PlanZone._meta.db_table, reason="The zones of an accepted plan are never changed", name="plans_accepted_zone", patient=OF_PLAN
        ),
        no_change(
            PlanOverride._meta.db_table,
            reason="The overrides of an accepted plan are never changed",
            name="plans_accepted_override",
            patient=OF_PLAN,
        ),
    ]


def _ways() -> str:
    pairs = [(start, end) for start, ends in WAY.items() for end in ends]
    return " OR ".join(f"(OLD.status = '{start}' AND NEW.status = '{end}')" for start, end in pairs)


def _while(name: str, table: str, status: str, reason: str) -> Guard:
    """Rows of a plan are added only while it has *status*."""
    from .models import TreatmentPlan

    plans = TreatmentPlan._meta.db_table
    absent = f"NOT EXISTS (SELECT 1 FROM {plans} AS p WHERE p.id = NEW.plan_id AND p.status = '{status}')"  # noqa: S608 - our own names
    return refuse(table, event="INSERT", when=absent, reason=reason, name=name)
