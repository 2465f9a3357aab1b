"""
The anchor of a day: a small text that says how far the chain was and what its last link is, signed.

Who has the whole machine, with the key, can make the chain anew from the first row, but not a copy of an anchor that lies
elsewhere. The signature is Ed25519 with a key made from the audit key; the public half stands in the text.
"""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.models import AuditSeal

from . import folder, heads
from .links import ANCHOR, use

FIELDS = ("Number", "Made at", "Position", "Last row", "Head", "Anchor before", "Public key")
TITLE = "Anchor of the audit log"
ADVICE = """
Keep a copy of this file where nobody who can change the clinic's machine can change it: another machine, a mailbox, paper.
`manage.py verify_audit --anchor FILE` says whether the log still holds what it held when this was made. No patient data in it.
"""


@dataclass(frozen=True)
class Anchor:
    """position: sealed rows until then. row: number of the last one. made_at: UTC. path: where it was read from."""

    number: int
    made_at: dt.datetime
    position: int
    row: int
    head: str
    public_key: str
    path: Path

    @property
    def age_seconds(self) -> float:
        return max(0.0, (dt.datetime.now(dt.UTC) - self.made_at).total_seconds())


class NoAnchor(Exception):
    """The file is no anchor, or its signature does not fit; the text says which."""


def folder_of_anchors() -> Path:
    return folder.place() / "anchors"


def files() -> list[Path]:
    return sorted(folder_of_anchors().glob("anchor-[0-9]*.txt"))


def last_anchor() -> Anchor | None:
    """The newest anchor of this machine; None where there is none. Raises NoAnchor where the newest file was changed."""
    present = files()
    return read(present[-1]) if present else None


def public_key(key: bytes) -> str:
    return _private(key).public_key().public_bytes_raw().hex()


def make(key: bytes) -> Anchor | None:
    """Write the next anchor for the newest head; None where nothing is sealed yet. The caller holds `folder.alone()`."""
    head = heads.last(key)
    if head is None or not head.position:
        return None
    present = files()
    number = int(present[-1].name.split("-")[1]) + 1 if present else 1
    before = hashlib.sha256(present[-1].read_bytes()).hexdigest() if present else "none"
    made_at = heads.now()
    said = dict(zip(FIELDS, (number, made_at, head.position, head.row, head.link, before, public_key(key)), strict=True))
    text = _signed_text(said)
    signature = _private(key).sign(text.encode()).hex()
    folder_of_anchors().mkdir(mode=0o700, exist_ok=True)
    path = folder_of_anchors() / f"anchor-{number:06}-{made_at[:10]}.txt"
    folder.write(path, f"{text}Signature: {signature}\n{ADVICE}")
    return read(path)


def read(path: Path) -> Anchor:
    """The anchor in *path*, its signature checked against the public key that stands in it."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NoAnchor(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from error
    found = dict(match.groups() for line in lines if (match := re.fullmatch(r"([A-Z][A-Za-z ]+): (\S.*?)\s*", line)))
    try:
        said = {name: found[name] for name in FIELDS}
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["Public key"])).verify(
            bytes.fromhex(found["Signature"]), _signed_text(said).encode()
        )
        made_at = dt.datetime.fromisoformat(said["Made at"])
        return Anchor(
            int(said["Number"]), made_at, int(said["Position"]), int(said["Last row"]), said["Head"], said["Public key"], path.resolve()
        )
    except InvalidSignature:
        raise NoAnchor(f"{path} was changed after it was made: its signature does not fit.") from None
    except (KeyError, ValueError):
        raise NoAnchor(f"{path} is not an anchor of an audit log.") from None


def is_due(now: dt.datetime) -> bool:
    """Whether this day (UTC) has no anchor yet, while rows are sealed."""
    present = files()
    if present and present[-1].stem.endswith(f"{now:%Y-%m-%d}"):
        return False
    return AuditSeal.objects.exists()


def _signed_text(said: dict) -> str:
    return "\n".join([TITLE, *(f"{name}: {said[name]}" for name in FIELDS)]) + "\n"


def _private(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(use(key, ANCHOR))
