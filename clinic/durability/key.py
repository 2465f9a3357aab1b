"""
Who can read a backup: it is encrypted to the clinic's own key and to whatever further keys the settings name (age, X25519).

The key file is made once, outside the backup folder, and stays on the machine so that each backup is read back after it was
written and the drills need nobody. A copy of it belongs in a safe: without it no backup can be read. Where BACKUP_RECIPIENTS
is set and there is no key file, the machine can write backups and read none of them; the drills then run elsewhere.
"""

import os
import secrets
from pathlib import Path

import pyrage
from django.conf import settings
from django.utils import timezone

from .problems import Problem

_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how a line of the file begins


def key_path() -> Path:
    return Path(settings.BACKUP_KEY_FILE)


def make_key() -> bool:
    """Make the clinic's own key where there is none; two processes that start together agree on one. True where it was made."""
    path = key_path()
    if path.exists() or settings.BACKUP_RECIPIENTS:
        return False
    if path.resolve().is_relative_to(Path(settings.BACKUP_DIR).resolve()):
        raise Problem(f"BACKUP_KEY_FILE={path} lies in the backup folder: whoever takes the folder would have the key. Name another place.")
    identity = pyrage.x25519.Identity.generate()
    text = f"# The clinic's backup key, made {timezone.now():%Y-%m-%d %H:%M} UTC. Keep a copy in a safe, away from the backups.\n"
    text += f"# public key: {identity.to_public()}\n{identity}\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    candidate = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(candidate)
    except FileExistsError:
        return False
    finally:
        candidate.unlink()
    return True


def read_identities(path: Path) -> list:
    """The secret keys of an age key file."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"The backup key {path} cannot be read: {getattr(error, 'strerror', '') or 'it is no text'}.") from error
    try:
        found = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines if line.startswith(_SECRET)]
    except pyrage.IdentityError as error:
        raise Problem(f"{path} holds a line that is no backup key. It must begin with {_SECRET}1 and be whole.") from error
    if not found:
        raise Problem(f"{path} holds no backup key. It is a line that begins with {_SECRET}1.")
    return found


def own_identities() -> list:
    """The keys on this machine; none where only others can read its backups."""
    return read_identities(key_path()) if key_path().exists() else []


def recipients() -> list:
    """Whom a backup is encrypted to: the settings' recipients and the clinic's own key."""
    found = [identity.to_public() for identity in own_identities()]
    for text in settings.BACKUP_RECIPIENTS:
        try:
            found.append(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            raise Problem(f"BACKUP_RECIPIENTS: {text} is no age public key. It begins with age1.") from error
    if not found:
        raise Problem(f"There is no backup key at {key_path()} and BACKUP_RECIPIENTS is empty. Run manage.py backup_key to make one.")
    return found
