"""What became of the last backup and the last drill: a small file beside the data, not in the database that a restore replaces."""

import json
import os
import secrets
from pathlib import Path

from django.conf import settings

from .archive import sync_folder


def path() -> Path:
    return settings.CLINIC_DATA / "backup-status.json"


def read() -> dict:
    """{backup, failed_backup, drill, failed_drill}: each {at, ...} or absent."""
    try:
        found = json.loads(path().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def note(**changes: dict | None) -> None:
    """Write *changes* over what is there; None takes an entry away."""
    state = {name: value for name, value in {**read(), **changes}.items() if value is not None}
    fresh = path().with_name(f"{path().name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path().parent)
