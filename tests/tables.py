"""
Tables that were made once and are copied: migrating from nothing takes longer than almost every test. TABLES_MADE names a folder
which several runs share; without it each run makes its own when it is first asked.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from .running_clinic import ROOT, environment


def are_shared() -> bool:
    return bool(os.environ.get("TABLES_MADE"))


def written_by(root: Path = ROOT) -> str:
    """Changes with every migration and every other module of the software, guards among them: tables of another state are not taken."""
    seen = hashlib.sha256()
    for path in sorted(root.glob("*/**/*.py")):
        within = path.relative_to(root)
        if "tests" not in within.parts and not within.parts[0].startswith("."):
            seen.update(f"{within}\0".encode() + path.read_bytes())
    return seen.hexdigest()[:16]


@cache
def migrated() -> Path:
    """The SQLite file of a clinic in which nothing was done yet, with its guards; to be copied."""
    shared = os.environ.get("TABLES_MADE")
    folder = Path(shared or tempfile.mkdtemp(prefix="clinic-tables-"))
    if not shared:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder = folder / written_by()
    folder.mkdir(parents=True, exist_ok=True)
    data, whole = folder / "data", folder / "whole"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir()
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            ended = subprocess.run(command, cwd=ROOT, env=environment(data, 0), capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stdout + ended.stderr
            whole.touch()
    return data / "clinic.sqlite3"


def copy_into(path: Path) -> None:
    """In place of what lies at *path*."""
    for old in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        old.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(migrated())) as made, contextlib.closing(sqlite3.connect(path)) as copy:
        made.backup(copy)
