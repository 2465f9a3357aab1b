"""
The regression bench: the whole case library under two versions, side by side. It shows every case whose proposal changes
and how, and what keeps a version from being approved: a case that must hold and does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from planner.errors import KnowledgeFaults, PolicyFaults
from planner.expectations import check
from planner.knowledge import Knowledge
from planner.propose import propose

from .differences import Comparison, compare
from .fault_words import said
from .knowledge import DocumentChanged, knowledge_of
from .library import LibraryCase, digest, whole_library
from .models import ProtocolVersion, VersionStatus

__all__ = ["Bench", "Row", "against_of", "bench", "bench_of", "check", "what_blocks"]

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """
    One case under both versions. Status None: there is no proposal, since the case cannot be read or there is nothing to
    compare with. `faults`: what the case expects and the version does not give; `drift`: what is otherwise than in the
    protocol that comes with the project.
    """

    case: LibraryCase
    status_before: str | None
    status_after: str | None
    comparison: Comparison
    faults: tuple[str, ...]
    drift: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        return not self.comparison.is_same

    @property
    def is_failing(self) -> bool:
        return bool(self.faults)

    @property
    def blocks(self) -> bool:
        return self.case.must_hold and self.is_failing

    def as_mapping(self) -> dict[str, Any]:
        return {
            "case": self.case.name,
            "source": "clinic" if self.case.pk else "project",
            "must_hold": self.case.must_hold,
            "why": self.case.why,
            "status": {"before": self.status_before, "after": self.status_after},
            "changes": [difference.as_mapping() for difference in self.comparison.values],
            "paths": [difference.as_mapping() for difference in self.comparison.leaves],
            "steps": [trace.as_mapping() for trace in self.comparison.traces],
            "faults": list(self.faults),
            "drift": list(self.drift),
            "blocks": self.blocks,
        }


@dataclass(frozen=True)
class Bench:
    """The library under *version* and, where there is one, under *against*."""

    version: str
    against: str | None
    rows: tuple[Row, ...]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.is_changed]

    @property
    def failing(self) -> list[Row]:
        return [row for row in self.rows if row.is_failing]

    @property
    def blocking(self) -> list[Row]:
        return [row for row in self.rows if row.blocks]

    def as_mapping(self, *, only_changed: bool = False) -> dict[str, Any]:
        shown = [row for row in self.rows if row.is_changed or row.is_failing] if only_changed else self.rows
        return {
            "version": self.version,
            "against": self.against,
            "cases": len(self.rows),
            "changed": len(self.changed),
            "failing": len(self.failing),
            "blocked": bool(self.blocking),
            "rows": [row.as_mapping() for row in shown],
        }


def bench(knowledge: Knowledge, against: Knowledge | None, cases: Sequence[LibraryCase]) -> Bench:
    """Run *cases* under both. No database: what the command runs on a file."""
    rows = []
    for case in cases:
        after, faults = _answer(case, knowledge)
        before = _answer(case, against)[0] if against is not None else None
        comparison = compare(before, after) if before is not None and after is not None else Comparison()
        if after is not None:
            faults = (*faults, *check(case.expect, after))
        drift = tuple(check(case.exact, after)) if after is not None and case.exact else ()
        statuses = (answer["status"] if answer is not None else None for answer in (before, after))
        rows.append(Row(case, *statuses, comparison, faults, drift))
    return Bench(knowledge.version, against.version if against is not None else None, tuple(rows))


def _answer(case: LibraryCase, knowledge: Knowledge) -> tuple[Said | None, tuple[str, ...]]:
    """What *knowledge* proposes for the case; None with the reasons where the case cannot be run."""
    if case.parsed is None or case.faults:
        return None, case.faults
    try:
        return propose(case.parsed, knowledge, policies=case.policies).as_mapping(), ()
    except PolicyFaults as error:
        return None, tuple(f"expect.{fault}" for fault in error.faults)


# -- versions of the database ------------------------------------------------------------------------------------------

_KEPT = 4
_lock = Lock()
_benches: dict[tuple[str, ...], Bench] = {}


def against_of(version: ProtocolVersion) -> ProtocolVersion | None:
    """What *version* is compared with: the approved one, or for that one and without any, the one it was made from."""
    approved = ProtocolVersion.objects.filter(status=VersionStatus.APPROVED).exclude(pk=version.pk).order_by("-approved_at", "-pk").first()
    return approved or version.based_on


def bench_of(version: ProtocolVersion, against: ProtocolVersion | None, cases: Iterable[LibraryCase] | None = None) -> Bench:
    """
    The bench of stored versions; the same content and the same cases are run once per process and language.

    Raises:
        KnowledgeFaults: a version is not whole, so nothing can be proposed from it. DocumentChanged: it was tampered with.
    """
    library = list(whole_library() if cases is None else cases)
    new, old = knowledge_of(version), knowledge_of(against) if against is not None else None
    expected = digest(library)
    key = (new.version, new.sha256, old.version if old else "", old.sha256 if old else "", expected, get_language() or "")
    found = _benches.get(key)
    if found is None:
        found = bench(new, old, library)
        with _lock:
            while len(_benches) >= _KEPT:
                _benches.pop(next(iter(_benches)))
            _benches[key] = found
    return found


def what_blocks(version: ProtocolVersion) -> list[str]:
    """Why *version* must not be approved, one sentence for each case that must hold and does not; empty where all do."""
    try:
        found = bench_of(version, None)
    except KnowledgeFaults as error:
        text = _("The bench cannot run: protocol %(version)s is not whole. %(fault)s")
        return [text % {"version": version.version, "fault": said(str(error.faults[0]))}]
    except DocumentChanged as error:
        return [str(error)]
    text = _("“%(case)s” must hold and does not: %(faults)s.")
    return [text % {"case": row.case.name, "faults": "; ".join(map(said, row.faults))} for row in found.blocking]
