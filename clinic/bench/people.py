"""Many invented people for the benches, written in bulk: they go through no service, because nobody will treat them."""

import datetime as dt
import itertools
import random
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Site, User
from accounts.permissions import Role
from patients.models import Allergy, Patient, SurnameSlip
from plans.models import Consultation, PlanZone, TreatmentPlan
from sessions.models import Booking, Hold, Resource, ResourceHours

_STARTS = (
    "Al",
    "Bra",
    "Cor",
    "Dun",
    "El",
    "Fair",
    "Gar",
    "Hol",
    "Ing",
    "Jar",
    "Kel",
    "Lin",
    "Mar",
    "Nor",
    "Os",
    "Pem",
    "Quin",
    "Ros",
    "Sal",
    "Tor",
)
_MIDDLES = ("", "ber", "den", "fi", "gan", "la", "mer", "ri", "sha", "ven")
_ENDS = ("ton", "sen", "ley", "wick", "ard", "ova", "ski", "mann", "ell", "ford", "ini", "escu")
SURNAMES = tuple("".join(parts) for parts in itertools.product(_STARTS, _MIDDLES, _ENDS))
GIVEN = (
    "Ada",
    "Bruno",
    "Clara",
    "Daniel",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kemal",
    "Lucia",
    "Mina",
    "Noor",
    "Oskar",
    "Petra",
)
BATCH = 5000
FIRST_NUMBER = 100_001  # above those of the demo clinic


