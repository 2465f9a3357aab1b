"""What things cost from when on, the quotes that were given, and the papers that were made for patients."""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from accounts.models import Site
from patients.models import Patient
from patients.person import PersonKey
from plans.models import TreatmentPlan
from sessions.models import Booking

from .money import Currency
from .querysets import PaperQuerySet, PriceListQuerySet, QuoteQuerySet

MONEY = {"max_digits": 12, "decimal_places": 2}


class Tax(models.TextChoices):
    NONE = "none", gettext_lazy("No tax is charged")
    INCLUDED = "included", gettext_lazy("The prices include it")
    ADDED = "added", gettext_lazy("It is added to the prices")


class PriceList(models.Model):
    """
    What one site charges from a day on. Never changed: another list takes its place, from its own day on. The database refuses the rest.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="price_lists")
    valid_from = models.DateField()
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    tax = models.CharField(max_length=10, choices=Tax)
    tax_name = models.CharField(max_length=40, blank=True, help_text="As printed, for example VAT")
    tax_percent = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    tax_words = models.CharField(max_length=200, blank=True, help_text="Printed below the sum")
    quote_days = models.PositiveSmallIntegerField(help_text="For how many days a quote holds")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    request_key = models.CharField(max_length=60, unique=True)

    objects = PriceListQuerySet.as_manager()

    class Meta:
        ordering = ["site", "-valid_from", "-pk"]
        indexes = [models.Index(fields=["site", "-valid_from", "-id"], name="prices_of_site")]
        constraints = [
            models.CheckConstraint(
                name="tax_named_where_charged",
                condition=models.Q(tax="none", tax_percent=0)
                | (~models.Q(tax="none") & models.Q(tax_percent__gt=0) & ~models.Q(tax_name="")),
            )
        ]

    def __str__(self) -> str:
        return f"Prices from {self.valid_from}"

    @property
    def money(self) -> Currency:
        return Currency(self.currency)


class Price(models.Model):
    """One price of a list. An empty code stands for everything of its kind that has no price of its own."""

    class Kind(models.TextChoices):
        SERVICE = "service", gettext_lazy("Service")
        SESSION = "session", gettext_lazy("Session")
        ZONE = "zone", gettext_lazy("Zone")
        ADJUVANT = "adjuvant", gettext_lazy("Adjuvant")

    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="prices")
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=60, blank=True, help_text="Id in the protocol: an indication, a zone, an adjuvant")
    words = models.CharField(max_length=120, help_text="As it was called when the list was made")
    amount = models.DecimalField(**MONEY)

    class Meta:
        ordering = ["price_list", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["price_list", "kind", "code"], name="one_price_of_a_thing"),
            models.CheckConstraint(name="price_not_below_zero", condition=models.Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return self.words


class Quote(models.Model):
    """
    What a plan was said to cost, with the day until which that holds. What stands in it is copied from the price list of its day: a price
    that changes later changes no quote. The database keeps it as it was given; only the answer is added, once.
    """

    class Status(models.TextChoices):
        GIVEN = "given", gettext_lazy("Given")
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        DECLINED = "declined", gettext_lazy("Declined")
        REPLACED = "replaced", gettext_lazy("Replaced")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="quotes")
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="quotes")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    lines = models.JSONField(help_text="kind, code, words, count, each and sum; sums as text")
    subtotal = models.DecimalField(**MONEY, help_text="All lines together")
    tax = models.CharField(max_length=10, choices=Tax)
    tax_name = models.CharField(max_length=40, blank=True)
    tax_percent = models.DecimalField(max_digits=5, decimal_places=2)
    tax_words = models.CharField(max_length=200, blank=True)
    tax_amount = models.DecimalField(**MONEY, help_text="Within the total; rounded once, half a coin up")
    total = models.DecimalField(**MONEY, help_text="What the patient pays")
    given_on = models.DateField()
    valid_until = models.DateField(help_text="Its last day")
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.GIVEN)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Who wrote the answer down"
    )
    said_by = models.CharField(max_length=120, blank=True, help_text="Who gave the answer")
    note = models.CharField(max_length=300, blank=True)
    request_key = models.CharField(max_length=60, unique=True)

    objects = QuoteQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=models.Q(status__in=("given", "accepted")), name="one_quote_of_a_plan_counts"
            ),
            models.CheckConstraint(name="quote_holds_a_day", condition=models.Q(valid_until__gte=models.F("given_on"))),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"Q-{self.pk:05d}" if self.pk else "Q"

    @property
    def money(self) -> Currency:
        return Currency(self.currency)

    def is_over(self, day: dt.date) -> bool:
        """Whether nobody may say yes any more on *day*."""
        return day > self.valid_until


class Paper(models.Model):
    """
    One paper of a patient as it was made: the bytes, under one hash. Printed again it is the same file; where what it says has changed
    since, a new version is made and the older ones stay. The aftercare sheet has a row and a queue of its own.
    """

    class Kind(models.TextChoices):
        BEFORE_VISIT = "before_visit", gettext_lazy("Before your visit")
        PLAN = "plan", gettext_lazy("Plan summary")
        QUOTE = "quote", gettext_lazy("Plan and quote")
        LABEL = "label", gettext_lazy("Chart labels")

    class Variant(models.TextChoices):
        A4 = "A4", "A4"
        LETTER = "Letter", gettext_lazy("US Letter")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=20, choices=Kind)
    subject = models.PositiveBigIntegerField(help_text="Number of the row it is about: the booking, plan, quote or patient")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(TreatmentPlan, null=True, on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey(Quote, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField(help_text="1, 2, 3 ... of this paper")
    variant = models.CharField(max_length=12, choices=Variant)
    language = models.CharField(max_length=10, default="en")
    facts_sha256 = models.CharField(max_length=64, help_text="Of what it says: the same facts are never drawn twice")
    file = models.CharField(max_length=200, help_text="Name in the storage")
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = PaperQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "variant", "version"], name="one_paper_of_a_version")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"P-{self.pk:05d}" if self.pk else "P"

    @property
    def site(self) -> Site:
        """Whose clock the paper is read by."""
        return self.patient.person.site
