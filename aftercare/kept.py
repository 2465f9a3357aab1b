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
            leaves_out=("published_at", "attempts", "again_at", "rounds"),
            files=_files,
        ),
        OtherModel("aftercare.SheetTranslation", "the words of the sheet in other languages", exported=True),
        OtherModel("aftercare.PhoneHours", "when the phone is answered, in other languages", exported=True),
        PatientModel(
            "aftercare.HandOver",
            path="sheet__session__patient",
            section="sheets_handed_over",
            pages=("aftercare:sheet",),
            logged=("sheet.handed_over",),
            leaves_out=("request_key",),
        ),
        PatientModel(
            "aftercare.SheetLink",
            path="sheet__session__patient",
            section="sheet_links",
            pages=("aftercare:sheet",),
            logged=("sheet.link_opened", "sheet.link_ended"),
            # What leads to the page, and the page itself, which is the sheet's file in another form.
            leaves_out=("key", "page", "window_at", "window_openings"),
            is_inner=True,
        ),
    )


def _files(rows):
    from .services.files import name_of, parts_of

    for sheet in rows.only("pk", "file", "sha256"):
        yield StoredFile(sheet.pk, sheet.file, f"{sheet.number}.pdf", sheet.sha256, also=(name_of(sheet.pk), parts_of(sheet.pk)))
