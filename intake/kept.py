"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "intake.QuestionnaireResponse",
            path="patient",
            section="questionnaires",
            pages=("intake:patient", "intake:review"),
            logged=("intake.handed_over", "intake.saved", "intake.sent"),
            contact="handed_at",
        ),
        PatientModel(
            "intake.ResponseItem",
            path="response__patient",
            section="questionnaire_lines",
            pages=("intake:review",),
            logged=("intake.sent", "intake.accepted", "intake.declined"),
        ),
    )
