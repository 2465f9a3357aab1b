"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import OtherModel, PatientModel, StoredFile, register


def declare() -> None:
    register(
        PatientModel(
            "aftercare.Sheet",
            path="session__patient",
            section="sheets",
            pages=("aftercare:sheet",),
            logged=("sheet.requested", "sheet.made", "sheet.failed", "sheet.opened"),
            leaves_out=("published_at", "attempts"),
            files=_files,
        ),
        OtherModel("aftercare.SheetTranslation", "the words of the sheet in other languages", exported=True),
    )


def _files(rows):
    from .services.files import name_of, parts_of

    for sheet in rows.only("pk", "file", "sha256"):
        yield StoredFile(sheet.pk, sheet.file, f"{sheet.number}.pdf", sheet.sha256, also=(name_of(sheet.pk), parts_of(sheet.pk)))
