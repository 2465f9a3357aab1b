"""Who checked patient against tube."""

from django.conf import settings
from django.db import models

from ..querysets import OfRecordQuerySet


class TubeCheck(models.Model):
    """
    One person read this label from the tube and found the patient's name and birth date on it. Two checks of the same label by two
    different people stand before the patient's own blood is used. Only ever added.
    """

    session = models.ForeignKey("treatment_sessions.TreatmentSession", on_delete=models.CASCADE, related_name="tube_checks")
    adjuvant = models.CharField(max_length=60, help_text="Id of the protocol")
    label = models.CharField(max_length=40, help_text="As this person read it from the tube")
    key = models.CharField(max_length=40, editable=False, help_text="Letters and digits alone: how labels are compared")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["session", "adjuvant", "key", "by"], name="one_check_of_a_tube_each")]

    def __str__(self) -> str:
        return f"Tube {self.label}, {self.by}"
