"""What a consultation knows from the diary and the records: devices in service at the site, and earlier needling here."""

import datetime as dt

from plans.registry import DeviceAtHand

from .devices.standing import label_limit
from .models import Resource, SessionZone, TreatmentSession


def devices(site) -> list[DeviceAtHand]:
    """Devices of *site* that take bookings, by kind and by the protocol's name of the brand, with the limit of the label of each."""
    rows = (
        Resource.objects.filter(site=site, kind=Resource.Kind.DEVICE, is_active=True)
        .exclude(device_kind="")
        .select_related("file")
        .order_by("pk")
    )
    limits = [(row, label_limit(getattr(row, "file", None)) or (None, "")) for row in rows]
    return [DeviceAtHand(row.device_kind, row.device_brand, *limit) for row, limit in limits]


def history(patient, day: dt.date) -> list[dict]:
    """
    Signed sessions of *patient* up to *day* in the case format, newest first. Whether the skin healed is not in the record:
    it is left out, and the planner asks or is careful.
    """
    rows = TreatmentSession.objects.filter(patient=patient, status=TreatmentSession.Status.SIGNED)
    rows = rows.without_documents().select_related("booking__site").prefetch_related("zones")
    found = []
    for row in rows.order_by("-started_at"):
        treated = row.day
        done = [zone for zone in row.zones.all() if zone.state == SessionZone.State.DONE]
        if done and treated <= day:
            depths = {zone.zone: float(zone.done_depth_mm) for zone in done}
            found.append({"date": treated.isoformat(), "zones": list(depths), "depth_mm": depths})
    return found
