"""
A photo stays what it was taken as, and stays out once it is taken out: the database refuses the rest. So is a reason for none.
"""

from audit.guards import Guard, no_change, refuse

REMOVAL = ("removed_at", "removed_by_id", "removed_reason")


def guards() -> list[Guard]:
    from .models import Photo, PhotoSkip

    photo, skip = Photo._meta.db_table, PhotoSkip._meta.db_table
    facts = tuple(field.column for field in Photo._meta.concrete_fields if field.column not in REMOVAL)
    # Only names of our own are put together here, nothing that anybody types.
    of_another = (
        "NEW.session_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM treatment_sessions_treatmentsession AS s "
        "WHERE s.id = NEW.session_id AND s.patient_id = NEW.patient_id)"
    )
    return [
        no_change(photo, columns=facts, reason="A photo is never changed", name="photo_as_taken", patient="OLD.patient_id"),
        no_change(
            photo,
            when="OLD.removed_at IS NOT NULL",
            columns=REMOVAL,
            reason="A photo that was taken out stays out",
            name="photo_taken_out",
            patient="OLD.patient_id",
        ),
        refuse(photo, event="INSERT", when=of_another, reason="A photo belongs to the patient of its session", name="photo_of_one_patient"),
        no_change(skip, reason="Why no photos were taken is never changed", name="photo_skip_said", patient="OLD.patient_id"),
        refuse(skip, event="INSERT", when=of_another, reason="A reason belongs to the patient of its session", name="photo_skip_of_one"),
    ]
