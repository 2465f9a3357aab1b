"""Who is treated, and what is known about their skin and health."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction

from accounts.models import Site
from accounts.versioning import VersionedModel

from . import names
from .fields import SearchKeyField
from .querysets import OfPatientQuerySet, PatientQuerySet, StandingManager


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
    # Made with the form: a double click registers once.
    request_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # What the search reads, filled by `fill_keys` and nowhere else (see patients.names).
    surname_key = SearchKeyField(max_length=100, editable=False)
    given_key = SearchKeyField(max_length=100, editable=False)
    preferred_key = SearchKeyField(max_length=100, editable=False, default="", blank=True, db_index=True)
    phone_digits = SearchKeyField(max_length=20, editable=False, default="", blank=True)
    phone_reversed = SearchKeyField(max_length=20, editable=False, default="", blank=True, db_index=True)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["surname_key", "given_key", "pk"]
        indexes = [
            models.Index(fields=["surname_key", "given_key", "id"], name="patient_by_name"),
            models.Index(fields=["given_key", "surname_key", "id"], name="patient_by_given_name"),
            models.Index(fields=["birth_date", "id"], name="patient_by_birth_date"),
        ]
        constraints = [
            models.CheckConstraint(name="phototype_1_to_6", condition=models.Q(phototype__isnull=True) | models.Q(phototype__range=(1, 6)))
        ]

    def __str__(self) -> str:
        return f"{self.surname.upper()}, {self.given}" if self.given else self.surname.upper()

    def save(self, *args, **kwargs):
        self.fill_keys()
        if (only := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*only, *self.KEYS}
        with transaction.atomic():
            super().save(*args, **kwargs)
            SurnameSlip.keep({self.surname_key})

    KEYS = ("surname_key", "given_key", "preferred_key", "phone_digits", "phone_reversed")

    def fill_keys(self) -> None:
        self.surname_key = names.key(self.surname)
        self.given_key = names.key(self.given)
        self.preferred_key = names.key(self.preferred_name)
        self.phone_digits = names.digits(self.phone)
        self.phone_reversed = self.phone_digits[::-1]

    def age_on(self, day) -> int:
        """Whole years on *day*. Born on 29 February: a year older on 1 March."""
        return day.year - self.birth_date.year - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


class SurnameSlip(models.Model):
    """
    One spelling of a surname, or of one name of a double surname, with letters left out (see `names.slips`): finds what is
    mistyped, and the second name of a double one, by an index, at any number of patients. Holds distinct surnames, never
    who bears them; a surname that nobody bears any more finds nobody.
    """

    slip = SearchKeyField(max_length=8)
    surname_key = SearchKeyField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slip", "surname_key"], name="slip_once_per_surname")]
        indexes = [models.Index(fields=["surname_key"], name="slip_by_surname")]

    def __str__(self) -> str:
        return f"{self.slip} of {self.surname_key}"

    @classmethod
    def keep(cls, surname_keys: set[str]) -> None:
        """Add what is missing for *surname_keys*; safe to run twice, and for two at once."""
        wanted = sorted(surname_keys)
        known: set[str] = set()
        for start in range(0, len(wanted), 500):
            known |= set(cls.objects.filter(surname_key__in=wanted[start : start + 500]).values_list("surname_key", flat=True).distinct())
        rows = [
            cls(slip=slip, surname_key=surname)
            for surname in wanted
            if surname not in known
            for slip in sorted(set().union(*map(names.slips, names.parts(surname))))
        ]
        if rows:
            cls.objects.bulk_create(rows, batch_size=400, ignore_conflicts=True)


class NumberCounter(models.Model):
    """The last patient number given; one row, locked while the next is taken (see `patients.services.next_number`)."""

    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="one_row_of_number_counter", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return str(self.last)


class TakenBackModel(models.Model):
    """A clinical line is never deleted: one entered in error is taken back, and `objects` no longer shows it."""

    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True


class Allergy(TakenBackModel):
    """FHIR: AllergyIntolerance."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=120, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = StandingManager()
    all_rows = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "allergies"

    def __str__(self) -> str:
        facts = ", ".join(str(f) for f in (self.reaction, self.year) if f)
        return f"{self.substance} ({facts})" if facts else self.substance


class Medication(TakenBackModel):
    """FHIR: MedicationStatement. `stopped_on` empty = still taken."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="medications")
    name = models.CharField(max_length=200, help_text="As said, with or without dose")
    stopped_on = models.DateField(null=True, blank=True)
    answered_class = models.CharField(max_length=60, blank=True, help_text="The clinician's answer for a name the protocol does not know")
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = StandingManager()
    all_rows = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Procedure(TakenBackModel):
    """An earlier procedure on the skin, here or elsewhere (FHIR: Procedure). Empty zone = the whole requested area."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="procedures")
    what = models.CharField(max_length=200)
    zone = models.CharField(max_length=40, blank=True)
    performed_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = StandingManager()
    all_rows = OfPatientQuerySet.as_manager()

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
