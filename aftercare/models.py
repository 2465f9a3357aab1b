"""
The sheet a patient takes home. The row is the truth, the file its product, the queue only carries ids. Beside it: who was given it,
and the link under which the patient reads it on a phone.
"""

from django.conf import settings
from django.db import models

from sessions.models import TreatmentSession

from .querysets import HandOverQuerySet, LinkQuerySet, SheetQuerySet


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
    superseded_at = models.DateTimeField(null=True, blank=True, help_text="When an addition to the record made a newer version")
    again_at = models.DateTimeField(null=True, blank=True, help_text="When a failed one is, or was last, tried again by itself")
    rounds = models.PositiveSmallIntegerField(default=0, help_text="How often it was tried again by itself since it was asked for")

    objects = SheetQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "record_version", "language", "variant"], name="one_sheet_per_record_version")
        ]
        indexes = [
            models.Index(fields=["state", "requested_at"], name="open_sheets", condition=models.Q(state__in=["requested", "rendering"])),
            models.Index(fields=["again_at"], name="sheets_to_try_again", condition=models.Q(again_at__isnull=False)),
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


class HandOver(models.Model):
    """One sheet given into somebody's hands: which version, by whom, to whom and when. Written once, never changed."""

    class To(models.TextChoices):
        PATIENT = "patient", "The patient"
        COMPANION = "companion", "Somebody with the patient"
        POST = "post", "By post"

    sheet = models.ForeignKey(Sheet, on_delete=models.PROTECT, related_name="hand_overs")
    to = models.CharField(max_length=10, choices=To, default=To.PATIENT)
    name = models.CharField(max_length=120, blank=True, help_text="Of somebody with the patient")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=80, unique=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="hand_over_names_companion",
                condition=(models.Q(to="companion") & ~models.Q(name="")) | (~models.Q(to="companion") & models.Q(name="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sheet} to {self.whom}"

    @property
    def whom(self) -> str:
        """For the middle of a sentence."""
        return {"patient": "the patient", "post": "the patient by post"}.get(self.to, self.name)


class SheetLink(models.Model):
    """
    The page of one sheet that its printed code leads to. The page is what was printed, drawn in the same moment; the address carries
    *key* with a signature and is nowhere stored. Once the link has ended the page is thrown away.
    """

    sheet = models.OneToOneField(Sheet, on_delete=models.PROTECT, related_name="link")
    key = models.CharField(max_length=24, unique=True)
    page = models.TextField(blank=True, help_text="HTML; empty until the sheet is ready and again once the link has ended")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Taken back before its time")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When it was last opened")
    openings = models.PositiveIntegerField(default=0)
    window_at = models.DateTimeField(null=True, blank=True, help_text="When the hour began in which its openings are counted")
    window_openings = models.PositiveIntegerField(default=0)

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(name="sheet_link_ends_later", condition=models.Q(ends_at__gt=models.F("made_at")))]
        indexes = [models.Index(fields=["ends_at"], name="open_sheet_links", condition=~models.Q(page=""))]

    def __str__(self) -> str:
        return f"Link to {self.sheet}"
