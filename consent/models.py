"""Consent: the texts of the clinic, what patients signed, what they took back, and for what their photos may be used."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.versioning import VersionedModel
from patients.models import Patient
from patients.person import PersonKey
from patients.querysets import OfPatientQuerySet

from .querysets import ConsentQuerySet, ItemQuerySet, WithdrawalQuerySet


class Kind(models.TextChoices):
    """What a text is about; its code is the protocol's."""

    INDICATION = "indication", _("Treatment")
    ADJUVANT = "adjuvant", _("With the needling")


class Language(models.TextChoices):
    """The languages consent is read and signed in, each by its own name."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"
    FRENCH = "fr", "Français"
    SPANISH = "es", "Español"


class ConsentText(VersionedModel):
    """
    One version of the words for one indication or adjuvant in one language. A draft may be changed; approved by somebody else than
    who wrote it, or with a reason where there is nobody else, it never is (see `consent.guards`). Approving a newer version retires
    the one before.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVED = "approved", _("In use")
        RETIRED = "retired", _("Retired")

    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=60, help_text="Id of the indication or adjuvant in the protocol")
    language = models.CharField(max_length=2, choices=Language)
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 ... of this kind, code and language")
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Plain paragraphs, an empty line between two")
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Who changed it last")
    written_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_alone = models.CharField(max_length=300, blank=True, help_text="Why who wrote it approved it: nobody else could")
    retired_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Over kind, code, language, number, title and body, from approval on")

    class Meta:
        ordering = ["kind", "code", "language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code", "language", "number"], name="consent_text_number_once"),
            models.UniqueConstraint(fields=["kind", "code", "language"], condition=models.Q(status="approved"), name="one_text_in_use"),
            models.UniqueConstraint(fields=["kind", "code", "language"], condition=models.Q(status="draft"), name="one_draft_of_a_text"),
            models.CheckConstraint(
                name="consent_text_approved_by_somebody_else",
                condition=models.Q(status="draft", approved_by__isnull=True, approved_at__isnull=True)
                | ~models.Q(status="draft")
                & models.Q(approved_by__isnull=False, approved_at__isnull=False)
                & (~models.Q(approved_by=models.F("written_by")) | ~models.Q(approved_alone=""))
                & ~models.Q(sha256=""),
            ),
            models.CheckConstraint(
                name="consent_text_retired_says_when",
                condition=models.Q(status="retired", retired_at__isnull=False)
                | ~models.Q(status="retired") & models.Q(retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        said = {"title": self.title, "language": self.get_language_display(), "number": self.number}
        return gettext("%(title)s (%(language)s, version %(number)s)") % said

    @property
    def paragraphs(self) -> list[str]:
        return [part.strip() for part in self.body.split("\n\n") if part.strip()]


class Consent(models.Model):
    """
    What was signed at one time (FHIR: Consent): the exact texts, who signed in front of whom, and the signature, as canonical JSON with
    its SHA-256. Never changed.
    """

    class Signer(models.TextChoices):
        PATIENT = "patient", _("The patient")
        PARENT = "parent", _("A parent")
        GUARDIAN = "guardian", _("A guardian or other representative")

    class Way(models.TextChoices):
        DRAWN = "drawn", _("Drawn")
        TYPED = "typed", _("Typed name")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="consents")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Where it was signed; on its clock it is shown")
    language = models.CharField(max_length=2, choices=Language)
    signer = models.CharField(max_length=8, choices=Signer)
    signer_name = models.CharField(max_length=200)
    signer_relation = models.CharField(max_length=100, blank=True, help_text="To the patient, where somebody else signs")
    witness = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    witness_name = models.CharField(max_length=200, help_text="Of the staff member, or of somebody else who was there")
    way = models.CharField(max_length=5, choices=Way)
    typed_name = models.CharField(max_length=200, blank=True)
    strokes = models.JSONField(default=list, blank=True, help_text="[[[x, y], ...], ...] in a field of 600 by 200")
    signature_svg = models.TextField(blank=True, help_text="The strokes as a picture, made by the server")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Who was signed in")
    signed_at = models.DateTimeField()
    content = models.TextField(help_text="Canonical JSON of everything that was signed")
    sha256 = models.CharField(max_length=64)
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double press signs once")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-signed_at", "-pk"]
        indexes = [models.Index(fields=["patient", "-signed_at"], name="consent_by_patient")]
        constraints = [
            models.CheckConstraint(
                name="consent_is_signed",
                condition=models.Q(way="typed") & ~models.Q(typed_name="") | models.Q(way="drawn") & ~models.Q(signature_svg=""),
            ),
            models.CheckConstraint(name="consent_signer_is_named", condition=~models.Q(signer_name="")),
            models.CheckConstraint(name="consent_is_witnessed", condition=~models.Q(witness_name="")),
            models.CheckConstraint(
                name="consent_of_another_says_relation", condition=models.Q(signer="patient") | ~models.Q(signer_relation="")
            ),
        ]

    def __str__(self) -> str:
        return f"Consent {self.pk}"


class ConsentItem(models.Model):
    """One text of what was signed: what the gate looks for. Written once, with the signature."""

    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="items")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=60)
    signed_at = models.DateTimeField(help_text="As the consent says")

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["consent", "kind", "code"], name="consented_to_once_a_signature")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"


class ConsentWithdrawal(models.Model):
    """That one item was taken back, and who said so. From then on it does not hold; the signature stays as it was."""

    item = models.OneToOneField(ConsentItem, on_delete=models.CASCADE, related_name="withdrawal")
    said_by = models.CharField(max_length=200, help_text="Who withdrew: the patient, or the parent or guardian by name")
    reason = models.CharField(max_length=300, blank=True, help_text="Nobody has to give one")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = WithdrawalQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"Withdrawn {self.at:%Y-%m-%d %H:%M}"


class PhotoPermission(models.Model):
    """One answer about one use of the patient's photos. Never changed: the newest answer for a use holds (see `consent.photos`)."""

    class Use(models.TextChoices):
        RECORD = "record", _("In the record")
        TEACHING = "teaching", _("For teaching")
        MARKETING = "marketing", _("For marketing")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="photo_permissions")
    use = models.CharField(max_length=10, choices=Use)
    allowed = models.BooleanField()
    language = models.CharField(max_length=2, choices=Language)
    question = models.CharField(max_length=500, help_text="As it was asked")
    said_by = models.CharField(max_length=200, help_text="Who answered: the patient, or the parent or guardian by name")
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was taken back, where somebody said so")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    request_key = models.CharField(max_length=80, unique=True, help_text="Made with the form: a double press answers once")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["patient", "use", "-at"], name="photo_permission_by_use")]

    def __str__(self) -> str:
        words = gettext("%(use)s: yes") if self.allowed else gettext("%(use)s: no")
        return words % {"use": self.get_use_display()}
