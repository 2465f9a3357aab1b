"""What the clinic knows of one device beyond the diary, and what was done to it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy


class DeviceFile(models.Model):
    """
    Serial number and label of one device (FHIR: Device). The limits are those of the label of this very device: narrower than the
    protocol's or the same, never wider (see `sessions.devices.standing`). Without a row nothing is known, and it is cleaned each time.
    """

    device = models.OneToOneField("treatment_sessions.Resource", on_delete=models.PROTECT, related_name="file")
    serial = models.CharField(max_length=60, blank=True, help_text="As on the device")
    max_depth_mm = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="Deepest setting on its label; empty = the label says none"
    )
    label_zones = models.JSONField(default=list, blank=True, help_text="Zones of the label, by id of the protocol; empty = not limited")
    label_indications = models.JSONField(default=list, blank=True, help_text="Indications of the label, likewise")
    label_min_age = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Years; empty = not limited")
    label_source = models.CharField(max_length=200, blank=True, help_text="Where the label says so, such as instructions for use, page 7")
    single_use = models.BooleanField(default=False, help_text="Thrown away after one session: never cleaned")
    service_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Months from one service to the next; empty = none")

    class Meta:
        constraints = [
            models.CheckConstraint(name="label_depth_above_zero", condition=Q(max_depth_mm__isnull=True) | Q(max_depth_mm__gt=0)),
            models.CheckConstraint(
                name="label_limits_say_where",
                condition=Q(max_depth_mm__isnull=True, label_min_age__isnull=True) | ~Q(label_source=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device}, serial {self.serial}" if self.serial else str(self.device)


class DeviceLog(models.Model):
    """What was done to a device: serviced, cleaned, taken out of service, brought back. Only ever added."""

    class What(models.TextChoices):
        SERVICED = "serviced", gettext_lazy("Serviced")
        CLEANED = "cleaned", gettext_lazy("Cleaned")
        OUT = "out", gettext_lazy("Taken out of service")
        BACK = "back", gettext_lazy("Back in service")

    device = models.ForeignKey("treatment_sessions.Resource", on_delete=models.PROTECT, related_name="log")
    what = models.CharField(max_length=8, choices=What)
    done_at = models.DateTimeField(help_text="When it was done")
    done_by = models.CharField(max_length=120, help_text="Who did it: a person or a firm")
    next_due = models.DateField(null=True, blank=True, help_text="Of a service: the last day before the next one")
    agent = models.CharField(max_length=120, blank=True, help_text="Of a cleaning: what it was cleaned with")
    note = models.CharField(max_length=300, blank=True, help_text="Reason, report number, where the paper is")
    at = models.DateTimeField(help_text="When it was written down")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click adds once")

    class Meta:
        ordering = ["-done_at", "-pk"]
        indexes = [models.Index(fields=["device", "what", "-done_at"], name="device_log_newest")]
        constraints = [
            models.CheckConstraint(name="device_log_done_before_written", condition=Q(done_at__lte=F("at"))),
            models.CheckConstraint(name="cleaning_says_with_what", condition=~Q(what="cleaned") | ~Q(agent="")),
            models.CheckConstraint(name="out_of_service_says_why", condition=~Q(what="out") | ~Q(note="")),
            models.CheckConstraint(name="next_service_of_a_service", condition=Q(next_due__isnull=True) | Q(what="serviced")),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.done_at:%Y-%m-%d}"
