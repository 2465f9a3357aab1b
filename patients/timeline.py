"""
The timeline of a patient: one line for each thing that happened, newest first, in pages, filtered by kind.

Each app registers its sources in AppConfig.ready. A source reads only the lines of one page, so that a page costs the same with five
sessions and with five hundred: a bounded number of queries for each source, whatever the patient has.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy

from .models import Patient
from .overview import Entry

PAGE = 25
# What the filter offers, in its order. A kind nobody registered a source for, or that the reader may not see, is not offered.
KINDS = {
    "plans": gettext_lazy("Plans"),
    "sessions": gettext_lazy("Sessions"),
    "visits": gettext_lazy("Visits"),
    "photos": gettext_lazy("Photos"),
    "events": gettext_lazy("Events"),
    "calls": gettext_lazy("Calls"),
    "consent": gettext_lazy("Consent"),
    "questions": gettext_lazy("Questions"),
    "documents": gettext_lazy("Documents"),
    "outcomes": gettext_lazy("Outcomes"),
    "corrections": gettext_lazy("Corrections"),
}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOST_SEEN = 500  # lines of one and the same moment that earlier pages may have shown


@dataclass(frozen=True)
class Until:
    """What a source is asked for: at most *limit* lines that are not newer than *moment* (None: from the newest on)."""

    moment: dt.datetime | None
    limit: int

    def newest(self, rows, column: str):
        """*rows* of this page: by *column*, a time or a day, newest first; two of one moment always in the same order."""
        if self.moment is not None:
            days = {field.name for field in rows.model._meta.concrete_fields if field.get_internal_type() == "DateField"}
            is_day = column in days
            rows = rows.filter(**{f"{column}__lte": timezone.localtime(self.moment).date() if is_day else self.moment})
        return rows.order_by(f"-{column}", "-pk")[: self.limit]


@dataclass(frozen=True)
class Source:
    """
    kind: of KINDS. permission: without it the source is not asked. lines: (patient, user, until) -> its entries, newest first; it
    starts at `visible_to(user)` and takes `until.newest(...)`.
    """

    kind: str
    permission: str
    lines: Callable[[Patient, object, Until], list[Entry]]


_sources: list[Source] = []


def register_source(source: Source) -> None:
    if source.kind not in KINDS:
        raise KeyError(f"{source.kind} is not a kind of patients.timeline.KINDS")
    if source not in _sources:
        _sources.append(source)


def sources_for(user) -> list[Source]:
    return [source for source in _sources if user.may(source.permission)]


@dataclass(frozen=True)
class Timeline:
    """One page. kinds: (key, label) that the filter offers. older: what to ask for the next page with; empty: this is the last."""

    entries: list[Entry]
    kinds: list[tuple[str, str]]
    kind: str
    older: str
    is_first: bool


def timeline_of(patient: Patient, user, *, kind: str = "", before: str = "") -> Timeline:
    """
    One page for *user*. kind: of one kind only; any other word means all. before: as `older` of the page before it; what is no such
    mark begins at the newest.
    """
    sources = sources_for(user)
    kinds = [(key, label) for key, label in KINDS.items() if any(source.kind == key for source in sources)]
    kind = kind if kind in dict(kinds) else ""
    moment, seen = _read(before)
    until = Until(moment, PAGE + 1 + seen)
    found = [entry for source in sources if kind in ("", source.kind) for entry in source.lines(patient, user, until)]
    found.sort(key=lambda entry: entry.order, reverse=True)  # stable: lines of one moment stay in the order of their sources
    found = found[seen:]
    shown = found[:PAGE]
    return Timeline(shown, kinds, kind, _older(shown, moment, seen) if len(found) > PAGE else "", moment is None)


def newest(patient: Patient, user, kind: str, most: int) -> tuple[list[Entry], bool]:
    """The newest *most* lines of one kind that *user* may see, and whether there are more."""
    until = Until(None, most + 1)
    found = [entry for source in sources_for(user) if source.kind == kind for entry in source.lines(patient, user, until)]
    found.sort(key=lambda entry: entry.order, reverse=True)
    return found[:most], len(found) > most


def _older(shown: list[Entry], moment: dt.datetime | None, seen: int) -> str:
    """The moment of the last line, and how many lines of that very moment were shown by now."""
    last = shown[-1].order
    same = sum(entry.order == last for entry in shown) + (seen if last == moment else 0)
    return f"{(last - _EPOCH) // dt.timedelta(microseconds=1)}-{same}"


def _read(before: str) -> tuple[dt.datetime | None, int]:
    at, _, seen = before.partition("-")
    if not (at.isascii() and at.isdigit() and len(at) <= 17 and seen.isascii() and seen.isdigit() and len(seen) <= 3):
        return None, 0
    try:
        return _EPOCH + dt.timedelta(microseconds=int(at)), min(int(seen), _MOST_SEEN)
    except OverflowError:
        return None, 0
