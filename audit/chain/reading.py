"""Audit rows as they lie in the database: also those that somebody made unreadable."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, QuerySet

from audit.models import AuditEvent, AuditSeal
from audit.rows import FIELDS, content, is_signed

T = TypeVar("T")
AT_ONCE = 500  # rows a query asks for by number: below every limit of parameters


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    values: tuple[Any, ...] | None  # None: the database holds something that is no row of ours
    signature: str

    @property
    def said(self) -> bytes:
        return content(self.values) if self.values is not None else b"unreadable"

    @property
    def is_ours(self) -> bool:
        """Whether this program wrote it, as its own signature says."""
        return self.values is not None and isinstance(self.signature, str) and is_signed(self.values, self.signature)


def rows(numbers: Iterable[int]) -> dict[int, Row]:
    """The rows of these numbers that are there."""
    found: dict[int, Row] = {}
    for some in portions(numbers):
        found |= _some(some)
    return found


def portions(things: Iterable[T]) -> Iterator[list[T]]:
    """As many at once as one query may ask for."""
    things = list(things)
    for start in range(0, len(things), AT_ONCE):
        yield things[start : start + AT_ONCE]


def _some(numbers: list[int]) -> dict[int, Row]:
    asked = AuditEvent.objects.order_by().filter(pk__in=numbers).values_list("pk", *FIELDS, "signature")
    try:
        return {number: Row(number, tuple(values), signature) for number, *values, signature in asked}
    except (ValueError, TypeError, AttributeError, OverflowError):  # what a converter says of a column that holds no date, no JSON
        if len(numbers) > 1:
            middle = len(numbers) // 2
            return _some(numbers[:middle]) | _some(numbers[middle:])
        return {numbers[0]: Row(numbers[0], None, "")}


def seals() -> QuerySet[AuditSeal]:
    """Seals at a position of the chain. As a sum the column chooses no index: each query keeps its own."""
    return AuditSeal.objects.alias(place=F("id") + 0).filter(place__gt=0)


def strange_seals() -> QuerySet[AuditSeal]:
    """Seals where no chain has a position: below 1, or no number at all. No sealer writes one; the row it names is not protected."""
    return AuditSeal.objects.alias(place=F("id") + 0).filter(place__lte=0).order_by("event_id")


def copies(found: Iterable[Row]) -> set[int]:
    """Which of these rows have the words and the signature of another one: of a sealed row, or of one with a lower number."""
    alike: set[int] = set()
    for some in portions([row for row in found if row.values is not None and row.signature]):
        others: dict[str, list[int]] = {}
        asked = AuditEvent.objects.order_by().filter(at__in={row.values[0] for row in some}).values_list("signature", "pk")
        try:
            for signature, number in asked:
                others.setdefault(signature, []).append(number)
        except (ValueError, TypeError):
            alike |= {row.number for row in some}
            continue
        twice = [number for row in some if len(others.get(row.signature, ())) > 1 for number in others[row.signature]]
        sealed: set[int] = set()
        for part in portions(twice):
            sealed.update(AuditSeal.objects.filter(event_id__in=part).values_list("event_id", flat=True))
        for row in some:
            rest = [number for number in others.get(row.signature, ()) if number != row.number]
            if any(number < row.number or number in sealed for number in rest):
                alike.add(row.number)
    return alike
