"""Reads of what patients answered. Each starts at `visible_to(user)`."""

from patients.querysets import OfPatientQuerySet


class ResponseQuerySet(OfPatientQuerySet):
    def waiting(self):
        """Sent, and not every line looked at."""
        return self.filter(status="completed")

    def without_answers(self):
        """For lists: what was typed stays in the database."""
        return self.defer("inputs", "asked")


class ItemQuerySet(OfPatientQuerySet):
    path = "response__patient"
