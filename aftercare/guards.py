"""What the database refuses to change about a sheet, and about words that were approved."""

from audit.guards import Guard, no_change, refuse

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

WAY = (("draft", "approved"), ("approved", "retired"))
MAY_FOLLOW = frozenset({"id", "version", "status", "retired_by_id", "retired_at"})


def translation_guards() -> list[Guard]:
    from .models import SheetTranslation

    table = SheetTranslation._meta.db_table
    words = tuple(field.column for field in SheetTranslation._meta.concrete_fields if field.column not in MAY_FOLLOW)
    ways = " OR ".join(f"(OLD.status = '{start}' AND NEW.status = '{end}')" for start, end in WAY)
    approved = "Approved words of the sheet are never changed: a new version takes their place"
    return [
        no_change(table, when="OLD.status <> 'draft'", columns=words, reason=approved, name="sheet_translation_approved"),
        no_change(
            table,
            when="OLD.status = 'retired'",
            columns=("retired_by_id", "retired_at"),
            reason=approved,
            name="sheet_translation_retired",
        ),
        refuse(
            table,
            event="UPDATE",
            columns=("status",),
            when=f"OLD.status <> NEW.status AND NOT ({ways})",
            reason="Words of the sheet go from draft to approved to retired",
            name="sheet_translation_way",
        ),
        refuse(
            table,
            event="INSERT",
            when="NEW.status <> 'draft'",
            reason="Words of the sheet begin as a draft",
            name="sheet_translation_begins",
        ),
    ]
