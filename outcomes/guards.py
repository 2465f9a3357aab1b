"""An answer is only ever added: the database refuses to change or delete one, whoever asks."""

from audit.guards import Guard, no_change, refuse

TABLE = "outcomes_outcomeanswer"
OTHERS = "a.patient_id = NEW.patient_id AND a.indication = NEW.indication AND a.kind = NEW.kind AND a.rater = NEW.rater"


def guards() -> list[Guard]:
    # Only names of our own are put together here, nothing that anybody types.
    of_another = (
        f"NEW.corrects_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {TABLE} AS a WHERE a.id = NEW.corrects_id AND {OTHERS} "  # noqa: S608
        "AND a.rated_on = NEW.rated_on)"
    )
    return [
        no_change(TABLE, reason="An answer is never changed: a correction stands beside it", name="outcome_said", patient="OLD.patient_id"),
        refuse(
            TABLE,
            event="INSERT",
            when=of_another,
            reason="A correction is of the same patient, scale, rater and day",
            name="outcome_correction_of_same",
        ),
    ]
