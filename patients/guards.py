"""
A patient's row goes only under an erasure order, an order is closed only when the patient is gone, and the number of somebody
erased is never given again: the database refuses the rest.
"""

from audit.guards import Guard, never_pushed_out, refuse

ORDERS = "audit_erasureorder"


def guards() -> list[Guard]:
    from .models import Patient

    patients = Patient._meta.db_table
    # Only names of our own are put together here, nothing that anybody types.
    there = f"EXISTS (SELECT 1 FROM {patients} AS p WHERE p.id = {{row}}.patient_pk)"  # noqa: S608
    given = f"EXISTS (SELECT 1 FROM {ORDERS} AS o WHERE o.patient_number = NEW.number OR o.patient_pk = NEW.id)"  # noqa: S608
    again = "The number of an erased patient is never given again"
    return [
        refuse(
            patients,
            event="DELETE",
            when="TRUE",
            patient="OLD.id",
            reason="A patient is erased only under an erasure order in the same transaction",
            name="patient_erased_by_order",
        ),
        never_pushed_out(
            patients, reason="A patient is erased under an erasure order, never pushed out by another row", name="patient_never_pushed_out"
        ),
        refuse(patients, event="INSERT", when=given, reason=again, name="patient_number_once"),
        refuse(patients, event="UPDATE", columns=("number", "id"), when=given, reason=again, name="patient_number_once_changed"),
        refuse(
            ORDERS,
            event="UPDATE",
            columns=("pending_id",),
            when=there.format(row="OLD"),
            reason="An erasure order is closed when nothing of the patient is left",
            name="erasure_order_carried_out",
        ),
        refuse(
            ORDERS,
            event="INSERT",
            when=f"NEW.pending_id IS NULL AND {there.format(row='NEW')}",
            reason="An erasure order is open until nothing of the patient is left",
            name="erasure_order_open_first",
        ),
    ]
