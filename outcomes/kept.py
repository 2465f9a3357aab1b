"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "outcomes.OutcomeAnswer",
            path="patient",
            section="outcome_answers",
            pages=("outcomes:patient",),
            logged=("outcome.recorded", "outcome.corrected"),
            contact="recorded_at",
        )
    )
