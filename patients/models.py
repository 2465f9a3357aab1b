"""Who is treated, and what is known about their skin and health."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.models import Site
from accounts.versioning import VersionedModel

from .querysets import OfPatientQuerySet, PatientQuerySet


class Sex(models.TextChoices):
    FEMALE = "F", "Female"
    MALE = "M", "Male"


class Asked(models.TextChoices):
    """Whether a list was asked for: an empty list alone says nothing."""

    NOT_ASKED = "not_asked", "Not asked"
    NONE = "none", "None known"
    LISTED = "listed", "Listed"


class Patient(VersionedModel):
    """FHIR: Patient. `number` is what people say and print; never the primary key in speech or on paper."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    surname = models.CharField(max_length=100)
    given = models.CharField("given name", max_length=100, blank=True)
    preferred_name = models.CharField(max_length=100, blank=True)
    birth_date = models.DateField()
    sex = models.CharField("sex at birth", max_length=1, choices=Sex, blank=True, help_text="Empty = not asked")
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    address = models.CharField(max_length=300, blank=True)
    phototype = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(6)])
    allergies_asked = models.CharField(max_length=10, choices=Asked, default=Asked.NOT_ASKED)
    medicines_asked = models.CharField(max_length=10, choices=Asked, default=Asked.NOT_ASKED)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # What the search reads: case folded, accents stripped (see patients.search).
    surname_key = models.CharField(max_length=100, editable=False, db_index=True)
    given_key = models.CharField(max_length=100, editable=False, db_index=True)
    preferred_key = models.CharField(max_length=100, editable=False, default="", blank=True)
    phone_digits = models.CharField(max_length=20, editable=False, default="", blank=True)
    phone_reversed = models.CharField(max_length=20, editable=False, default="", blank=True, db_index=True)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["surname_key", "given_key", "pk"]
        indexes = [models.Index(fields=["surname_key", "given_key", "id"], name="patient_by_name")]
        constraints = [
            models.CheckConstraint(name="phototype_1_to_6", condition=models.Q(phototype__isnull=True) | models.Q(phototype__range=(1, 6)))
        ]

    def __str__(self) -> str:
        return f"{self.surname.upper()}, {self.given}" if self.given else self.surname.upper()


class Allergy(models.Model):
    """FHIR: AllergyIntolerance."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=120, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "allergies"

    def __str__(self) -> str:
        facts = ", ".join(str(f) for f in (self.reaction, self.year) if f)
        return f"{self.substance} ({facts})" if facts else self.substance


class Medication(models.Model):
    """FHIR: MedicationStatement. `stopped_on` empty = still taken."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="medications")
    name = models.CharField(max_length=200, help_text="As said, with or without dose")
    stopped_on = models.DateField(null=True, blank=True)
    answered_class = models.CharField(max_length=60, blank=True, help_text="The clinician's answer for a name the protocol does not know")
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Procedure(models.Model):
    """An earlier procedure on the skin, here or elsewhere (FHIR: Procedure). Empty zone = the whole requested area."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="procedures")
    what = models.CharField(max_length=200)
    zone = models.CharField(max_length=40, blank=True)
    performed_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-performed_on", "pk"]

    def __str__(self) -> str:
        return self.what


class ScreeningAnswer(models.Model):
    """
    One answer to one screening question of a protocol (FHIR: QuestionnaireResponse item). Answers are added, never
    changed: the newest for a question counts.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="screening_answers")
    question = models.CharField(max_length=60, help_text="Id of the question in the protocol")
    protocol_version = models.CharField(max_length=40)
    answer = models.BooleanField(help_text="True = yes")
    # For a yes: {rule id: {"answer": true, "stopped": "2026-01-10", "zone": ..., "note": ...}} as in the case format.
    rules = models.JSONField(default=dict, blank=True)
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["patient", "question", "-id"], name="newest_answer")]

    def __str__(self) -> str:
        return f"{self.question}: {'yes' if self.answer else 'no'}"
