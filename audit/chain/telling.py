"""
A link that does not fit: what was done there. Answered by trying what would make it fit; only the key can tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.models import AuditEvent

from . import reading
from .findings import EDITED, INSERTED, MOVED, REBUILT, RESEALED, Finding
from .heads import Head
from .links import link
from .reading import Row

NEAR = 200  # rows on either side whose content may have been put here
STANDS_WITHIN = 50  # seals behind this one of which one must fit what lies before it, or the chain is not ours


@dataclass(frozen=True)
class Place:
    """Where it does not fit. befores: what the link before may be. after: the seals that follow, as far as they were read."""

    key: bytes
    befores: Sequence[str]
    seal: Any
    row: Row
    after: Sequence[Any]
    found: Mapping[int, Row]
    head: Head | None

    @property
    def present(self) -> bytes:
        return f"{self.seal.link} {self.row.signature} ".encode(errors="replace") + self.row.said

    def fits(self, row: Row, *, number: int | None = None, position: int | None = None, wanted: str | None = None, before=None) -> bool:
        wanted = self.seal.link if wanted is None else wanted
        befores = self.befores if before is None else [before]
        made = (link(self.key, one, position or self.seal.position, number or row.number, row.said, row.signature) for one in befores)
        return wanted in made


def tell(place: Place) -> Finding:
    seal, row = place.seal, place.row
    at = f"Row {seal.row} (position {seal.position})"

    def finding(kind: str, words: str) -> Finding:
        return Finding(kind, seal.position, seal.row, words, present=place.present)

    following = place.after[0] if place.after else None
    behind = place.found.get(following.row) if following is not None else None
    for other in _near(place):
        if place.fits(other, number=seal.row):
            return finding(MOVED, f"{at} was moved: what was sealed there lies in row {other.number}.")
        if place.fits(other):
            return finding(MOVED, f"{at} was moved: row {other.number} was sealed there.")
    if behind is not None and place.fits(behind, wanted=following.link):
        # The seal that belongs here stands one further on: either the two changed places or this one was put before it.
        if place.fits(row, position=following.position, before=following.link):
            return finding(MOVED, f"{at} was moved: it was sealed after row {following.row}.")
        return finding(INSERTED, f"{at} was inserted among the sealed rows.")
    own = [link(place.key, before, seal.position, row.number, row.said, row.signature) for before in place.befores]
    if behind is not None and any(_link_of(place, following, behind, before) == following.link for before in own):
        return finding(RESEALED, f"{at} is whole, but its seal was changed.")
    if place.head is not None:
        if place.head.link == seal.link:
            return finding(EDITED, f"{at} was edited after it was sealed.")
        if place.head.link in own:
            return finding(RESEALED, f"{at} is whole, but its seal was changed.")
        return finding(REBUILT, f"{at} and its seal are not what was sealed: from here the chain was rebuilt without the key.")
    if _stands(place):
        return finding(EDITED, f"{at} was edited after it was sealed.")
    return finding(REBUILT, f"From {at[0].lower()}{at[1:]} on the chain was rebuilt: its seals were not made with the key.")


def _stands(place: Place) -> bool:
    """Whether some seal soon after this one fits what lies before it: the seals are ours, and only the row is not."""
    before = place.seal.link
    for seal in place.after[:STANDS_WITHIN]:
        row = place.found.get(seal.row)
        if row is not None and _link_of(place, seal, row, before) == seal.link:
            return True
        before = seal.link
    return False


def _link_of(place: Place, seal: Any, row: Row, before: str) -> str:
    return link(place.key, before, seal.position, seal.row, row.said, row.signature)


def _near(place: Place) -> list[Row]:
    around = AuditEvent.objects.order_by()
    numbers = [
        *around.filter(pk__lt=place.row.number).order_by("-pk").values_list("pk", flat=True)[:NEAR],
        *around.filter(pk__gt=place.row.number).order_by("pk").values_list("pk", flat=True)[:NEAR],
    ]
    return list(reading.rows(numbers).values())
