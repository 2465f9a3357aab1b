"""
Every link again, from the first row or from an anchor, in batches: what it needs does not grow with the log.

What lies in the database is held against the key, the heads and an anchor, none of which lies there.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Max

from audit.models import AuditEvent, AuditSeal

from . import anchors, folder, heads, reading, sealing
from .anchors import Anchor
from .findings import ANCHOR, CUT, DELETED, EDITED, HEADS, INSERTED, MISSING, MOVED, REBUILT, RESEALED, Finding, Report
from .heads import Damaged, Head
from .links import first_link, link
from .telling import Place, tell

STEP = 1000  # seals read at once
UNSEALED_STEP = 20_000  # numbers
MOST_NOTES = 50
TOLD = 5  # places at which it is tried out what was done there; the others are only named


@dataclass(frozen=True, slots=True)
class Seal:
    position: int
    row: int
    link: str


def verify(
    *, since: Anchor | None = None, against: Anchor | None = None, most: int | None = None, progress: Callable[[int], None] | None = None
) -> Report:
    """
    Check the chain: all of it, or what was sealed since the anchor *since*; and, where *against* is given, that it still holds what
    it held then. progress: called with the number of rows checked, now and then. Raises Unusable where key or heads are missing.
    """
    began = time.monotonic()
    work = _Work(most or Report.MOST, progress)
    work.run(since, against)
    work.report.seconds = time.monotonic() - began
    return work.report


class _Outside:
    """The heads, read along with the seals: what the chain's link was at a position, as the list outside says."""

    def __init__(self, key: bytes, since: int, damaged: Callable[[Damaged], None]):
        self.lines: Iterator[Head | Damaged] = heads.read(key, since)
        self.damaged = damaged
        self.ahead: Head | None = None
        self.here: Head | None = None
        self._next()

    def _next(self) -> None:
        self.ahead = None
        for line in self.lines:
            if isinstance(line, Head):
                self.ahead = line
                return
            self.damaged(line)

    def at(self, position: int) -> Head | None:
        """The last head of exactly this position. Positions are asked for in order."""
        while self.ahead is not None and self.ahead.position <= position:
            self.here = self.ahead
            self._next()
        return self.here if self.here is not None and self.here.position == position else None

    def finish(self) -> None:
        while self.ahead is not None:
            self._next()


