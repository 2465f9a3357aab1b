"""
The sealer: every second, what was committed since gets its links, in the order of its numbers.

No request waits for it. Numbers are given before the commit, so on PostgreSQL a row may come to light after later ones were
sealed: numbers that were left out are looked for again for a quarter of an hour, and all numbers once an hour. A number whose
transaction was rolled back never comes, and that is no fault.

A row without the signature of this program is never sealed. It stays where it is, and is named.
"""

import json
import time
from collections.abc import Collection, Iterable

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from audit.models import AuditEvent, AuditSeal

from . import folder, heads, reading
from .folder import Unusable
from .heads import Head
from .links import first_link, link

BATCH = 1000  # rows sealed in one transaction, and the most that a sealer killed at its worst moment leaves without a head
GAP_SECONDS = 900
GAPS_BEHIND = 2000  # numbers left out in one place that are looked for again; more is a sequence that jumped
LONGEST_LEAP = 1_000_000  # numbers left out at once; a sequence never does that
SWEEP_SECONDS = 3600
SWEEP_STEP = 20_000  # numbers looked at in one pass
NOTICED = "noticed.json"


class Sealer:
    """One process that seals. adopt: numbers of rows to be sealed without a signature, named in a resume record."""

    def __init__(self, adopt: Collection[int] = ()):
        self.adopt = set(adopt)
        self.gaps: dict[int, float] = {}
        self.foreign: set[int] = set()
        self.swept_to: int | None = None
        self.next_sweep = 0.0
        self.unsigned_to: int | None = None
        self.newest = 0  # the highest number sealed

    def once(self) -> int:
        """Seal what waits, at most a batch, and return how many rows that were. Raises Unusable where the chain cannot go on."""
        with folder.alone():
            secret, head, end = self._standing()
            waiting = self._waiting()
            ours = [row for row in waiting if self._may_be_sealed(row)]
            copies = reading.copies(ours) - self.adopt
            ours = [row for row in ours if row.number not in copies]
            sealed = self._seal(secret, head, end, ours[:BATCH]) if ours else 0
            self._note_foreign(waiting, ours)
        return sealed

    def all(self) -> int:
        """Seal until nothing waits and every number was looked at once."""
        total = 0
        while True:
            sealed = self.once()
            total += sealed
            if not sealed and self.next_sweep > time.monotonic():
                return total

    # From where

    def _standing(self) -> tuple[bytes, Head, int]:
        """The key, the head to go on from, and the last position the database holds."""
        end = reading.seals().order_by("-id").values_list("id", "event_id", "link").first()
        secret, has_heads = folder.key(), heads.exist()
        if secret is None and (end or has_heads):
            raise Unusable(
                f"The audit key {folder.key_path()} is missing, and rows were sealed with it. Nothing is sealed until it is back from "
                "a backup, or until `manage.py resume_audit` begins again with a record of it."
            )
        if end and not has_heads:
            raise Unusable(
                f"The list of sealed heads in {folder.place()} is missing, and {end[0]} rows were sealed. Nothing is sealed until it is "
                "back from a backup, or until `manage.py resume_audit` begins again with a record of it."
            )
        if secret is None or not has_heads:
            secret = secret or folder.make_key()
            return secret, self._begin(secret), 0
        head = heads.last(secret) or self._begin(secret)
        if end is None and head.position and head.kind != heads.RESUMED:
            raise Unusable(
                f"The database holds no seal at all, but {head.position} rows were sealed: it was emptied, or {folder.place()} belongs "
                "to another database. Put the right one back, or begin again with `manage.py resume_audit`."
            )
        if end and end[0] > head.position:
            head = recover(secret, head, end[0])
        return secret, head, end[0] if end else 0

    def _begin(self, secret: bytes) -> Head:
        # Rows from before there were signatures are taken as they lie, once, in their order.
        newest = AuditEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        more = {} if AuditSeal.objects.exists() else {"unsigned_to": newest}
        return heads.append(secret, Head(heads.BEGUN, 0, 0, first_link(secret), more=more))

    # What

    def _waiting(self) -> list[reading.Row]:
        self.newest = reading.seals().order_by("-event_id").values_list("event_id", flat=True).first() or 0
        new = AuditEvent.objects.order_by("pk").filter(pk__gt=self.newest).values_list("pk", flat=True)[: BATCH + len(self.foreign)]
        numbers = [number for number in new if number not in self.foreign]
        self._watch(self.newest, numbers)
        late = {*self.gaps, *self._swept(self.newest), *self.adopt} - self.foreign
        late |= set(numbers)
        for some in reading.portions(late):  # of the new ones too: somebody may have put a seal there, and it would hold up all
            late = late.difference(AuditSeal.objects.filter(event_id__in=some).values_list("event_id", flat=True))
        found = reading.rows(late)
        return [found[number] for number in sorted(found)]

    def _watch(self, after: int, numbers: list[int]) -> None:
        now = time.monotonic()
        self.gaps = {number: since for number, since in self.gaps.items() if now - since < GAP_SECONDS}
        before = after
        for number in numbers:
            if before:
                self.gaps |= dict.fromkeys(range(max(before + 1, number - GAPS_BEHIND), number), now)
            before = number
            self.gaps.pop(number, None)

    def _swept(self, newest: int) -> list[int]:
        """Numbers without a seal in the next stretch of all that came before *newest*."""
        if time.monotonic() < self.next_sweep:
            return []
        numbers = AuditEvent.objects.order_by("pk").filter(pk__lte=newest).values_list("pk", flat=True)
        first = (numbers if self.swept_to is None else numbers.filter(pk__gt=self.swept_to)).first()  # somebody may have used any number
        if first is None:
            self.swept_to, self.next_sweep = None, time.monotonic() + SWEEP_SECONDS
            return []
        last = first + SWEEP_STEP - 1
        unsealed = [number for number in unsealed_between(first, min(last, newest)) if number not in self.foreign]
        self.swept_to = last if len(unsealed) < BATCH else first - 1
        return unsealed[:BATCH]

    def _may_be_sealed(self, row: reading.Row) -> bool:
        if row.number in self.adopt:
            return True
        if row.number <= self._unsigned_to() and row.number > self.newest and not row.signature:
            return row.values is not None
        if self.newest and row.number > self.newest + LONGEST_LEAP:
            return False  # a number no sequence gave: sealed, it would hide every row that comes before it
        return row.is_ours

    def _unsigned_to(self) -> int:
        if self.unsigned_to is None:
            secret = folder.key()
            begun = heads.first(secret) if secret else None
            self.unsigned_to = begun.more.get("unsigned_to", 0) if begun and begun.kind == heads.BEGUN else 0
        return self.unsigned_to

    # The seal

    def _seal(self, secret: bytes, head: Head, end: int, rows: Iterable[reading.Row]) -> int:
        before, seals = head.link, []
        for position, row in enumerate(rows, start=head.position + 1):
            before = link(secret, before, position, row.number, row.said, row.signature)
            seals.append(AuditSeal(id=position, event_id=row.number, link=before))
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:  # the head outside may never be ahead of what the database has on its disk
                        cursor.execute("SET LOCAL synchronous_commit TO on")
                if (reading.seals().order_by("-id").values_list("id", flat=True).first() or 0) != end:
                    return 0
                AuditSeal.objects.bulk_create(seals)
        except IntegrityError:  # another sealer, on another machine, was quicker: it is looked at again in the next pass
            return 0
        heads.append(secret, Head(heads.SEALED, seals[-1].pk, seals[-1].event_id, before))
        for seal in seals:
            self.gaps.pop(seal.event_id, None)
        return len(seals)

    def _note_foreign(self, waiting: list[reading.Row], ours: list[reading.Row]) -> None:
        """Keep the numbers of rows that are not ours where the health page finds them."""
        known = {row.number for row in ours}
        found = {row.number for row in waiting if row.number not in known}
        if found - self.foreign:
            self.foreign |= found
            path = folder.place() / NOTICED
            folder.write(path, json.dumps({"at": heads.now(), "rows": sorted(self.foreign)[:100], "count": len(self.foreign)}) + "\n")


