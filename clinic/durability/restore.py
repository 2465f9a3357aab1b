"""
A backup onto an empty machine, proved while it is done.

All rows go in within one transaction, which is committed only when the whole backup was read, each entry is what its manifest
says, each table read back from the new database is row for row the one that was saved, and each file has its hash. Before that
the clinic is as empty as it was.
"""

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from audit import guards

from . import archive, files, places, rows
from .backup import ABOUT, FORMAT, MANIFEST, only_one
from .problems import Problem

STAGE = "restoring"
# Filled by migrate itself, so they say nothing about whether a clinic was here.
_MADE_BY_MIGRATE = {rows.MIGRATIONS, "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


@dataclass
class Restored:
    """What came back. `problems` are what the proofs found; without any the clinic is as it was saved."""

    made_at: str = ""
    engine: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    files: int = 0
    proofs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def restore(path: Path, identities: list, *, replace: bool = False, anchor: Path | None = None, tell=lambda line: None) -> Restored:
    """
    Bring back the backup at *path*.

    replace: give up what is in this database and storage now; without it only an empty place is filled.
    anchor: an audit anchor kept elsewhere, which the chain is held against.
    tell: called with a line about each step.

    Raises:
        Problem: nothing was brought back; the text says why.
    """
    started = time.monotonic()
    done = Restored()
    os.umask(0o077)
    with only_one(), _clinic_is_closed():
        _clear_stage()
        try:
            with archive.reading(path, identities) as entries:
                about = _about(entries, path)
                _refuse_what_does_not_fit(about, replace=replace)
                places.half_restored_mark().write_text(f"{path.name}\n")
                _bring_back(about, entries, done, tell)
        finally:
            _clear_stage()
        tell("Bringing the tables to this version, guards, audit, erasures ...")
        _finish(path, done, anchor)
        places.half_restored_mark().unlink()
    done.seconds = time.monotonic() - started
    return done


@contextmanager
def _clinic_is_closed() -> Iterator[None]:
    """No clinic runs from this data folder, and none starts before the restore is done (its supervisor takes the same lock)."""
    with (settings.CLINIC_DATA / "run" / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"A clinic runs from {settings.CLINIC_DATA}. Stop it first.") from None
        yield


def _about(entries, path: Path) -> dict:
    name, stream = next(entries, ("", None))
    if name != ABOUT:
        raise Problem(f"{path.name} is no backup of this clinic's software.")
    about = json.loads(stream.read())
    if about["format"] != FORMAT:
        raise Problem(
            f"{path.name} has format {about['format']}; this version reads {FORMAT}. Use the version of the software that wrote it."
        )
    return about


def _refuse_what_does_not_fit(about: dict, *, replace: bool) -> None:
    loader = MigrationExecutor(connection).loader
    newer = sorted({tuple(one) for one in about["migrations"]} - set(loader.disk_migrations))
    if newer:
        app, name = newer[0]
        raise Problem(f"The backup was made by a newer version of the software (it has {app}.{name}). Install that version or a later one.")
    here = what_is_here()
    half = places.half_restored_mark().exists()
    if here and not replace and not half:
        raise Problem(
            f"This place is not empty: {', '.join(here)}. Restore into an empty database and an empty CLINIC_DATA, "
            "or add --replace-what-is-here to give up what is here now."
        )


def what_is_here() -> list[str]:
    """What would be lost by a restore: "patients_patient (12 rows)", "files (3)"; empty where nothing would."""
    known = set(connection.introspection.table_names())
    found = []
    for table in rows.tables():
        if table.name in known and table.name not in _MADE_BY_MIGRATE:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table.name)}")  # noqa: S608 - names of our models
                count = cursor.fetchone()[0]
            if count:
                found.append(f"{table.name} ({count} row{'' if count == 1 else 's'})")
    stored = sum(1 for _ in files.in_storage())
    return [*found, f"files ({stored})"] if stored else found


