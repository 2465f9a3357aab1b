"""Follow-up calls with the level their answers led to, who took an alert in hand, and the files of adverse events. Only ever added to."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from patients.models import Patient
from patients.person import PersonKey
from protocols.models import ProtocolVersion
from sessions.models import TreatmentSession

from .querysets import AcknowledgementQuerySet, AdditionQuerySet, CallQuerySet, EventQuerySet


class FollowUpCall(models.Model):
    """
    One call after a session (FHIR: Encounter of class virtual): the protocol's questions as they were asked, the answers, the level that
    the protocol's rules made of them, and the words that might then be said. Never changed: a second call is a second row.
    """

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        MESSAGE = "message", _("Asked to ring us")
        DECLINED = "declined", _("Wants no call")

    class Level(models.TextChoices):
        NORMAL = "normal", _("Normal")
        CALL_BACK = "call_back_today", _("Call back today")
        SEE_TODAY = "see_today", _("See today")
        EMERGENCY = "emergency", _("Emergency")

    ALERTS = (Level.CALL_BACK, Level.SEE_TODAY, Level.EMERGENCY)

    patient = PersonKey(Patient, on_delete=models.PROTECT, related_name="follow_up_calls")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="follow_up_calls")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Of the session; on its clock times are shown")
    check_in = models.CharField(
        max_length=60, blank=True, help_text="Id of the planned call in the protocol; empty where it was not planned"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+", help_text="Whose questions they are")
    day = models.PositiveSmallIntegerField(help_text="Days after the session, on the calendar of the site")
    band = models.CharField(max_length=60, blank=True, help_text="Downtime band of the deepest zone done; empty where none was recorded")
    answers = models.JSONField(default=list, blank=True, help_text="[{id, question, answer, said}]; an empty answer was not given")
    level = models.CharField(max_length=16, choices=Level, blank=True)
    reasons = models.JSONField(default=list, blank=True, help_text="[{level, words, rule}] that led to the level")
    words = models.JSONField(default=list, blank=True, help_text="What might be said to the patient: the approved lines of the level")
    remark = models.CharField(max_length=300, blank=True, help_text="In the patient's own words")
    answer_by = models.DateTimeField(null=True, blank=True, help_text="By when a clinician has it in hand")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double press keeps one call")

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["patient", "-at"], name="call_by_patient"),
            models.Index(fields=["session", "check_in"], name="call_by_session"),
            models.Index(fields=["at"], name="call_alerts", condition=Q(level__in=["call_back_today", "see_today", "emergency"])),
        ]
        constraints = [
            models.CheckConstraint(
                name="call_has_a_level_where_reached", condition=Q(outcome="reached") & ~Q(level="") | ~Q(outcome="reached") & Q(level="")
            ),
            models.CheckConstraint(
                name="call_alert_says_by_when",
                condition=Q(level__in=["call_back_today", "see_today", "emergency"], answer_by__isnull=False)
                | Q(level__in=["", "normal"], answer_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Call on day {self.day}"

    @property
    def is_alert(self) -> bool:
        return self.level in self.ALERTS


class CallAcknowledgement(models.Model):
    """That a clinician has the alert of a call in hand: who, when, and what was decided. Never changed."""

    call = models.OneToOneField(FollowUpCall, on_delete=models.CASCADE, related_name="acknowledgement")
    decision = models.CharField(max_length=500, help_text="What was decided")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.CheckConstraint(name="acknowledged_with_a_decision", condition=~Q(decision=""))]

    def __str__(self) -> str:
        return f"Acknowledged {self.at:%Y-%m-%d %H:%M}"


class AdverseEvent(models.Model):
    """
    The file of one adverse event (FHIR: AdverseEvent): what happened, when it began, and what was used in the session as it stood when
    the file was opened. Never changed: what is known later is added with its date.
    """

    class Outcome(models.TextChoices):
        ONGOING = "ongoing", _("Still there")
        RESOLVED = "resolved", _("Healed")
        LASTING = "lasting", _("Healed, with something that stays")
        UNKNOWN = "unknown", _("Not known")

    patient = PersonKey(Patient, on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(TreatmentSession, null=True, blank=True, on_delete=models.PROTECT, related_name="adverse_events")
    call = models.ForeignKey(FollowUpCall, null=True, blank=True, on_delete=models.PROTECT, related_name="adverse_events")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="On its clock times are shown")
    title = models.CharField(max_length=120, help_text="What it is, in a few words")
    onset_on = models.DateField(help_text="When it began")
    onset_at = models.TimeField(null=True, blank=True, help_text="On the clock of the site; empty where only the day is known")
    zones = models.JSONField(default=list, blank=True, help_text="Where: the zones of the session, by their names")
    description = models.TextField(max_length=4000, help_text="What is seen and felt")
    actions = models.TextField(max_length=4000, blank=True, help_text="What was done about it so far")
    outcome = models.CharField(max_length=10, choices=Outcome)
    facts = models.JSONField(default=dict, blank=True, help_text="The session as it stood: device, lots, depth by zone, who treated")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double press opens one file")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["patient", "-opened_at"], name="event_by_patient")]
        constraints = [models.CheckConstraint(name="event_says_what", condition=~Q(title="") & ~Q(description=""))]

    def __str__(self) -> str:
        return self.title


class EventAddition(models.Model):
    """What became known or was done later: one dated row of the file. Never changed."""

    class Kind(models.TextChoices):
        COURSE = "course", _("How it goes on")
        ACTION = "action", _("What was done")
        REPORTED = "reported", _("Reported to somebody")
        CORRECTION = "correction", _("Correction")

    event = models.ForeignKey(AdverseEvent, on_delete=models.CASCADE, related_name="additions")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(max_length=4000)
    outcome = models.CharField(max_length=10, choices=AdverseEvent.Outcome, blank=True, help_text="How it stands now; empty = as before")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double press adds once")

    objects = AdditionQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.CheckConstraint(name="addition_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%Y-%m-%d}"
