"""What a consultation knows from the diary and the records: devices in service at the site, and earlier needling here."""

import datetime as dt

from plans.registry import DeviceAtHand

from .devices.standing import label_limit
from .models import Resource
from .services.skin import earlier_of


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
    Signed sessions of *patient* up to *day* in the case format, newest first, with what was seen of the skin since. What nobody
    looked at is left out, and the planner asks.
    """
    return [row.as_history() for row in earlier_of(patient, day)]
