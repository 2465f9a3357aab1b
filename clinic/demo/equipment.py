"""The demo's devices: serial numbers, labels, services, cleaned after each session; and who checked whose own blood."""

import datetime as dt

from django.utils import timezone

from accounts.models import User
from planner.knowledge import Knowledge
from sessions.devices import setup
from sessions.models import DeviceFile, DeviceLog, Resource, TreatmentSession
from sessions.tubes import services as tubes

from .world import World

What = DeviceLog.What
FIRM, WIPES = "Example Medical Service", "Example disinfectant wipes"
# Days from the demo's day to the next service: two are due soon, the others later.
NEXT_SERVICE = {"Pen A": 190, "Pen B": 9, "Pen C": 140, "Pen D": 250, "Pen E": 75, "Pen F": 3}
SERVICE_MONTHS = 12
OWN_PEOPLE = ("june", "ravi")


def enter_papers(resources: dict[str, Resource], knowledge: Knowledge, *, by: User, today: dt.date) -> None:
    """What stands on each device and in its papers; the limits of a pen are those its brand is labelled with in the protocol."""
    deepest = {model.brand: model.max_set_mm for model in knowledge.device_models.values()}
    devices = [one for one in resources.values() if one.kind == Resource.Kind.DEVICE]
    for number, device in enumerate(devices, start=1):
        is_pen = device.device_kind == "pen"
        limit = deepest.get(device.device_brand)
        setup.change(
            device,
            was=setup.seen_of(DeviceFile(device=device)),
            by=by,
            serial=f"EX-{device.device_kind[0].upper()}{number:02}-{4100 + 37 * number}" if is_pen else "",
            max_depth_mm=limit,
            label_zones=[],
            label_indications=[],
            label_min_age=None,
            label_source="Instructions for use, edition 3, page 7" if limit else "",
            single_use=not is_pen,
            service_months=SERVICE_MONTHS if is_pen else None,
        )
        if device.name in NEXT_SERVICE:
            setup.add(
                device,
                what=What.SERVICED,
                done_at=timezone.now() - dt.timedelta(hours=2),
                done_by=FIRM,
                next_due=today + dt.timedelta(days=NEXT_SERVICE[device.name]),
                note=f"Report {2200 + number}, folder in the office",
                by=by,
                request_key=f"demo-service-{number}",
            )


def clean(world: World, session: TreatmentSession, *, done_at: dt.datetime | None = None) -> None:
    """Wiped down by whoever clears the room, a few minutes after the session. done_at: where it is written down on a later day."""
    device = Resource.objects.select_related("site", "file").get(pk=session.device_id)
    if device.file.single_use:
        return
    who = world.staff[OWN_PEOPLE[session.pk % len(OWN_PEOPLE)]]
    setup.add(
        device,
        what=What.CLEANED,
        done_at=done_at or timezone.now(),
        done_by=who.display_name,
        agent=WIPES,
        by=who,
        request_key=f"demo-clean-{session.pk}",
    )


def check_tube(world: World, session: TreatmentSession, adjuvant: str, *, by: User) -> None:
    """Who treats and somebody else read the tube, each for themselves."""
    label = f"{session.patient.surname} {session.patient.number} {world.site.local(timezone.now()):%H:%M}"[:40]
    for person in (by, world.staff[OWN_PEOPLE[session.pk % len(OWN_PEOPLE)]]):
        tubes.check(session, adjuvant=adjuvant, label=label, by=person)
