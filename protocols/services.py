"""Writing protocol versions: load a pack, approve a version, retire the one before."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.permissions import may
from audit.services import record
from planner.errors import Fault, KnowledgeFaults

from .documents import canonical, sha256
from .knowledge import knowledge_of, parsed
from .models import ProtocolVersion, VersionStatus


class ProtocolRefused(Exception):
    """The step is not allowed; the message says why and what to do."""


class VersionTaken(ProtocolRefused):
    """Another document already has this version name."""


def current_version() -> ProtocolVersion | None:
    """The version proposals are made from: the newest approved one, else the newest of all; None where none is loaded."""
    return ProtocolVersion.objects.current()


@transaction.atomic
def load_pack(mapping: Mapping, *, status: str = VersionStatus.DRAFT, by=None) -> tuple[ProtocolVersion, bool]:
    """
    Store *mapping* as a version and return it with True where it is new. The same content again changes nothing.

    status: draft or in review; only `approve` approves.

    Raises:
        KnowledgeFaults: the pack is broken; it is refused whole and every fault is listed.
        VersionTaken: another document is stored under this version name.
    """
    if status not in (VersionStatus.DRAFT, VersionStatus.IN_REVIEW):
        raise ProtocolRefused("A pack is loaded as a draft or for review. Approving it is a step of its own.")
    document = canonical(mapping)
    digest = sha256(document)
    name = mapping.get("pack_version")
    faults = []
    if not isinstance(name, str) or not name.strip() or len(name) > 40 or "/" in name:
        faults.append(Fault("pack_version", "must be a name of at most 40 characters without a slash, in quotes, for example '2026.1'"))
    try:
        parsed(document, digest)
    except KnowledgeFaults as error:
        faults += [fault for fault in error.faults if fault.path != "pack_version" or not faults]
    if faults:
        raise KnowledgeFaults(faults)
    stored = ProtocolVersion.objects.filter(version=name).first()
    if stored is not None:
        if stored.sha256 == digest:
            return stored, False
        raise VersionTaken(
            f"Protocol {name} is stored with other content (SHA-256 {stored.sha256[:12]}, this one {digest[:12]}). "
            "Give the changed pack a new pack_version."
        )
    version = ProtocolVersion.objects.create(version=name, status=status, document=document, sha256=digest)
    record("protocol.loaded", actor=by, obj=version, detail={"version": name, "sha256": digest})
    return version, True


@transaction.atomic
def approve(version: ProtocolVersion, *, by, reason: str, next_review_on: dt.date, is_demo: bool = False) -> ProtocolVersion:
    """
    Make *version* the one that plans are made from, and retire the one before. From here on it cannot be changed.

    Raises:
        ProtocolRefused: *by* is not a medical lead, the reason or the review date is missing, or it is no draft.
    """
    if not may(by, "protocols.approve"):
        raise ProtocolRefused("Only a medical lead can approve a protocol.")
    if not reason.strip():
        raise ProtocolRefused("Enter why this version is approved.")
    now = timezone.now()
    if next_review_on <= timezone.localdate():
        raise ProtocolRefused("Next review must be in the future.")
    stored = ProtocolVersion.objects.select_for_update().get(pk=version.pk)
    if stored.status not in (VersionStatus.DRAFT, VersionStatus.IN_REVIEW):
        raise ProtocolRefused(f"Protocol {stored.version} is {stored.get_status_display().lower()} already.")
    knowledge_of(stored)
    for before in ProtocolVersion.objects.select_for_update().filter(status=VersionStatus.APPROVED):
        ProtocolVersion.objects.filter(pk=before.pk).update(status=VersionStatus.RETIRED, retired_at=now)
        record("protocol.retired", actor=by, obj=before, detail={"version": before.version, "replaced_by": stored.version})
    stored.status = VersionStatus.APPROVED
    stored.approved_by, stored.approved_at = by, now
    stored.approval_reason, stored.next_review_on, stored.is_demo = reason.strip()[:300], next_review_on, is_demo
    stored.save()
    record("protocol.approved", actor=by, obj=stored, detail={"version": stored.version, "sha256": stored.sha256, "is_demo": is_demo})
    return stored
