"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import OtherModel, PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "consent.Consent",
            path="patient",
            section="consents",
            pages=("consent:document",),
            logged=("consent.signed",),
            contact="signed_at",
        ),
        PatientModel(
            "consent.ConsentItem",
            path="consent__patient",
            section="consent_items",
            pages=("consent:document",),
            logged=("consent.signed",),
        ),
        PatientModel(
            "consent.ConsentWithdrawal",
            path="item__consent__patient",
            section="consent_withdrawals",
            pages=("consent:document",),
            logged=("consent.withdrawn",),
            contact="at",
        ),
        PatientModel(
            "consent.PhotoPermission",
            path="patient",
            section="photo_permissions",
            pages=("consent:photos",),
            logged=("consent.photos_answered",),
            contact="at",
        ),
        OtherModel("consent.ConsentText", "the clinic's own words", exported=True),
    )
