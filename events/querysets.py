"""Reads of calls and events. Each starts at `visible_to(user)`."""

from patients.querysets import OfPatientQuerySet

ALERTS = ("call_back_today", "see_today", "emergency")


class CallQuerySet(OfPatientQuerySet):
    def waiting(self):
        """Alerts that no clinician has in hand."""
        return self.filter(level__in=ALERTS, acknowledgement__isnull=True)


class AcknowledgementQuerySet(OfPatientQuerySet):
    path = "call__patient"


class EventQuerySet(OfPatientQuerySet):
    pass


class AdditionQuerySet(OfPatientQuerySet):
    path = "event__patient"
