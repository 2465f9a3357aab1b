"""What the clinic knows, as versions. The unit of a version is the whole pack."""

from django.conf import settings
from django.db import models


class VersionStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    RETIRED = "retired", "Retired"


class ProtocolVersionQuerySet(models.QuerySet):
    def current(self):
        """
        The version proposals are made from: the newest approved one, else the newest of all; None on an empty table. Its long
        document is read only where somebody asks for it.
        """
        rows = self.defer("document")
        return rows.filter(status=VersionStatus.APPROVED).order_by("-approved_at", "-pk").first() or rows.order_by("-pk").first()


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

    objects = ProtocolVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="approved_version_names_its_approver",
                condition=~models.Q(status="approved") | models.Q(approved_by__isnull=False, approved_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def is_approved(self) -> bool:
        return self.status == VersionStatus.APPROVED
