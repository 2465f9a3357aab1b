"""Reads of answers on scales. Rows about patients start at `visible_to(user)`."""

from django.db.models import Exists, OuterRef

from patients.querysets import OfPatientQuerySet


class AnswerQuerySet(OfPatientQuerySet):
    def standing(self):
        """Without those that a correction stands for, and without what was taken back."""
        later = self.model._base_manager.filter(corrects=OuterRef("pk"))
        return self.filter(~Exists(later), value__isnull=False)

    def last_said(self):
        """The newest row of each answer, also where it was taken back: what a further correction corrects."""
        return self.filter(~Exists(self.model._base_manager.filter(corrects=OuterRef("pk"))))
