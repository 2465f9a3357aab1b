"""Laboratory values and the findings that follow from them."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Source


@dataclass(frozen=True, slots=True)
class LabLimit:
    unit: str
    words: tuple[str, ...]
    above: Decimal | None
    at_least: Decimal | None
    below: Decimal | None


@dataclass(frozen=True, slots=True)
class LabRule:
    id: str
    name: str
    words: tuple[str, ...]
    limits: tuple[LabLimit, ...]
    missing_or_older_than_days: int | None
    only_if_medicine: tuple[str, ...]
    action: str
    finding: str
    blocks: str
    until: str | None
    text: str
    source: Source
