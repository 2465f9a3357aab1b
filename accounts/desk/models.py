"""Web sessions, one row for each browser somebody is signed in with, and the PIN that opens a locked one."""

from django.conf import settings
from django.db import models


class WebSession(models.Model):
    """
    What a browser's cookie stands for. Written by `accounts.desk.store`, locked and opened by `accounts.desk.services`.

    Whether it is locked, or confined to one form, lies in columns of its own, so that a slow request that saves what it had read
    before can never open it again.
    """

    key_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the cookie: whoever reads this table is not signed in")
    data = models.TextField()
    expires_at = models.DateTimeField(db_index=True, help_text="However busy: the absolute limit")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="web_sessions")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="The last sign of life of a person, to within `standing.step()`")
    locked_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Wrong PINs and passwords since it was last opened")
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=300, blank=True, help_text="As the browser names itself")
    confined_to = models.CharField(max_length=60, blank=True, default="", help_text="The one thing this browser opens; empty = everything")
    confined_at = models.DateTimeField(null=True, help_text="When it was handed over for that")

    class Meta:
        ordering = ["-seen_at", "-pk"]
        indexes = [models.Index(fields=["user", "-seen_at"], name="web_session_of_user")]

    def __str__(self) -> str:
        return f"web session {self.pk}"


class ReentryPin(models.Model):
    """Opens a locked screen of its owner, and signs a record there (`accounts.desk.signature`): it signs nobody in."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reentry_pin")
    digest = models.CharField(max_length=200, help_text="Slow hash over a value keyed with the clinic's secret")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"PIN of {self.user_id}"
