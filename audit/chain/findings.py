"""What a look at the chain may find, in words."""

import hashlib
from dataclasses import dataclass, field

EDITED, RESEALED, DELETED, MISSING, INSERTED, MOVED, CUT, REBUILT, HEADS, ANCHOR = (
    "edited",
    "seal changed",
    "deleted",
    "seals missing",
    "inserted",
    "moved",
    "tail cut",
    "rebuilt",
    "heads damaged",
    "anchor differs",
)


@dataclass(frozen=True)
class Finding:
    """
    One thing wrong. position: in the chain, 0 where it has none. row: number of the audit row, 0 where none can be named.
    present: what lies there now, so that a second change of the same row is another finding.
    """

    kind: str
    position: int
    row: int
    words: str
    last_position: int = 0
    present: bytes = b""

    @property
    def key(self) -> str:
        """What a resume record calls it."""
        to = f"-{self.last_position}" if self.last_position else ""
        kind = MISSING if self.kind == CUT else self.kind  # once the chain went on, the end that was cut off lies in its middle
        return f"{kind} {self.position}{to} {self.row} {hashlib.sha256(self.present).hexdigest()[:16]}"


@dataclass
class Report:
    """
    findings: what is wrong and in no resume record, the first bad row first; at most MOST of them, all are counted.
    known: what a resume record already tells. notes: what to know, without fault. checked: sealed rows gone through.
    waiting: rows of ours that are not sealed yet.
    """

    MOST = 100

    findings: list[Finding] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: int = 0
    checked: int = 0
    waiting: int = 0
    position: int = 0
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        return not self.count

    @property
    def first(self) -> Finding | None:
        return self.findings[0] if self.findings else None
