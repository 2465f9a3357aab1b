"""
The heads: after each seal one line outside the database that says how far the chain is and what its last link is.

`code {"at":...,"kind":...,"link":...,"position":...,"row":...}`, oldest first, in numbered files. The database is committed
first and the line written next: a sealer killed between the two leaves seals that only the key could have made, and the next
one writes the line as *recovered*. The other way round a crash would look like rows that were cut off.
"""

import datetime as dt
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import folder
from .links import LINE_MAC, line_mac

FILE_LIMIT = 16_000_000  # bytes; then the next file is begun
TAIL = 65_536  # bytes; longer than any line
BEGUN, SEALED, RECOVERED, RESUMED = "begun", "sealed", "recovered", "resumed"


@dataclass(frozen=True)
class Head:
    """position: of the last sealed row. row: its number. link: what the next link is made from. at: UTC, by the sealer's clock."""

    kind: str
    position: int
    row: int
    link: str
    at: str = ""
    more: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Damaged:
    """A line that is not one of ours, or a file that is missing."""

    where: str


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def files() -> list[Path]:
    return sorted(folder.place().glob("heads-[0-9]*.log"))


def exist() -> bool:
    return any(path.stat().st_size for path in files())


def append(key: bytes, head: Head, *, new_file: bool = False) -> Head:
    """Write one line and have it on the disk. What a killed sealer left of a line is taken away, and the line says so."""
    present = files()
    path = present[-1] if present else folder.make() / "heads-000001.log"
    if present and (new_file or path.stat().st_size > FILE_LIMIT):
        path = path.with_name(f"heads-{int(path.stem.partition('-')[2]) + 1:06}.log")
    is_new = not path.exists()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as out:
        end = out.seek(0, os.SEEK_END)
        torn = end - _whole(out, end)
        if torn:
            out.truncate(end - torn)
            head = Head(head.kind, head.position, head.row, head.link, head.at, {**head.more, "torn_bytes": torn})
        out.seek(0, os.SEEK_END)
        if not head.at:
            head = Head(head.kind, head.position, head.row, head.link, now(), head.more)
        out.write(_line(key, head))
        out.flush()
        os.fsync(out.fileno())
    if is_new:
        folder.sync_folder(path.parent)
    return head


def last(key: bytes) -> Head | None:
    """The newest head; None where there is none yet. Raises Unusable where the newest whole line is not ours."""
    for path in reversed(files()):
        with path.open("rb") as lines:
            end = lines.seek(0, os.SEEK_END)
            end = _whole(lines, end)
            if not end:
                continue
            lines.seek(max(0, end - TAIL))
            text = lines.read(end - max(0, end - TAIL))
        head = _head(key, text.rstrip(b"\n").rpartition(b"\n")[2])
        if head is None:
            raise folder.Unusable(
                f"The last line of {path} does not fit the audit key: the list of heads or the key is damaged or of another clinic. "
                "Put AUDIT_DIR back from a backup, or go on with a record of it: `manage.py resume_audit`."
            )
        return head
    return None


def read(key: bytes, since: int = 0) -> Iterator[Head | Damaged]:
    """Every head from position *since* on, oldest first, with what is damaged among them; the end of a line in the making is left out."""
    present = files()
    for expected, path in enumerate(present, start=1):
        number = int(path.stem.partition("-")[2])
        if number != expected and (expected == 1 or number != int(present[expected - 2].stem.partition("-")[2]) + 1):
            yield Damaged(f"the file before {path.name} is missing")
    begin = 0
    for index, path in enumerate(present):
        with path.open("rb") as lines:
            head = _head(key, lines.readline().rstrip(b"\n"))
        if head is not None and head.position <= since:
            begin = index
    for path in present[begin:]:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                head = _head(key, line[:-1])
                if head is None:
                    yield Damaged(f"line {number} of {path.name} is not one of ours")
                elif head.position >= since:
                    yield head


def first(key: bytes) -> Head | None:
    """The line with which the first file begins."""
    for path in files()[:1]:
        with path.open("rb") as lines:
            return _head(key, lines.readline().rstrip(b"\n"))
    return None


def resumed(key: bytes) -> list[Head]:
    """Every resume record, oldest first."""
    found = []
    for path in files():
        with path.open("rb") as lines:
            found += [_head(key, line.rstrip(b"\n")) for line in lines if b'"kind":"resumed"' in line and line.endswith(b"\n")]
    return [head for head in found if head is not None]


def _line(key: bytes, head: Head) -> bytes:
    said = {"kind": head.kind, "position": head.position, "row": head.row, "link": head.link, "at": head.at}
    text = json.dumps(said | ({"more": head.more} if head.more else {}), sort_keys=True, separators=(",", ":"))
    return f"{line_mac(key, text)} {text}\n".encode()


def _head(key: bytes, line: bytes) -> Head | None:
    try:
        code, _, text = line.decode().partition(" ")
        if len(code) != LINE_MAC or not hmac.compare_digest(code, line_mac(key, text)):
            return None
        return Head(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _whole(file, end: int) -> int:
    """How many of the first *end* bytes are whole lines."""
    if not end:
        return 0
    start = max(0, end - TAIL)
    file.seek(start)
    return start + file.read(end - start).rfind(b"\n") + 1
