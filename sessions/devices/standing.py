"""
May this device be used: the one rule, asked before the first zone, at the signature, and by the list of what is due.

A device is not ready where it is out of service, where its service is overdue, and where it was not cleaned since the last session in
which it was used. What was so when the needling began stays so: the log keeps when each thing was done.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words as day_words
from planner.wording import mm
from protocols.knowledge import knowledge_of

from ..models import Resource, SessionZone, TreatmentSession
from .models import DeviceFile, DeviceLog

What = DeviceLog.What
OUT, SERVICE, CLEANING = "out", "service", "cleaning"
SOON = dt.timedelta(days=14)  # a service due sooner is marked


@dataclass(frozen=True)
class Fault:
    """One thing that speaks against using a device now. kind: out | service | cleaning."""

    kind: str
    words: str


@dataclass(frozen=True)
class Standing:
    """How a device stands at a moment. file: unsaved where nothing was entered."""

    file: DeviceFile
    faults: tuple[Fault, ...]
    next_service: dt.date | None

    @property
    def words(self) -> str:
        return ". ".join(fault.words for fault in self.faults)

    @property
    def mend(self) -> str:
        """What is wrong, and what to do: nothing but another device helps where it is out of service."""
        kinds = {fault.kind for fault in self.faults}
        if OUT in kinds:
            return gettext("%(self)s. Choose another") % {"self": self.words}
        steps = {CLEANING: gettext("Clean it and write that into its log"), SERVICE: gettext("Have it serviced")}
        return gettext("%(self)s. %(items)s, or choose another") % {
            "self": self.words,
            "items": "; ".join(words for kind, words in steps.items() if kind in kinds),
        }

    @property
    def is_ready(self) -> bool:
        return not self.faults


def began(session: TreatmentSession) -> dt.datetime | None:
    """When the first zone was recorded, None where none was; of a late record, when it was done."""
    if session.is_late:
        return session.started_at
    at = (session.start_check or {}).get("at")
    return dt.datetime.fromisoformat(at) if at else None


def standing(device: Resource, *, session: TreatmentSession | None = None, log: dict[str, DeviceLog] | None = None) -> Standing:
    """
    How *device* stands now; in *session* as it stood when the needling began, once it has begun. log: see `newest_of`, where it was
    read for many at once; `with_last_use` reads for many when each was used.
    """
    file = getattr(device, "file", None) or DeviceFile(device=device)
    at = (began(session) if session else None) or timezone.now()
    newest = newest_of([device], at).get(device.pk, {}) if log is None else log
    served, day = newest.get(What.SERVICED), device.site.day_of(at)
    faults = [*_out(device, newest, at, day), *_service(file, served, day)]
    if not file.single_use:
        faults += _cleaning(device, newest.get(What.CLEANED), at, session)
    return Standing(file, tuple(faults), served.next_due if served else None)


def newest_of(devices: list[Resource], at: dt.datetime) -> dict[int, dict[str, DeviceLog]]:
    """{device: {what: the newest line of its log at *at*}}, in one query."""
    order = Window(RowNumber(), partition_by=[F("device"), F("what")], order_by=[F("done_at").desc(), F("pk").desc()])
    rows = DeviceLog.objects.filter(device__in=devices, done_at__lte=at).annotate(nth=order).filter(nth=1)
    found: dict[int, dict[str, DeviceLog]] = {}
    for row in rows.order_by():
        found.setdefault(row.device_id, {})[row.what] = row
    return found


def _out(device: Resource, newest, at: dt.datetime, day: dt.date) -> list[Fault]:
    out, back = newest.get(What.OUT), newest.get(What.BACK)
    if out is not None and (back is None or (back.done_at, back.pk) < (out.done_at, out.pk)):
        return [
            Fault(
                OUT,
                gettext("%(device)s is out of service since %(done_at)s: %(note)s")
                % {"device": device, "done_at": day_words(device.site.day_of(out.done_at)), "note": out.note.rstrip(".")},
            )
        ]
    broke_later = not device.is_active and device.log.filter(what=What.OUT, done_at__gt=at).exists()
    put_away_later = device.retired_on and day < device.retired_on <= device.site.day_of(timezone.now())
    if (not device.is_active and not broke_later and not put_away_later) or (device.retired_on and device.retired_on <= day):
        return [Fault(OUT, gettext("%(device)s is out of service") % {"device": device})]
    return []


def _service(file: DeviceFile, served: DeviceLog | None, day: dt.date) -> list[Fault]:
    if served is not None and served.next_due and served.next_due < day:
        return [
            Fault(
                SERVICE,
                gettext("The service of %(device)s was due by %(next_due)s")
                % {"device": file.device, "next_due": day_words(served.next_due)},
            )
        ]
    if served is None and file.service_months:
        return [
            Fault(
                SERVICE,
                gettext("No service of %(device)s is on record, and it is serviced every %(months)s")
                % {"device": file.device, "months": _months(file.service_months)},
            )
        ]
    return []


def _months(count: int) -> str:
    return "month" if count == 1 else gettext("%(count)s months") % {"count": count}


def _cleaning(device, cleaned: DeviceLog | None, at: dt.datetime, session) -> list[Fault]:
    if session is None and hasattr(device, "last_used_at"):
        last = device.last_used_at and min(device.last_used_at, at)
    else:
        last = last_use(device, before=at, leave_out=session)
    if last is None or (cleaned is not None and cleaned.done_at >= last):
        return []
    local = device.site.local(last)
    return [
        Fault(
            CLEANING,
            gettext("%(device)s was not cleaned since its session of %(local)s, %(local_2)s")
            % {"device": device, "local": day_words(local.date()), "local_2": f"{local:%H:%M}"},
        )
    ]


def _treated():
    return Exists(SessionZone.objects.filter(session=OuterRef("pk"), state=SessionZone.State.DONE))


def with_last_use(devices, now: dt.datetime):
    """*devices* with `last_used_at`: what `last_use` says of each at *now*, before it is put no later than that."""
    used = TreatmentSession.objects.filter(_treated(), device=OuterRef("pk"), started_at__lt=now).order_by("-started_at")
    return devices.annotate(last_used_at=Subquery(used.values(at=Coalesce("ended_at", "started_at"))[:1]))


def last_use(device: Resource, *, before: dt.datetime, leave_out: TreatmentSession | None = None) -> dt.datetime | None:
    """When the last session ended in which a zone was treated with *device*; its start, where it is still going on."""
    rows = TreatmentSession.objects.filter(_treated(), device=device, started_at__lt=before)
    if leave_out is not None:
        rows = rows.exclude(pk=leave_out.pk).filter(started_at__lt=leave_out.started_at)
    row = rows.order_by("-started_at").values_list("started_at", "ended_at").first()
    return None if row is None else min(row[1] or row[0], before)


# The label


def label_limit(file: DeviceFile | None) -> tuple[Decimal, str] | None:
    """(deepest mm, where it says so) of the label of the device itself."""
    if file is None or file.max_depth_mm is None:
        return None
    return file.max_depth_mm, gettext("the deepest the label of %(device)s allows (%(label_source)s)") % {
        "device": file.device,
        "label_source": file.label_source,
    }


def off_label(file: DeviceFile, session: TreatmentSession) -> list[str]:
    """What of *session* the label of its device does not cover, in words; zones that are not treated do not count."""
    said = []
    zones = [row for row in session.zones.all() if row.state != SessionZone.State.NOT_TREATED]
    beyond = [row.zone_label for row in zones if file.label_zones and row.zone not in file.label_zones]
    if beyond:
        said.append(gettext("not labelled for %(beyond)s") % {"beyond": ", ".join(beyond)})
    indications = dict.fromkeys(row.plan_zone.indication for row in zones)
    others = [name for name in indications if file.label_indications and name not in file.label_indications]
    if others:
        said.append(gettext("not labelled for %(others)s") % {"others": ", ".join(_indication(session, name) for name in others)})
    age = session.patient.age_on(session.day)
    if file.label_min_age is not None and age < file.label_min_age:
        said.append(
            gettext("labelled from %(label_min_age)s years on, and the patient is %(age)s")
            % {"label_min_age": file.label_min_age, "age": age}
        )
    deeper = [row for row in zones if file.max_depth_mm is not None and row.done_depth_mm and row.done_depth_mm > file.max_depth_mm]
    if deeper:
        said.append(
            gettext("labelled to %(max_depth_mm)s, and %(zone)s was %(done_depth_mm)s")
            % {"max_depth_mm": mm(file.max_depth_mm), "zone": deeper[0].zone_label, "done_depth_mm": mm(deeper[0].done_depth_mm)}
        )
    return said


def _indication(session: TreatmentSession, name: str) -> str:
    found = knowledge_of(session.plan.protocol_version).indications.get(name)
    return found.label if found else name.replace("_", " ")
