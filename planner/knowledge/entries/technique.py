"""How a session is carried out: passes, endpoints, numbing."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Fact, Source
from .spans import WholeSpan


@dataclass(frozen=True, slots=True)
class Passes:
    id: str
    zones: tuple[str, ...]
    indications: tuple[str, ...]
    passes: WholeSpan
    unit: str
    source: Source


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`match_any`: any one of depth up to, above-and-below, from, indications or zones; `always` for the stop rule."""

    id: str
    text: str
    when: str
    always: bool
    up_to_mm: Decimal | None
    above_mm: Decimal | None
    below_mm: Decimal | None
    from_mm: Decimal | None
    zones: tuple[str, ...]
    indications: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Technique:
    passes: tuple[Passes, ...]
    endpoints: tuple[Endpoint, ...]
    lighter_order: tuple[str, ...]
    rules: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Numbing:
    """What may be said about numbing. Never a strength, an amount or a dose."""

    often_none_up_to_mm: Decimal
    contact_minutes: tuple[int, int]
    contact_regions: tuple[str, ...]
    large_area_regions: tuple[str, ...]
    facts_always: tuple[str, ...]
    facts_shallow: tuple[str, ...]
    facts_large_area: tuple[str, ...]
    facts_blocked: tuple[str, ...]
    blocked_text: str
    advice_text: str
    who: tuple[str, ...]
    source: Source
