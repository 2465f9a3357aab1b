"""What a phototype changes in depth, interval and test area."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Source


@dataclass(frozen=True, slots=True)
class PhototypeRule:
    """`first_session_max`, `later_session_max`: row or typical. The step lowers typical in the first session only."""

    id: str
    phototypes: tuple[str, ...]
    inherits: tuple[str, ...]
    depth_step_mm: Decimal
    first_session_max: str
    later_session_max: str
    test_area: str
    min_interval_exempt: tuple[tuple[str, str, int], ...]
    max_depth_mm: Decimal | None
    min_interval_weeks: int
    interval_weeks_after_pigmentation: int | None
    extra: tuple[str, ...]
    source: Source
