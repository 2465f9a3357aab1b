"""What belongs to the clinic besides its database, and where it lies."""

import os
import re
from pathlib import Path

from django.conf import settings

_READS = re.compile(r"""env(?:\.\w+)?\(\s*"([A-Z][A-Z_]+)"|_required\(\s*"([A-Z][A-Z_]+)\"""")


def folders() -> dict[str, Path]:
    """Name in a backup -> folder that goes in as it is: the audit's key, heads and anchors. The storage goes by itself (files.py)."""
    return {"audit": Path(settings.AUDIT_DIR)}


def settings_in_use() -> dict[str, str]:
    """The environment variables our settings read and that are set here."""
    sources = sorted((settings.BASE_DIR / "microneedle_clinic").rglob("*.py"))
    names = {name for source in sources for pair in _READS.findall(source.read_text()) for name in pair if name}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def secret_key_file() -> Path:
    """Where an embedded clinic keeps its key."""
    return settings.CLINIC_DATA / "secret_key"


def restored_settings_file() -> Path:
    return settings.CLINIC_DATA / "restored-settings.env"


def half_restored_mark() -> Path:
    """Stands while a restore is under way; a clinic does not open beside it."""
    return settings.CLINIC_DATA / "restore-under-way"
