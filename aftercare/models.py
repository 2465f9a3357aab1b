"""
The sheet a patient takes home. The row is the truth, the file its product, the queue only carries ids. Its words in other languages.
Beside it: who was given it, and the link under which the patient reads it on a phone.
"""

import json

from django.conf import settings
from django.db import models
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from accounts.versioning import VersionedModel
from plans.said import said
from sessions.models import TreatmentSession

from .problems import PROBLEMS
from .querysets import HandOverQuerySet, LinkQuerySet, SheetQuerySet

LARGE = "-large"


class SheetTranslation(VersionedModel):
    """
    One version of the sheet's words in another language, for one wording of the English. Nobody prints from a draft; approved by somebody
    else than who wrote it, it is never changed (see `aftercare.guards`).
    """

    class Language(models.TextChoices):
        SPANISH = "es", gettext_lazy("Spanish")
        FRENCH = "fr", gettext_lazy("French")
        POLISH = "pl", gettext_lazy("Polish")
        ARABIC = "ar", gettext_lazy("Arabic")

    class Status(models.TextChoices):
        DRAFT = "draft", gettext_lazy("Needs review")
        APPROVED = "approved", gettext_lazy("In use")
        RETIRED = "retired", pgettext_lazy("words", "Retired")

    language = models.CharField(max_length=2, choices=Language)
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 ... of this language")
    english_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the English words it was approved beside; empty = a draft")
    document = models.TextField(help_text="Canonical JSON: the blocks, each with the version of the English block it was made from")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the document, from approval on")
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty = came with the program",
    )
    written_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False, help_text="Approved for demonstration only")

    class Meta:
        ordering = ["language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["language", "number"], name="sheet_translation_number_once"),
            models.UniqueConstraint(fields=["language"], condition=models.Q(status="draft"), name="one_draft_of_a_sheet_translation"),
            models.UniqueConstraint(
                fields=["language", "english_sha256"], condition=models.Q(status="approved"), name="one_sheet_translation_in_use"
            ),
            models.CheckConstraint(
                name="sheet_translation_approved_by_somebody_else",
                condition=models.Q(status="draft", approved_by__isnull=True, approved_at__isnull=True)
                | ~models.Q(status="draft")
                & models.Q(approved_by__isnull=False, approved_at__isnull=False)
                & (models.Q(written_by__isnull=True) | ~models.Q(approved_by=models.F("written_by")))
                & ~models.Q(sha256="")
                & ~models.Q(english_sha256=""),
            ),
            models.CheckConstraint(
                name="sheet_translation_retired_says_when",
                condition=models.Q(status="retired", retired_at__isnull=False, retired_by__isnull=False)
                | ~models.Q(status="retired") & models.Q(retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_language_display()}, version {self.number}"

    @property
    def content(self) -> dict:
        return json.loads(self.document)


class PhoneHours(models.Model):
    """When a site's phone is answered, in a language of the sheet. Where there is none, a sheet in it shows the number alone."""

    site = models.ForeignKey("accounts.Site", on_delete=models.CASCADE, related_name="phone_hours_said")
    language = models.CharField(max_length=2, choices=SheetTranslation.Language)
    words = models.CharField(max_length=120)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "phone hours"
        constraints = [models.UniqueConstraint(fields=["site", "language"], name="phone_hours_once_in_a_language")]

    def __str__(self) -> str:
        return f"{self.site}, {self.get_language_display()}"


class Sheet(models.Model):
    class State(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("sheet", "Waiting")
        RENDERING = "rendering", pgettext_lazy("sheet", "Making")
        READY = "ready", pgettext_lazy("sheet", "Ready")
        FAILED = "failed", pgettext_lazy("sheet", "Failed")

    class Variant(models.TextChoices):
        A4 = "A4", "A4"
        LETTER = "Letter", gettext_lazy("US Letter")
        A4_LARGE = "A4-large", gettext_lazy("A4, large print")
        LETTER_LARGE = "Letter-large", gettext_lazy("US Letter, large print")

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="sheets")
    record_version = models.PositiveIntegerField(help_text="1 = as signed, counted up by each correction")
    language = models.CharField(max_length=10, default="en")
    translation = models.ForeignKey(
        SheetTranslation, null=True, blank=True, on_delete=models.PROTECT, related_name="sheets", help_text="Empty = English, as signed"
    )
    variant = models.CharField(max_length=12, choices=Variant)
    language_note = models.CharField(max_length=300, blank=True, help_text="Why it is not in the patient's language, in plain words")
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
    def paper(self) -> str:
        return self.variant.removesuffix(LARGE)

    @property
    def is_large(self) -> bool:
        return self.variant.endswith(LARGE)

    @property
    def language_name(self) -> str:
        """The language it is printed in, where that is not English."""
        return str(SheetTranslation.Language(self.language).label) if self.language in SheetTranslation.Language.values else ""

    @property
    def language_note_words(self) -> str:
        """The note in the language of the page; it is kept in English."""
        from .languages import note_said

        return note_said(self.language_note)

    @property
    def problem_words(self) -> str:
        """The problem in the language of the page; it is kept in English."""
        return said(self.problem, *PROBLEMS)

    @property
    def number(self) -> str:
        return f"AC-{self.pk:05d}" if self.pk else "AC"


class HandOver(models.Model):
    """One sheet given into somebody's hands: which version, by whom, to whom and when. Written once, never changed."""

    class To(models.TextChoices):
        PATIENT = "patient", gettext_lazy("The patient")
        COMPANION = "companion", gettext_lazy("Somebody with the patient")
        POST = "post", gettext_lazy("By post")

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
        return {"patient": gettext("the patient"), "post": gettext("the patient by post")}.get(self.to, self.name)


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
