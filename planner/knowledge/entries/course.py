"""The course of sessions, what earlier sessions say about it, and what the clinic decides once."""

from collections.abc import Mapping
from dataclasses import dataclass

from .sources import Source


@dataclass(frozen=True, slots=True)
class CourseRules:
    first_session_after_days: int
    first_session_text: str
    test_area_text: str
    review_weeks_after_last: int
    review_text: str
    source: Source


@dataclass(frozen=True, slots=True)
class HistoryRule:
    id: str
    label: str
    action: str
    until: str | None
    modifications: tuple[str, ...]
    cap_at_last_depth: bool
    cap_text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Setting:
    """A decision the clinic takes once. `options`: id to label."""

    id: str
    label: str
    default: str
    options: Mapping[str, str]
    source: Source
