"""Writing protocol versions: bring one in, edit a draft, hand it over, approve it, retire it."""

from ..models import ProtocolVersion
from .drafts import Change, DraftFaults, create_draft, delete_draft, edit, edits_since, faults_of, what_keeps
from .lifecycle import approval_conditions, approve, faults_in_the_way, retire, send_back, submit
from .loading import import_pack, load_pack
from .refusals import ApprovalBlocked, ChangedMeanwhile, ProtocolRefused, StaleDraft, VersionTaken

__all__ = [
    "ApprovalBlocked",
    "Change",
    "ChangedMeanwhile",
    "DraftFaults",
    "ProtocolRefused",
    "StaleDraft",
    "VersionTaken",
    "approval_conditions",
    "approve",
    "create_draft",
    "current_version",
    "delete_draft",
    "edit",
    "edits_since",
    "faults_in_the_way",
    "faults_of",
    "import_pack",
    "load_pack",
    "retire",
    "send_back",
    "submit",
    "what_keeps",
]


def current_version() -> ProtocolVersion | None:
    """The version proposals are made from: the newest approved one, else the newest whole one; None where none is loaded."""
    return ProtocolVersion.objects.current()
