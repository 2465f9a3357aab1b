"""
AUDIT_DIR: the key, the heads and the anchors. It lies outside the database, and is lost or moved only together with words.

Everything is written so that a machine that stops at any moment leaves it whole: a file under another name first, or a line
that counts once its end is there.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from django.conf import settings

KEY_BYTES = 32


class Unusable(Exception):
    """The chain cannot go on; the text says in whole sentences why and what to do."""


def place() -> Path:
    return Path(settings.AUDIT_DIR)


def key_path() -> Path:
    return place() / "key"


def make() -> Path:
    try:
        place().mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"The audit folder {place()} cannot be made: {error.strerror}. Name another in AUDIT_DIR.") from error
    return place()


def key() -> bytes | None:
    """The secret of the chain, or None where there is no file. Raises Unusable where the file holds something else."""
    path = key_path()
    try:
        state = path.stat()
        return _read_key(path, state.st_mtime_ns, state.st_ino)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"The audit key {path} cannot be read: {error.strerror}. Let the clinic's own user read it.") from error


@lru_cache(maxsize=4)
def _read_key(path: Path, changed: int, inode: int) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise Unusable(f"The audit key {path} is damaged. Put it back from a backup, or begin again with `manage.py resume_audit`.")
    return secret


def make_key() -> bytes:
    """The key, made where there is none. Two that make it together agree on one."""
    path = make() / "key"
    if not path.exists():
        candidate = path.with_name(f"key.{secrets.token_hex(4)}")
        write(candidate, secrets.token_hex(KEY_BYTES) + "\n")
        try:
            path.hardlink_to(candidate)
        except FileExistsError:
            pass
        finally:
            candidate.unlink()
        sync_folder(path.parent)
    secret = key()
    if secret is None:
        raise Unusable(f"The audit key {path} was taken away while it was made.")
    return secret


@contextmanager
def alone() -> Iterator[None]:
    """Run a block while no other process seals, makes an anchor or resumes with this folder."""
    with (make() / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all, for the owner only, and have it on the disk before this returns."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
