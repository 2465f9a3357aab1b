"""What this app keeps, for the registry of patient models."""

from audit.patient_models import OtherModel, register


def declare() -> None:
    register(
        OtherModel("protocols.ProtocolVersion", "what the clinic knows", exported=True),
        OtherModel("protocols.ProtocolEdit", "the history of a draft", exported=True),
        OtherModel("protocols.ProtocolStep", "the life of a version", exported=True),
    )
