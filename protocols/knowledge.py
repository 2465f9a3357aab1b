"""From a stored version to what the planner reads. Parsed once per process and kept by the document's SHA-256."""

import json
from functools import lru_cache
from threading import Lock

from django.utils.translation import gettext as _

from planner.knowledge import Knowledge

from .before_visit import SECTION as BEFORE_VISIT
from .before_visit import BeforeVisit
from .before_visit import read as read_before_visit
from .documents import canonical, packaged_paths, read_pack, sha256
from .follow_up import SECTION, FollowUp, parse
from .models import ProtocolVersion

_KEPT = 8
_lock = Lock()
_parsed: dict[str, Knowledge] = {}
_stamped: dict[tuple[str, str, str], Knowledge] = {}  # (sha256, version, status): one object, so that what hangs on it is kept too


class DocumentChanged(Exception):
    """The stored document no longer has the hash it was stored with: nothing may be proposed from it."""

    def __init__(self, version: ProtocolVersion):
        text = _(
            "Protocol %(version)s was changed outside the clinic's own services: its document no longer matches its SHA-256. "
            "Restore it from a backup before anybody plans with it."
        )
        super().__init__(text % {"version": version.version})
        self.version = version


def parsed(document: str, digest: str) -> Knowledge:
    """
    Return *document*, whose SHA-256 is *digest*, as knowledge; a hash this process has read before is not read again.

    Raises:
        KnowledgeFaults: the pack is broken.
    """
    knowledge = _parsed.get(digest)
    if knowledge is None:
        knowledge = parse(json.loads(document))[0]
        with _lock:
            while len(_parsed) >= _KEPT:
                _parsed.pop(next(iter(_parsed)))
            _parsed[digest] = knowledge
    return knowledge


def is_known(digest: str) -> bool:
    """Whether this process has read the document with this SHA-256 as knowledge: then it holds no fault."""
    return digest in _parsed


def knowledge_of(version: ProtocolVersion) -> Knowledge:
    """
    Return the knowledge of *version* under its own name and status; one whose hash is known costs no reading of its document.

    Raises:
        DocumentChanged: the stored text does not have its stored hash.
    """
    if version.sha256 not in _parsed and sha256(version.document) != version.sha256:
        raise DocumentChanged(version)
    knowledge = _parsed.get(version.sha256) or parsed(version.document, version.sha256)
    # The status is the row's: a version is approved and retired while its document stays the same.
    key = (version.sha256, version.version, version.status)
    kept = _stamped.get(key)
    if kept is None or kept.document is not knowledge.document:
        kept = knowledge.stamped(version=version.version, status=version.status, sha256=version.sha256)
        with _lock:
            while len(_stamped) >= _KEPT:
                _stamped.pop(next(iter(_stamped)))
            _stamped[key] = kept
    return kept


_follow_ups: dict[str, FollowUp | None] = {}  # by SHA-256, as the knowledge


def follow_up_of(version: ProtocolVersion) -> FollowUp | None:
    """
    What *version* says about follow-up calls; None where it says nothing.

    Raises:
        DocumentChanged: as `knowledge_of`.
    """
    if version.sha256 not in _follow_ups:
        if sha256(version.document) != version.sha256:
            raise DocumentChanged(version)
        mapping = json.loads(version.document)
        found = parse(mapping)[1] if SECTION in mapping else None
        with _lock:
            while len(_follow_ups) >= _KEPT:
                _follow_ups.pop(next(iter(_follow_ups)))
            _follow_ups[version.sha256] = found
    return _follow_ups[version.sha256]


_before_visits: dict[str, BeforeVisit | None] = {}  # by SHA-256, as the knowledge


def before_visit_of(version: ProtocolVersion) -> BeforeVisit | None:
    """
    The words of *version* for the paper before a visit; None where it has none.

    Raises:
        DocumentChanged: as `knowledge_of`.
    """
    if version.sha256 not in _before_visits:
        if sha256(version.document) != version.sha256:
            raise DocumentChanged(version)
        mapping = json.loads(version.document)
        found = read_before_visit(mapping, []) if BEFORE_VISIT in mapping else None
        with _lock:
            while len(_before_visits) >= _KEPT:
                _before_visits.pop(next(iter(_before_visits)))
            _before_visits[version.sha256] = found
    return _before_visits[version.sha256]


@lru_cache(maxsize=1)
def packaged() -> Knowledge:
    """
    Return the newest pack that comes with the project, read from its file: no database is asked.

    Raises:
        FileNotFoundError: the project was installed without its packs.
        KnowledgeFaults: the pack is broken.
    """
    paths = packaged_paths()
    if not paths:
        raise FileNotFoundError("There is no pack in protocols/packs. Install the project again.")
    document = canonical(read_pack(paths[-1]))
    return parsed(document, sha256(document))
