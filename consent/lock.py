"""Signing, withdrawing and the start of a treatment wait for each other: whoever acts on what a person consented to holds this."""

from patients.models import Patient


def hold(patient: Patient) -> None:
    """Take the person, all records of them, until the transaction ends. On SQLite each write transaction is alone anyway."""
    list(patient.every_record().select_for_update(no_key=True).values_list("pk"))