def fill(count: int, *, site: Site, seed: int = 7) -> None:
    """Add *count* patients of *site*, and the slips of their surnames."""
    chance = random.Random(seed)  # noqa: S311 - names, not secrets
    first = max(FIRST_NUMBER, (Patient.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1)
    for start in range(0, count, BATCH):
        rows = []
        for number in range(first + start, first + min(start + BATCH, count)):
            patient = Patient(
                number=number,
                site=site,
                surname=chance.choice(SURNAMES),
                given=chance.choice(GIVEN),
                birth_date=dt.date(1935, 1, 1) + dt.timedelta(days=chance.randrange(25_000)),
                sex=chance.choice("FM"),
                phone=f"07700 9{chance.randrange(100_000):05d}",
                request_key=uuid.UUID(int=chance.getrandbits(128)),
                is_demo=True,
            )
            patient.fill_keys()
            rows.append(patient)
        Patient.objects.bulk_create(rows, batch_size=500)
    SurnameSlip.keep(set(Patient.objects.values_list("surname_key", flat=True).distinct()))


def fill_diary(count: int, *, site: Site, by: User, seed: int = 11) -> None:
    """
    Add *count* visits of the past, about sixty a day, so that the diary's indexes have something to skip. Written as rows:
    what they held is over and is not asked for.
    """
    chance = random.Random(seed)  # noqa: S311 - as above
    patients = list(Patient.objects.filter(site=site).values_list("pk", flat=True)[:20_000])
    clinicians = list(Resource.objects.filter(site=site, kind=Resource.Kind.CLINICIAN).values_list("pk", flat=True))
    rooms = list(Resource.objects.filter(site=site, kind=Resource.Kind.ROOM).values_list("pk", flat=True))
    now = timezone.now()
    first_day = now.replace(hour=8, minute=0, second=0, microsecond=0) - dt.timedelta(days=200 + count // 60)
    one = Booking(site=site, kind=Booking.Kind.CONSULTATION, status=Booking.Status.DONE, created_by=by, created_at=now)
    columns = [field for field in Booking._meta.concrete_fields if not field.primary_key]
    names, marks = ", ".join(field.column for field in columns), ", ".join(["%s"] * len(columns))
    insert = f"INSERT INTO {Booking._meta.db_table} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own table

    def row(number: int) -> list:
        one.starts_at = first_day + dt.timedelta(days=number // 60, minutes=(number % 60) * 9)
        one.ends_at = one.starts_at + dt.timedelta(minutes=30)
        one.patient_id, one.clinician_id, one.room_id = chance.choice(patients), chance.choice(clinicians), chance.choice(rooms)
        one.request_key = f"bench-{number}"
        return [field.get_db_prep_save(getattr(one, field.attname), connection) for field in columns]

    for start in range(0, count, BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(insert, [row(number) for number in range(start, min(start + BATCH, count))])


PITCH = 60  # minutes between two visits of one clinician
_SESSION = ((Hold.Segment.NUMBING, 0, 15), (Hold.Segment.NEEDLING, 15, 45), (Hold.Segment.CLEAN_DOWN, 45, 55))


def open_site(name: str, *, clinicians: int, visits: int, like: TreatmentPlan) -> User:
    """
    Make a site of its own with *visits* visits today, spread over *clinicians*, every second one a session of a plan *like*
    that one; return who sits at its desk. The states do not depend on the hour the bench is run at.
    """
    demo = like.patient.site
    site = Site.objects.create(name=name, slug=name.lower().replace(" ", "-"), time_zone=demo.time_zone, country=demo.country)
    desk = User.objects.create(username=site.slug, first_name="Desk", last_name=name, role=Role.FRONT_DESK)
    desk.sites.add(site)
    first = (Patient.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    chance = random.Random(visits)  # noqa: S311 - as above
    made = [
        Patient(
            number=first + at,
            site=site,
            surname=SURNAMES[at % (len(SURNAMES) // 3)],
            given=chance.choice(GIVEN),
            birth_date=dt.date(1950 + at % 50, 3, 1 + at % 28),
            phone=f"07700 9{at:05d}",
            request_key=uuid.uuid4(),
            is_demo=True,
        )
        for at in range(visits)
    ]
    people = Patient.objects.bulk_create(made, batch_size=500)
    Allergy.objects.bulk_create([Allergy(patient=person, substance="Nickel", recorded_by=desk) for person in people[::5]])
    plans = copies_of(people[::2], like)
    rooms, columns = [], []
    for at in range(clinicians):
        columns.append(Resource.objects.create(site=site, kind=Resource.Kind.CLINICIAN, name=f"Clinician {at + 1:02d}"))
        rooms.append(Resource.objects.create(site=site, kind=Resource.Kind.ROOM, name=f"Room {at + 1:02d}"))
    ResourceHours.objects.bulk_create(
        ResourceHours(resource=resource, weekday=day, opens=dt.time(8), closes=dt.time(19))
        for resource in (*columns, *rooms)
        for day in range(7)
    )
    opens = dt.datetime.combine(timezone.localdate(), dt.time(8), tzinfo=ZoneInfo(settings.CLINIC_TIME_ZONE))
    done, here = visits * 4 // 10, visits * 6 // 10
    for at, person in enumerate(people):
        lane = at % clinicians
        starts_at = opens + dt.timedelta(minutes=PITCH * (at // clinicians))
        plan = plans.get(person.pk)
        state = Booking.Status.DONE if at < done else Booking.Status.ARRIVED if at < here else Booking.Status.BOOKED
        parts = _SESSION if plan else ((Hold.Segment.VISIT, 0, 45),)
        booking = Booking.objects.create(
            site=site,
            patient=person,
            plan=plan,
            kind=Booking.Kind.SESSION if plan else Booking.Kind.CONSULTATION,
            session_number=1 if plan else None,
            status=state,
            starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(minutes=parts[-1][2]),
            clinician=columns[lane],
            room=rooms[lane],
            arrived_at=starts_at if state != Booking.Status.BOOKED else None,
            created_by=desk,
            request_key=f"{site.slug}-{at}",
        )
        holds = []
        for segment, low, high in parts:
            times = {
                "segment": segment,
                "starts_at": starts_at + dt.timedelta(minutes=low),
                "ends_at": starts_at + dt.timedelta(minutes=high),
            }
            needed = [rooms[lane], *([columns[lane]] if segment in (Hold.Segment.NEEDLING, Hold.Segment.VISIT) else [])]
            holds += [Hold(booking=booking, resource=resource, subject=f"r{resource.pk}", **times) for resource in needed]
            holds.append(Hold(booking=booking, patient=person, subject=f"p{person.pk}", **times))
        Hold.objects.bulk_create(holds)
    return desk


def copies_of(people: list[Patient], like: TreatmentPlan) -> dict[int, TreatmentPlan]:
    """A copy of the consultation and the plan *like* for each of *people*, by the patient's key."""
    made = {}
    consultation, zones = Consultation.objects.get(pk=like.consultation_id), list(like.zones.all())
    plan = TreatmentPlan.objects.get(pk=like.pk)
    for person in people:
        consultation.pk, consultation._state.adding, consultation.patient = None, True, person
        consultation.save()
        plan.pk, plan._state.adding, plan.patient, plan.consultation, plan.supersedes = None, True, person, consultation, None
        plan.number, plan.status = 1, TreatmentPlan.Status.WRITING
        plan.save()
        for zone in zones:
            zone.pk, zone._state.adding, zone.plan = None, True, plan
        PlanZone.objects.bulk_create(zones)
        TreatmentPlan.objects.filter(pk=plan.pk).update(status=TreatmentPlan.Status.ACCEPTED)
        made[person.pk] = TreatmentPlan.objects.get(pk=plan.pk)
    return made
