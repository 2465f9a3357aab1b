"""
Which entries of a protocol are at work: over the case library, over cases made from the protocol's own rows and names, and
over generated ones. What is reached by none of them is either a case that is missing or a rule that nothing applies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.case import Case
from planner.errors import PolicyFaults
from planner.knowledge import Knowledge
from planner.propose import propose

from ..library import LibraryCase
from .cases import direct_cases
from .declared import SECTIONS, cannot_change
from .entries import entries
from .observing import observed

__all__ = ["SECTIONS", "Coverage", "cannot_change", "coverage", "direct_cases", "entries", "observed"]

SOURCES = ("library", "rows and names", "generated")  # tried in this order; an entry counts for the first that reaches it


@dataclass(frozen=True)
class Coverage:
    """
    `entries`: path to words. `reached`: path to the first source that reached it. `declared`: path to the reason why it
    can't be. `cases`: how many each source ran. `sections`: those of the document.
    """

    version: str
    entries: Mapping[str, str]
    reached: Mapping[str, str]
    declared: Mapping[str, str]
    cases: Mapping[str, int]
    sections: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Entries that compute and that no case reached."""
        return [path for path in self.entries if path not in self.reached and path not in self.declared]

    @property
    def wrongly_declared(self) -> list[str]:
        """Entries said to be without effect that a case reached."""
        return [path for path in self.declared if path in self.reached]

    @property
    def unaccounted(self) -> list[str]:
        """Sections of the document that neither hold an entry nor stand in the table."""
        held = {path.split(".")[0] for path in self.entries}
        return [name for name in self.sections if name not in held and name not in SECTIONS]

    @property
    def is_whole(self) -> bool:
        return not (self.missing or self.wrongly_declared or self.unaccounted)

    def by_section(self) -> list[tuple[str, int, int]]:
        """Section, entries reached, entries that can be."""
        found: dict[str, list[int]] = {}
        for path in self.entries:
            if path in self.declared:
                continue
            counts = found.setdefault(path.split(".")[0], [0, 0])
            counts[0] += path in self.reached
            counts[1] += 1
        return [(name, reached, every) for name, (reached, every) in found.items()]

    def as_mapping(self) -> dict[str, Any]:
        rows = [path for path in self.entries if path.startswith("depth_ranges.")]
        return {
            "version": self.version,
            "entries": len(self.entries),
            "reached": len(self.reached),
            "depth_rows": {"all": len(rows), "reached": sum(path in self.reached for path in rows)},
            "cases": dict(self.cases),
            "by_source": {name: sum(source == name for source in self.reached.values()) for name in SOURCES},
            "sections": [{"section": name, "reached": reached, "of": every} for name, reached, every in self.by_section()],
            "without_effect": {
                "sections": {name: SECTIONS[name] for name in self.sections if name in SECTIONS},
                "entries": dict(self.declared),
            },
            "missing": [{"path": path, "what": self.entries[path]} for path in self.missing],
            "wrongly_declared": self.wrongly_declared,
            "unaccounted": self.unaccounted,
            "whole": self.is_whole,
        }


def coverage(
    knowledge: Knowledge, library: Sequence[LibraryCase], *, generated: Iterable[Mapping[str, Any]] = (), direct: bool = True
) -> Coverage:
    """Run every case and note what was at work. A case that cannot be run reaches nothing."""
    known = entries(knowledge)
    reached: dict[str, str] = {}
    counts = dict.fromkeys(SOURCES, 0)

    def note(source: str, case: Case, policies: Mapping[str, str] | None = None) -> None:
        counts[source] += 1
        said = propose(case, knowledge, policies=policies).as_mapping()
        for path in observed(knowledge, case, said):
            if path in known:
                reached.setdefault(path, source)

    for entry in library:
        if entry.parsed is not None:
            try:
                note("library", entry.parsed, entry.policies)
            except PolicyFaults:
                continue  # a setting this protocol does not have
    for case in direct_cases(knowledge) if direct else ():
        note("rows and names", Case.parse(case))
    for case in generated:
        note("generated", Case.parse(case))
    declared = {path: reason for path, reason in cannot_change(knowledge).items() if path in known}
    return Coverage(knowledge.version, known, reached, declared, counts, tuple(str(name) for name in knowledge.document))
