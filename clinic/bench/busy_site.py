"""A site whose next four weeks are well booked: six clinicians, as many rooms and devices, two bays for numbing, sessions in parts."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Site, User
from accounts.permissions import Role
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking, Hold, Resource, ResourceHours, ServiceTime
from sessions.services.free_time import free_times

from . import floor
from .measure import Result, side_by_side
from .people import GIVEN, SURNAMES, copies_of

SLUG = "bench-busy"
CLINICIANS, BAYS, WEEKS = 6, 2, 4
PITCH, A_DAY = 110, 5  # minutes between two sessions of one clinician, and how many of six places are taken
NUMBING, NEEDLING, CLEAN = ServiceTime.STARTING["session"]
MOST_MS = 60


def open_busy_site(*, like: TreatmentPlan) -> None:
    """Every clinician has five sessions on each day of four weeks, in a room and with a device of their own; two numb in the bays."""
    demo = like.patient.site
    site = Site.objects.create(name="Bench busy", slug=SLUG, time_zone=demo.time_zone, country=demo.country)
    desk = User.objects.create(username=SLUG, first_name="Desk", last_name="Busy", role=Role.FRONT_DESK)
    desk.sites.add(site)
    first = (Patient.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    people = Patient.objects.bulk_create(
        Patient(
            number=first + at,
            site=site,
            surname=SURNAMES[at],
            given=GIVEN[at % len(GIVEN)],
            birth_date=dt.date(1980, 1, 1 + at % 28),
            phone=f"07700 8{at:05d}",
            request_key=uuid.uuid4(),
            is_demo=True,
        )
        for at in range(CLINICIANS * A_DAY + 1)
    )
    copies_of(people[-1:], like)  # the one whose places are looked for
    kinds = {"clinician": CLINICIANS, "room": CLINICIANS, "device": CLINICIANS, "bay": BAYS}
    things = {kind: [_resource(site, kind, number, like) for number in range(count)] for kind, count in kinds.items()}
    zone = ZoneInfo(site.time_zone)
    today = timezone.now().astimezone(zone).date()
    visits, holds = [], []
    for offset in range(1, WEEKS * 7 + 1):
        opens = dt.datetime.combine(today + dt.timedelta(days=offset), dt.time(8), tzinfo=zone).astimezone(dt.UTC)
        for lane in range(CLINICIANS):
            for turn in range(A_DAY):
                starts_at = opens + dt.timedelta(minutes=PITCH * (turn + (turn >= (lane + offset) % 6)))
                person = people[lane * A_DAY + turn]
                visit = Booking(
                    site=site,
                    patient=person,
                    kind=Booking.Kind.CONSULTATION,
                    starts_at=starts_at,
                    ends_at=starts_at + dt.timedelta(minutes=NUMBING + NEEDLING + CLEAN),
                    clinician=things["clinician"][lane],
                    room=things["room"][lane],
                    created_by=desk,
                    request_key=f"{SLUG}-{offset}-{lane}-{turn}",
                )
                visits.append(visit)
                holds += _holds(visit, person, {kind: rows[lane] for kind, rows in things.items() if lane < len(rows)})
    Booking.objects.bulk_create(visits, batch_size=500)
    for hold in holds:
        hold.booking_id = hold.booking.pk
    Hold.objects.bulk_create(holds, batch_size=1000)


def _resource(site: Site, kind: str, number: int, like: TreatmentPlan) -> Resource:
    fields = {"device_kind": like.device_kind, "device_brand": like.device_brand} if kind == "device" else {}
    made = Resource.objects.create(site=site, kind=kind, name=f"Bench {kind} {number + 1}", **fields)
    ResourceHours.objects.bulk_create(ResourceHours(resource=made, weekday=day, opens=dt.time(8), closes=dt.time(19)) for day in range(7))
    return made


def _holds(visit: Booking, person: Patient, mine: dict[str, Resource]) -> list[Hold]:
    """Numbing in a bay where this lane has one, else in the room; then clinician, room and device; then the room again."""
    numbs = "bay" if "bay" in mine else "room"
    parts = (
        (Hold.Segment.NUMBING, 0, NUMBING, (numbs,)),
        (Hold.Segment.NEEDLING, NUMBING, NUMBING + NEEDLING, ("clinician", "room", "device")),
        (Hold.Segment.CLEAN_DOWN, NUMBING + NEEDLING, NUMBING + NEEDLING + CLEAN, ("room",)),
    )
    found = []
    for segment, low, high, roles in parts:
        start, end = (visit.starts_at + dt.timedelta(minutes=edge) for edge in (low, high))
        times = {"booking": visit, "segment": segment, "starts_at": start, "ends_at": end}
        found += [Hold(resource=mine[role], subject=f"r{mine[role].pk}", **times) for role in roles]
        if segment != Hold.Segment.CLEAN_DOWN:
            found.append(Hold(patient=person, subject=f"p{person.pk}", **times))
    return found


def floor_places(site: Site, first_day: dt.date, days: int) -> set[tuple]:
    """What the floor finds: with the numbing in a bay, and with it in the room."""
    zone = ZoneInfo(site.time_zone)
    middle, whole = (NUMBING, NUMBING + NEEDLING), (0, NUMBING + NEEDLING + CLEAN)
    both = {"clinician": [middle], "device": [middle]}
    in_bay = {**both, "room": [(NUMBING, whole[1])], "bay": [(0, NUMBING)]}
    ways = (in_bay, {**both, "room": [whole]})
    return {(row[0], row[1]) for parts in ways for row in floor.free_places(site.pk, first_day, days, zone, parts)}


def free_places_of_six(rounds: int) -> Result:
    """With anyone, for a session of a plan, over 28 days: what the drawer, the course and the answer to a clash ask for."""
    site = Site.objects.get(slug=SLUG)
    plan = TreatmentPlan.objects.filter(patient__site=site).select_related("patient").get()
    first_day = timezone.now().astimezone(ZoneInfo(site.time_zone)).date() + dt.timedelta(days=1)

    def ours(n):
        asked = TreatmentPlan.objects.select_related("patient").get(pk=plan.pk)
        return free_times(
            site=site, kind=Booking.Kind.SESSION, first_day=first_day, days=WEEKS * 7, patient=asked.patient, plan=asked, minutes=LENGTHS
        )

    sides = side_by_side(ours, lambda n: floor_places(site, first_day, WEEKS * 7), rounds=rounds)
    with CaptureQueriesContext(connection) as queries:
        found = len(ours(0))
    asked = len(queries) - 1  # less the plan itself, read anew so that nothing of the last round is remembered
    result = Result("Free places, six clinicians, 28 days", *sides, note=f"{found} places found, {asked} queries")
    result.at_most = {"queries": (asked, 10), "p50 ms": (round(sides[0].median, 1), MOST_MS)}
    result.counts = {"places, as the floor has them": (found, len(floor_places(site, first_day, WEEKS * 7)))}
    return result


LENGTHS = {"numbing": NUMBING, "needling": NEEDLING, "clean_down": CLEAN}
