"""Products, their lots with stock by site, and what each session used of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts.models import Site

from ..querysets import OfRecordQuerySet


class Product(models.Model):
    """What the clinic uses on patients and gets in lots. The same at every site."""

    class Kind(models.TextChoices):
        NEEDLE = "needle", gettext_lazy("Needle cartridge")
        NUMBING = "numbing", gettext_lazy("Numbing product")
        ADJUVANT = "adjuvant", gettext_lazy("Adjuvant")
        PRP = "prp", gettext_lazy("PRP tube")

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120, unique=True)
    gtin = models.CharField(max_length=14, blank=True, help_text="GTIN as 14 digits; empty where the maker gives none")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["gtin"], condition=~Q(gtin=""), name="gtin_once")]

    def __str__(self) -> str:
        return self.name


class Lot(models.Model):
    """
    One lot of a product, at every site alike. Blocked is one flag, and `sessions.lots.rule` the one place that reads it. Without a
    product: a lot number that was recalled before anybody knew of which product; it blocks that number whatever the product.
    """

    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="lots")
    number = models.CharField(max_length=40, help_text="As printed, letters kept")
    key = models.CharField(max_length=40, db_index=True, editable=False, help_text="Letters and digits alone: how lots are compared")
    expires_on = models.DateField(null=True, blank=True)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    blocked_at = models.DateTimeField(null=True, blank=True)
    blocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    blocked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["expires_on", "number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "key"], name="lot_once_per_product"),
            models.UniqueConstraint(fields=["key"], condition=Q(product__isnull=True), name="lot_of_no_product_once"),
            models.CheckConstraint(
                name="blocked_lot_says_who_and_why",
                condition=Q(blocked_at__isnull=True, blocked_by__isnull=True, blocked_reason="")
                | Q(blocked_at__isnull=False, blocked_by__isnull=False) & ~Q(blocked_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Lot {self.number}"

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None


class StockMove(models.Model):
    """What came in, was used or was taken out of a lot at a site. Only ever added: the stock is their sum."""

    class What(models.TextChoices):
        RECEIVED = "received", gettext_lazy("Received")
        USED = "used", gettext_lazy("Used in a session")
        TAKEN_OUT = "taken_out", gettext_lazy("Taken out")

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="moves")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=10, choices=What)
    change = models.IntegerField(help_text="Pieces: more than 0 for what came in, less for what went")
    reason = models.CharField(max_length=200, blank=True)
    day = models.DateField(help_text="On the clock of the site")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=120, unique=True, help_text="Made with the form: a double click counts once")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="stock_comes_in_or_goes", condition=Q(what="received", change__gt=0) | ~Q(what="received") & Q(change__lt=0)
            ),
            models.CheckConstraint(name="taken_out_says_why", condition=~Q(what="taken_out") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.change:+d} of {self.lot_id}"


class UsedLot(models.Model):
    """
    One thing with a lot that a session used: a cartridge, the numbing product, an adjuvant. As typed or scanned; locked with the record.
    """

    class Kind(models.TextChoices):
        NEEDLE = "needle", gettext_lazy("Needle cartridge")
        NUMBING = "numbing", gettext_lazy("Numbing product")
        ADJUVANT = "adjuvant", gettext_lazy("Adjuvant")

    session = models.ForeignKey("treatment_sessions.TreatmentSession", on_delete=models.CASCADE, related_name="used_lots")
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=80, help_text="Which field of the record: needle, needle2, numbing, adj-...")
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    product_name = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=40, help_text="The lot, letters kept")
    key = models.CharField(max_length=40, help_text="Letters and digits of the lot alone")
    expires_on = models.DateField(null=True, blank=True)
    serial = models.CharField(max_length=20, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    raw = models.CharField(max_length=300, blank=True, help_text="What the scanner sent; empty where it was typed")
    is_new = models.BooleanField(default=False, help_text="Said to be new from its pack, where the code says no serial number")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was used")
    own_blood = models.BooleanField(default=False, help_text="The patient's own blood: two people check it before it is used")
    after_block = models.CharField(max_length=300, blank=True, help_text="What was done about a lot that was blocked after it was used")
    added_at = models.DateTimeField()

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["session", "place"]
        indexes = [models.Index(fields=["key", "product"], name="used_lot_by_lot")]
        constraints = [
            models.UniqueConstraint(fields=["session", "place"], name="one_lot_in_each_place"),
            models.UniqueConstraint(
                fields=["gtin", "key", "serial"], condition=Q(kind="needle") & ~Q(serial=""), name="one_cartridge_one_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, lot {self.number}"

    @property
    def raw_shown(self) -> str:
        """What the scanner sent, with a mark where no letter is shown."""
        return self.raw.replace("\x1d", "<GS>")
