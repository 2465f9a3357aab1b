"""
A restore drill: the newest backup into a place of its own, with every proof of a real restore, and away with it again.

On PostgreSQL that place is a scratch database on the same server; where the role may make none, the backup is restored into
SQLite, which reads the same form.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from audit.services import record

from . import disk, files, key, status
from .backup import backups, only_one
from .problems import Problem

FOLDER = "drill"
# What a process needs to run at all; everything else of this clinic stays away from the drill.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "DYLD_FALLBACK_LIBRARY_PATH", "CLINIC_TIME_ZONE")
_PRODUCTION = ("SECRET_KEY", "ALLOWED_HOSTS", "BROKER_URL")


@dataclass
class Drilled:
    """said: what the restore said, line by line. problem: why the drill did not pass; empty where it did."""

    file: str
    where: str
    seconds: float
    said: list[str]
    problem: str = ""


def drill(path: Path | None = None) -> Drilled:
    """
    Restore *path*, or the newest backup, into a scratch place, and note how it went.

    Raises:
        Problem: there was nothing to try, or no key to try it with.
    """
    path = path or next(reversed(backups()), None)
    if path is None:
        raise Problem(f"There is no backup in {settings.BACKUP_DIR}. Run manage.py backup first.")
    if not key.own_identities():
        raise Problem("The key that reads the backups is not on this machine. Run the drill where it is: manage.py restore.")
    with only_one():
        done = _drill(path)
    entry = {"at": timezone.now().isoformat(), "file": done.file, "seconds": round(done.seconds, 1), "where": done.where}
    detail = {"file": done.file, "seconds": entry["seconds"]}
    if done.problem:
        # A full disk takes neither note nor row; why the drill did not pass is what has to be said.
        with suppress(OSError):
            status.note(failed_drill=entry | {"why": done.problem})
        with suppress(DatabaseError), transaction.atomic():
            record("drill.failed", detail=detail)
        return done
    try:
        status.note(drill=entry | {"said": done.said}, failed_drill=None)
    except OSError as error:
        raise Problem(f"The drill with {done.file} passed, and there is no note of it: {error.strerror}.") from error
    with transaction.atomic():
        record("drill.passed", detail=detail)
    return done


def _drill(path: Path) -> Drilled:
    started = time.monotonic()
    root = settings.CLINIC_DATA / "run" / FOLDER
    shutil.rmtree(root, ignore_errors=True)  # of a drill that was killed
    place = root / secrets.token_hex(4)
    without_room = _without_room()
    if not without_room:
        try:
            place.mkdir(mode=0o700, parents=True)
        except OSError as error:
            without_room = f"{root} cannot be made: {error.strerror}."
    if without_room:
        shutil.rmtree(root, ignore_errors=True)
        return Drilled(path.name, "nowhere", time.monotonic() - started, [], without_room)
    try:
        with _database() as (where, environment):
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(path), "--key", str(key.key_path())]
            environment |= {name: os.environ[name] for name in _KEPT if name in os.environ} | {"CLINIC_DATA": str(place)}
            ended = _run(command, environment)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    said = [line.strip() for line in ended.stdout.splitlines() if line.startswith("  ")]
    problem = ""
    if ended.returncode:
        problem = (ended.stderr.strip().splitlines() or ["The restore ended without a word."])[-1].removeprefix("CommandError: ")
    return Drilled(path.name, where, time.monotonic() - started, said, problem)


def _without_room() -> str:
    """Why a second copy of the clinic would not fit beside the first; empty where it does. A full disk stops those who work."""
    needed = sum(files.size_of(found) for _, found in files.in_storage())
    if settings.EMBEDDED:
        needed += 2 * Path(settings.DATABASES["default"]["NAME"]).stat().st_size  # its journal holds all of it once more
    free = shutil.disk_usage(settings.CLINIC_DATA).free
    if free - needed >= settings.DISK_WARN_MB * disk.MB:
        return ""
    return f"It needs about {disk.size(needed)} in {settings.CLINIC_DATA}, and {disk.size(free)} are free. Make room, then run it again."


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run to its end, or end it with all it started where this process is asked to stop."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603 - a fixed command of ours
        command, env=environment, cwd=settings.BASE_DIR, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    try:
        out, err = process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@contextmanager
def _database() -> Iterator[tuple[str, dict[str, str]]]:
    """Where the drill restores to, in a word, and the settings that lead there."""
    if settings.EMBEDDED:
        yield "sqlite", {}
        return
    connection = connections.create_connection("default")
    own = connection.settings_dict["NAME"]
    scratch = f"{own}_drill_{secrets.token_hex(4)}"
    quote = connection.ops.quote_name
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{own}_drill_%"])
            for (left,) in cursor.fetchall():
                with suppress(DatabaseError):
                    cursor.execute(f"DROP DATABASE {quote(left)}")
            try:
                cursor.execute(f"CREATE DATABASE {quote(scratch)}")
            except DatabaseError:
                scratch = ""
        if not scratch:
            yield "sqlite", {}
            return
        url, _, query = os.environ["DATABASE_URL"].partition("?")
        url = f"{url.rpartition('/')[0]}/{scratch}" + (f"?{query}" if query else "")
        try:
            yield "postgresql", {"DATABASE_URL": url} | {name: os.environ[name] for name in _PRODUCTION if name in os.environ}
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {quote(scratch)}")
    finally:
        connection.close()
