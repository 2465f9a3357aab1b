"""What the database refuses to change about a sheet."""

from audit.guards import no_change

ready_sheet = no_change(
    "aftercare_sheet",
    name="ready_sheet_locked",
    when="OLD.state = 'ready'",
    reason="A sheet that is ready stays as it was handed out.",
    columns=("session_id", "record_version", "language", "variant", "state", "file", "sha256", "pages", "finished_at"),
)
