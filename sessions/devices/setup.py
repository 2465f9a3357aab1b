"""Devices as the clinic keeps them: serial number and label, and each line of the log. Each press leaves its row of the audit log."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.models import Site
from accounts.seen import digest
from accounts.templatetags.clinic_format import in_words as day_words
from audit.services import record

from ..models import Resource
from .models import DeviceFile, DeviceLog
from .standing import CLEANING, OUT, SERVICE, SOON, Standing, newest_of, standing, with_last_use

What = DeviceLog.What
NO_SERIAL = gettext_lazy("Enter the serial number")
FIELDS = (
    "serial", "max_depth_mm", "label_zones", "label_indications", "label_min_age", "label_source", "single_use", "service_months",
)  # fmt: skip


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


class Changed(Exception):
    """Somebody else changed it since the form was shown."""


@dataclass(frozen=True)
class Line:
    """One device in the list. tone and words: how it stands; due: what is to be done."""

    device: Resource
    standing: Standing
    tone: str
    words: str
    due: tuple[str, ...]


def at_site(site: Site):
    return Resource.objects.filter(site=site, kind=Resource.Kind.DEVICE).select_related("site", "file")


def lines_of(site: Site, day: dt.date) -> list[Line]:
    """Devices of *site*, those with something to be done in front."""
    now = timezone.now()
    devices = list(with_last_use(at_site(site).order_by("name", "pk"), now))
    logs = newest_of(devices, now)
    lines = [line_of(device, day, standing(device, log=logs.get(device.pk, {}))) for device in devices]
    order = {"stop": 0, "defer": 1, "caut": 2, "clear": 3, "mute": 4}
    return sorted(lines, key=lambda line: order[line.tone])


def waiting_at(sites: Iterable[int]) -> list[tuple[Resource, tuple[str, ...]]]:
    """
    Devices in service at *sites* that wait for somebody, with what for: to be cleaned, service overdue or soon due. What has to be done
    before the next use stands in front. One query.
    """
    now = timezone.now()
    rows = Resource.objects.filter(site__in=sites, kind=Resource.Kind.DEVICE, is_active=True).select_related("site", "file")
    cleaned, served = (
        DeviceLog.objects.filter(device=OuterRef("pk"), what=what, done_at__lte=now).order_by("-done_at", "-pk")
        for what in (What.CLEANED, What.SERVICED)
    )
    rows = with_last_use(rows, now).annotate(
        cleaned_at=Subquery(cleaned.values("done_at")[:1]),
        served_at=Subquery(served.values("done_at")[:1]),
        next_due=Subquery(served.values("next_due")[:1]),
    )
    waiting = []
    for device in rows.order_by("name", "pk"):
        log = {}
        if device.cleaned_at:
            log[What.CLEANED] = DeviceLog(device=device, done_at=device.cleaned_at)
        if device.served_at:
            log[What.SERVICED] = DeviceLog(device=device, done_at=device.served_at, next_due=device.next_due)
        line = line_of(device, device.site.day_of(now), standing(device, log=log))
        if due := tuple(words for words in line.due if words != NO_SERIAL):
            waiting.append((line, due))
    waiting.sort(key=lambda one: (one[0].standing.is_ready, one[0].standing.next_service or dt.date.max))
    return [(line.device, due) for line, due in waiting]


def line_of(device: Resource, day: dt.date, found: Standing) -> Line:
    kinds = {fault.kind for fault in found.faults}
    due = [fault.words for fault in found.faults if fault.kind != OUT]
    if found.next_service and day <= found.next_service < day + SOON:
        due.append(gettext("Service due by %(next_service)s") % {"next_service": day_words(found.next_service)})
    if not found.file.serial and not found.file.single_use:
        due.append(NO_SERIAL)
    if OUT in kinds:
        return Line(device, found, "mute", gettext("Out of service"), tuple(due))
    if SERVICE in kinds:
        return Line(device, found, "stop", gettext("Service overdue"), tuple(due))
    if CLEANING in kinds:
        return Line(device, found, "defer", gettext("To be cleaned"), tuple(due))
    return Line(device, found, "caut" if due else "clear", gettext("Ready"), tuple(due))


def seen_of(file: DeviceFile) -> str:
    return digest(*(getattr(file, name) for name in FIELDS))


def change(device: Resource, *, was: str, by, request=None, **fields) -> None:
    """
    Write what the label and the papers of *device* say. Raises Refused, Changed.
    """
    with transaction.atomic():
        Resource.objects.select_for_update(no_key=True, of=("self",)).get(pk=device.pk)
        stored = DeviceFile.objects.filter(device=device).first() or DeviceFile(device=device)
        if seen_of(stored) != was:
            raise Changed
        alike = DeviceFile.objects.filter(serial=fields["serial"], device__device_brand=device.device_brand).exclude(device=device)
        twin = alike.select_related("device").first() if fields["serial"] else None
        if twin is not None:
            raise Refused(gettext("%(device)s has this serial number. Look at the device again") % {"device": twin.device}, field="serial")
        for name, value in fields.items():
            setattr(stored, name, value)
        stored.save()
        detail = {name: str(value) for name, value in fields.items()}
        record("device.changed", actor=by, obj=device, request=request, detail=detail)


def add(
    device: Resource,
    *,
    what: str,
    done_at: dt.datetime,
    done_by: str,
    by,
    request_key: str,
    agent: str = "",
    note: str = "",
    next_due: dt.date | None = None,
    request=None,
) -> DeviceLog:
    """
    One line more of the log. Out of service takes no visit from now on, back in service does again. The same *request_key* adds once.

    Raises:
        Refused: done in the future; out, and it is; back, and it is; a next service before this one.
    """
    now = timezone.now()
    if done_at > now:
        raise Refused(gettext("This is still to come. Enter when it was done"), field="day")
    if next_due is not None and next_due <= device.site.day_of(done_at):
        raise Refused(gettext("The next service must be after this one"), field="next_due")
    try:
        with transaction.atomic():
            stored = Resource.objects.select_for_update(no_key=True, of=("self",)).select_related("site").get(pk=device.pk)
            standing_row = DeviceLog.objects.filter(request_key=request_key, device=device).first()
            if standing_row is not None:
                return standing_row
            if what in (What.OUT, What.BACK):
                _in_or_out(stored, what)
            line = DeviceLog.objects.create(
                device=stored, what=what, done_at=done_at, done_by=done_by, next_due=next_due, agent=agent, note=note,
                at=now, by=by, request_key=request_key,
            )  # fmt: skip
            record(f"device.{what}", actor=by, obj=stored, request=request, detail={"line": line.pk})
    except IntegrityError as clash:
        raise Refused(gettext("Reload the page, then send it again")) from clash
    return line


def _in_or_out(device: Resource, what: str) -> None:
    goes_out = what == What.OUT
    if goes_out and not device.is_active:
        raise Refused(gettext("%(device)s is out of service already") % {"device": device}, field="note")
    if not goes_out and device.is_active:
        raise Refused(gettext("%(device)s is in service already") % {"device": device}, field="note")
    device.is_active = not goes_out
    device.save(update_fields=["is_active"])


def agents_of(site: Site) -> list[str]:
    """What devices of *site* were cleaned with lately, the newest first."""
    rows = DeviceLog.objects.filter(device__site=site, what=What.CLEANED).order_by("-pk").values_list("agent", flat=True)[:50]
    return list(dict.fromkeys(rows))[:6]