class _Work:
    def __init__(self, most: int, progress):
        self.report = Report()
        self.most = most
        self.progress = progress
        self.known: set[str] = set()
        self.before = 0  # the number of the last row without a seal

    def run(self, since: Anchor | None, against: Anchor | None) -> None:
        end = reading.seals().order_by("-id").values_list("id", flat=True).first() or 0
        secret = folder.key()
        if secret is None or not heads.exist():
            if not end and secret is None and not heads.exist():
                self._unsealed(0)  # nothing was sealed yet
                return
            if end or secret is None:
                what = "The audit key" if secret is None else "The list of sealed heads"
                raise folder.Unusable(
                    f"{what} in {folder.place()} is missing, and rows were sealed: they cannot be checked. Put AUDIT_DIR back from a "
                    "backup, or begin again with a record of it: `manage.py resume_audit`."
                )
        self.key = secret
        resumed = heads.resumed(secret)
        self.known = {key for head in resumed for key in head.more.get("known", ())}
        self.report.notes += [note for head in resumed for note in _adopted(head)][:MOST_NOTES]
        newest = heads.last(secret)
        start, before = 0, first_link(secret)
        for head in resumed:
            if unchecked := head.more.get("unchecked_to"):
                start, before = head.position, head.link
                self.report.notes.append(f"Positions 1 to {unchecked} were sealed with a key that was lost: nothing can check them now.")
        if since is not None and since.position >= start:
            if since.public_key != anchors.public_key(secret):
                raise anchors.NoAnchor(f"{since.path} was signed with another key than that of {folder.place()}.")
            start, before = since.position, since.head
            self._held_at(since, resumed)
        if against is not None:
            self._against(against, resumed)
        self._walk(start, before)
        self._end(newest)
        self._strange()
        self._unsealed(since.row if since is not None else 0)

    # The links

    def _walk(self, start: int, before: str) -> None:
        outside = _Outside(self.key, start, self._damaged)
        candidates, position, row = [before], start, 0
        if (head := outside.at(start)) is not None:
            candidates = [head.link]
        while True:
            following = reading.seals().filter(id__gt=position).order_by("id").values_list("id", "event_id", "link")[:STEP]
            seals = [Seal(*one) for one in following]
            if not seals:
                break
            found = reading.rows(seal.row for seal in seals)
            for index, seal in enumerate(seals):
                if seal.position != position + 1:
                    self._missing(position, seal.position - 1, row, seal.row)
                    head = outside.at(seal.position - 1)
                    candidates = [head.link] if head is not None else []
                here = found.get(seal.row)
                said = (here.said, here.signature) if here is not None else (b"", "")
                expected = [link(self.key, before, seal.position, seal.row, *said) for before in candidates]
                head = outside.at(seal.position)
                if here is None:
                    words = f"Row {seal.row} (position {seal.position}) was deleted after it was sealed."
                    self._found(Finding(DELETED, seal.position, seal.row, words))
                elif candidates and seal.link not in expected:
                    place = Place(self.key, candidates, seal, here, seals[index + 1 :], found, head)
                    self._found(tell(place) if self.report.count < min(TOLD, self.most) else _another(place))
                elif head is not None and head.link != seal.link and head.kind != heads.RESUMED:
                    words = f"From row {seal.row} (position {seal.position}) back the chain is another one than was sealed: it was rebuilt."
                    self._found(Finding(REBUILT, seal.position, seal.row, words, present=seal.link.encode(errors="replace")))
                candidates = [head.link] if head is not None else [seal.link, *expected[:1]]
                position, row = seal.position, seal.row
            self.report.checked += len(seals)
            if self.progress:
                self.progress(self.report.checked)
        outside.finish()
        self.report.position = position
        self.row = row

    def _missing(self, last: int, until: int, before: int, after: int) -> None:
        rows = f"after row {before} and before row {after}" if before else f"before row {after}"
        many = f"Positions {last + 1} to {until} are" if until > last + 1 else f"Position {until} is"
        words = f"{many} missing, {rows}: what was sealed there was deleted."
        self._found(Finding(MISSING, last + 1, 0, words, last_position=until))

    def _end(self, newest: Head | None) -> None:
        position = self.report.position
        if newest is not None and position < newest.position:
            lost = newest.position - position
            words = (
                f"The end was cut off: the chain was sealed up to position {newest.position} (row {newest.row}) and the database ends at "
                f"position {position}{f' (row {self.row})' if self.row else ''}; {lost} sealed row{'s are' if lost > 1 else ' is'} gone."
            )
            self._found(Finding(CUT, position + 1, 0, words, last_position=newest.position))
        now = heads.last(self.key)
        end = reading.seals().order_by("-id").values_list("id", flat=True).first() or 0
        if now is not None and min(position, end) - now.position > sealing.BATCH:
            words = f"The list of sealed heads ends at position {now.position}, the database at {end}: lines of the list were lost."
            self._found(Finding(HEADS, now.position, now.row, words))

    def _strange(self) -> None:
        for position, row, stored in reading.strange_seals().values_list("id", "event_id", "link"):
            words = f"Row {row} has a seal at position {position}, where no chain has one: it was put there, and protects nothing."
            self._found(Finding(RESEALED, 0, row, words, present=f"{position} {stored}".encode(errors="replace")))

    def _damaged(self, line: Damaged) -> None:
        self._found(Finding(HEADS, 0, 0, f"In the list of sealed heads {line.where}.", present=line.where.encode()))

    # Anchors

    def _held_at(self, anchor: Anchor, resumed: list[Head]) -> None:
        stored = AuditSeal.objects.filter(pk=anchor.position).values_list("event_id", "link").first()
        if stored == (anchor.row, anchor.head):
            return
        later = [head for head in resumed if head.at >= anchor.made_at.isoformat().replace("+00:00", "Z")]
        told = f" A resume record of {later[-1].at} says that the chain was begun again after it." if later else ""
        name = f"anchor {anchor.number} of {anchor.made_at:%Y-%m-%d}"
        if stored is None:
            words = f"Position {anchor.position} (row {anchor.row}), the last one when {name} was made, is missing.{told}"
        else:
            words = f"Position {anchor.position} (row {anchor.row}) is not what {name} says: the chain was rebuilt.{told}"
        kind = CUT if stored is None else REBUILT
        self._found(Finding(ANCHOR if told else kind, anchor.position, anchor.row, words, present=repr(stored).encode()))

    def _against(self, anchor: Anchor, resumed: list[Head]) -> None:
        if anchor.public_key != anchors.public_key(self.key):
            self.report.notes.append(f"{anchor.path.name} was signed with another audit key than today's; its head is compared even so.")
        self._held_at(anchor, resumed)

    # What has no seal

    def _unsealed(self, after: int) -> None:
        newest = AuditEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        sealed_to = reading.seals().order_by("-event_id").values_list("event_id", flat=True).first() or 0
        first = self._next_row(after or None)
        while first is not None and first <= newest:
            numbers = sealing.unsealed_between(first, first + UNSEALED_STEP - 1)
            for some in reading.portions(numbers):
                found = reading.rows(some)
                copies = reading.copies(found.values())
                for number in sorted(found):
                    self._without_seal(found[number], sealed_to, number in copies)
            first = self._next_row(first + UNSEALED_STEP - 1)  # numbers may leap

    def _next_row(self, after: int | None) -> int | None:
        numbers = AuditEvent.objects.order_by("pk").values_list("pk", flat=True)
        return (numbers if after is None else numbers.filter(pk__gt=after)).first()

    def _without_seal(self, row: reading.Row, sealed_to: int, is_copy: bool) -> None:
        if not row.signature and not sealed_to:
            self.report.waiting += 1  # from before there was a chain
        elif not row.is_ours:
            words = f"Row {row.number} was inserted, or edited before it was sealed: this program did not write what it says."
            self._found(Finding(INSERTED, 0, row.number, words, present=row.said))
        elif sealed_to and row.number > max(sealed_to, self.before) + sealing.LONGEST_LEAP:
            words = f"Row {row.number} was moved there: no sequence gives a number so far behind the others."
            self._found(Finding(MOVED, 0, row.number, words, present=row.said))
            return
        elif is_copy:
            self._found(Finding(INSERTED, 0, row.number, f"Row {row.number} was inserted: it is a copy of another row.", present=row.said))
        else:
            self.report.waiting += 1
        self.before = row.number

    def _found(self, finding: Finding) -> None:
        if finding.key in self.known:
            self.report.known.append(finding)
            return
        self.report.count += 1
        if len(self.report.findings) < self.most:
            self.report.findings.append(finding)


def _another(place: Place) -> Finding:
    words = f"Row {place.seal.row} (position {place.seal.position}) is not what was sealed."
    return Finding(EDITED, place.seal.position, place.seal.row, words, present=place.present)


def _adopted(head: Head) -> list[str]:
    """Rows that were sealed as they lay, under a resume record."""
    numbers = [key.split()[2] for key in head.more.get("known", ()) if key.startswith(f"{INSERTED} ")]
    record = head.more.get("record")
    return [f"Row {number} was not written by this program; it is sealed as it lies since resume record {record}." for number in numbers]
