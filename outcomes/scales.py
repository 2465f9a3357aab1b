"""
The scales of a protocol version: severity by the name, range and levels that its indication gives, and GAIS where its outcome names it.

A range of whole or Roman numbers (`1-4`, `I-IV`) makes grades; one that is wider, or stands behind a short name (`mMASI 0-24`), a score
that is typed. Any other range is prose: the indication's own levels are then offered as kinds beside each other, not as steps.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop

from planner.knowledge import Knowledge
from planner.wording import number

from .models import OutcomeAnswer

Kind = OutcomeAnswer.Kind
MOST_GRADES = 10
STEP = Decimal("0.1")
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_SPAN = re.compile(r"^(?P<name>\S{1,20} )?(?P<low>\d{1,3}|[IVX]{1,4})-(?P<high>\d{1,3}|[IVX]{1,4})$")
# The five answers of the Global Aesthetic Improvement Scale, offered only where the protocol's outcome names it.
GAIS = (
    gettext_noop("Very much improved"),
    gettext_noop("Much improved"),
    gettext_noop("Improved"),
    gettext_noop("No change"),
    gettext_noop("Worse"),
)
GAIS_REFERENCE = "gais"


@dataclass(frozen=True)
class Grade:
    value: Decimal
    words: str


@dataclass(frozen=True)
class Scale:
    """grades: what is chosen from; empty: a score is typed. no_study: the protocol read no source for it."""

    kind: str
    name: str
    grades: tuple[Grade, ...]
    lowest: Decimal
    highest: Decimal
    is_ordered: bool
    note: str = ""
    no_study: bool = False

    def words_of(self, value: Decimal) -> str | None:
        """How *value* is written; None where the scale has no such value."""
        if self.grades:
            return next((grade.words for grade in self.grades if grade.value == value), None)
        if not self.lowest <= value <= self.highest or value != value.quantize(STEP):
            return None
        return number(value)


@dataclass(frozen=True)
class OfIndication:
    """What is asked of one indication."""

    indication: str
    label: str
    severity: Scale
    gais: Scale | None

    @property
    def scales(self) -> tuple[Scale, ...]:
        return (self.severity,) if self.gais is None else (self.severity, self.gais)


def of_indication(knowledge: Knowledge, indication_id: str) -> OfIndication | None:
    """None where the protocol version does not know the indication."""
    indication = knowledge.indications.get(indication_id)
    if indication is None:
        return None
    gais = None
    if GAIS_REFERENCE in indication.outcome_scale.source.refs:
        steps = tuple(Grade(Decimal(place), words) for place, words in enumerate(GAIS, start=1))
        unread = GAIS_REFERENCE in knowledge.references and knowledge.references[GAIS_REFERENCE].unverified
        gais = Scale(Kind.GAIS, "Global Aesthetic Improvement Scale (GAIS)", steps, Decimal(1), Decimal(len(GAIS)), True, no_study=unread)
    return OfIndication(indication.id, indication.short_label, _severity(indication), gais)


def _severity(indication) -> Scale:
    scale, levels = indication.severity_scale, list(indication.levels.values())
    said = {"name": scale.name[:200], "note": scale.note, "no_study": scale.source.no_study}
    span = _span(scale.range)
    if span is None:
        kinds = tuple(Grade(Decimal(place), level.label[:200]) for place, level in enumerate(levels, start=1))
        return Scale(Kind.SEVERITY, grades=kinds, lowest=Decimal(1), highest=Decimal(len(kinds)), is_ordered=False, **said)
    low, high, is_roman, is_named = span
    if is_named or high - low > MOST_GRADES:
        return Scale(Kind.SEVERITY, grades=(), lowest=Decimal(low), highest=Decimal(high), is_ordered=True, **said)
    values = range(low, high + 1)
    marks = [ROMAN[value - 1] if is_roman else str(value) for value in values]
    # As many levels as grades: the protocol's words for each grade are its levels. Else the grade stands alone.
    named = [f"{mark}, {level.label}" for mark, level in zip(marks, levels, strict=True)] if len(levels) == len(marks) else marks
    grades = tuple(Grade(Decimal(value), words[:200]) for value, words in zip(values, named, strict=True))
    return Scale(Kind.SEVERITY, grades=grades, lowest=Decimal(low), highest=Decimal(high), is_ordered=True, **said)


def _span(text: str) -> tuple[int, int, bool, bool] | None:
    """(low, high, in Roman numbers, behind a name) of a range that is one; None for prose."""
    match = _SPAN.match(text.strip())
    if match is None:
        return None
    low, high = match["low"], match["high"]
    if low.isdigit() != high.isdigit():
        return None
    is_roman = not low.isdigit()
    if is_roman and not (low in ROMAN and high in ROMAN):
        return None
    first, last = (ROMAN.index(low) + 1, ROMAN.index(high) + 1) if is_roman else (int(low), int(high))
    return (first, last, is_roman, bool(match["name"])) if first < last else None
