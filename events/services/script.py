"""The questions in force: those of the protocol version that is approved now. Nothing else may be asked or said."""

from dataclasses import dataclass
from functools import lru_cache

from accounts.models import Site
from planner.knowledge import Knowledge
from protocols.follow_up import FollowUp
from protocols.knowledge import follow_up_of, knowledge_of
from protocols.models import ProtocolVersion, VersionStatus


@dataclass(frozen=True)
class Script:
    version: ProtocolVersion
    calls: FollowUp
    knowledge: Knowledge

    def words(self, level: str, site: Site) -> list[str]:
        """The approved lines of *level*, with the numbers of *site* filled in."""
        filled = {
            "emergency_number": site.emergency_number or "the emergency number",
            "phone": site.phone or "our number",
            "clinic": site.name,
        }
        return [line.format(**filled) for line in self.calls.levels[level].say]


def in_force() -> Script | None:
    """None where no version is approved, or the approved one holds no follow-up calls."""
    version = ProtocolVersion.objects.filter(status=VersionStatus.APPROVED).defer("document").first()
    calls = follow_up_of(version) if version is not None else None
    return Script(version, calls, knowledge_of(version)) if calls is not None else None


@lru_cache(maxsize=4)
def of_row(pk: int, sha256: str) -> Script | None:
    """The script of the stored version *pk*: asked for once a process, because the hash in the key means that it cannot be another."""
    return of_version(ProtocolVersion.objects.defer("document").get(pk=pk, sha256=sha256))


def of_version(version: ProtocolVersion) -> Script | None:
    calls = follow_up_of(version)
    return Script(version, calls, knowledge_of(version)) if calls is not None else None
