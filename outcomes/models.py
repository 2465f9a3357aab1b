"""How the skin stands and how it changed, as the clinician and the patient see it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from accounts.models import Site
from patients.models import Patient
from patients.person import PersonKey
from plans.models import Consultation
from protocols.models import ProtocolVersion
from sessions.models import Booking

from .querysets import AnswerQuerySet


class OutcomeAnswer(models.Model):
    """
    One answer on one scale (FHIR: Observation). Never changed: a correction is a row of its own that points to the one it stands for,
    with its reason. What was not answered has no row.
    """

    class Kind(models.TextChoices):
        SEVERITY = "severity", pgettext_lazy("scale", "Severity")
        GAIS = "gais", gettext_lazy("Change since the first visit (GAIS)")

    class Moment(models.TextChoices):
        BASELINE = "baseline", gettext_lazy("Before treatment")
        REVIEW = "review", pgettext_lazy("moment of an answer", "Review")

    class Rater(models.TextChoices):
        CLINICIAN = "clinician", pgettext_lazy("rater", "Clinician")
        PATIENT = "patient", pgettext_lazy("rater", "Patient")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="outcome_answers")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="On its clock the day is counted")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+", help_text="Whose scale it is")
    consultation = models.ForeignKey(Consultation, null=True, blank=True, on_delete=models.PROTECT, related_name="outcome_answers")
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="outcome_answers", help_text="The visit it was asked at"
    )
    indication = models.CharField(max_length=60, help_text="Id in the protocol")
    indication_label = models.CharField(max_length=120, help_text="As it was shown")
    kind = models.CharField(max_length=8, choices=Kind)
    moment = models.CharField(max_length=8, choices=Moment)
    rater = models.CharField(max_length=9, choices=Rater)
    scale = models.CharField(max_length=200, help_text="The scale by the protocol's name")
    value = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True, help_text="Empty: taken back by a correction")
    words = models.CharField(max_length=200, blank=True, help_text="The grade as it was shown")
    lowest = models.DecimalField(max_digits=5, decimal_places=1, help_text="Of the scale")
    highest = models.DecimalField(max_digits=5, decimal_places=1, help_text="Of the scale")
    is_ordered = models.BooleanField(help_text="Whether a higher value means more of it; kinds beside each other are not drawn as a line")
    rated_on = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    corrects = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="correction")
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is corrected")
    request_key = models.CharField(max_length=120, unique=True, help_text="Made with the form: a double press answers once")

    objects = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ["-rated_on", "-pk"]
        indexes = [models.Index(fields=["patient", "-rated_on"], name="outcome_by_patient")]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "indication", "kind", "rater", "rated_on"],
                condition=Q(corrects__isnull=True),
                name="one_outcome_answer_a_day",
            ),
            models.CheckConstraint(
                name="outcome_value_within_scale",
                condition=Q(value__isnull=True) | Q(value__gte=F("lowest"), value__lte=F("highest")) & ~Q(words=""),
            ),
            models.CheckConstraint(
                name="outcome_correction_says_why",
                condition=Q(corrects__isnull=True, value__isnull=False) | Q(corrects__isnull=False) & ~Q(reason=""),
            ),
            models.CheckConstraint(name="change_is_judged_at_review", condition=~Q(kind="gais") | Q(moment="review")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_rater_display().lower()}, {self.rated_on:%Y-%m-%d}"

    @property
    def words_shown(self) -> str:
        """The grade in the language of the page: those of GAIS are our own words, all others the protocol's."""
        return gettext(self.words) if self.kind == self.Kind.GAIS and self.words else self.words

    @property
    def shown(self) -> str:
        return self.words_shown if self.value is not None else gettext("Not recorded")

    @property
    def about(self) -> str:
        """`Acne scars, severity`"""
        said = gettext("%(indication)s, severity") if self.kind == self.Kind.SEVERITY else gettext("%(indication)s, change (GAIS)")
        return said % {"indication": self.indication_label}
