"""
What a backup cannot hold because it comes later: the newest audit anchor and the journal of erasures. Both hold numbers only and
are signed, so they lie in the backup folder as they are, and a restore looks for them beside the backup.
"""

import os
import secrets
from pathlib import Path

from django.conf import settings

from audit.chain import anchors
from clinic.rights import journal

from .archive import sync_folder


def copy() -> list[Path]:
    """Bring the copies up to date; returns those that were written anew."""
    folder = Path(settings.BACKUP_DIR)
    if not folder.is_dir():
        return []
    wanted = [journal.path()] if journal.path().exists() else []
    wanted += anchors.files()[-1:]
    written = [copied for source in wanted if (copied := _copy(source, folder / source.name))]
    if written:
        sync_folder(folder)
    for old in found_anchors(folder)[:-5]:
        old.unlink(missing_ok=True)
    return written


def _copy(source: Path, target: Path) -> Path | None:
    data = source.read_bytes()
    if target.exists() and target.read_bytes() == data:
        return None
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)
    return target


def found_anchors(folder: Path) -> list[Path]:
    return sorted(folder.glob("anchor-[0-9]*.txt"))


def found_journals(folder: Path) -> list[Path]:
    return [path for path in (folder / journal.FILE,) if path.exists()]