def unsealed_between(first: int, last: int) -> list[int]:
    """Numbers of rows from *first* to *last* that have no seal."""
    if last < first:
        return []
    events = AuditEvent.objects.order_by("pk").filter(pk__gte=first, pk__lte=last).values_list("pk", flat=True)
    sealed = set(AuditSeal.objects.filter(event_id__gte=first, event_id__lte=last).values_list("event_id", flat=True))
    return [number for number in events if number not in sealed]


def recover(secret: bytes, head: Head, end: int) -> Head:
    """
    Write the head of seals that a sealer committed and was killed before it could say so outside. Only the key could have made
    them: links that do not fit are not ours, and then the chain does not go on.
    """
    if end - head.position > BATCH:
        raise Unusable(
            f"The list of sealed heads in {folder.place()} ends at position {head.position}, but the database is at {end}: lines of it "
            "were lost. Put the list back from a backup, or go on with a record of it: `manage.py resume_audit`."
        )
    seals = list(AuditSeal.objects.filter(id__gt=head.position).order_by("id").values_list("id", "event_id", "link"))
    found = reading.rows(event for _, event, _ in seals)
    before = head.link
    for expected, (position, event, stored) in enumerate(seals, start=head.position + 1):
        row = found.get(event)
        if position != expected or row is None or link(secret, before, position, event, row.said, row.signature) != stored:
            raise Unusable(
                f"The seals after position {head.position} were not made with the clinic's audit key. Nothing is sealed on top of them: "
                "run `manage.py verify_audit`, and go on with a record of it: `manage.py resume_audit`."
            )
        before = stored
    return heads.append(secret, Head(heads.RECOVERED, seals[-1][0], seals[-1][1], before))
