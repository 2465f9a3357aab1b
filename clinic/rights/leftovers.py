"""
What an erasure leaves outside its transaction: files in the storage, and on SQLite what its own files still hold.

The names of the files stand in an outbox that is written with the erasure. A worker that began before may still write a file
of that patient, so each name is tried until the longest lease of a worker has passed since; then it counts as gone.

SQLite overwrites deleted rows (`secure_delete`) but for what a page keeps when its rows move to another: only VACUUM, which writes
the database anew, leaves nothing. It stands in the outbox too, and is done by the backup schedule.
"""

import datetime as dt
import fnmatch
import logging

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from audit.models import ErasedFile, ErasureOrder

log = logging.getLogger(__name__)


DATABASE = "#database"  # in the outbox: the pages of SQLite's own file
AT_ONCE_BELOW = 300_000_000  # bytes: written anew in a second or two, also while the clinic works


def note_database(order: ErasureOrder) -> None:
    if connection.vendor == "sqlite":
        ErasedFile.objects.create(order=order, name=DATABASE)


def write_anew(*, at_night: bool = False) -> bool:
    """SQLite: write the database anew where an erasure asks for it; a large one only *at_night*. Returns whether it was done."""
    waiting = list(ErasedFile.objects.filter(gone_at=None, name=DATABASE).values_list("pk", flat=True))
    if not waiting or connection.vendor != "sqlite" or connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        if cursor.fetchone()[0] > AT_ONCE_BELOW and not at_night:
            return False
        cursor.execute("VACUUM")
    ErasedFile.objects.filter(pk__in=waiting).update(gone_at=timezone.now())
    forget_log_pages()
    return True


def clear() -> int:
    """Remove what is still to be removed; returns how many names are not settled yet. Safe to run twice, and at any time."""
    settled_before = timezone.now() - dt.timedelta(seconds=2 * settings.SHEET_LEASE_SECONDS)
    waiting = list(ErasedFile.objects.filter(gone_at=None).exclude(name=DATABASE).select_related("order"))
    gone = []
    for row in waiting:
        try:
            _remove(row.name)
        except OSError as error:
            log.error("A file of erasure %s could not be removed: %s. It is tried again.", row.order_id, type(error).__name__)
            continue
        if row.order.ordered_at < settled_before:
            gone.append(row.pk)
    if gone:
        ErasedFile.objects.filter(pk__in=gone).update(gone_at=timezone.now())
    forget_log_pages()
    return len(waiting) - len(gone)


def _remove(name: str) -> None:
    if not name.endswith("*"):
        default_storage.delete(name)
        return
    folder, _, pattern = name.rpartition("/")
    try:
        _, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for file in files:
        if fnmatch.fnmatchcase(file, pattern):
            default_storage.delete(f"{folder}/{file}")


def forget_log_pages() -> None:
    """SQLite: bring the write-ahead log into the database and empty it, as deleted rows still stand in its pages."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
