"""What the database refuses to change about a sheet."""

from audit.guards import no_change

ready_sheet = no_change(
    "aftercare_sheet",
    name="ready_sheet_locked",
    patient="(SELECT s.patient_id FROM treatment_sessions_treatmentsession AS s WHERE s.id = OLD.session_id)",
    when="OLD.state = 'ready'",
    reason="A sheet that is ready stays as it was handed out.",
    columns=("session_id", "record_version", "language", "variant", "state", "file", "sha256", "pages", "finished_at"),
)
