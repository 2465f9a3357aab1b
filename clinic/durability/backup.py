"""
A backup while the clinic works: the audit's heads first, then all rows as they stood at one moment, then the files those rows
name. So the heads are never ahead of the rows, and no file is missing that a row of the copy names.
"""

import contextlib
import datetime as dt
import fcntl
import gzip
import hashlib
import json
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.desk.store import CLOCKS_DIFFER
from audit.services import record

from . import archive, beside, files, key, places, rows, status
from .problems import Problem

FORMAT = 1
ABOUT, MANIFEST = "about.json", "manifest.json"
NAME = "clinic-{:%Y%m%dT%H%M%SZ}.age"
_PIECE_BYTES = 4 << 20  # of one table, before it is packed


@dataclass
class Made:
    """What a backup holds. `problems` are sentences: it stands, and somebody should look."""

    path: Path
    rows: int = 0
    files: int = 0
    seconds: float = 0.0
    verified: bool = False
    problems: list[str] = field(default_factory=list)


def backups() -> list[Path]:
    """
    Whole backups in the folder, oldest first: their names are their times. One that is named ahead of the clock was made before
    the clock was put back: it goes before those made since, which would otherwise be the first to be taken away.
    """
    last = NAME.format(timezone.now() + CLOCKS_DIFFER)
    return sorted(Path(settings.BACKUP_DIR).glob("clinic-*.age"), key=lambda path: (path.name <= last, path.name))


@contextmanager
def only_one() -> Iterator[None]:
    """One backup, restore or drill at a time on this data folder."""
    folder = settings.CLINIC_DATA / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "backup.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem("A backup, a restore or a drill is under way. Wait until it is done.") from None
        yield


def make_backup(*, by: str = "command") -> Made:
    """
    Write one encrypted backup, read it back, and take away those beyond BACKUP_KEEP. What became of it stands in the status file.

    Raises:
        Problem: nothing was written; the text says why.
    """
    try:
        with only_one():
            made = _make()
    except Problem as problem:
        with contextlib.suppress(OSError):  # a full disk takes no note either; why the backup failed is what has to be said
            status.note(failed_backup={"at": timezone.now().isoformat(), "why": str(problem)})
        raise
    with transaction.atomic():
        record("backup.made", detail={"file": made.path.name, "rows": made.rows, "files": made.files, "by": by})
    return made


def _make() -> Made:
    started = time.monotonic()
    folder = Path(settings.BACKUP_DIR)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"BACKUP_DIR={folder} cannot be used: {error.strerror}. Name a folder you may write to.") from error
    key.make_key()
    recipients = key.recipients()
    for left in folder.glob("clinic-*.age.part"):  # of a backup that was killed; the lock says that none is under way
        left.unlink(missing_ok=True)
    made = Made(_free_name(folder))
    with archive.writing(made.path, recipients) as out:
        _write(out, made)
    identities = key.own_identities()
    if identities:
        try:
            verify(made.path, identities)
        except Problem as problem:
            made.path.rename(made.path.with_suffix(".bad"))
            raise Problem(f"The backup was written and could not be read back: {problem}") from problem
        made.verified = True
    made.seconds = time.monotonic() - started
    for old in backups()[: -settings.BACKUP_KEEP]:
        old.unlink(missing_ok=True)
    try:
        _tell(made)
    except OSError as error:
        raise Problem(f"{made.path.name} is written, and there is no note of it: {error.strerror}.") from error
    return made


def _tell(made: Made) -> None:
    status.note(
        backup={
            "at": timezone.now().isoformat(),
            "file": made.path.name,
            "bytes": made.path.stat().st_size,
            "rows": made.rows,
            "files": made.files,
            "seconds": round(made.seconds, 1),
            "verified": made.verified,
            "problems": made.problems,
        },
        failed_backup=None,
    )
    beside.copy()


def _free_name(folder: Path) -> Path:
    moment = timezone.now()
    while (path := folder / NAME.format(moment)).exists():
        moment += dt.timedelta(seconds=1)
    return path


