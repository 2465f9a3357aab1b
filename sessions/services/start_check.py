"""What was true when the needle touched the skin, as the record keeps it: with the first zone, of a late record at each save."""

from django.utils import timezone, translation

from consent.standing import stands_for

from ..models import DeviceFile, TreatmentSession
from . import gate


def start_check_of(row: TreatmentSession, check: gate.DayCheck, by) -> dict:
    """As it stands in `TreatmentSession.start_check`. at: when it was written; of a late record the treatment began at `started_at`."""
    with translation.override("en-gb"):
        consent = stands_for(row.plan, row.patient, at=row.started_at if row.is_late else None).as_list()
    return {
        **check.as_mapping(),
        "consent": consent,
        "treats": row.clinician_id,
        **device_at_start(row),
        "at": timezone.now().isoformat(),
        "by": str(by),
    }


def device_at_start(row: TreatmentSession) -> dict:
    """The device as it stood when the first zone was recorded: a label or a serial number that is mended later changes no record."""
    device = row.device
    if device is None:
        return {}
    file = getattr(device, "file", None) or DeviceFile(device=device)
    said = {"id": device.pk, "name": device.name, "brand": device.device_brand, "serial": file.serial}
    label = {"max_depth_mm": str(file.max_depth_mm), "source": file.label_source} if file.max_depth_mm is not None else {}
    return {"device": said | ({"label": label} if label else {})}
