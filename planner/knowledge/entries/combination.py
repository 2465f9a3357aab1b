"""How rules and limits combine, and what is offered besides the plan."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Source


@dataclass(frozen=True, slots=True)
class CombinationRule:
    id: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class LimitOrder:
    """The order in which depth limits speak, and what happens at the bottom."""

    steps: tuple[str, ...]
    least_depth_mm: Decimal
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Alternatives:
    free_days_at_least: int
    free_days_measures: tuple[str, ...]
    free_days_by_phototype: tuple[tuple[tuple[str, ...], int], ...]
    interval_order: tuple[str, ...]
    gentler_text: str
    before_event_text: str
    source: Source