def _bring_back(about: dict, entries, done: Restored, tell) -> None:
    done.made_at, done.engine = about["made_at"], about["engine"]
    tell(f"Backup of {about['made_at'][:16].replace('T', ' ')} UTC, made on {about['engine']}. Making the tables ...")
    _make_tables(about)
    found = {one["name"]: rows.Table.from_json(one) for one in about["tables"]}
    seen: dict[str, list] = {}
    manifest: dict = {}
    exact = about["engine"] == connection.vendor  # the other engine writes some values in another way
    came = {name: rows.Digest(table.kinds, exact=exact) for name, table in found.items()}
    with transaction.atomic():
        guards.remove()
        _empty(found.values())
        tell("Rows ...")
        for name, stream in entries:
            if name == MANIFEST:
                manifest = json.loads(stream.read())
            elif name.startswith("tables/"):
                data = stream.read()
                seen[name] = [len(data), hashlib.sha256(data).hexdigest()]
                table = found[name.split("/")[1]]
                _write(table, gzip.decompress(data).split(b"\n")[:-1], came[table.name])
            else:
                seen[name] = _stage(name, stream)
        _prove_entries(seen, manifest)
        rows.set_last_numbers(connection, found.values(), manifest["last_numbers"])
        tell("Comparing each table with what was saved ...")
        _prove_rows(found, came, manifest, done, exact=exact)
        _prove_files(manifest, done)
        try:
            connection.check_constraints()
        except DatabaseError as error:
            raise Problem(f"Rows of the backup do not belong together: {error}") from error
        note = _put_in_place()
    if note:
        done.notes.append(note)
    done.proofs.append(f"{done.rows} rows in {len(done.tables)} tables are what was saved")
    done.proofs.append(f"{done.files} files have their hashes")


def _write(table: rows.Table, lines: list[bytes], came: rows.Digest) -> None:
    for start in range(0, len(lines), rows.AT_ONCE):
        some = [json.loads(line) for line in lines[start : start + rows.AT_ONCE]]
        for row, line in zip(some, lines[start:], strict=False):
            came.add(row, line + b"\n")
        rows.write(connection, table, some)


def _make_tables(about: dict) -> None:
    """Bring the tables to where the backup's were. Without signals: what migrate fills in afterwards comes with the rows."""
    executor = MigrationExecutor(connection)
    have = {tuple(one) for one in about["migrations"]}
    longer = executor.loader.replacements  # steps that each took the place of several
    if all(have.issuperset(step.replaces) for step in longer.values()):
        have |= set(longer)
    else:  # a backup from between two of those goes the way its clinic went
        have -= set(longer)
        executor.loader = MigrationLoader(connection, replace_migrations=False)
    graph = executor.loader.graph
    targets = [key for key in have if key in graph.node_map and not _followed(graph.node_map[key], have)]
    ahead = set(executor.loader.applied_migrations) - have
    if ahead:
        app, name = sorted(ahead)[0]
        raise Problem(
            f"The database here is newer than the backup (it has {app}.{name}). Give an empty database: the restore brings it to "
            "the backup's version and then to this software's."
        )
    executor.migrate(targets)


def _followed(node, have: set) -> bool:
    """Whether a later migration of the same app is among *have*."""
    return any(child.key in have and child.key[0] == node.key[0] for child in node.children)


def _empty(found) -> None:
    """Take away what migrations and migrate put in, or, where that was asked for, what is here."""
    known = connection.introspection.table_names()
    with connection.cursor() as cursor:
        names = [table.name for table in found if table.name in known] + [name for name in rows.LEFT_OUT if name in known]
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(connection.ops.quote_name(name) for name in names)}")
        else:
            for name in names:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")  # noqa: S608 - names of our models


def _stage_root() -> Path:
    return settings.CLINIC_DATA / STAGE


def _clear_stage() -> None:
    shutil.rmtree(_stage_root(), ignore_errors=True)


