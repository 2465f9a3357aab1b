"""One row for every read, write, refusal, export and print of patient data. Rows are only ever added."""

from django.conf import settings
from django.db import models


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"


class AuditEvent(models.Model):
    """What somebody did or tried to do. The database refuses to change or delete a row (see `audit.guards`)."""

    at = models.DateTimeField(db_index=True, help_text="UTC")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200, help_text="The name at that moment; 'system' for tasks")
    action = models.CharField(max_length=60, help_text="noun.verb, for example patient.viewed")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.DONE)
    # A number, not a foreign key: the row outlives what it speaks of.
    patient_pk = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_pk = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict, help_text="Field names and ids; never clinical text")
    address = models.GenericIPAddressField(null=True)
    path = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["patient_pk", "-id"], name="audit_by_patient"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z {self.actor_name} {self.action}"
