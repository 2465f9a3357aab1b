"""Reads of reminders and the waiting list. Rows about patients start at `visible_to(user)`."""

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from patients.querysets import OfPatientQuerySet
from plans.models import TreatmentPlan
from sessions.models import Booking


class ContactQuerySet(OfPatientQuerySet):
    pass


class ReminderQuerySet(OfPatientQuerySet):
    path = "booking__patient"


class TextQuerySet(OfPatientQuerySet):
    path = "reminder__booking__patient"

    def to_send(self, now: dt.datetime):
        """Not done yet, of visits that still stand at the time the text speaks of and have not begun, for who still wants texts."""
        from .models import ContactChoice

        stopped = ContactChoice.objects.filter(patient=OuterRef("reminder__booking__patient"), sms_stopped_at__isnull=False)
        stands = ~Exists(stopped.order_by()) & Q(
            reminder__booking__status=Booking.Status.BOOKED, reminder__booking__starts_at=F("reminder__starts_at")
        )
        return self.filter(stands, done_at__isnull=True, reminder__starts_at__gt=now)


def booked_since() -> Exists:
    """Whether a live visit of the same kind, and of the same plan where it waits for one, was made after somebody began to wait."""
    same = Booking.objects.live().filter(patient=OuterRef("patient"), kind=OuterRef("kind"), created_at__gte=OuterRef("created_at"))
    return Exists(same.filter(Q(plan__isnull=True) | Q(plan=Coalesce(OuterRef("plan"), F("plan")))).order_by())


# What such a plan still had to come never comes: nobody waits for a session of it. A review of it may still be wanted.
PLAN_IS_OVER = (
    TreatmentPlan.Status.RETURNED,
    TreatmentPlan.Status.SUPERSEDED,
    TreatmentPlan.Status.COMPLETED,
    TreatmentPlan.Status.STOPPED,
)
WAITS_IN_VAIN = Q(kind="session", plan__status__in=PLAN_IS_OVER)


class WaitingQuerySet(OfPatientQuerySet):
    def annotate_booked(self):
        """With `is_booked`: by another way than the list, meanwhile."""
        return self.annotate(is_booked=booked_since())

    def waiting(self, today: dt.date):
        """Who waits still: not taken off, not past the last day, not booked meanwhile by another way, for a plan that goes on."""
        return self.filter(~booked_since(), ~WAITS_IN_VAIN, ended_at__isnull=True, until__gte=today)
