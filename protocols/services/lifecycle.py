"""Draft, in review, approved, retired: each step with who, when and why, and none of them left out."""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import may
from audit.services import record
from planner.errors import KnowledgeFaults

from ..documents import sha256
from ..knowledge import DocumentChanged, knowledge_of
from ..models import ProtocolStep, ProtocolVersion, VersionStatus
from ..regression import what_blocks
from .drafts import MAX_REASON, faults_of
from .refusals import ApprovalBlocked, ChangedMeanwhile, ProtocolRefused

ANY = object()


def _locked(version: ProtocolVersion) -> ProtocolVersion:
    return ProtocolVersion.objects.select_for_update().get(pk=version.pk)


def _reason(text: str, what: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise ProtocolRefused(what)
    if len(reason) > MAX_REASON:
        text = _("The reason has %(n)s characters; at most %(most)s are kept. Shorten it.")
        raise ProtocolRefused(text % {"n": len(reason), "most": MAX_REASON})
    return reason


def _stands(stored: ProtocolVersion, status: str, otherwise: str) -> None:
    if stored.status != status:
        text = _("Protocol %(version)s is %(standing)s. %(otherwise)s")
        raise ProtocolRefused(text % {"version": stored.version, "standing": stored.standing, "otherwise": otherwise})


def _as_seen(stored: ProtocolVersion, seen: str) -> None:
    if sha256(stored.document) != stored.sha256:
        raise DocumentChanged(stored)
    if stored.sha256 != seen:
        text = _("Protocol %(version)s was changed after you opened it. Read what it says now, then go on.")
        raise ChangedMeanwhile(text % {"version": stored.version})


def _whole(stored: ProtocolVersion) -> None:
    """Raise every fault of the stored document, whatever the row says of it."""
    if faults := faults_of(stored.document, stored.sha256):
        raise KnowledgeFaults(faults)
    knowledge_of(stored)
    if not stored.is_whole:
        text = _("A value of protocol %(version)s has lost its reference. Open the draft and mend it.")
        raise ProtocolRefused(text % {"version": stored.version})


def _step(stored: ProtocolVersion, step: str, *, by, at: dt.datetime, reason: str = "", **detail) -> None:
    ProtocolStep.objects.create(protocol_version=stored, step=step, reason=reason, sha256=stored.sha256, made_by=by, made_at=at)
    record(f"protocol.{step}", actor=by, obj=stored, detail={"version": stored.version, "sha256": stored.sha256, **detail})


def faults_in_the_way(version: ProtocolVersion) -> list:
    """Every fault that keeps *version* from review and approval; empty where it is whole."""
    return faults_of(version.document, version.sha256)


def approval_conditions(version: ProtocolVersion) -> list[str]:
    """What else keeps *version* from approval, in sentences: cases of the bench that must hold and do not."""
    return what_blocks(version)


def submit(version: ProtocolVersion, *, by, seen: str | None = None) -> ProtocolVersion:
    """
    Hand a draft over for review. Until it is sent back it cannot be edited. Once more changes nothing.

    seen: SHA-256 of the document *by* has read; of *version* as it was loaded where none is given.

    Raises:
        ProtocolRefused: *by* may not edit protocols, or it is no draft. ChangedMeanwhile: it was edited after it was read.
        KnowledgeFaults: something in it is not whole.
    """
    if not may(by, "protocols.edit"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can hand a protocol over for review."))
    seen = seen or version.sha256
    with transaction.atomic():
        stored = _locked(version)
        if stored.status == VersionStatus.IN_REVIEW and stored.submitted_by_id == by.pk and stored.sha256 == seen:
            return stored
        _stands(stored, VersionStatus.DRAFT, _("Only a draft is handed over for review."))
        _as_seen(stored, seen)
        _whole(stored)
        stored.status = VersionStatus.IN_REVIEW
        stored.submitted_by, stored.submitted_at = by, timezone.now()
        stored.save(update_fields=["status", "submitted_by", "submitted_at"])
        _step(stored, ProtocolStep.Step.SUBMITTED, by=by, at=stored.submitted_at)
    return stored


def send_back(version: ProtocolVersion, *, by, reason: str) -> ProtocolVersion:
    """
    Make a version in review a draft again, so that it can be edited. A medical lead does; whoever handed it over may take it back.

    Raises:
        ProtocolRefused: *by* is neither, the reason is missing, or it is not in review.
    """
    with transaction.atomic():
        stored = _locked(version)
        if not may(by, "protocols.approve") and not (may(by, "protocols.edit") and stored.submitted_by_id == by.pk):
            raise ProtocolRefused(_("Only a medical lead, or who handed it over, can send a protocol back to draft."))
        _stands(stored, VersionStatus.IN_REVIEW, _("Only what is in review can be sent back."))
        reason = _reason(reason, _("Enter what has to be changed."))
        stored.status = VersionStatus.DRAFT
        stored.submitted_by = stored.submitted_at = None
        stored.save(update_fields=["status", "submitted_by", "submitted_at"])
        _step(stored, ProtocolStep.Step.SENT_BACK, by=by, at=timezone.now(), reason=reason)
    return stored


def approve(
    version: ProtocolVersion,
    *,
    by,
    reason: str,
    next_review_on: dt.date,
    seen: str | None = None,
    replaces=ANY,
    is_demo: bool = False,
) -> ProtocolVersion:
    """
    Make *version*, which is in review, the one that plans are made from, and retire the one before. From here on it cannot be
    changed. Plans made from the one before keep it.

    seen: SHA-256 of the document the approver has read; of *version* as it was loaded where none is given.
    replaces: primary key of the approved version the approver compared it with, None for none; not looked at where not given.

    Raises:
        ProtocolRefused: *by* is not a medical lead, the reason or the review date is missing, or it is not in review.
        ChangedMeanwhile: it, or the approved version it was compared with, is another than the approver saw.
        KnowledgeFaults: it is not whole; every fault. ApprovalBlocked: a condition of the clinic's bench does not hold.
    """
    if not may(by, "protocols.approve"):
        raise ProtocolRefused(_("Only a medical lead can approve a protocol."))
    reason = _reason(reason, _("Enter why this version is approved."))
    if next_review_on <= timezone.localdate():
        raise ProtocolRefused(_("Next review must be in the future."))
    seen = seen or version.sha256
    # The bench takes its time and so runs before the lock, on the very content that the lock then finds or refuses.
    now_stored = ProtocolVersion.objects.get(pk=version.pk)
    _stands(now_stored, VersionStatus.IN_REVIEW, _("Only what is in review can be approved."))
    _as_seen(now_stored, seen)
    _whole(now_stored)
    if blocks := approval_conditions(now_stored):
        raise ApprovalBlocked(blocks)
    with transaction.atomic():
        # In one order whoever comes: two approvals at once wait for each other, and the second sees what the first made.
        at_stake = ProtocolVersion.objects.select_for_update().filter(status__in=[VersionStatus.IN_REVIEW, VersionStatus.APPROVED])
        rows = {row.pk: row for row in at_stake.order_by("pk")}
        stored = rows.get(version.pk) or ProtocolVersion.objects.get(pk=version.pk)
        _stands(stored, VersionStatus.IN_REVIEW, _("Only what is in review can be approved."))
        _as_seen(stored, seen)
        _whole(stored)
        standing = [row for row in rows.values() if row.status == VersionStatus.APPROVED]
        if replaces is not ANY and {row.pk for row in standing} != ({replaces} if replaces else set()):
            if standing:
                text = _("Protocol %(version)s was approved meanwhile. Look at what changes against what stands now, then approve again.")
                raise ChangedMeanwhile(text % {"version": standing[0].version})
            text = _("The approved version was retired meanwhile. Look at what changes against what stands now, then approve again.")
            raise ChangedMeanwhile(text)
        now = timezone.now()
        for before in standing:
            _retire(before, by=by, reason=f"Replaced by {stored.version}", at=now, replaced_by=stored.version)
        stored.status = VersionStatus.APPROVED
        stored.approved_by, stored.approved_at = by, now
        stored.approval_reason, stored.next_review_on, stored.is_demo = reason, next_review_on, is_demo
        stored.save()
        _step(stored, ProtocolStep.Step.APPROVED, by=by, at=now, reason=reason, is_demo=is_demo)
    return stored


def retire(version: ProtocolVersion, *, by, reason: str) -> ProtocolVersion:
    """
    Take the approved version out of use without another in its place. Then none is approved: proposals are made from the newest
    whole one that is not retired and say that it is not approved, and no plan can be accepted. Open plans keep theirs.

    Raises:
        ProtocolRefused: *by* is not a medical lead, the reason is missing, or it is not approved.
    """
    if not may(by, "protocols.approve"):
        raise ProtocolRefused(_("Only a medical lead can retire a protocol."))
    with transaction.atomic():
        stored = _locked(version)
        _stands(stored, VersionStatus.APPROVED, _("Only an approved version is retired."))
        _retire(stored, by=by, reason=_reason(reason, _("Enter why this version is retired.")), at=timezone.now())
    return stored


def _retire(stored: ProtocolVersion, *, by, reason: str, at: dt.datetime, **detail) -> None:
    stored.status = VersionStatus.RETIRED
    stored.retired_at, stored.retired_by, stored.retirement_reason = at, by, reason
    stored.save(update_fields=["status", "retired_at", "retired_by", "retirement_reason"])
    _step(stored, ProtocolStep.Step.RETIRED, by=by, at=at, reason=reason, **detail)
