"""How the chain stands: one sentence for the start and the health page, and how far the sealer is behind."""

import datetime as dt
import json
import time
from dataclasses import dataclass

from audit.models import AuditEvent, AuditSeal

from . import anchors, folder, reading, sealing
from .verifying import verify

NEWEST = 1000  # rows looked at for those that were left out


@dataclass(frozen=True)
class Lag:
    """rows: not sealed yet. seconds: since the oldest of them was written, by this machine's clock; 0 where none waits."""

    rows: int
    seconds: float


_said: tuple[float, str] | None = None


def trouble(*, at_most_old: float = 0) -> str:
    """
    What is wrong with the chain since the last anchor, in whole sentences; empty where nothing is.

    at_most_old: seconds for which an answer given before, in this process, still counts; the look itself takes about a second for
    a day of 20,000 rows.
    """
    global _said
    if _said is not None and at_most_old and time.monotonic() - _said[0] < at_most_old:
        return _said[1]
    words = _look()
    _said = (time.monotonic(), words)
    return words


def lag() -> Lag:
    """
    How far the sealer is behind. Rows of a transaction that is still open are not seen by anybody; rows that are not ours, and so
    never sealed, are `trouble`.
    """
    newest = reading.seals().order_by("-event_id").values_list("event_id", flat=True).first() or 0
    named = _named()
    behind = AuditEvent.objects.filter(pk__gt=newest).exclude(pk__in=named)
    oldest = behind.order_by("pk").values_list("at", flat=True).first()
    recent = dict(AuditEvent.objects.exclude(pk__in=named).order_by("-at").values_list("pk", "at")[:NEWEST])
    for some in reading.portions(recent):
        for number in AuditSeal.objects.filter(event_id__in=some).values_list("event_id", flat=True):
            del recent[number]
    rows = max(len(recent), behind.count())
    moments = [*recent.values(), *([oldest] if oldest else [])]
    seconds = (dt.datetime.now(dt.UTC) - min(moments)).total_seconds() if moments else 0.0
    return Lag(rows, max(0.0, seconds))


def _look() -> str:
    try:
        report = verify(since=anchors.last_anchor(), most=1)
    except anchors.NoAnchor as problem:
        return f"{problem} Put it back from a copy, or go on with a record of it: `manage.py resume_audit`."
    except folder.Unusable as problem:
        return str(problem)
    if report.first is not None:
        more = f" {report.count - 1} more places are wrong." if report.count > 1 else ""
        return f"{report.first.words}{more} Run `manage.py verify_audit` for all of it."
    return _noticed()


def _named() -> list[int]:
    """Numbers of rows that the sealer found not to be ours."""
    try:
        return json.loads((folder.place() / sealing.NOTICED).read_text())["rows"]
    except (OSError, ValueError, KeyError):
        return []


def _noticed() -> str:
    """What the sealer saw that lies before the last anchor, where it is still so."""
    numbers = _named()
    sealed = set(AuditSeal.objects.filter(event_id__in=numbers).values_list("event_id", flat=True))
    found = reading.rows(set(numbers) - sealed)
    copies = reading.copies(found.values())
    for number, row in sorted(found.items()):
        if not row.is_ours or number in copies:
            return f"Row {number} was inserted: this program did not write it. Run `manage.py verify_audit` for all of it."
    return ""
