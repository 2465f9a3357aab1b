"""What patients answer themselves, on the tablet: a draft, then a submission that a clinician goes through line by line."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Site
from accounts.versioning import VersionedModel
from patients.models import Patient
from patients.person import PersonKey
from protocols.models import ProtocolVersion

from .querysets import ItemQuerySet, ResponseQuerySet
from .words import said_again


class Language(models.TextChoices):
    """The languages the form itself speaks; the questions speak those the protocol has them in."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Español"


class QuestionnaireResponse(VersionedModel):
    """
    The questions of one protocol version, asked of one patient (FHIR: QuestionnaireResponse). While it is open the patient's answers
    are kept at every change; sent, they are never changed again, and nothing of them is on file until a clinician accepts it.
    """

    class Status(models.TextChoices):
        OPEN = "in-progress", gettext_lazy("Being answered")
        SENT = "completed", gettext_lazy("Waiting for a clinician")
        REVIEWED = "reviewed", gettext_lazy("Gone through")
        STOPPED = "stopped", gettext_lazy("Put away")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="questionnaires")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Where the tablet was handed over")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=2, choices=Language)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Who handed over last")
    handed_at = models.DateTimeField(help_text="When the tablet was handed over last")
    browser = models.BigIntegerField(null=True, blank=True, help_text="The web session that has it; empty = nobody holds the tablet")
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="When who holds the tablet said: that is me")
    inputs = models.JSONField(default=dict, help_text="As typed and chosen, named as on the consultation screen")
    asked = models.JSONField(default=list, help_text="Ids of the questions, in the order asked")
    saved_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When the last line was decided, or it was put away")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=40, unique=True, help_text="Of the form that began it: a double press begins one")

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["patient", "-id"], name="questionnaire_by_patient"),
            models.Index(fields=["sent_at"], name="questionnaire_waiting", condition=models.Q(status="completed")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=models.Q(status="in-progress"), name="one_open_questionnaire"),
            models.CheckConstraint(
                name="questionnaire_sent_says_when",
                condition=models.Q(status__in=["in-progress", "stopped"], sent_at__isnull=True)
                | models.Q(status__in=["completed", "reviewed"], sent_at__isnull=False),
            ),
            models.CheckConstraint(
                name="questionnaire_closed_by_somebody",
                condition=models.Q(status__in=["in-progress", "completed"], closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(status__in=["reviewed", "stopped"], closed_at__isnull=False, closed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Questions {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_waiting(self) -> bool:
        return self.status == self.Status.SENT


class ResponseItem(models.Model):
    """One line of what was sent, and what a clinician made of it. Written when it is sent; decided once."""

    class Kind(models.TextChoices):
        QUESTION = "question", gettext_lazy("Question")
        MEDICINE = "medicine", gettext_lazy("Medicine")
        ALLERGY = "allergy", gettext_lazy("Allergy")
        NONE = "none", pgettext_lazy("list", "None")  # asked for a list, and there is nothing to put on it

    class Decision(models.TextChoices):
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        DECLINED = "declined", gettext_lazy("Declined")

    response = models.ForeignKey(QuestionnaireResponse, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    code = models.CharField(max_length=60, blank=True, help_text="Id of the question, or the list that is empty")
    inputs = models.JSONField(help_text="The fields of this line as typed, named as on the consultation screen")
    asked = models.TextField(help_text="The question in the words it was asked in")
    said = models.TextField(help_text="The answer in the clinic's words")
    before = models.TextField(blank=True, help_text="What the record said when this was decided")
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["response", "position"]
        constraints = [
            models.UniqueConstraint(fields=["response", "position"], name="questionnaire_line_once"),
            models.CheckConstraint(
                name="questionnaire_line_decided_by_somebody",
                condition=models.Q(decision="", decided_by__isnull=True, decided_at__isnull=True)
                | ~models.Q(decision="") & models.Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.position}"

    @property
    def said_words(self) -> str:
        """`said` in the language of the page; what was typed stays as it was."""
        return said_again(self.said)

    @property
    def before_words(self) -> str:
        return said_again(self.before)
