"""What can be wrong with what the planner is given. Clinical findings are answers, never errors."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong, where (`zones[3].max_depth_mm`) and what to do about it. kind: "reference" where a source is missing."""

    path: str
    message: str
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class PlannerError(Exception):
    """Base of everything the planner raises."""


class _Faults(PlannerError):
    """Carries every fault found, never only the first."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults: list[Fault] = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class KnowledgeFaults(_Faults):
    """A protocol pack that cannot be used; nothing of it is."""


class CaseFaults(_Faults):
    """A case that is not in the case format."""


class PolicyFaults(_Faults):
    """A setting or an option of it that the protocol does not have."""
