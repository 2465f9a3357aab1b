"""A merged record points to one that is kept, in one step: the database refuses a chain, and any change of what a merge says."""

from audit.guards import Guard, no_change, refuse

LATER = frozenset({"undone_at", "undone_by_id"})


def guards() -> list[Guard]:
    from .models import Patient, PatientMerge

    patients, merges = Patient._meta.db_table, PatientMerge._meta.db_table
    # Only names of our own are put together here, nothing that anybody types.
    onward = f"EXISTS (SELECT 1 FROM {patients} AS p WHERE p.id = NEW.merged_into_id AND p.merged_into_id IS NOT NULL)"  # noqa: S608
    behind = f"EXISTS (SELECT 1 FROM {patients} AS p WHERE p.merged_into_id = NEW.id)"  # noqa: S608
    chain = f"NEW.merged_into_id IS NOT NULL AND ({onward} OR {behind})"
    reason = "A record is merged into one that is kept, in one step"
    said = tuple(field.column for field in PatientMerge._meta.concrete_fields if field.column not in LATER)
    stands = "What was said when two records were merged is never changed"
    # A merge goes with either of its two, `o` being the order that is open (see `audit.guards.let_go`).
    of = {"patient": "CASE WHEN o.patient_pk = OLD.kept_id THEN OLD.kept_id ELSE OLD.other_id END"}
    return [
        refuse(patients, event="INSERT", when=chain, reason=reason, name="patient_merged_in_one_step"),
        refuse(patients, event="UPDATE", columns=("merged_into_id",), when=chain, reason=reason, name="patient_merged_in_one_step_changed"),
        no_change(merges, columns=said, reason=stands, name="patients_merge_said", **of),
        no_change(
            merges, columns=tuple(sorted(LATER)), when="OLD.undone_at IS NOT NULL", reason=stands, name="patients_merge_undone", **of
        ),
    ]
