"""What apps above patients have to say when two records become one person's: each adds its part in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from .models import Patient


def _nothing(kept: Patient, other: Patient) -> None:
    """Nothing of this app follows the person."""


@dataclass(frozen=True)
class Part:
    """
    enter: (kept, other) -> None, first in the transaction: waits for who writes of either, and keeps them waiting until it ends.
    obstacles: (kept, other) -> sentences that say what to settle first; none = nothing stands in the way.
    join, undo: (kept, other) -> None, inside the transaction, after the other record points to the kept one or does no longer.
    look_at: (kept) -> sentences: what stood well under each record alone, and does not where both are one person.
    stays: (kept, other, since) -> sentences: what was made under the kept record since, and stays with it when it is undone.
    """

    name: str
    obstacles: Callable[[Patient, Patient], list[str]]
    join: Callable[[Patient, Patient], None] = _nothing
    undo: Callable[[Patient, Patient], None] = _nothing
    enter: Callable[[Patient, Patient], None] = _nothing
    look_at: Callable[[Patient], list[str]] = lambda kept: []
    stays: Callable[..., list[str]] = lambda kept, other, since: []


_parts: dict[str, Part] = {}


def register_part(part: Part) -> None:
    _parts[part.name] = part


def parts() -> list[Part]:
    return list(_parts.values())
