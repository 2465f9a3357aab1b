"""The demo clinic's place, staff, rooms, devices and hours. All of it is invented."""

import datetime as dt
from decimal import Decimal

from django.conf import settings

from accounts.models import ClinicSettings, Site, User
from accounts.permissions import Role
from accounts.services import record_competence, set_prescriber
from planner.knowledge import Knowledge
from sessions.models import Absence, Resource, ResourceHours

from .sign_ins import PASSWORD

CLINIC_NAME = "Alder Skin Clinic"
OPENS, CLOSES = dt.time(9), dt.time(18)

STAFF = (
    # user name, title, given name, surname, role, prescriber
    ("amara", "Dr", "Amara", "Osei", Role.CLINICIAN, True),
    ("lena", "Nurse", "Lena", "Holm", Role.CLINICIAN, False),
    ("tomas", "Dr", "Tomás", "Herrera", Role.CLINICIAN, True),
    ("june", "", "June", "Park", Role.FRONT_DESK, False),
    ("ravi", "", "Ravi", "Menon", Role.FRONT_DESK, False),
    ("iris", "Dr", "Iris", "Vance", Role.MEDICAL_LEAD, True),
    ("omar", "", "Omar", "Reed", Role.MANAGER, False),
    ("vera", "", "Vera", "Quist", Role.AUDITOR, False),
)
ROOMS = ("Room 1", "Room 2", "Room 3", "Room 4")
BAYS = ("Bay A", "Bay B")


def open_clinic() -> Site:
    """Create the clinic's settings and its one site."""
    ClinicSettings.objects.create(pk=1, name=CLINIC_NAME, is_demo=True)
    return Site.objects.create(
        name=f"{CLINIC_NAME}, Canal Street",
        slug="canal-street",
        time_zone=settings.CLINIC_TIME_ZONE,
        address="14 Canal Street, Exampleton EX1 4AA",
        phone="020 7946 0118",
        phone_hours="Every day, 8am to 8pm",
        emergency_number="999",
        country="GB",
        paper="A4",
        is_demo=True,
    )


def hire(site: Site) -> dict[str, User]:
    """Create everybody who works there, by user name."""
    people = {}
    for username, title, given, surname, role, prescriber in STAFF:
        user = User(
            username=username,
            email=f"{username}@clinic.example",
            title=title,
            first_name=given,
            last_name=surname,
            role=role,
            is_prescriber=prescriber,
            is_demo=True,
        )
        user.set_password(PASSWORD)
        user.save()
        user.sites.add(site)
        people[username] = user
    return people


def certify(people: dict[str, User], knowledge: Knowledge, *, today: dt.date) -> None:
    """
    What each clinician is signed off for: the nurse for pens on the face up to 1 mm, one doctor by a certificate that soon runs
    out, the other without a limit.
    """
    face = [zone.id for zone in knowledge.zones.values() if zone.region == "face"]
    lead, year = people["iris"], dt.timedelta(days=365)
    record_competence(
        people["lena"],
        by=lead,
        request_key="demo-certificate-lena",
        certificate="Needling of the face, level 1",
        issuer="Example College of Skin Nursing",
        number="SN-2041",
        device="pen",
        zones=face,
        max_depth_mm=Decimal("1"),
        valid_from=today - year,
        valid_until=today + year,
    )
    record_competence(
        people["tomas"],
        by=lead,
        request_key="demo-certificate-tomas",
        certificate="Medical needling",
        issuer="Example Society of Dermatology",
        number="MN-118",
        valid_from=today - year,
        valid_until=today + dt.timedelta(days=12),
    )
    for name, registration in (("amara", "P-60411"), ("tomas", "P-60877"), ("iris", "P-58230")):
        set_prescriber(people[name], by=lead, is_prescriber=True, number=registration)


def equip(site: Site, people: dict[str, User], knowledge: Knowledge, *, today: dt.date) -> dict[str, Resource]:
    """
    Create clinicians, rooms, bays for numbing and devices as bookable resources with their weekly hours, by user name or name.

    The clinic opens every day. Each clinician has two free days a week, never the weekday of *today*: a demo with an
    empty diary shows nothing.
    """
    resources = {}
    clinicians = [user for user in people.values() if user.role == Role.CLINICIAN]
    for position, user in enumerate(clinicians):
        free = {(today.weekday() + 2 * position + 1) % 7, (today.weekday() + 2 * position + 2) % 7}
        resources[user.username] = bookable(site, Resource.Kind.CLINICIAN, user.display_name, set(range(7)) - free, user=user)
    for name in ROOMS:
        resources[name] = bookable(site, Resource.Kind.ROOM, name, set(range(7)))
    for name in BAYS:
        resources[name] = bookable(site, Resource.Kind.BAY, name, set(range(7)))
    for name, kind, brand in devices(knowledge):
        resources[name] = bookable(site, Resource.Kind.DEVICE, name, set(range(7)), device_kind=kind, device_brand=brand)
    last = clinicians[-1]
    leave_from = dt.datetime.combine(today + dt.timedelta(days=15), OPENS, tzinfo=dt.UTC)
    Absence.objects.create(
        resource=resources[last.username],
        starts_at=leave_from,
        ends_at=leave_from + dt.timedelta(days=3),
        reason="Annual leave",
    )
    return resources


def devices(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    """Return (name, kind, brand): three each of the first two pens the protocol knows by brand, and a roller."""
    brands = [model["brand"] for model in knowledge.document["device_models"] if model["kind"] == "pen"][:2]
    pens = [(f"Pen {letter}", "pen", brands[number % len(brands)]) for number, letter in enumerate("ABCDEF")]
    return [*pens, ("Roller", "roller", "")]


def bookable(site: Site, kind: str, name: str, weekdays: set[int], **fields) -> Resource:
    resource = Resource.objects.create(site=site, kind=kind, name=name, **fields)
    ResourceHours.objects.bulk_create(
        ResourceHours(resource=resource, weekday=weekday, opens=OPENS, closes=CLOSES) for weekday in sorted(weekdays)
    )
    return resource
