"""What the database refuses to change about a sheet, and about words that were approved."""

from audit import approved_words
from audit.guards import Guard, no_change, refuse

PATIENT_OF = (
    "(SELECT s.patient_id FROM aftercare_sheet AS h JOIN treatment_sessions_treatmentsession AS s ON s.id = h.session_id "
    "WHERE h.id = OLD.sheet_id)"
)

ready_sheet = no_change(
    "aftercare_sheet",
    name="ready_sheet_locked",
    patient="(SELECT s.patient_id FROM treatment_sessions_treatmentsession AS s WHERE s.id = OLD.session_id)",
    when="OLD.state = 'ready'",
    reason="A sheet that is ready stays as it was handed out.",
    columns=(
        "session_id", "record_version", "language", "translation_id", "variant", "state", "file", "sha256", "pages", "finished_at",
    ),
)  # fmt: skip

superseded_sheet = no_change(
    "aftercare_sheet",
    name="superseded_sheet_stays",
    patient="(SELECT s.patient_id FROM treatment_sessions_treatmentsession AS s WHERE s.id = OLD.session_id)",
    when="OLD.superseded_at IS NOT NULL",
    reason="A sheet that a newer one took the place of stays so.",
    columns=("superseded_at",),
)
hand_over = no_change(
    "aftercare_handover",
    name="hand_over_locked",
    patient=PATIENT_OF,
    reason="What was handed over stays as it was noted.",
)
link_kept = no_change(
    "aftercare_sheetlink",
    name="sheet_link_locked",
    patient=PATIENT_OF,
    reason="A link keeps its sheet, its key and its end.",
    columns=("sheet_id", "key", "made_at", "ends_at"),
)
link_ended = no_change(
    "aftercare_sheetlink",
    name="sheet_link_ended",
    patient=PATIENT_OF,
    when="OLD.ended_at IS NOT NULL",
    reason="A link that was taken back stays so.",
    columns=("ended_at", "ended_by_id"),
)
link_page = refuse(
    "aftercare_sheetlink",
    event="UPDATE",
    name="sheet_link_page",
    columns=("page",),
    when="OLD.page <> '' AND NEW.page <> '' AND NEW.page <> OLD.page",
    reason="The page of a link stays as the sheet was printed, or is thrown away.",
)
GUARDS = (ready_sheet, superseded_sheet, hand_over, link_kept, link_ended, link_page)


def translation_guards() -> list[Guard]:
    from .models import SheetTranslation

    return approved_words.guards_of(
        SheetTranslation,
        prefix="sheet_translation",
        approved="Approved words of the sheet are never changed: a new version takes their place",
        way="Words of the sheet go from draft to approved to retired",
        begins="Words of the sheet begin as a draft",
    )
