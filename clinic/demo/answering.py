"""In the waiting room of the demo clinic: somebody has just sent their answers from the tablet, and one thing is not as it was."""

import datetime as dt

from intake.services import answering, handing
from patients.models import ScreeningAnswer
from sessions.models import Booking

from .world import World

TABLET = 1  # no browser of the demo: a web session begins when somebody signs in
NEW = ("infections", "herpes_history")  # a yes where the record says no
LATELY = dt.timedelta(days=40)


def answer_in_the_waiting_room(world: World) -> None:
    """The next patient of today who has answered before answers again."""
    coming = Booking.objects.filter(
        site=world.site, kind=Booking.Kind.SESSION, starts_at__date=world.today, status__in=(Booking.Status.ARRIVED, Booking.Status.BOOKED)
    )
    answered = ScreeningAnswer.objects.filter(question=NEW[0], answer=False).values("patient")
    visit = coming.filter(patient__pk__in=answered).select_related("patient__site").order_by("starts_at", "pk").first()
    if visit is None:
        return
    patient, june = visit.patient, world.staff["june"]
    form = handing.begin(patient, language="en", by=june, browser=TABLET, request_key="demo-tablet")
    answering.confirm(form, browser=TABLET, request=None)
    fields = {f"q.{code}": "no" for code in form.asked[:-2]}  # the last two are left open
    question, rule = NEW
    fields |= {f"q.{question}": "yes", f"rule.{question}": [rule]}
    fields[f"rule.{question}.{rule}.date"] = (world.today - LATELY).isoformat()
    fields[f"rule.{question}.{rule}.note"] = "About twice a year, on the lower lip"
    fields |= {"medicines_asked": "listed", "medicine.0.name": "Silverleaf drops"}
    fields |= {"allergies_asked": "listed", "allergy.0.substance": "Sticking plaster", "allergy.0.reaction": "Red and itchy"}
    fields |= {"allergy.0.year": str(world.today.year - 3)}
    for step in answering.steps_of(form.asked):
        answering.keep(form, step, step.of(fields), browser=TABLET, request=None)
    answering.send(form, browser=TABLET, request=None)
