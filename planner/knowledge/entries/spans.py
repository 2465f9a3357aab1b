"""From the least to the most, with what is typical between."""

from dataclasses import dataclass
from decimal import Decimal

from planner.records import record

from .sources import Source


@record(frozen=True, slots=True)
class Span:
    """min ≤ typical ≤ max."""

    min: Decimal
    typical: Decimal
    max: Decimal


@record(frozen=True, slots=True)
class WholeSpan:
    """min ≤ typical ≤ max, whole days, weeks, sessions or passes."""

    min: int
    typical: int
    max: int


@dataclass(frozen=True, slots=True)
class SourcedSpan:
    span: WholeSpan
    source: Source
