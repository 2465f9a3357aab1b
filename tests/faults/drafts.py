"""
Records that wait for nothing but their signature, made by the services that the screens call:

    python -m tests.faults.drafts COUNT        in the environment of a demo clinic; one line of JSON for each

Each is of a patient of its own: registered, consulted, planned, booked, begun an hour ago and filled in.
"""

import datetime as dt
import json
import os
import random
import sys
from dataclasses import replace


def make(count: int) -> list[dict]:
    from django.utils import timezone

    from accounts.models import Site, User
    from clinic.demo import clock, consenting, consulting, people, treating
    from clinic.demo.world import World
    from patients import services as patients
    from sessions.models import Booking, Resource
    from sessions.services.record import values_of

    site = Site.objects.order_by("pk").first()
    staff = {user.username: user for user in User.objects.filter(is_demo=True)}
    amara = staff["amara"]
    resources = {resource.name: resource for resource in Resource.objects.filter(site=site)}
    world = World(site=site, staff=staff, resources=resources, today=timezone.localdate(timezone=_zone(site)), chance=random.Random(1))  # noqa: S311
    story = people.Course("wrinkles", "fine", ("periorbital", "forehead"), 0, 0, 1, "amara")
    person = people.Person("Example", "Ready", "F", "1980-02-03", 2, story)
    now = timezone.now()
    found = []
    with clock.shown(now - dt.timedelta(hours=1), world.zone):
        for number in range(count):
            fields = {"surname": f"Ready{number}", "given": "To Sign", "birth_date": dt.date(1980, 2, 3), "sex": "F"}
            patient = patients.register(site=site, by=staff["june"], phone="020 7946 0299", is_demo=True, **fields)
            consultation = consulting.consult(patient, person, story, by=amara, today=world.today)
            plan = consulting.agree(consultation, by=amara, staff=staff)
            consenting.have_signed(world, plan, by=amara)
            booking = Booking.objects.create(
                site=site,
                patient=patient,
                plan=plan,
                kind=Booking.Kind.SESSION,
                session_number=1,
                status=Booking.Status.ARRIVED,
                starts_at=now - dt.timedelta(minutes=90),
                ends_at=now - dt.timedelta(minutes=15),
                clinician=next(resource for resource in resources.values() if resource.user_id == amara.pk),
                created_by=staff["june"],
                request_key=f"ready-{patient.number}",
            )
            at_hand = replace(world, resources={"pen": _clean_pen(site, plan.device_kind, patient.number)})
            session = treating.begin(at_hand, booking, by=amara)
            treating.record_zones(at_hand, session, by=amara)
            typed = {"reaction": "expected", "ended": f"{(now - dt.timedelta(minutes=20)).astimezone(world.zone):%H:%M}"}
            saved = treating._save(session, by=amara, turn=3, typed=typed)
            found.append({"session": saved.pk, "version": saved.version, "values": values_of(saved)})
    return found


def _clean_pen(site, kind: str, number: str):
    """A device of its own for each record: one of the demo's may not have been cleaned since its last session, whatever the hour."""
    from sessions.models import Resource

    return Resource.objects.create(site=site, kind=Resource.Kind.DEVICE, name=f"Pen beside {number}", device_kind=kind)


def _zone(site):
    from zoneinfo import ZoneInfo

    return ZoneInfo(site.time_zone)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    import django

    django.setup()
    for draft in make(int(sys.argv[1])):
        print(json.dumps(draft))
    return 0


if __name__ == "__main__":
    sys.exit(main())
