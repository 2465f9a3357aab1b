"""A second place of the demo clinic, with one clinician and two patients: what lies beyond a site, and emergency access to it."""

import datetime as dt

from accounts.models import Site, User
from accounts.permissions import Role
from patients.services import register
from sessions.models import Resource

from .sign_ins import PASSWORD
from .staff import CLINIC_NAME, bookable

CLINICIAN = ("petra", "Dr", "Petra", "Lindholm", Role.CLINICIAN)
AT_BOTH = ("omar", "vera")
PATIENTS = (
    # surname, given, birth date, sex, phone
    ("Fairweather", "Isla", dt.date(1994, 5, 17), "F", "020 7946 0951"),
    ("Okonjo", "Ben", dt.date(1979, 10, 2), "M", "020 7946 0952"),
)


def open_second_site(first: Site, people: dict[str, User]) -> User:
    """Create the place, its clinician and its patients; the manager and the auditor answer for both."""
    site = Site.objects.create(
        name=f"{CLINIC_NAME}, Mill Lane",
        slug="mill-lane",
        time_zone=first.time_zone,
        address="3 Mill Lane, Exampleton EX2 7BB",
        phone="020 7946 0119",
        phone_hours=first.phone_hours,
        emergency_number=first.emergency_number,
        country=first.country,
        paper=first.paper,
        is_demo=True,
    )
    username, title, given, surname, role = CLINICIAN
    petra = User(username=username, email=f"{username}@clinic.example", title=title, first_name=given, last_name=surname, role=role)
    petra.is_demo = True
    petra.set_password(PASSWORD)
    petra.save()
    petra.sites.add(site)
    bookable(site, Resource.Kind.CLINICIAN, petra.display_name, set(range(6)), user=petra)
    bookable(site, Resource.Kind.ROOM, "Room 1", set(range(6)))
    for name in AT_BOTH:
        people[name].sites.add(site)
    for surname, given, born, sex, phone in PATIENTS:
        register(site=site, by=petra, surname=surname, given=given, birth_date=born, sex=sex, phone=phone, is_demo=True)
    return petra
