"""
A routine visit that is ready to start, made by the services that the screens call:

    python -m tests.browser.routine_visit        in the environment of a demo clinic; prints the number of the visit

Eight zones of fine lines, planned today, consent signed, every question answered today, the device booked, the patient here.
"""

import datetime as dt
import os
import random
import sys

ZONES = ("forehead", "glabella", "temples", "periorbital", "cheeks", "upper_lip", "chin", "jawline")


def make(surname: str) -> int:
    from django.utils import timezone

    from accounts.models import Site, User
    from clinic.demo import clock, consenting, consulting, people
    from clinic.demo.world import World
    from patients import services as patients
    from sessions.devices import setup as devices
    from sessions.models import Booking, Hold, Resource

    site = Site.objects.order_by("pk").first()
    staff = {user.username: user for user in User.objects.filter(is_demo=True)}
    amara, today, now = staff["amara"], timezone.localdate(timezone=site.zone), timezone.now()
    resources = {resource.name: resource for resource in Resource.objects.filter(site=site)}
    world = World(site=site, staff=staff, resources=resources, today=today, chance=random.Random(1))  # noqa: S311 - no secret
    story = people.Course("rejuvenation", "light", ZONES, 0, 0, 1, "amara")
    person = people.Person("Example", surname, "F", "1980-02-03", 2, story)
    with clock.shown(now - dt.timedelta(hours=1), world.zone):
        fields = {"surname": surname, "given": "Routine", "birth_date": dt.date(1980, 2, 3), "sex": "F"}
        patient = patients.register(site=site, by=staff["june"], phone="020 7946 0297", is_demo=True, **fields)
        consultation = consulting.consult(patient, person, story, by=amara, today=today)
        plan = consulting.agree(consultation, by=amara, staff=staff)
        assert plan.zones.count() == len(ZONES), [zone.zone for zone in plan.zones.all()]
        assert not plan.adjuvants
        consenting.have_signed(world, plan, by=amara)
    own = {resource.user_id: resource for resource in resources.values() if resource.user_id}
    pens = [row for row in resources.values() if row.device_kind == plan.device_kind and row.is_active]
    # Whatever it was used for before, it is clean when this patient comes.
    words = {"what": "cleaned", "done_at": now, "done_by": "June Park", "agent": "Example wipes", "by": staff["june"]}
    devices.add(pens[0], request_key=f"routine-{patient.number}", **words)
    booking = Booking.objects.create(
        site=site,
        patient=patient,
        plan=plan,
        kind=Booking.Kind.SESSION,
        session_number=1,
        status=Booking.Status.ARRIVED,
        starts_at=now,
        ends_at=now + dt.timedelta(minutes=50),
        clinician=own[amara.pk],
        device=pens[0],
        created_by=staff["june"],
        request_key=f"routine-{patient.number}",
    )
    times = {"starts_at": booking.starts_at, "ends_at": booking.ends_at}
    Hold.objects.create(booking=booking, patient=patient, subject=f"p{patient.pk}", segment="needling", **times)
    return booking.pk


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    import django

    django.setup()
    print(make(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
