"""What goes out of the diary, and what keeps a course going: calendar links, reminders, the waiting list."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from patients.models import Patient
from patients.person import PersonKey, PersonOneToOneKey
from plans.models import TreatmentPlan
from sessions.models import Booking, Resource

from .querysets import ContactQuerySet, ReminderQuerySet, TextQuerySet, WaitingQuerySet


class CalendarLink(models.Model):
    """
    The secret address under which one clinician's visits are read by a calendar program, without anything of a patient. The
    address is shown once and never stored: the row holds its SHA-256.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calendar_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the link's secret")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Taken back by its owner, or replaced by a newer one")
    read_at = models.DateTimeField(null=True, blank=True, help_text="When a calendar program last read it")
    window_at = models.DateTimeField(null=True, blank=True, help_text="When the hour began in which its readings are counted")
    window_reads = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="calendar_link_ends_later", condition=Q(ends_at__gt=F("made_at"))),
            models.UniqueConstraint(fields=["user"], condition=Q(ended_at__isnull=True), name="one_calendar_link_each"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.made_at:%Y-%m-%d}"


class ReminderSettings(models.Model):
    """When and how a site reminds its patients. A site without a row reminds nobody."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="reminders")
    is_on = models.BooleanField(default=False)
    by_email = models.BooleanField(default=True)
    by_sms = models.BooleanField(default=False)
    hours_before = models.PositiveSmallIntegerField(default=48)
    quiet_from = models.TimeField(help_text="On the site's clock; nothing is sent from here ...")
    quiet_until = models.TimeField(help_text="... until here. The same time twice: no quiet hours")

    class Meta:
        ordering = ["site"]
        constraints = [models.CheckConstraint(name="reminder_within_two_weeks", condition=Q(hours_before__gte=4, hours_before__lte=336))]

    def __str__(self) -> str:
        return f"{self.site}: {self.hours_before} hours before"

    @property
    def site_zone(self) -> ZoneInfo:
        return self.site.zone


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("Text message")


class ContactChoice(models.Model):
    """What a patient wants of reminders. A patient without a row has said nothing: reminders are sent."""

    patient = PersonOneToOneKey(Patient, on_delete=models.CASCADE, related_name="contact_choice")
    email_stopped_at = models.DateTimeField(null=True, blank=True)
    sms_stopped_at = models.DateTimeField(null=True, blank=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Reminders of patient {self.patient_id}"

    @classmethod
    def of(cls, patient_pk: int) -> "ContactChoice | None":
        """
        What the person who has this record wants. Two records of one person may each have a row: a way that was stopped under either
        is stopped.
        """
        rows = list(cls.objects.filter(patient=patient_pk).order_by("-pk"))
        if not rows:
            return None
        choice = rows[0]
        for column in ("email_stopped_at", "sms_stopped_at"):
            setattr(choice, column, min((at for row in rows if (at := getattr(row, column))), default=None))
        return choice

    def stopped_at(self, channel: str):
        return self.email_stopped_at if channel == Channel.EMAIL else self.sms_stopped_at


class Reminder(models.Model):
    """
    One reminder of one visit by one way, for the time the visit had then. The row is the right to send: it is written before the
    message goes, and the same visit at the same time is never given a second one.
    """

    class State(models.TextChoices):
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        AGAIN = "again", "To be tried again"
        FAILED = "failed", "Not sent"

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="reminders")
    channel = models.CharField(max_length=10, choices=Channel)
    starts_at = models.DateTimeField(help_text="The time of the visit it speaks of")
    state = models.CharField(max_length=10, choices=State, default=State.SENDING)
    language = models.CharField(max_length=10, blank=True, help_text="In which it is written")
    claimed_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)
    problem = models.CharField(max_length=200, blank=True, help_text="Why it did not go, in plain words")
    stop_digest = models.CharField(max_length=64, blank=True, db_index=True, help_text="SHA-256 of the secret in its link to stop")

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["booking", "channel", "starts_at"], name="reminder_once_per_time_and_way")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} for {self.booking_id}, {self.get_state_display().lower()}"


class OutboxText(models.Model):
    """A text message that no provider took, because none is set: the desk sends it by hand, or rings."""

    reminder = models.OneToOneField(Reminder, on_delete=models.CASCADE, related_name="text")
    to = models.CharField(max_length=40)
    words = models.CharField(max_length=500)
    made_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = TextQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="text_done_by_somebody",
                condition=Q(done_at__isnull=True, done_by__isnull=True) | Q(done_at__isnull=False, done_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Text {self.pk}"


class WaitingEntry(models.Model):
    """Somebody who would come at once if a time came free."""

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", _("Consultation")
        SESSION = "session", _("Session")
        REVIEW = "review", _("Review")

    class Ended(models.TextChoices):
        BOOKED = "booked", _("Booked")
        WITHDRAWN = "withdrawn", _("Taken off the list")
        OVER = "over", _("Its last day has passed")

    ANY_DAY = 0b1111111

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="waiting")
    kind = models.CharField(max_length=14, choices=Kind)
    plan = models.ForeignKey(TreatmentPlan, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    clinician = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty = anyone")
    weekdays = models.PositiveSmallIntegerField(default=ANY_DAY, help_text="One bit a day, Monday first: 127 = any")
    not_before = models.TimeField(null=True, blank=True, help_text="On the clinic's clock")
    not_after = models.TimeField(null=True, blank=True, help_text="The visit ends by then")
    until = models.DateField(help_text="The last day on which a time is of use")
    note = models.CharField(max_length=200, blank=True, help_text="For the desk; nothing clinical")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click adds one")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_as = models.CharField(max_length=10, choices=Ended, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = WaitingQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["site", "created_at"], name="waiting_by_site", condition=Q(ended_at__isnull=True))]
        constraints = [
            models.CheckConstraint(name="waiting_on_some_weekday", condition=Q(weekdays__gte=1, weekdays__lte=127)),
            models.CheckConstraint(
                name="waiting_times_in_order",
                condition=Q(not_before__isnull=True) | Q(not_after__isnull=True) | Q(not_after__gt=F("not_before")),
            ),
            models.CheckConstraint(
                name="waiting_ended_somehow", condition=Q(ended_at__isnull=True, ended_as="") | Q(ended_at__isnull=False) & ~Q(ended_as="")
            ),
            models.CheckConstraint(name="session_waits_with_its_plan", condition=~Q(kind="session") | Q(plan__isnull=False)),
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=Q(ended_at__isnull=True, plan__isnull=True), name="waits_once_for_a_kind"
            ),
            models.UniqueConstraint(
                fields=["plan", "kind"], condition=Q(ended_at__isnull=True, plan__isnull=False), name="waits_once_for_a_plan"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, until {self.until:%Y-%m-%d}"

    def on_weekday(self, weekday: int) -> bool:
        return bool(self.weekdays & 1 << weekday)
