"""A consultation whose protocol is no longer the one in use: what is said of it, and what it can go on with."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from protocols.models import ProtocolVersion, VersionStatus
from protocols.services import current_version

from .models import Consultation


@dataclass(frozen=True)
class Moved:
    """version: of the consultation. to: the approved version it can go on with; None where none is approved."""

    version: ProtocolVersion
    to: ProtocolVersion | None

    @property
    def is_retired(self) -> bool:
        return self.version.status == VersionStatus.RETIRED

    @property
    def words(self) -> str:
        if not self.is_retired:
            values = {"now": self.to.version, "began": self.version.version}
            return _("Protocol %(now)s is in use now; this consultation began with %(began)s.") % values
        if self.to is None:
            words = _("Protocol %(version)s was retired, and no other version is approved. A medical lead must approve one.")
            return words % {"version": self.version.version}
        values = {"version": self.version.version, "to": self.to.version}
        return _("Protocol %(version)s was retired. Go on with protocol %(to)s; what was typed stays.") % values


def moved(consultation: Consultation) -> Moved | None:
    """What happened to the protocol of an open consultation; None where it is the one to plan from."""
    pinned = consultation.protocol_version
    if not consultation.is_open:
        return None
    current = current_version()
    if current is not None and current.pk == pinned.pk:
        return None
    approved = current if current is not None and current.is_approved else None
    if approved is None and pinned.status != VersionStatus.RETIRED:
        return None
    return Moved(pinned, approved)
