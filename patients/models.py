"""Who is treated, and what is known about their skin and health."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk.store import CLOCKS_DIFFER
from accounts.models import Site
from accounts.versioning import VersionedModel

from . import names
from .fields import SearchKeyField
from .person import PersonKey
from .querysets import (
    EmergencyQuerySet,
    ErasedOpeningQuerySet,
    MergeQuerySet,
    OfPatientQuerySet,
    PatientQuerySet,
    StandingManager,
)


class Sex(models.TextChoices):
    FEMALE = "F", _("Female")
    MALE = "M", _("Male")


class Asked(models.TextChoices):
    """Whether a list was asked for: an empty list alone says nothing."""

    NOT_ASKED = "not_asked", _("Not asked")
    NONE = "none", _("None known")
    LISTED = "listed", _("Listed")


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
    language = models.CharField(
        max_length=10, blank=True, help_text="BCP 47: in which we write and speak to the patient (FHIR: communication); empty = not asked"
    )
    phototype = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(6)])
    allergies_asked = models.CharField(max_length=10, choices=Asked, default=Asked.NOT_ASKED)
    medicines_asked = models.CharField(max_length=10, choices=Asked, default=Asked.NOT_ASKED)
    # When each list was last gone through: the protocol says how long that holds.
    allergies_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    medicines_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged_records",
        db_index=False,  # "patient_merged" below: nearly all rows have none, and SQLite would rather scan than use an index like that
        help_text="The record of the same person that is kept; empty = this one",
    )
    merged_at = models.DateTimeField(null=True, blank=True, editable=False)
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
            models.Index(fields=["merged_into"], name="patient_merged", condition=models.Q(merged_into__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(name="phototype_1_to_6", condition=models.Q(phototype__isnull=True) | models.Q(phototype__range=(1, 6))),
            models.CheckConstraint(
                name="patient_merged_says_when",
                condition=models.Q(merged_into__isnull=True, merged_at__isnull=True)
                | models.Q(merged_into__isnull=False, merged_at__isnull=False),
            ),
            models.CheckConstraint(
                name="patient_not_merged_into_itself",
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("pk")),
            ),
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

    @property
    def person_pk(self) -> int:
        """The same for all records of one person: the primary key of the one that is kept."""
        return self.merged_into_id or self.pk

    @property
    def person(self) -> "Patient":
        """The record of this person that is kept."""
        return self.merged_into if self.merged_into_id is not None else self

    def every_record(self) -> models.QuerySet:
        """All records of this person."""
        return Patient.objects.of_person(self.pk).order_by("pk")

    def number_of(self, row) -> int:
        """The number under which *row* of this person was written: addresses of plans hold it."""
        return self.number if row.patient_id == self.pk else row.patient.number

    def under(self, row) -> str:
        """Words where *row* was written for another record of this person; empty where it was for this one."""
        return "" if row.patient_id == self.pk else gettext("recorded under no. %(number)s") % {"number": row.patient.number}

    def age_on(self, day) -> int:
        """Whole years on *day*. Born on 29 February: a year older on 1 March."""
        return day.year - self.birth_date.year - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


class EmergencyOpening(models.Model):
    """
    The record of a patient of another site, opened for a short time by somebody who gave a reason ("break-glass"). What was said
    is never changed; closing it and looking at it afterwards are added once (see `patients.opening_guards`).
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="emergency_openings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    request_key = models.UUIDField(unique=True, help_text="Of the form that made it: a double press makes one")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Closed by hand before its time; empty = it ran out")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=300, blank=True)

    objects = EmergencyQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["user", "ends_at"], name="opening_by_user")]
        constraints = [
            models.CheckConstraint(name="opening_ends_after_it_begins", condition=models.Q(ends_at__gt=models.F("opened_at"))),
            models.CheckConstraint(name="opening_has_a_reason", condition=~models.Q(reason="")),
            models.CheckConstraint(
                name="opening_reviewed_by_somebody",
                condition=models.Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | models.Q(reviewed_at__isnull=False, reviewed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="opening_reviewed_by_somebody_else",
                condition=models.Q(reviewed_by__isnull=True) | ~models.Q(reviewed_by=models.F("user")),
            ),
        ]

    def __str__(self) -> str:
        return f"Opened {self.opened_at:%Y-%m-%d %H:%M}"

    @property
    def over_at(self):
        return self.closed_at or self.ends_at

    @property
    def is_open(self) -> bool:
        """As `open_now` says it of rows."""
        return self.closed_at is None and self.opened_at - CLOCKS_DIFFER <= timezone.now() < self.ends_at


class ErasedOpening(models.Model):
    """
    What is left of an emergency access whose patient was erased since: numbers and times, so that it is still reported and looked
    at. Neither the reason nor what was found: both may speak of the patient. Made by the erasure (see `patients.kept`).
    """

    request_key = models.UUIDField(unique=True, help_text="Of the opening: the same one, also after a restore and a second erasure")
    opening_pk = models.BigIntegerField(help_text="Under which the log names it")
    # Numbers, not foreign keys: the row outlives the patient.
    patient_pk = models.BigIntegerField()
    patient_number = models.PositiveBigIntegerField()
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Where the patient belonged")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    over_at = models.DateTimeField()
    erased_at = models.DateTimeField(default=timezone.now)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    objects = ErasedOpeningQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="erased_opening_reviewed_by_somebody",
                condition=models.Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | models.Q(reviewed_at__isnull=False, reviewed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="erased_opening_reviewed_by_somebody_else",
                condition=models.Q(reviewed_by__isnull=True) | ~models.Q(reviewed_by=models.F("user")),
            ),
        ]

    def __str__(self) -> str:
        return f"Opened {self.opened_at:%Y-%m-%d %H:%M}, erased since"


class PatientMerge(models.Model):
    """
    Two records of one person were put together: `other` points to `kept` from then on, until it is undone. What both records said
    before, and which of the two was said to hold, stands here, so that undoing brings the old back.
    """

    kept = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merges_kept")
    other = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merges")
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    merged_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True, help_text="Why they are one person though birth date or sex differ")
    holds = models.JSONField(default=dict, help_text="Field: number of the record whose value was said to hold, where the two differed")
    before = models.JSONField(help_text="What each record said before, by 'kept' and 'other'")
    after = models.JSONField(help_text="What the kept record said afterwards")
    request_key = models.UUIDField(unique=True, help_text="Of the form that made it: a double press makes one")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-merged_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="merge_of_two_records", condition=~models.Q(kept=models.F("other"))),
            models.CheckConstraint(
                name="merge_undone_by_somebody",
                condition=models.Q(undone_at__isnull=True, undone_by__isnull=True)
                | models.Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
            models.UniqueConstraint(fields=["other"], condition=models.Q(undone_at__isnull=True), name="merged_away_once"),
        ]

    def __str__(self) -> str:
        return f"Merged {self.merged_at:%Y-%m-%d %H:%M}"


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

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="allergies")
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

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="medications")
    name = models.CharField(max_length=200, help_text="As said, with or without dose")
    stopped_on = models.DateField(null=True, blank=True)
    # A clinician's answer for a name the protocol does not know. It adds to what the protocol knows, and never takes away.
    said_classes = models.JSONField(null=True, blank=True, help_text="Ids of the protocol's classes; [] = none of them; empty = not said")
    said_ingredient = models.CharField(max_length=120, blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField(null=True, blank=True)
    said_key = models.CharField(
        max_length=200, blank=True, db_index=True, editable=False, help_text="The name without dose: finds the answer for the next patient"
    )
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

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="procedures")
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

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="screening_answers")
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
