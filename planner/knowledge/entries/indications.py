"""What is treated, in which levels, and how deep in each zone."""

from collections.abc import Mapping
from dataclasses import dataclass

from .sources import Fact, Source
from .spans import SourcedSpan, Span


@dataclass(frozen=True, slots=True)
class Morphology:
    id: str
    words: tuple[str, ...]
    response: str
    action: str | None
    advice: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Level:
    id: str
    label: str
    short_label: str
    sessions: SourcedSpan
    interval_weeks: SourcedSpan
    advice: str | None
    alternatives: tuple[str, ...]
    requires_home_care: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    range: str
    note: str
    source: Source


@dataclass(frozen=True, slots=True)
class Indication:
    id: str
    label: str
    short_label: str
    levels: Mapping[str, Level]
    severity_scale: Scale
    outcome_scale: Scale
    efficacy: tuple[Fact, ...]
    morphology_asked: bool
    morphology: tuple[Morphology, ...]


@dataclass(frozen=True, slots=True)
class DepthRow:
    """The depth of one indication, level and zone, as dial setting of an automated pen."""

    indication: str
    level: str
    zone: str
    depth_mm: Span
    note: str
    source: Source