def _write(out: archive.Writer, made: Made) -> None:
    found = rows.tables(connection)
    left_out = rows.unknown_tables(connection)
    if left_out:
        made.problems.append(f"Tables that belong to no model are not in the backup: {', '.join(left_out)}.")
    about = {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(),
        "engine": connection.vendor,
        "python": platform.python_version(),
        "django": django.get_version(),
        "migrations": rows.applied_migrations(connection),
        "tables": [table.as_json() for table in found],
    }
    out.put(ABOUT, json.dumps(about, indent=1).encode())
    _write_settings(out)
    for name, folder in places.folders().items():
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.name.startswith(".") or path.name.endswith("lock"):
                continue
            out.put_file(f"{name}/{path.relative_to(folder).as_posix()}", path)
    moment = rows.snapshot()
    try:
        contents = {table.name: _write_table(out, moment, table) for table in found}
        numbers = rows.last_numbers(moment, found)
        wrong = _write_files(out, moment, made)
    finally:
        moment.close()
    made.rows = sum(one["rows"] for one in contents.values())
    entries = {name: [entry.size, entry.sha256] for name, entry in out.entries.items()}
    manifest = {"tables": contents, "last_numbers": numbers, "files": made.files, "files_not_as_made": wrong, "entries": entries}
    out.put(MANIFEST, json.dumps(manifest, indent=1).encode())


def _write_settings(out: archive.Writer) -> None:
    out.put("settings/environment.json", json.dumps(places.settings_in_use(), indent=1).encode())
    out.put("settings/secret_key", settings.SECRET_KEY.encode())


def _write_table(out: archive.Writer, moment, table: rows.Table) -> dict:
    digest, piece, size, number = rows.Digest(), [], 0, 0

    def put() -> None:
        nonlocal piece, size, number
        number += 1
        out.put(f"tables/{table.name}/{number:06d}.jsonl.gz", gzip.compress(b"".join(piece), 1, mtime=0))
        piece, size = [], 0

    for row in rows.read(moment, table):
        line = rows.as_line(row)
        digest.add(row, line)
        piece.append(line)
        size += len(line)
        if size > _PIECE_BYTES:
            put()
    if piece:
        put()
    return {"rows": digest.rows, "digest": digest.hex()}


def _write_files(out: archive.Writer, moment, made: Made) -> list[str]:
    """Copy the storage. Returns the names of files that a row names and that are not there as they were made."""
    named = dict(files.named_by_rows(moment))
    copied = set()
    for name, path in files.in_storage():
        try:
            entry = out.put_file(f"files/{name}", path)
        except FileNotFoundError:  # erased, or a part that got its name: looked at below
            continue
        copied.add(name)
        if name in named and named[name] != entry.sha256:
            made.problems.append(f"The file {name} is not the one that was made.")
    made.files = len(copied)
    gone = set(named) - copied
    if gone:
        gone &= {name for name, _ in files.named_by_rows(connection)}  # a patient who was erased meanwhile takes the files along
        made.problems += [f"The file {name} is gone." for name in sorted(gone)]
    return sorted(name for name in named if name not in copied or named[name] != out.entries[f"files/{name}"].sha256)


def verify(path: Path, identities: list) -> dict:
    """Read the whole backup and compare each entry with the manifest. Returns the manifest."""
    seen, manifest = {}, None
    with archive.reading(path, identities) as entries:
        for name, stream in entries:
            digest, size = hashlib.sha256(), 0
            kept = []
            while piece := stream.read(archive.PIECE):
                digest.update(piece)
                size += len(piece)
                if name == MANIFEST:
                    kept.append(piece)
            if name == MANIFEST:
                manifest = json.loads(b"".join(kept))
            else:
                seen[name] = [size, digest.hexdigest()]
    if manifest is None or seen != manifest["entries"]:
        raise Problem(f"{path.name} is not whole: what is in it is not what its manifest says. Use an older one.")
    return manifest
