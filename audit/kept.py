"""What this app keeps, for the registry of patient models."""

from .patient_models import OtherModel, register


def declare() -> None:
    register(
        OtherModel("audit.AuditEvent", "numbers and actions, never content; outlives the patient", exported=True),
        OtherModel("audit.AuditSeal", "hashes over the log", exported=True),
        OtherModel("audit.ErasureOrder", "numbers only; outlives the patient", exported=True),
        OtherModel("audit.ErasedFile", "names of files, which are numbers"),
    )
