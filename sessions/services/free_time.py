"""
When a visit could be: interval arithmetic over one reading of the diary.

For each role (patient, clinician, room, device) the free time of every candidate becomes the starts at which it could take
its part; the starts of one role are the union over its candidates, and a visit fits where all roles have one. No slot is tried
by itself. Ten queries at most, whatever the number of days and resources.
"""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Site
from accounts.templatetags.clinic_format import in_words
from patients.models import Patient
from plans.models import TreatmentPlan

from ..models import Absence, Booking, DeviceUse, Hold, Holiday, Resource
from ..querysets import Seconds
from .hours import (
    Span,
    Spans,
    Visit,
    at_clock,
    clinic_zone,
    common,
    covers,
    day_bounds,
    merged,
    moment,
    open_spans,
    role_word,
    seconds,
    visit_of,
    weekly_hours,
    without,
)
from .party import FreeTime, Party, why_unfit
from .refusals import NotSuitable

STEP_MINUTES = 15  # free times are offered at each quarter of the clock
ROLE_KINDS = {"clinician": Resource.Kind.CLINICIAN, "room": Resource.Kind.ROOM, "device": Resource.Kind.DEVICE}


class Diary:
    """Hours, absences and live holds of one site from *first_day* to *last_day*, both included."""

    def __init__(
        self,
        site: Site,
        first_day: dt.date,
        last_day: dt.date,
        *,
        patient: Patient | None = None,
        ignoring: Booking | list[Booking] | None = None,
    ):
        self.site, self.zone = site, clinic_zone(site)
        # A visit may begin on the last day and end after midnight.
        self.first_day, self.last_day = first_day, last_day + dt.timedelta(days=1)
        start, end = at_clock(first_day, dt.time.min, self.zone), at_clock(last_day + dt.timedelta(days=2), dt.time.min, self.zone)
        self.whole: Span = (seconds(start), seconds(end))
        self.last_start = seconds(at_clock(self.last_day, dt.time.min, self.zone))
        in_service = Resource.objects.at(site).filter(Q(retired_on__isnull=True) | Q(retired_on__gt=first_day), is_active=True)
        self.resources = list(in_service.select_related("user").order_by("kind", "name", "pk"))
        self.holidays = dict(Holiday.objects.filter(site=site, day__range=(first_day, self.last_day)).values_list("day", "name"))
        self.hours = weekly_hours(site)
        self.absences: dict[int, list[Absence]] = {}
        for absence in Absence.objects.filter(resource__in=self.resources, starts_at__lt=end, ends_at__gt=start):
            self.absences.setdefault(absence.resource_id, []).append(absence)
        self.taken: dict[str, list[Span]] = {}
        holds = Hold.objects.live_between(start, end)
        subjects = [f"r{resource.pk}" for resource in self.resources] + ([f"p{patient.person_pk}"] if patient else [])
        holds = holds.filter(subject__in=subjects)
        if ignoring:
            holds = holds.exclude(booking__in=ignoring if isinstance(ignoring, list) else [ignoring])
        for subject, low, high in holds.order_by().values_list("subject", Seconds("starts_at"), Seconds("ends_at")):
            self.taken.setdefault(subject, []).append((low, high))
        self._open: dict[int, list[Span]] = {}
        self._free: dict[str, list[Span]] = {}
        self._asked: dict[int, Spans] = {}
        self._uses: dict[int, set[int]] | None = None
        self._tables: dict[tuple[int, int], tuple[Visit, Party, list]] = {}

    def in_hours(self, resource: Resource) -> list[Span]:
        """The weekly hours alone, absences not taken off."""
        return open_spans(self.hours.get(resource.pk, ()), self.first_day, self.last_day, self.zone)

    def away(self, resource: Resource) -> list[Span]:
        """Absences, days the site is closed, and everything after the resource is retired."""
        spans = [(seconds(a.starts_at), seconds(a.ends_at)) for a in self.absences.get(resource.pk, ())]
        spans += [tuple(map(seconds, day_bounds(day, self.zone))) for day in self.holidays]
        if resource.retired_on is not None:
            spans.append((seconds(day_bounds(resource.retired_on, self.zone)[0]), self.whole[1]))
        return [span for span in spans if span[0] < span[1]]

    def open(self, resource: Resource) -> list[Span]:
        """Hours less absences."""
        if resource.pk not in self._open:
            self._open[resource.pk] = without(self.in_hours(resource), self.away(resource))
        return self._open[resource.pk]

    def free(self, resource: Resource) -> list[Span]:
        """Hours less absences less live holds."""
        subject = f"r{resource.pk}"
        if subject not in self._free:
            self._free[subject] = without(self.open(resource), self.taken.get(subject, ()))
        return self._free[subject]

    def free_of_patient(self, patient: Patient) -> list[Span]:
        subject = f"p{patient.person_pk}"
        if subject not in self._free:
            self._free[subject] = without([self.whole], self.taken.get(subject, ()))
        return self._free[subject]

    def party(
        self,
        *,
        kind: str,
        patient: Patient | None = None,
        clinician: Resource | None = None,
        room: Resource | None = None,
        device: Resource | None = None,
        plan: TreatmentPlan | None = None,
        bay: Resource | None = None,
    ) -> Party:
        """
        Candidates for a visit. The clinician who accepted the plan is tried first.

        Raises:
            NotSuitable: one that was named, or all of a kind, cannot take this visit at any time.
        """
        named = {"clinician": clinician, "room": room, "device": device}
        if plan is not None and kind == Booking.Kind.SESSION:
            # Everybody is asked what they are signed off for: read once, not once a person.
            prefetch_related_objects([resource.user for resource in self.resources if resource.user], "competences")
            prefetch_related_objects([plan], "zones")
        candidates: dict[str, list[Resource]] = {}
        for role in ("clinician", "room", "device") if kind == Booking.Kind.SESSION else ("clinician", "room"):
            every = [resource for resource in self.resources if resource.kind == ROLE_KINDS[role]]
            unfit = {resource: why_unfit(resource, kind, plan) for resource in every}
            fit = [resource for resource in every if not unfit[resource]]
            chosen = named[role]
            if chosen is not None:
                if chosen not in every:
                    gone = (
                        gettext("is out of service from %(retired_on)s") % {"retired_on": in_words(chosen.retired_on)}
                        if chosen.retired_on
                        else gettext("takes no bookings here")
                    )
                    raise NotSuitable(
                        gettext("%(chosen)s %(gone)s. Choose another %(role)s.")
                        % {"chosen": chosen, "gone": gone, "role": role_word(role)},
                        field=role,
                    )
                if reason := unfit[chosen]:
                    raise NotSuitable(reason, field=role)
                fit = [chosen]
            elif not fit:
                reason = (
                    unfit[every[0]]
                    if len(every) == 1
                    else gettext("No %(role)s at %(site)s can take this visit.") % {"role": role_word(role), "site": self.site}
                )
                raise NotSuitable(reason, field=role)
            if role == "clinician" and plan is not None:
                fit.sort(key=lambda resource: resource.user_id != plan.accepted_by_id)
            candidates[role] = fit
        if kind != Booking.Kind.SESSION:
            return Party(patient, candidates)
        candidates["bay"] = [resource for resource in self.resources if resource.kind == Resource.Kind.BAY]
        if bay is not None:
            if bay not in candidates["bay"]:
                raise NotSuitable(gettext("%(bay)s takes no bookings here. Choose another bay.") % {"bay": bay}, field="bay")
            candidates["bay"] = [bay]
        party = Party(patient, candidates, self._trained())
        able = [one for one in candidates["clinician"] if party.devices_of(one)]
        if not able:
            who = candidates["clinician"][0] if len(candidates["clinician"]) == 1 else gettext("Nobody here")
            what = candidates["device"][0] if len(candidates["device"]) == 1 else gettext("a device that fits")
            words = gettext("%(who)s is not trained on %(what)s. Choose another device or clinician.") % {"who": who, "what": what}
            raise NotSuitable(words, field="device" if device else "clinician")
        candidates["clinician"] = able
        return party

    def _trained(self) -> dict[int, set[int]]:
        """By device that not everybody may use: the clinicians who may."""
        if self._uses is None:
            self._uses = {}
            for device, clinician in DeviceUse.objects.filter(device__site=self.site).values_list("device_id", "clinician_id"):
                self._uses.setdefault(device, set()).add(clinician)
        return self._uses

    def starts(self, visit: Visit, party: Party) -> list[Span]:
        """Spans of starts (end included) at which every role has a free candidate, as half-open spans one second longer."""
        return merged(span for layout in party.layouts(visit) for span in self._starts(layout, party))

    def _starts(self, visit: Visit, party: Party) -> list[Span]:
        result = [self.whole]
        for role in visit.roles:
            if role == "patient":
                low, high = visit.reach(role)
                possible = _room_for([self.free_of_patient(party.patient) if party.patient else [self.whole]], low, high)
            elif role == "clinician" and "device" in visit.roles:
                possible = self._with_devices(visit, party)
            elif role == "device":
                continue  # asked together with the clinician, who may not use every one
            else:
                possible = self._of(visit, role, party.candidates[role])
            result = common(result, possible)
            if not result:
                break
        return result

    def _of(self, visit: Visit, role: str, candidates: list[Resource]) -> list[Span]:
        return merged(span for one in candidates for span in _room_for([self.free(one)], *visit.held(role, one)))

    def _with_devices(self, visit: Visit, party: Party) -> list[Span]:
        """Starts at which a clinician and a device that this one may use are both free."""
        by_devices: dict[tuple[int, ...], tuple[list[Resource], list[Resource]]] = {}
        for one in party.candidates["clinician"]:
            devices = party.devices_of(one)
            by_devices.setdefault(tuple(device.pk for device in devices), ([], devices))[0].append(one)
        return merged(
            span
            for people, devices in by_devices.values()
            for span in common(self._of(visit, "clinician", people), self._of(visit, "device", devices))
        )

    def is_free(self, visit: Visit, role: str, resource: Resource, start: int) -> bool:
        """Whether *resource* is free for its part of *visit*, with what it needs to be made ready."""
        low, high = visit.held(role, resource)
        return covers(self.free(resource), start + low, start + high)

    def pick(self, visit: Visit, start: int, party: Party) -> FreeTime | None:
        """The visit at *start* with the first free candidate of each role; None where one role has none."""
        low, high = visit.reach("patient")
        if party.patient and not covers(self.free_of_patient(party.patient), start + low, start + high):
            return None
        for layout in party.layouts(visit):
            chosen = self._pick(layout, start, party)
            if chosen is not None:
                return FreeTime(moment(start), moment(start + visit.minutes * 60), **chosen)
        return None

    def _pick(self, visit: Visit, start: int, party: Party) -> dict[str, Resource] | None:
        chosen: dict[str, Resource] = {}
        for role, rows in self._choices(visit, party):
            for one, spans, low, high, devices in rows:
                if not spans.cover(start + low, start + high):
                    continue
                if devices is not None:
                    device = next((d for d, free, since, until in devices if free.cover(start + since, start + until)), None)
                    if device is None:
                        continue
                    chosen["device"] = device
                chosen[role] = one
                break
            else:
                return None
        return chosen

    def _spans(self, resource: Resource) -> Spans:
        if resource.pk not in self._asked:
            self._asked[resource.pk] = Spans.of(self.free(resource))
        return self._asked[resource.pk]

    def _choices(self, visit: Visit, party: Party) -> list[tuple[str, list[tuple]]]:
        """
        By role, for each candidate: its free time, the part of the visit it is held for, and for clinicians the devices they may use.
        Looked up once for all starts.
        """
        key = (id(visit), id(party))
        if key not in self._tables:
            equipped = "device" in visit.roles
            table = []
            for role in visit.roles:
                if role in ("patient", "device"):
                    continue
                rows = []
                for one in party.candidates[role]:
                    devices = None
                    if role == "clinician" and equipped:
                        devices = [(d, self._spans(d), *visit.held("device", d)) for d in party.devices_of(one)]
                    rows.append((one, self._spans(one), *visit.held(role, one), devices))
                table.append((role, rows))
            self._tables[key] = (visit, party, table)  # both are kept, so that no other one gets their identity
        return self._tables[key][2]

    def free_times(
        self,
        visit: Visit,
        party: Party,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
    ) -> list[FreeTime]:
        """Free starts at each quarter of the clock from *since* (now) to before *until*, soonest first; none after the last day."""
        found: list[FreeTime] = []
        for start in self._quarters(visit, party, since, until):
            slot = self.pick(visit, start, party)
            if slot is not None:
                found.append(slot)
                if limit is not None and len(found) >= limit:
                    break
        return found

    def nearest(
        self, visit: Visit, party: Party, wanted: dt.datetime, *, since: dt.datetime, until: dt.datetime, count: int
    ) -> list[FreeTime]:
        """The *count* free starts closest to *wanted*, soonest first."""
        starts = sorted(self._quarters(visit, party, since, until), key=lambda start: abs(start - seconds(wanted)))
        found: list[FreeTime] = []
        for start in starts:
            slot = self.pick(visit, start, party)
            if slot is not None:
                found.append(slot)
                if len(found) == count:
                    break
        return sorted(found, key=lambda slot: slot.starts_at)

    def _quarters(self, visit: Visit, party: Party, since: dt.datetime | None, until: dt.datetime | None) -> Iterator[int]:
        step = STEP_MINUTES * 60
        earliest = seconds(since or timezone.now())
        latest = min(self.last_start, seconds(until)) if until else self.last_start
        for low, high in self.starts(visit, party):
            yield from range(-(-max(low, earliest) // step) * step, min(high, latest), step)


def _room_for(sources: list[list[Span]], low: int, high: int) -> list[Span]:
    """Starts whose [low, high) lies within one of the spans; +1: a part that ends exactly at the end of a free span still fits."""
    return [(a - low, b - high + 1) for spans in sources for a, b in spans if b - a >= high - low]


def free_times(
    *,
    site: Site,
    kind: str,
    first_day: dt.date,
    days: int = 1,
    patient: Patient | None = None,
    clinician: Resource | None = None,
    room: Resource | None = None,
    device: Resource | None = None,
    plan: TreatmentPlan | None = None,
    minutes: dict[str, int] | None = None,
    ignoring: Booking | None = None,
    limit: int | None = None,
) -> list[FreeTime]:
    """Free times of one kind of visit over *days* days, with anyone or a named clinician, room and device."""
    diary = Diary(site, first_day, first_day + dt.timedelta(days=days - 1), patient=patient, ignoring=ignoring)
    party = diary.party(kind=kind, patient=patient, clinician=clinician, room=room, device=device, plan=plan)
    return diary.free_times(visit_of(site, kind, minutes=minutes, plan=plan), party, limit=limit)


def around(
    site: Site,
    wanted: dt.datetime,
    *,
    patient: Patient | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    ignoring: Booking | None = None,
) -> tuple[Diary, dt.date, dt.date]:
    """
    The diary around *wanted*, and the days in it on which another time may be offered: two before to a fortnight after, not
    in the past, within [first_day, last_day] where a plan bounds them.
    """
    zone = clinic_zone(site)
    today = timezone.now().astimezone(zone).date()
    day = wanted.astimezone(zone).date()
    low = max(today, day - dt.timedelta(days=2), first_day or today)
    high = max(low, day) + dt.timedelta(days=14)
    high = min(high, last_day) if last_day else high
    return Diary(site, min(low, day), max(high, day), patient=patient, ignoring=ignoring), low, high


def nearest(
    diary: Diary,
    visit: Visit,
    wanted: dt.datetime,
    low: dt.date,
    high: dt.date,
    *,
    patient: Patient | None = None,
    clinician: Resource | None = None,
    plan: TreatmentPlan | None = None,
    count: int = 4,
) -> list[FreeTime]:
    """The free times closest to *wanted* from *low* to *high*, soonest first; with *clinician* where they have any, else with anyone."""
    since = max(timezone.now(), at_clock(low, dt.time.min, diary.zone))
    until = at_clock(high + dt.timedelta(days=1), dt.time.min, diary.zone)
    for person in dict.fromkeys((clinician, None)):
        try:
            party = diary.party(kind=visit.kind, patient=patient, clinician=person, plan=plan)
        except NotSuitable:
            continue
        if times := diary.nearest(visit, party, wanted, since=since, until=until, count=count):
            return times
    return []
