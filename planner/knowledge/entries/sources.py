"""What stands behind a value: the references, how much of them was read, and a fact with its own."""

from dataclasses import dataclass

from planner.records import record


@record(frozen=True, slots=True)
class Source:
    """
    What stands behind a value. `unverified`: no source was read for it, or it is the pack's own precaution.
    `unread`: every reference named is itself marked unverified.
    """

    refs: tuple[str, ...]
    evidence: str
    unverified: bool
    unverified_fields: tuple[str, ...] = ()
    unread: bool = False

    @property
    def no_study(self) -> bool:
        """No study stands behind it: the pack says so, or nobody has read any reference it names."""
        return self.unverified or self.unread

    def for_field(self, name: str) -> "Source":
        """The source of one field of the entry: its own mark where the entry names it as the pack's own."""
        if name in self.unverified_fields and not self.unverified:
            return Source(self.refs, self.evidence, True, unread=self.unread)
        return self


@dataclass(frozen=True, slots=True)
class Reference:
    """One source. `read`: how much of it was read (page, abstract, secondary, not_verified ...)."""

    id: str
    citation: str
    type: str
    evidence: str
    read: str
    unverified: bool
    doi: str
    pmid: str
    pmcid: str


@dataclass(frozen=True, slots=True)
class Fact:
    text: str
    source: Source
    id: str = ""
