"""Sites, staff and the clinic's own settings."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .desk.models import ReentryPin, WebSession  # noqa: F401 - Django finds models here
from .permissions import Role, may
from .querysets import CompetenceQuerySet
from .reach import reach_of
from .signing_in.passwords import normalised
from .watched.models import ActRead, WatchedAct  # noqa: F401 - Django finds models here


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

    # The one home of the rule which clock counts: what happens at a site is shown, printed and counted in days on that site's clock.

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def local(self, moment: dt.datetime) -> dt.datetime:
        """*moment* (aware) on this site's wall clock."""
        return moment.astimezone(self.zone)

    def day_of(self, moment: dt.datetime) -> dt.date:
        """The day this site's calendar shows at *moment* (aware)."""
        return self.local(moment).date()

    def set_clock(self) -> None:
        """The page that is being made shows this site's clock from here on, and "today" is its day. Each request begins anew."""
        timezone.activate(self.zone)


class User(AbstractUser):
    """A member of staff (FHIR: Practitioner)."""

    role = models.CharField(max_length=20, choices=Role)
    title = models.CharField(max_length=20, blank=True, help_text="Dr, Nurse ...")
    sites = models.ManyToManyField(Site, related_name="staff", blank=True)
    is_prescriber = models.BooleanField(default=False)
    prescriber_number = models.CharField(max_length=60, blank=True, help_text="Number in the register of prescribers")
    prescriber_until = models.DateField(null=True, blank=True, help_text="Last day of the registration; empty = no end known")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When the access was taken away; empty = works here")
    password_is_temporary = models.BooleanField(default=False, help_text="Somebody else knew it: a new one is asked for at sign-in")
    sign_in_epoch = models.PositiveIntegerField(default=0, help_text="Counted up, every session of this person ends")
    language = models.CharField(max_length=8, blank=True, choices=settings.LANGUAGES, help_text="Of the screens; empty = the browser's")
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

    def set_password(self, raw_password) -> None:
        super().set_password(normalised(raw_password))

    def check_password(self, raw_password) -> bool:
        return super().check_password(normalised(raw_password))

    def _get_session_auth_hash(self, secret=None) -> str:
        """Each web session carries it and ends when it changes: with a new password or a higher epoch."""
        key_salt = "accounts.models.User.session_auth_hash"
        return salted_hmac(key_salt, f"{self.password}:{self.sign_in_epoch}", secret=secret, algorithm="sha256").hexdigest()

    def prescribes_on(self, day) -> bool:
        """Whether the prescriber's mark stands on *day*, its last day included."""
        return self.is_prescriber and (self.prescriber_until is None or day <= self.prescriber_until)

    def colleagues(self):
        """Everybody who works at one of this person's sites, this person too."""
        return User.objects.filter(pk__in=User.sites.through.objects.filter(site__in=self.site_ids()).values("user_id"))

    def site_ids(self) -> list[int]:
        """Primary keys of the sites this person works at; asked once per request."""
        return list(reach_of(self).sites)


class SignInNotice(models.Model):
    """What was done to somebody's way in by another person; told at the next sign-in, once."""

    class Kind(models.TextChoices):
        SECOND_STEP_RESET = "second_step_reset", "Second step reset"
        PASSWORD_SET = "password_set", "Password set"
        LINK_MADE = "link_made", "Link for a new password made"
        ACCESS_CHANGED = "access_changed", "Role, sites or name changed"
        TAKEN_BACK = "taken_back", "Access given again"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_notices")
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: from the command line")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.user}"


class Invitation(models.Model):
    """
    A link with which one person sets a password, once: how staff get in the first time, and again after a forgotten one. The
    link itself is shown once and never stored.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the link's secret")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="A newer one was made, or the person has left")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="invitation_ends_later", condition=models.Q(ends_at__gt=models.F("made_at")))]

    def __str__(self) -> str:
        return f"{self.user}, {self.made_at:%Y-%m-%d}"


class Competence(models.Model):
    """
    One thing a member of staff is signed off for (FHIR: PractitionerRole with its qualification). Ended, never edited: what
    somebody was signed off for on a day can be read later (see `accounts.guards`).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="competences")
    device = models.CharField(max_length=80, blank=True, help_text="Kind or brand as the protocol names it; empty = any device")
    zones = models.JSONField(default=list, blank=True, help_text="Zone ids of the protocol; empty = any zone")
    max_depth_mm = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="Deepest setting; empty = up to the protocol's own limits"
    )
    certificate = models.CharField(max_length=120)
    issuer = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="Last day; empty = no end")
    recorded_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: carried over from an earlier release"
    )
    recorded_at = models.DateTimeField(default=timezone.now)
    request_key = models.CharField(max_length=40, unique=True, help_text="Of the form that made it: a double press makes one")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_reason = models.CharField(max_length=300, blank=True)

    objects = CompetenceQuerySet.as_manager()

    class Meta:
        ordering = ["valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                name="competence_dates_in_order",
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="competence_depth_above_zero", condition=models.Q(max_depth_mm__isnull=True) | models.Q(max_depth_mm__gt=0)
            ),
            models.CheckConstraint(
                name="competence_ended_by_somebody",
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True) | models.Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.certificate

    def holds_on(self, day) -> bool:
        """Both days count; an ended one holds on no day to come."""
        return self.ended_at is None and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


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
