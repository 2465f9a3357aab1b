"""
What a plan costs by a list of prices. Pure: no database, no clock; decimals from end to end.

A service is charged once for each indication, a session once for each session, a zone and an adjuvant once for each in each session. What
has no price of its own has that of its kind; where there is none either, nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal

from .money import Currency

SERVICE, SESSION, ZONE, ADJUVANT = "service", "session", "zone", "adjuvant"
ANY = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What of a plan is charged: things as (id, words for the patient), each once."""

    indications: tuple[tuple[str, str], ...]
    sessions: int
    zones: tuple[tuple[str, str], ...]
    adjuvants: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    code: str
    words: str
    count: int
    each: Decimal

    @property
    def sum(self) -> Decimal:
        return self.each * self.count

    def as_json(self) -> dict:
        return {**asdict(self), "each": str(self.each), "sum": str(self.sum)}


@dataclass(frozen=True, slots=True)
class Sums:
    subtotal: Decimal
    tax: Decimal
    total: Decimal


class NoPrice(Exception):
    """Things of the plan that the list has no price for, as (kind, words)."""

    def __init__(self, missing: list[tuple[str, str]]):
        super().__init__(missing)
        self.missing = missing


def lines_of(course: Course, prices: Mapping[tuple[str, str], Decimal]) -> tuple[Line, ...]:
    """
    The lines of a quote. prices: by (kind, code), the code `ANY` for all others of that kind.

    Raises:
        NoPrice: something of the plan has no price.
    """
    things = [(SERVICE, code, words, 1) for code, words in course.indications]
    things.append((SESSION, ANY, "Session", course.sessions))
    things += [(ZONE, code, words, course.sessions) for code, words in course.zones]
    things += [(ADJUVANT, code, words, course.sessions) for code, words in course.adjuvants]
    found, missing = [], []
    for kind, code, words, count in things:
        each = prices.get((kind, code), prices.get((kind, ANY)))
        if each is None:
            missing.append((kind, words))
        else:
            found.append(Line(kind, code, words, count, each))
    if missing:
        raise NoPrice(missing)
    return tuple(found)


def sums_of(lines: tuple[Line, ...], currency: Currency, *, tax: str, percent: Decimal) -> Sums:
    """
    The sums of *lines*. tax: "none", "included" in the prices, or "added" to them. The tax is rounded once, on the whole sum, to the
    smallest coin, half a coin up.
    """
    subtotal = sum((line.sum for line in lines), Decimal(0))
    if tax == "included":
        return Sums(subtotal, currency.rounded(subtotal * percent / (100 + percent)), subtotal)
    if tax == "added":
        added = currency.rounded(subtotal * percent / 100)
        return Sums(subtotal, added, subtotal + added)
    return Sums(subtotal, Decimal(0), subtotal)
