"""Bringing a whole pack in, as a draft or for review."""

import json
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.permissions import may
from audit.services import record
from planner.errors import Fault, KnowledgeFaults

from ..documents import canonical, read_text, sha256
from ..knowledge import parsed
from ..models import ProtocolVersion, VersionStatus
from ..names import reserved_indications, version_name_problem
from .refusals import ProtocolRefused, VersionTaken


def load_pack(mapping: Mapping, *, status: str = VersionStatus.DRAFT, by=None, note: str = "") -> tuple[ProtocolVersion, bool]:
    """
    Store *mapping* as a version and return it with True where it is new. The same content again changes nothing.

    status: draft or in review; only `approve` approves.

    Raises:
        KnowledgeFaults: the pack is broken; it is refused whole and every fault is listed.
        VersionTaken: another document is stored under this version name.
    """
    if status not in (VersionStatus.DRAFT, VersionStatus.IN_REVIEW):
        raise ProtocolRefused(_("A pack is loaded as a draft or for review. Approving it is a step of its own."))
    document = canonical(mapping)
    digest = sha256(document)
    name = mapping.get("pack_version")
    faults = []
    if problem := version_name_problem(name):
        faults.append(Fault("pack_version", problem))
    faults += [Fault(path, f"cannot be {word}: another page has that address") for path, word in reserved_indications(mapping)]
    try:
        parsed(document, digest)
    except KnowledgeFaults as error:
        faults += [fault for fault in error.faults if fault.path != "pack_version" or not faults]
    if faults:
        raise KnowledgeFaults(faults)
    return store(name, document, digest, status=status, by=by, note=note)


def store(name: str, document: str, digest: str, *, status: str, by=None, note: str = "") -> tuple[ProtocolVersion, bool]:
    """
    Write the row of a canonical document that was read and found whole. Reading takes its time; what is locked is only this.

    Raises:
        VersionTaken: as `load_pack`.
    """
    stored = _stored(name, digest)
    if stored is not None:
        return stored, False
    try:
        with transaction.atomic():
            version = ProtocolVersion.objects.create(
                version=name, status=status, document=document, sha256=digest, created_by=by, note=note.strip()[:300]
            )
            record("protocol.loaded", actor=by, obj=version, detail={"version": name, "sha256": digest})
    except IntegrityError:  # somebody brought one in under this name in between
        stored = _stored(name, digest)
        if stored is None:
            raise
        return stored, False
    return version, True


def _stored(name: str, digest: str) -> ProtocolVersion | None:
    stored = ProtocolVersion.objects.filter(version__iexact=name).first()
    if stored is not None and stored.version != name:
        raise VersionTaken(
            _("There is a protocol %(version)s already, and %(name)s reads the same.") % {"version": stored.version, "name": name},
            _("Give the pack another pack_version."),
        )
    if stored is not None and stored.sha256 != digest:
        text = _("Protocol %(version)s is stored with other content (SHA-256 %(stored)s, this one %(this)s).")
        raise VersionTaken(
            text % {"version": stored.version, "stored": stored.sha256[:12], "this": digest[:12]},
            _("Give the changed pack a new pack_version."),
        )
    return stored


def import_pack(text: str, *, by, name: str = "", note: str = "", source: str = "the text") -> tuple[ProtocolVersion, bool]:
    """
    Bring the pack written in *text* (YAML or JSON) in as a draft, under *name* where one is given instead of its own.

    Raises:
        ProtocolRefused: *by* may not edit protocols. KnowledgeFaults, VersionTaken: as `load_pack`.
    """
    if not may(by, "protocols.edit"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can import a protocol."))
    if not text.strip():
        raise KnowledgeFaults([Fault(source, "holds nothing")])
    mapping = read_text(text, name=source)
    if not isinstance(mapping, Mapping):
        raise KnowledgeFaults([Fault(source, "a pack is a mapping of names to values; this is not one")])
    if name.strip():
        mapping = {**mapping, "pack_version": name.strip()}
    return load_pack(json.loads(canonical(mapping)), by=by, note=note)
