"""What the screening asks, of whom, and how long an answer holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .sources import Source


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """Whether a list of the patient's file (medicines, allergies) still holds. `valid_days`: how long it does once it was gone through."""

    id: str
    text: str
    valid_days: int
    source: Source


@dataclass(frozen=True, slots=True)
class Cover:
    """
    One rule a screening question covers. `date_field`: the answer's field that takes the date (stopped, seen, healed,
    treated or date), None where none is asked; `zone`: whether the zone is asked; `note_label`: what to note, None for nothing.
    """

    rule: str
    label: str
    date_field: str | None
    date_label: str
    zone: bool
    note_label: str | None


@dataclass(frozen=True, slots=True)
class CoverIn:
    """The words of a `Cover` in another language."""

    label: str
    date_label: str
    note_label: str


@dataclass(frozen=True, slots=True)
class QuestionIn:
    """A question in another language, whole: every rule it covers has its words. `covers`: by rule."""

    text: str
    help: str
    covers: Mapping[str, CoverIn]


@dataclass(frozen=True, slots=True)
class Question:
    """
    A screening question in the patient's words. "No" is recorded for every rule it covers. `valid_days` 0: ask at every visit.
    `translations`: by language (BCP 47); what is not there has not been translated.
    """

    id: str
    text: str
    help: str
    asked_of: str
    valid_days: int
    ask_sexes: tuple[str | None, ...]
    ask_ages: tuple[int, int] | None
    covers: tuple[Cover, ...]
    translations: Mapping[str, QuestionIn] = field(default_factory=dict)

    def asked(self, *, sex: str | None, age: int | None) -> bool:
        """Whether a person of this sex and age is asked; unknown age is asked."""
        return asked_of(self.ask_sexes, self.ask_ages, sex, age)


def asked_of(sexes: tuple[str | None, ...], ages: tuple[int, int] | None, sex: str | None, age: int | None) -> bool:
    """X says as little about the body as nothing recorded: asked like it, unless the protocol names it."""
    if sexes and sex not in sexes and not (sex == "X" and None in sexes):
        return False
    return not (ages and age is not None and not ages[0] <= age <= ages[1])
