"""Where is treated, where never, and the words that name several zones at once."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Source


@dataclass(frozen=True, slots=True)
class Zone:
    """A treatable zone. `max_depth_mm` is its ceiling for every indication; `order` its place in lists and on the map."""

    id: str
    label: str
    short_label: str
    short_reason: str
    region: str
    max_depth_mm: Decimal
    words: tuple[str, ...]
    paired: bool
    keloid_prone: bool
    note: str
    order: int
    source: Source


@dataclass(frozen=True, slots=True)
class ExcludedZone:
    """Never treated, and nothing lifts it."""

    id: str
    label: str
    short_label: str
    region: str
    words: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """Words that name several zones at once ("face")."""

    id: str
    words: tuple[str, ...]
    regions: tuple[str, ...]
