"""Sites, staff and the clinic's own settings."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models

from .permissions import Role, may


class Site(models.Model):
    """One place with rooms. Everything with patient data belongs to one (FHIR: Location)."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(unique=True)
    time_zone = models.CharField(max_length=60, default=settings.CLINIC_TIME_ZONE)
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_hours = models.CharField(max_length=120, blank=True, help_text="As printed, for example 'Every day, 8am to 8pm'")
    emergency_number = models.CharField(max_length=20, blank=True, help_text="As printed, for example 999, 112 or 911")
    country = models.CharField(max_length=2, default="GB", help_text="ISO 3166; decides spelling and date order on paper")
    paper = models.CharField(max_length=10, default="A4", choices=[("A4", "A4"), ("Letter", "US Letter")])
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff (FHIR: Practitioner)."""

    role = models.CharField(max_length=20, choices=Role)
    title = models.CharField(max_length=20, blank=True, help_text="Dr, Nurse ...")
    sites = models.ManyToManyField(Site, related_name="staff", blank=True)
    max_depth_mm = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="Competence limit; empty = none known"
    )
    is_prescriber = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)

    REQUIRED_FIELDS = ["email", "role"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part) or self.username

    @property
    def initials(self) -> str:
        return (self.first_name[:1] + self.last_name[:1]).upper() or self.username[:2].upper()

    def may(self, permission: str) -> bool:
        return may(self, permission)

    def site_ids(self) -> list[int]:
        """Primary keys of the sites this person works at; asked once per request."""
        if not hasattr(self, "_site_ids"):
            self._site_ids = list(self.sites.values_list("pk", flat=True))
        return self._site_ids


class ClinicSettings(models.Model):
    """The clinic's choices; one row."""

    name = models.CharField(max_length=120, default="The clinic")
    policies = models.JSONField(
        default=dict, blank=True, help_text="Choices a protocol leaves to the clinic, for example isotretinoin_policy"
    )
    single_key_shortcuts = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(name="one_row_of_clinic_settings", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "ClinicSettings":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
