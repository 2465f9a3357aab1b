"""The sheet a patient takes home. The row is the truth, the file its product, the queue only carries ids."""

from django.conf import settings
from django.db import models

from sessions.models import TreatmentSession

from .querysets import SheetQuerySet


class Sheet(models.Model):
    class State(models.TextChoices):
        REQUESTED = "requested", "Waiting"
        RENDERING = "rendering", "Making"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Variant(models.TextChoices):
        A4 = "A4", "A4"
        LETTER = "Letter", "US Letter"

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="sheets")
    record_version = models.PositiveIntegerField(help_text="1 = as signed, counted up by each correction")
    language = models.CharField(max_length=10, default="en")
    variant = models.CharField(max_length=12, choices=Variant)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True, help_text="Last time the task was handed to the broker")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, help_text="In plain words, with what to do")
    file = models.CharField(max_length=200, blank=True, help_text="Name in the storage")
    sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = SheetQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "record_version", "language", "variant"], name="one_sheet_per_record_version")
        ]
        indexes = [
            models.Index(fields=["state", "requested_at"], name="open_sheets", condition=models.Q(state__in=["requested", "rendering"]))
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Still to come: waiting or being made."""
        return self.state in (self.State.REQUESTED, self.State.RENDERING)

    @property
    def number(self) -> str:
        return f"AC-{self.pk:05d}" if self.pk else "AC"
