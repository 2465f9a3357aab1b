"""Before and after a session: downtime, care, what is normal and what is a red flag."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .sources import Source
from .spans import Span


@dataclass(frozen=True, slots=True)
class Measure:
    """A span of days within a downtime band."""

    span: Span
    source: Source


@dataclass(frozen=True, slots=True)
class DowntimeBand:
    """The days and hours that follow a session whose deepest depth lies in (above_mm, up_to_mm]."""

    id: str
    label: str
    above_mm: Decimal
    up_to_mm: Decimal
    measures: Mapping[str, Measure]
    resume: Mapping[str, int]
    resume_source: Source
    resume_note: str


@dataclass(frozen=True, slots=True)
class PrecareItem:
    id: str
    day: int
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class AftercareItem:
    id: str
    when: str
    from_hour: int
    to_hour: int
    do: str
    avoid: str
    source: Source


@dataclass(frozen=True, slots=True)
class NormalItem:
    id: str
    when: str
    from_hour: int
    to_hour: int
    what: str
    bands: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class RedFlag:
    id: str
    from_hour: int
    to_hour: int
    audience: str
    signs: str
    do: str
    urgency: str
    source: Source


@dataclass(frozen=True, slots=True)
class SunProtection:
    """The least sun protection factor that the aftercare asks for."""

    spf_min: int
    source: Source


@dataclass(frozen=True, slots=True)
class ReviewAdvice:
    id: str
    text: str
    phototypes: tuple[str, ...]
    source: Source
