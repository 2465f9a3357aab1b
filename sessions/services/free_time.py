"""
When a visit could be: interval arithmetic over one reading of the diary.

For each role (patient, clinician, room, device) the free time of every candidate becomes the starts at which it could take
its part; the starts of one role are the union over its candidates, and a visit fits where all roles have one. No slot is tried
by itself. Four queries, whatever the number of days and resources.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import Site
from patients.models import Patient
from plans.models import TreatmentPlan

from ..models import Absence, Booking, Hold, Resource
from .hours import Span, Visit, at_clock, clinic_zone, common, covers, merged, moment, open_spans, seconds, visit_of, weekly_hours, without
from .refusals import NotSuitable

STEP_MINUTES = 15  # free times are offered at each quarter of the clock
ROLE_KINDS = {"clinician": Resource.Kind.CLINICIAN, "room": Resource.Kind.ROOM, "device": Resource.Kind.DEVICE}


@dataclass(frozen=True)
class FreeTime:
    """A start at which the visit fits, with the resources it would get."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    clinician: Resource
    room: Resource | None = None
    device: Resource | None = None


@dataclass
class Party:
    """Who and what may take part: candidates by role, preferred first. A named one is the only candidate."""

    patient: Patient | None = None
    candidates: dict[str, list[Resource]] = field(default_factory=dict)


class Diary:
    """Hours, absences and live holds of one site from *first_day* to *last_day*, both included."""

    def __init__(
        self, site: Site, first_day: dt.date, last_day: dt.date, *, patient: Patient | None = None, ignoring: Booking | None = None
    ):
        self.site, self.zone = site, clinic_zone(site)
        # A visit may begin on the last day and end after midnight.
        self.first_day, self.last_day = first_day, last_day + dt.timedelta(days=1)
        start, end = at_clock(first_day, dt.time.min, self.zone), at_clock(last_day + dt.timedelta(days=2), dt.time.min, self.zone)
        self.whole: Span = (seconds(start), seconds(end))
        self.last_start = seconds(at_clock(self.last_day, dt.time.min, self.zone))
        self.resources = list(Resource.objects.filter(site=site, is_active=True).select_related("user").order_by("kind", "name", "pk"))
        self.hours = weekly_hours(site)
        self.absences: dict[int, list[Absence]] = {}
        for absence in Absence.objects.filter(resource__site=site, starts_at__lt=end, ends_at__gt=start):
            self.absences.setdefault(absence.resource_id, []).append(absence)
        self.taken: dict[str, list[Span]] = {}
        holds = Hold.objects.live_between(start, end)
        subjects = [f"r{resource.pk}" for resource in self.resources] + ([f"p{patient.pk}"] if patient else [])
        holds = holds.filter(subject__in=subjects)
        if ignoring is not None:
            holds = holds.exclude(booking=ignoring)
        for subject, low, high in holds.values_list("subject", "starts_at", "ends_at"):
            self.taken.setdefault(subject, []).append((seconds(low), seconds(high)))
        self._open: dict[int, list[Span]] = {}
        self._free: dict[str, list[Span]] = {}

    def in_hours(self, resource: Resource) -> list[Span]:
        """The weekly hours alone, absences not taken off."""
        return open_spans(self.hours.get(resource.pk, ()), self.first_day, self.last_day, self.zone)

    def away(self, resource: Resource) -> list[Span]:
        return [(seconds(a.starts_at), seconds(a.ends_at)) for a in self.absences.get(resource.pk, ())]

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
        return without([self.whole], self.taken.get(f"p{patient.pk}", ()))

    def party(
        self,
        *,
        kind: str,
        patient: Patient | None = None,
        clinician: Resource | None = None,
        room: Resource | None = None,
        device: Resource | None = None,
        plan: TreatmentPlan | None = None,
    ) -> Party:
        """
        Candidates for a visit. The clinician who accepted the plan is tried first.

        Raises:
            NotSuitable: one that was named, or all of a kind, cannot take this visit at any time.
        """
        named = {"clinician": clinician, "room": room, "device": device}
        candidates: dict[str, list[Resource]] = {}
        for role in ("clinician", "room", "device") if kind == Booking.Kind.SESSION else ("clinician", "room"):
            every = [resource for resource in self.resources if resource.kind == ROLE_KINDS[role]]
            fit = [resource for resource in every if not why_unfit(resource, kind, plan)]
            chosen = named[role]
            if chosen is not None:
                if chosen not in every:
                    raise NotSuitable(f"{chosen} takes no bookings here. Choose another {role}.", field=role)
                if reason := why_unfit(chosen, kind, plan):
                    raise NotSuitable(reason, field=role)
                fit = [chosen]
            elif not fit:
                reason = why_unfit(every[0], kind, plan) if len(every) == 1 else f"No {role} at {self.site} can take this visit."
                raise NotSuitable(reason, field=role)
            if role == "clinician" and plan is not None:
                fit.sort(key=lambda resource: resource.user_id != plan.accepted_by_id)
            candidates[role] = fit
        return Party(patient, candidates)

    def starts(self, visit: Visit, party: Party) -> list[Span]:
        """Spans of starts (end included) at which every role has a free candidate, as half-open spans one second longer."""
        result = [self.whole]
        for role in visit.roles:
            low, high = visit.reach(role)
            if role == "patient":
                sources = [self.free_of_patient(party.patient)] if party.patient else [[self.whole]]
            else:
                sources = [self.free(resource) for resource in party.candidates[role]]
            # +1: a part that ends exactly at the end of a free span still fits.
            possible = merged((a - low, b - high + 1) for spans in sources for a, b in spans if b - a >= high - low)
            result = common(result, possible)
            if not result:
                break
        return result

    def pick(self, visit: Visit, start: int, party: Party) -> FreeTime | None:
        """The visit at *start* with the first free candidate of each role; None where one role has none."""
        chosen: dict[str, Resource] = {}
        for role in visit.roles:
            low, high = visit.reach(role)
            if role == "patient":
                if party.patient and not covers(self.free_of_patient(party.patient), start + low, start + high):
                    return None
                continue
            resource = next((r for r in party.candidates[role] if covers(self.free(r), start + low, start + high)), None)
            if resource is None:
                return None
            chosen[role] = resource
        return FreeTime(moment(start), moment(start + visit.minutes * 60), **chosen)

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


def why_unfit(resource: Resource, kind: str, plan: TreatmentPlan | None) -> str:
    """Why *resource* can never take a session of *plan*; empty where it can."""
    if kind != Booking.Kind.SESSION or plan is None:
        return ""
    if resource.kind == Resource.Kind.DEVICE:
        if plan.device_kind and resource.device_kind != plan.device_kind:
            return f"The plan needs a {plan.device_kind}. {resource} is a {resource.device_kind or 'device of another kind'}."
        if plan.device_brand and resource.device_brand != plan.device_brand:
            return f"The plan was made for {plan.device_brand}. {resource} is another brand."
    if resource.kind == Resource.Kind.CLINICIAN and resource.user is not None and resource.user.max_depth_mm is not None:
        deepest = max((zone.depth_mm for zone in plan.zones.all()), default=None)
        if deepest is not None and deepest > resource.user.max_depth_mm:
            return f"{resource} may not treat as deep as this plan goes. Choose another clinician."
    return ""


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
    return diary.free_times(visit_of(site, kind, minutes=minutes), party, limit=limit)


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
