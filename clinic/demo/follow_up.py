"""What the demo clinic keeps an eye on: reminders that are on, people who would come at once, one who wants no texts."""

import datetime as dt

from followup.models import Channel
from followup.services import contact, reminding, waiting
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking

from .world import World

WAITING = 3


def follow_up(world: World) -> None:
    site, desk, manager = world.site, world.staff["june"], world.staff["omar"]
    settings = {**reminding.START, "is_on": True, "by_sms": True}
    reminding.change(site, was=reminding.seen_of(reminding.of_site(site)), by=manager, **settings)
    until = world.today + dt.timedelta(weeks=6)
    plans = TreatmentPlan.objects.filter(patient__site=site, status=TreatmentPlan.Status.ACCEPTED).select_related("patient").order_by("pk")
    treated = plans.filter(bookings__kind=Booking.Kind.SESSION, bookings__status=Booking.Status.DONE).distinct()
    notes = ("Works nearby, can be here in twenty minutes", "", "Only after work")
    hours = (None, None, dt.time(15))
    for plan, note, not_before in zip(treated[:WAITING], notes, hours, strict=False):
        wishes = {"until": until, "note": note, "not_before": not_before, "weekdays": 0b0011111}
        waiting.add(patient=plan.patient, kind="session", plan=plan, by=desk, request_key=f"demo-wait-{plan.pk}", **wishes)
    newest = Patient.objects.filter(site=site).order_by("-pk").first()
    wishes = {"until": until, "note": "Anything this week", "weekdays": 0b1111111}
    waiting.add(patient=newest, kind="consultation", by=desk, request_key=f"demo-wait-new-{newest.pk}", **wishes)
    other = Patient.objects.filter(site=site).order_by("pk").first()
    choice = contact.choice_of(other)
    wanted = {Channel.EMAIL: True, Channel.SMS: False}
    contact.set_choice(other, wanted=wanted, was=contact.seen_of(choice), by=desk)
