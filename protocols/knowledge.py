"""From a stored version to what the planner reads. Parsed once per process and kept by the document's SHA-256."""

import json
from functools import lru_cache
from threading import Lock

from .documents import canonical, packaged_paths, read_pack, sha256
from .models import ProtocolVersion

_KEPT = 8
_lock = Lock()
_parsed: dict = {}


class DocumentChanged(Exception):
    """The stored document no longer has the hash it was stored with: nothing may be proposed from it."""

    def __init__(self, version: ProtocolVersion):
        super().__init__(
            f"Protocol {version.version} was changed outside the clinic's own services: its document no longer matches its SHA-256. "
            "Restore it from a backup before anybody plans with it."
        )
        self.version = version


def knowledge_of(version: ProtocolVersion):
    """
    Return the parsed knowledge of *version*; a version whose hash is known costs no reading of its document.

    Raises:
        DocumentChanged: the stored text does not have its stored hash.
    """
    kept = _parsed.get(version.sha256)
    if kept is not None:
        return kept
    if sha256(version.document) != version.sha256:
        raise DocumentChanged(version)
    from planner.knowledge import Knowledge

    knowledge = Knowledge.parse(json.loads(version.document))
    with _lock:
        while len(_parsed) >= _KEPT:
            _parsed.pop(next(iter(_parsed)))
        _parsed[version.sha256] = knowledge
    return knowledge


@lru_cache(maxsize=1)
def packaged():
    """
    Return the newest pack that comes with the project, read from its file: no database is asked.

    Raises:
        FileNotFoundError: the project was installed without its packs.
        KnowledgeFaults: the pack is broken.
    """
    paths = packaged_paths()
    if not paths:
        raise FileNotFoundError("There is no pack in protocols/packs. Install the project again.")
    from planner.knowledge import Knowledge

    return Knowledge.parse(json.loads(canonical(read_pack(paths[-1]))))
