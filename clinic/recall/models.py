"""Recalls, and what was done to reach each person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.models import Patient
from patients.person import PersonKey
from patients.querysets import OfPatientQuerySet
from sessions.models import Lot


class Recall(models.Model):
    """That a lot was blocked, why, and what the letter says. One stands for a lot at a time; a lifted one stays to be read."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="recalls")
    reason = models.CharField(max_length=300, help_text="For staff: shown wherever the lot is refused")
    letter = models.TextField(help_text="What the letter says to the patients")
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_reason = models.CharField(max_length=300, blank=True)
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click orders once")

    class Meta:
        ordering = ["-ordered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["lot"], condition=Q(lifted_at__isnull=True), name="one_recall_of_a_lot_stands"),
            models.CheckConstraint(
                name="lifted_recall_says_who_and_why",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True, lifted_reason="")
                | Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lifted_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return _("Recall of lot %(number)s") % {"number": self.lot.number}


class RecallContact(models.Model):
    """One attempt to reach one person. Only ever added: the newest says how it stands; without one the person is to be called."""

    class Status(models.TextChoices):
        TO_CALL = "to_call", gettext_lazy("To call")
        REACHED = "reached", gettext_lazy("Reached")
        LETTER = "letter", gettext_lazy("Letter sent")
        NOT_REACHED = "not_reached", gettext_lazy("Not reached")

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="contacts")
    patient = PersonKey(Patient, on_delete=models.PROTECT, related_name="recall_contacts")
    status = models.CharField(max_length=12, choices=Status)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click adds once")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.get_status_display()
