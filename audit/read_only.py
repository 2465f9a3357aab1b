"""
Read-only: where the audit chain does not hold, nothing of patients is written until somebody has looked at it.

The state is a small file in AUDIT_DIR, outside the database, so that every process of every host sees the same, and whoever may
only write to the database cannot take it away. It is written when a process starts and the chain since the last anchor is
broken; it goes when the chain holds again, or goes on with a record of what was wrong (`manage.py resume_audit`).
"""

import os
import re
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created

from .chain import Unusable, folder, trouble, verifying

FILE = "read-only"
_WRITES = re.compile(r"\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+\"?(\w+)", re.IGNORECASE)
# What has to go on: the log itself, signing in, and opening a record in an emergency, which is reading.
_WRITTEN_EVEN_SO = ("audit_", "django_session", "accounts_", "account_", "axes_", "mfa_", "patients_emergencyopening")
_here = ""  # where the folder itself cannot be written
_seen: tuple[tuple, str] = ((), "")


class ReadOnly(Exception):
    """The clinic is read-only; the text says why."""


def path() -> Path:
    return Path(settings.AUDIT_DIR) / FILE


def reason() -> str:
    """Why nothing may be written now; empty where everything may. One look at a file's date, nothing more."""
    global _seen
    try:
        state = os.stat(path())
    except OSError:
        return _here
    mark = (state.st_mtime_ns, state.st_ino)
    if _seen[0] != mark:
        try:
            _seen = (mark, path().read_text().strip() or "The audit log does not hold.")
        except OSError:
            return _here
    return _seen[1]


def look() -> str:
    """Look at the chain since the last anchor, and be read-only where it is broken. Once so, only `lift` changes it."""
    global _here
    if said := reason():
        return said
    said = trouble()
    if said:
        try:
            folder.make()
            folder.write(path(), f"{said}\n")
        except (OSError, Unusable):
            _here = said
    return said


def lift() -> str:
    """Look at the whole chain again, and be open where it holds. Returns what is still wrong, or nothing."""
    global _here
    if not reason():
        return ""
    try:
        report = verifying.verify(most=1)
        said = report.first.words if report.first else ""
    except Unusable as problem:
        said = str(problem)
    if not said:
        _here = ""
        path().unlink(missing_ok=True)
    return said


def enforce() -> None:
    """From now on this process writes nothing of patients while the clinic is read-only, whatever service or task asks for it."""
    connection_created.connect(_watch, dispatch_uid="audit.read_only")
    for connection in connections.all(initialized_only=True):
        _watch(None, connection)


def _watch(sender, connection, **kwargs) -> None:
    if _refuse not in connection.execute_wrappers:
        connection.execute_wrappers.append(_refuse)


def _refuse(execute, sql, params, many, context):
    written = _WRITES.match(sql)
    if written and not written[1].startswith(_WRITTEN_EVEN_SO) and (said := reason()):
        raise ReadOnly(said)
    return execute(sql, params, many, context)
