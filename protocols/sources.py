"""A protocol named on a command line: a stored version by its name, or a pack in a file, for which no database is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import KnowledgeFaults
from planner.knowledge import Knowledge

from .documents import canonical, packaged_paths, read_pack, sha256
from .knowledge import DocumentChanged, knowledge_of, parsed

if TYPE_CHECKING:
    from .models import ProtocolVersion


class UnknownProtocol(Exception):
    """There is no such version or file, or it is broken; the message says which and every fault."""


@dataclass(frozen=True)
class Named:
    """What was named; `stored` None for a pack in a file."""

    knowledge: Knowledge
    stored: "ProtocolVersion | None" = None


def is_file(name: str) -> bool:
    return Path(name).suffix.lower() in (".yaml", ".yml", ".json")


def named(name: str) -> Named:
    """
    The protocol under *name*.

    Raises:
        UnknownProtocol: nothing usable has this name.
    """
    return Named(_of_file(Path(name))) if is_file(name) else _of_database(name)


def _of_file(path: Path) -> Knowledge:
    try:
        document = canonical(read_pack(path))
        return parsed(document, sha256(document))
    except OSError as error:
        raise UnknownProtocol(f"{path}: {error.strerror or error}") from error
    except KnowledgeFaults as error:
        raise UnknownProtocol("\n".join(f"{path}: {fault}" for fault in error.faults)) from error


def _of_database(name: str) -> Named:
    from django.db import DatabaseError

    from .models import ProtocolVersion

    try:
        version = ProtocolVersion.objects.select_related("based_on").get(version=name)
        return Named(knowledge_of(version), version)
    except ProtocolVersion.DoesNotExist as error:
        raise UnknownProtocol(f"{name}: there is no such protocol version in the database") from error
    except DatabaseError as error:
        raise UnknownProtocol(f"{name}: the database cannot be read ({error})") from error
    except DocumentChanged as error:
        raise UnknownProtocol(str(error)) from error
    except KnowledgeFaults as error:
        raise UnknownProtocol("\n".join(f"{name}: {fault}" for fault in error.faults)) from error


def packaged_before(knowledge: Knowledge) -> Knowledge | None:
    """The newest pack that comes with the project and is not *knowledge* itself."""
    for path in reversed(packaged_paths()):
        if path.stem != knowledge.version:
            found = _of_file(path)
            if found.version != knowledge.version:
                return found
    return None
