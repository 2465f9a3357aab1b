"""What entries of every kind hold: sources, spans, signers, facts."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from planner.errors import Fault
from planner.reading import Reader

from .. import entries as e
from .bounds import MOST, ZERO

NO_SOURCE = e.Source((), "", True)


class EntryReader:
    """Holds what every entry needs: the grades of evidence in the vocabulary, and the references nobody has read."""

    def __init__(self, faults: list[Fault], grades: Collection[str], unread: Collection[str] = ()):
        self.faults = faults
        self.grades = grades
        self.unread = frozenset(unread)

    def source(self, r: Reader, *, unverified: bool = True) -> e.Source:
        refs = r.words("refs", required=True)
        if not refs and isinstance(r.data.get("refs"), (list, tuple)):
            r.faults.append(Fault(r.at("refs"), "must name at least one reference", "reference"))
        grade = r.choice("evidence", self.grades)
        flag = r.flag("unverified") if unverified else False
        return e.Source(refs, grade or "", flag, r.words("unverified_fields"), bool(refs) and self.unread.issuperset(refs))

    def signers(self, r: Reader) -> tuple[str, ...]:
        """Who must sign: somebody."""
        who = r.words("sign_off", required=True)
        if not who and isinstance(r.data.get("sign_off"), (list, tuple)):
            r.fault("sign_off", "must name who signs")
        return who

    def whole_span(self, r: Reader, *, least: int = 0, most: int = 3650) -> e.WholeSpan:
        low, typical, high = (r.whole(k, least=least, most=most) for k in ("min", "typical", "max"))
        if low is None or typical is None or high is None:
            return e.WholeSpan(least, least, least)
        if not low <= typical <= high:
            r.fault("", f"min, typical and max must rise: {low}, {typical}, {high}")
        return e.WholeSpan(low, typical, high)

    def span(self, r: Reader, *, most: Decimal, least: Decimal = ZERO) -> e.Span:
        low, typical, high = (r.decimal(k, least=least, most=most) for k in ("min", "typical", "max"))
        if low is None or typical is None or high is None:
            return e.Span(ZERO, ZERO, ZERO)
        if not low <= typical <= high:
            r.fault("", f"min, typical and max must rise: {low}, {typical}, {high}")
        return e.Span(low, typical, high)

    def sourced_span(self, unit: str) -> Any:
        def read(r: Reader) -> e.SourcedSpan:
            if r.text("unit") != unit:
                r.fault("unit", f"must be {unit}")
            return e.SourcedSpan(self.whole_span(r, least=1, most=MOST[unit]), self.source(r))

        return read

    def fact(self, r: Reader, key: str = "fact") -> e.Fact:
        return e.Fact(r.text(key), self.source(r), r.text("id", default=""))
