"""What the clinic knows, as versions. The unit of a version is the whole pack."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class ProtocolVersionQuerySet(models.QuerySet):
    def current(self):
        """
        The version proposals are made from: the newest approved one, else the newest whole one that is not retired; None where
        there is none. Its long
        document is read only where somebody asks for it.
        """
        rows = self.defer("document")
        approved = rows.filter(status=VersionStatus.APPROVED).order_by("-approved_at", "-pk").first()
        return approved or rows.filter(is_whole=True).exclude(status=VersionStatus.RETIRED).order_by("-pk").first()

    def to_read(self, day):
        """What a medical lead has to read: handed over for review, or approved with its next review overdue on *day*."""
        overdue = models.Q(status=VersionStatus.APPROVED, next_review_on__lt=day)
        return self.defer("document").filter(overdue | models.Q(status=VersionStatus.IN_REVIEW)).order_by("pk")


class ProtocolVersion(models.Model):
    """
    One canonical document and its SHA-256. From approval on the database refuses to change it (see `protocols.guards`);
    only its retirement may still be written.
    """

    version = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=12, choices=VersionStatus, default=VersionStatus.DRAFT)
    document = models.TextField(help_text="Canonical JSON: keys sorted, no spaces, UTF-8")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approval_reason = models.CharField(max_length=300, blank=True)
    next_review_on = models.DateField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False, help_text="Approved for demonstration only")

    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True, help_text="What this version is to change, in words")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lock_version = models.PositiveIntegerField(default=1, editable=False, help_text="Counted up at every edit of the draft")
    is_whole = models.BooleanField(default=True, help_text="False: a value has lost its reference; it cannot be reviewed or approved")
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    retirement_reason = models.CharField(max_length=300, blank=True)

    objects = ProtocolVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="approved_version_names_its_approver",
                condition=~models.Q(status="approved") | models.Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
            models.UniqueConstraint(fields=["status"], condition=models.Q(status="approved"), name="at_most_one_approved_version"),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def standing(self) -> str:
        """The status as it stands in a sentence: "Protocol 2026.2 is ..."."""
        return pgettext("Protocol 2026.2 is ...", "a draft") if self.status == VersionStatus.DRAFT else self.get_status_display().lower()

    @property
    def is_approved(self) -> bool:
        return self.status == VersionStatus.APPROVED

    @property
    def is_review_overdue(self) -> bool:
        """From the day after the one set for its next review, until another version takes its place."""
        return self.is_approved and self.next_review_on is not None and self.next_review_on < timezone.localdate()


class ProtocolEdit(models.Model):
    """One save of a draft: which values, from what to what. Written once."""

    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="edits")
    lock_version = models.PositiveIntegerField(help_text="Of the draft after this edit")
    section = models.CharField(max_length=60, help_text="Page of the editor")
    changes = models.JSONField(help_text="[{path, before, after}]")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["protocol_version", "lock_version"], name="one_edit_per_lock_version")]

    def __str__(self) -> str:
        return f"{self.section}: {len(self.changes)} values"


class ProtocolStep(models.Model):
    """One step of a version's life after it was made: handed over, sent back, approved, retired. Written once."""

    class Step(models.TextChoices):
        SUBMITTED = "submitted", _("Handed over for review")
        SENT_BACK = "sent_back", _("Sent back to draft")
        APPROVED = "approved", _("Approved")
        RETIRED = "retired", _("Retired")

    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=12, choices=Step)
    reason = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, help_text="Of the document as it stood")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_step_display()


class ProtocolCase(models.Model):
    """
    A case of the clinic's own for the regression bench (case format), beside those that come with the project. Holds no name
    and nothing else that identifies a patient.
    """

    name = models.CharField(max_length=120, unique=True)
    case = models.JSONField(help_text="Case format, 'In'")
    expect = models.JSONField(default=dict, blank=True, help_text="What must come out, as in the case library")
    must_hold = models.BooleanField(default=False, help_text="While it fails, no version can be approved")
    note = models.CharField(max_length=300, blank=True)
    is_active = models.BooleanField(default=True)
    lock_version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
