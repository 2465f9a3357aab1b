"""The clinic's own rules that stand above all apps."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class RetentionRule(models.Model):
    """
    How long records are kept in one country; what holds is asked of `clinic.rights.rules`, as a shorter one waits there first:
    *years* after the patient was last seen or heard of, and for somebody who was under *minor_age* then at least until
    *minor_years* after that birthday. Without a rule for its country nobody of a site is due.

    minor_years is never more than years. So whoever is due by the first and younger today than minor_age + minor_years was a minor
    when last seen, and the list of who is due asks for the birth date alone (see `clinic.rights.retention`).
    """

    country = models.CharField(max_length=2, unique=True, help_text="ISO 3166, as the sites have it")
    years = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(100)])
    minor_age = models.PositiveSmallIntegerField(default=18, validators=[MinValueValidator(16), MaxValueValidator(25)])
    minor_years = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    basis = models.CharField(max_length=200, help_text="The law or guideline it follows")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["country"]
        constraints = [
            models.CheckConstraint(name="retention_at_least_a_year", condition=models.Q(years__gte=1)),
            models.CheckConstraint(name="minors_kept_no_longer_than_adults", condition=models.Q(minor_years__lte=models.F("years"))),
        ]

    def __str__(self) -> str:
        return f"{self.country}: {self.years} years"


from .recall.models import Recall, RecallContact  # noqa: E402, F401 - one door to all models of the app
