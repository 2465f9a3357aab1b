"""The section as typed, frozen values. Days are whole days on the clinic's calendar: 0 is the day of the session."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.knowledge.entries import Source

# From the mildest to the gravest; a level is never lowered, only raised.
NORMAL, CALL_BACK, SEE_TODAY, EMERGENCY = LEVELS = ("normal", "call_back_today", "see_today", "emergency")
UNSURE = "unsure"
LAST_DAY = 365
# The mildest level that a red flag of each urgency may lead to. A call back on the same day is sooner than any of the last two ask for.
LEAST_LEVEL = {"emergency": EMERGENCY, "same_day": SEE_TODAY, "within_24h": CALL_BACK, "within_week": CALL_BACK}


def gravest(*levels: str) -> str:
    return max(levels, key=LEVELS.index, default=NORMAL)


@dataclass(frozen=True, slots=True)
class Level:
    """say: the approved words for the patient, nothing else. do: for the caller. within_minutes: until a clinician has it in hand."""

    id: str
    label: str
    say: tuple[str, ...]
    do: str
    within_minutes: int | None
    source: Source


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A call that is planned for every session: on which day after it, and after which depth bands (none named = all)."""

    id: str
    label: str
    day: int
    bands: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Question:
    """expected: the answers that belong to normal healing; any other is never "normal". flags: the red flags it asks for."""

    id: str
    text: str
    help: str
    answers: Mapping[str, str]
    expected: tuple[str, ...]
    flags: tuple[str, ...]
    from_day: int
    to_day: int
    bands: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Where every condition of *when* (question -> answers) holds on a day from..to, the level is at least *level*.
    after: only once the longest time of that sign in the depth band of the session is over.
    """

    id: str
    when: Mapping[str, tuple[str, ...]]
    level: str
    why: str
    from_day: int
    to_day: int
    bands: tuple[str, ...]
    after: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One version's section, whole."""

    language: str
    levels: Mapping[str, Level]
    check_ins: tuple[CheckIn, ...]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
