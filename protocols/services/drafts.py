"""
Editing a draft, value by value. A draft is stored as one document; an edit names the paths it changes, so that two people
who meet see exactly what the other did, and the history of a draft can be read.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import router, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import may
from audit.services import record
from planner.errors import Fault, KnowledgeFaults

from ..documents import canonical, sha256
from ..editing.changes import same as _same
from ..editing.faults import named
from ..fault_words import said
from ..follow_up import parse
from ..knowledge import is_known
from ..models import ProtocolEdit, ProtocolVersion, VersionStatus
from ..names import version_name_problem
from .refusals import ProtocolRefused, StaleDraft, VersionTaken

MAX_REASON = 300
REFERENCE = "reference"  # the one kind of fault a draft may be kept with: it can then be neither reviewed nor approved


@dataclass(frozen=True, slots=True)
class Change:
    """One value of the draft. path: as `protocols.comparison` names it, for example `depth_ranges[acne_scars,grade_1,cheeks].max`."""

    path: str
    before: Any
    after: Any

    def as_mapping(self) -> dict[str, Any]:
        return {"path": self.path, "before": self.before, "after": self.after}


class DraftFaults(KnowledgeFaults):
    """What an edit would have left in the draft; nothing of it is kept. `document`: the draft as it would be, which the paths are about."""

    def __init__(self, faults: Iterable[Fault], document: Mapping[str, Any]):
        super().__init__(faults)
        self.document = document


_KEPT = 16
_lock = Lock()
_known: dict[str, tuple[Fault, ...]] = {}


def faults_of(document: str, digest: str) -> list[Fault]:
    """
    Everything that keeps *document*, whose SHA-256 is *digest*, from being reviewed; empty = whole. Asked twice it is read once.
    The knowledge itself is not kept: drafts change at each save, and would drive out the version that proposals are made from.
    """
    found = () if is_known(digest) else _known.get(digest)
    if found is None:
        try:
            parse(json.loads(document))
            found = ()
        except KnowledgeFaults as error:
            found = tuple(error.faults)
        with _lock:
            while len(_known) >= _KEPT:
                _known.pop(next(iter(_known)))
            _known[digest] = found
    return list(found)


@transaction.atomic
def create_draft(source: ProtocolVersion, *, name: str, by, note: str = "") -> ProtocolVersion:
    """
    A draft under the new version name *name* with everything *source* holds. The same again (a second click) gives the same draft.

    Raises:
        ProtocolRefused: *by* may not edit protocols, or the name does not fit. VersionTaken: the name is in use.
    """
    if not may(by, "protocols.edit"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can edit protocols."))
    name = name.strip()
    if problem := version_name_problem(name):
        raise ProtocolRefused(_("The version name %(problem)s.") % {"problem": said(problem)})
    mapping = json.loads(source.document)
    mapping["pack_version"] = name
    document = canonical(mapping)
    digest = sha256(document)
    taken = ProtocolVersion.objects.defer("document").filter(version__iexact=name).first()
    if taken is not None:
        untouched = taken.version == name and taken.status == VersionStatus.DRAFT and taken.lock_version == 1 and taken.sha256 == digest
        if untouched and taken.created_by_id == by.pk and taken.based_on_id == source.pk:
            return taken
        raise VersionTaken(_("There is a protocol %(version)s already. Enter another name.") % {"version": taken.version})
    draft = ProtocolVersion.objects.create(
        version=name,
        status=VersionStatus.DRAFT,
        document=document,
        sha256=digest,
        based_on=source,
        is_whole=not faults_of(document, digest),
        note=note.strip()[:300],
        created_by=by,
    )
    record("protocol.drafted", actor=by, obj=draft, detail={"version": name, "based_on": source.version})
    return draft


def edit(
    draft: ProtocolVersion,
    *,
    lock_version: int,
    section: str,
    by,
    apply: Callable[[dict[str, Any]], Iterable[Change]],
) -> ProtocolVersion:
    """
    Change the draft whole or not at all: *apply* gets its document to change in place and returns what it changed.

    The pack is read outside the transaction, which then only checks that nobody saved meanwhile, and writes.

    lock_version: of the draft as the editor saw it. section: the page of the editor, for the history.

    Raises:
        ProtocolRefused: *by* may not edit, or it is no draft any more. StaleDraft: somebody saved it meanwhile.
        DraftFaults: the draft would hold a fault that it does not hold now and that is not about references; nothing is kept. One about
            references is kept, and the draft cannot be reviewed or approved until it is mended.
    """
    if not may(by, "protocols.edit"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can edit protocols."))
    seen = ProtocolVersion.objects.get(pk=draft.pk)
    _stands(seen, lock_version)
    mapping = json.loads(seen.document)
    changes = [change for change in apply(mapping) if not _same(change.before, change.after)]
    if not changes:
        return seen
    document = canonical(mapping)
    digest = sha256(document)
    faults = faults_of(document, digest)
    hard = [fault for fault in faults if fault.kind != REFERENCE]
    if hard:
        old = json.loads(seen.document)
        had = {(named(old, fault.path), fault.message) for fault in faults_of(seen.document, seen.sha256)}
        brought = [fault for fault in hard if (named(mapping, fault.path), fault.message) not in had]
        if brought:
            raise DraftFaults(brought, mapping)
    with transaction.atomic():
        stored = ProtocolVersion.objects.select_for_update().get(pk=draft.pk)
        _stands(stored, lock_version)
        stored.document, stored.sha256 = document, digest
        stored.lock_version += 1
        stored.is_whole = not faults
        stored.edited_by, stored.edited_at = by, timezone.now()
        stored.save(update_fields=["document", "sha256", "lock_version", "is_whole", "edited_by", "edited_at"])
        ProtocolEdit.objects.create(
            protocol_version=stored,
            lock_version=stored.lock_version,
            section=section,
            changes=[change.as_mapping() for change in changes],
            made_by=by,
            made_at=stored.edited_at,
        )
        detail = {"version": stored.version, "section": section, "values": len(changes), "sha256": digest}
        record("protocol.edited", actor=by, obj=stored, detail=detail)
    return stored


def what_keeps(draft: ProtocolVersion, by) -> str:
    """Why *by* cannot delete *draft*, in words; empty where it can be deleted."""
    called = {"version": draft.version}
    if draft.status != VersionStatus.DRAFT:
        return _("Protocol %(version)s is %(standing)s. Only a draft is deleted.") % {**called, "standing": draft.standing}
    if draft.steps.exists():
        return _("Protocol %(version)s was handed over for review. What was said of it is kept, and so is the draft.") % called
    people = {draft.created_by_id, *draft.edits.values_list("made_by_id", flat=True)}
    if not may(by, "protocols.approve") and people != {by.pk}:
        return _("Protocol %(version)s is not the work of you alone. A medical lead can delete it.") % called
    if ProtocolVersion.objects.filter(based_on=draft).exists():
        return _("Another version was made from protocol %(version)s. Delete that one first, or keep both.") % called
    if any(relation.related_model.objects.filter(**{relation.field.name: draft}).exists() for relation in _resting()):
        return _("Consultations were made with protocol %(version)s, and keep it.") % called
    return ""


def _resting() -> list:
    """What of other apps names a version."""
    relations = ProtocolVersion._meta.get_fields(include_hidden=True)
    found = [one for one in relations if one.auto_created and not one.concrete and (one.one_to_many or one.one_to_one)]
    return [one for one in found if one.related_model._meta.app_label != "protocols"]


def delete_draft(draft: ProtocolVersion, *, by, typed: str, reason: str, lock_version: int) -> None:
    """
    Delete a draft that was never handed over, with the history of its edits. The audit log keeps its name, hash and why.

    typed: the name of the version, as the person wrote it. lock_version: of the draft as the person saw it.

    Raises:
        ProtocolRefused: *by* may not, the name or the reason is missing, or something keeps it. StaleDraft: somebody saved it meanwhile.
    """
    if not may(by, "protocols.delete"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can delete a draft."))
    reason = " ".join(reason.split())
    if typed.strip() != draft.version:
        raise ProtocolRefused(_("Type %(name)s, the name of the draft, to delete it.") % {"name": draft.version})
    if not reason or len(reason) > MAX_REASON:
        raise ProtocolRefused(_("Enter why the draft is deleted, in at most %(most)s characters.") % {"most": MAX_REASON})
    with transaction.atomic():
        stored = ProtocolVersion.objects.select_for_update().filter(pk=draft.pk).first()
        if stored is None:
            return  # a second click
        if kept := what_keeps(stored, by):
            raise ProtocolRefused(kept)
        _stands(stored, lock_version)
        edits = stored.edits.count()
        detail = {"version": stored.version, "sha256": stored.sha256, "edits": edits, "reason": reason}
        record("protocol.deleted", actor=by, obj=stored, detail=detail)
        # The draft first: the guard lets its edits go only once it is gone (see `protocols.guards`).
        ProtocolVersion.objects.filter(pk=stored.pk)._raw_delete(using=router.db_for_write(ProtocolVersion))
        ProtocolEdit.objects.filter(protocol_version_id=stored.pk)._raw_delete(using=router.db_for_write(ProtocolEdit))


def edits_since(draft: ProtocolVersion, lock_version: int) -> list[ProtocolEdit]:
    """What was saved after *lock_version*, the oldest first."""
    return list(draft.edits.filter(lock_version__gt=lock_version).select_related("made_by"))


def _stands(stored: ProtocolVersion, lock_version: int) -> None:
    if stored.status != VersionStatus.DRAFT:
        text = _("Protocol %(version)s is %(standing)s. Make a new draft to change it.")
        raise ProtocolRefused(text % {"version": stored.version, "standing": stored.standing})
    if stored.lock_version != lock_version:
        raise StaleDraft(stored, edits_since(stored, lock_version))