def _stage(name: str, stream: BinaryIO) -> list:
    """Lay a file down beside where it belongs. Returns [size, SHA-256]."""
    target = (_stage_root() / name).resolve()
    if not target.is_relative_to(_stage_root().resolve()):
        raise Problem(f"The backup names a file outside the clinic's folder: {name}. It was not made by this software.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := stream.read(archive.PIECE):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return [size, digest.hexdigest()]


# Proofs


def _prove_entries(seen: dict, manifest: dict) -> None:
    if not manifest:
        raise Problem("The backup ends before its manifest. Use an older one.")
    named = {name: entry for name, entry in manifest["entries"].items() if name != ABOUT}
    if seen != named:
        raise Problem("What is in the backup is not what its manifest says. Use an older one.")


def _prove_rows(found: dict[str, rows.Table], came: dict[str, rows.Digest], manifest: dict, done: Restored, *, exact: bool) -> None:
    """Read each table back: it is what came, and what came is what was saved."""
    for name, table in found.items():
        said = manifest["tables"][name]
        digest = rows.Digest(table.kinds, exact=exact)
        for row in rows.read(connection, table):
            digest.add(row)
        done.tables[name] = digest.rows
        same = digest.rows == said["rows"] and digest.hex() == came[name].hex() and (not exact or digest.hex() == said["digest"])
        if not same:
            raise Problem(f"{name} came back with {digest.rows} rows that are not the {said['rows']} that were saved.")


def _prove_files(manifest: dict, done: Restored) -> None:
    root = _stage_root() / "files"
    done.files = sum(1 for _ in files.in_storage(root)) if root.is_dir() else 0
    if done.files != manifest["files"]:
        raise Problem(f"{done.files} files came back; {manifest['files']} were saved.")
    known = set(manifest["files_not_as_made"])
    wrong = [name for name in files.not_as_made(connection, root) if name not in known]
    if wrong:
        raise Problem(f"The file {wrong[0]} is not the one that its row names.")
    done.problems += [f"{name} was gone or changed already when the backup was made" for name in sorted(known)]


def _put_in_place() -> str:
    """What was laid down moves to where it belongs; what was there is set aside, not deleted. Returns what a person has to do yet."""
    stamp = f"{timezone.now():%Y%m%dT%H%M%SZ}"
    moves = [(_stage_root() / "files", Path(settings.MEDIA_ROOT))]
    moves += [(_stage_root() / name, folder) for name, folder in places.folders().items()]
    for source, target in moves:
        if target.is_dir() and any(target.iterdir()):
            shutil.move(target, target.with_name(f"{target.name}.before-restore-{stamp}"))
        if source.is_dir():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.is_dir():
                target.rmdir()
            shutil.move(source, target)
            archive.sync_folder(target.parent)
    key = (_stage_root() / "settings" / "secret_key").read_text()
    environment = json.loads((_stage_root() / "settings" / "environment.json").read_text()) | {"SECRET_KEY": key}
    text = "".join(f"{name}={value}\n" for name, value in environment.items())
    with os.fdopen(os.open(places.restored_settings_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("# Settings of the clinic at the time of its backup. Give those you still want to the new one.\n" + text)
    if settings.EMBEDDED:
        os.replace(_stage_root() / "settings" / "secret_key", places.secret_key_file())
    if key == settings.SECRET_KEY or (settings.EMBEDDED and "SECRET_KEY" not in os.environ):
        return ""
    return f"Start the clinic with the SECRET_KEY that stands in {places.restored_settings_file()}."


def _finish(backup: Path, done: Restored, anchor: Path | None) -> None:
    """The rest runs as the restored clinic: a process of its own, so that no key of the empty place is still in its memory."""
    secret = next(line for line in places.restored_settings_file().read_text().splitlines() if line.startswith("SECRET_KEY="))
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "finish_restore", str(backup.resolve()), "--made-at", done.made_at]
    command += ["--rows", str(done.rows), "--files", str(done.files), *(["--anchor", str(anchor)] if anchor else [])]
    environment = {**os.environ, "SECRET_KEY": secret.partition("=")[2]}
    ended = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        said = json.loads(ended.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        print(ended.stderr, file=sys.stderr)
        said = {"proofs": [], "notes": [], "problems": [f"the last step failed: {(ended.stderr.strip().splitlines() or ['no words'])[-1]}"]}
    done.proofs += said["proofs"]
    done.problems += said["problems"]
    done.notes += said["notes"]
