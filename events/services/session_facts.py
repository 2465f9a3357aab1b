"""A session as a call or an event file needs it: what was used, how deep, by whom."""

from dataclasses import dataclass
from decimal import Decimal

from planner.knowledge import Knowledge
from planner.knowledge.entries import DowntimeBand
from sessions.models import SessionZone, TreatmentSession, UsedLot


@dataclass(frozen=True)
class ZoneDepth:
    label: str
    depth_mm: Decimal
    passes: int | None


@dataclass(frozen=True)
class UsedThing:
    """One thing with a lot. use: what it was used as."""

    use: str
    name: str
    lot: str
    serial: str
    use_by: str


@dataclass(frozen=True)
class SessionFacts:
    session: TreatmentSession
    zones: tuple[ZoneDepth, ...]
    used: tuple[UsedThing, ...]
    operator: str
    device: str
    device_brand: str
    device_serial: str

    @property
    def deepest_mm(self) -> Decimal | None:
        return max((zone.depth_mm for zone in self.zones), default=None)

    def band(self, knowledge: Knowledge) -> DowntimeBand | None:
        """The downtime band of the deepest zone done; None where no depth was recorded, or the protocol has no band for it."""
        if self.deepest_mm is None:
            return None
        try:
            return knowledge.band_of(self.deepest_mm)
        except LookupError:
            return None


def sessions_of(patient, user):
    """The sessions of a person that were begun and not closed without treatment, the newest first."""
    rows = TreatmentSession.objects.visible_to(user).filter(patient=patient).exclude(status=TreatmentSession.Status.CLOSED)
    return rows.without_documents().select_related("booking__site", "clinician", "device__file", "patient").order_by("-started_at", "-pk")


def facts_of(session: TreatmentSession) -> SessionFacts:
    """Two queries: the zones done, and the lots."""
    done = SessionZone.objects.filter(session=session.pk, state=SessionZone.State.DONE).order_by("position")
    zones = tuple(ZoneDepth(row.zone_label, row.done_depth_mm, row.passes) for row in done)
    used = [
        UsedThing(
            row.get_kind_display(),
            row.product_name,
            row.number,
            row.serial,
            row.expires_on.isoformat() if row.expires_on else "",
        )
        for row in UsedLot.objects.filter(session=session.pk).order_by("place")
    ]
    needle = str(UsedLot.Kind.NEEDLE.label)  # words, not a promise of words: a file keeps them
    if session.needle_lot and not any(one.use == needle for one in used):
        use_by = session.needle_expires_on.isoformat() if session.needle_expires_on else ""
        used.insert(0, UsedThing(needle, "", session.needle_lot, "", use_by))
    device = session.device
    return SessionFacts(
        session=session,
        zones=zones,
        used=tuple(used),
        operator=session.clinician.display_name,
        device=device.name if device else "",
        device_brand=device.device_brand if device else "",
        device_serial=getattr(getattr(device, "file", None), "serial", ""),
    )
