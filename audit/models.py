"""One row for every read, write, refusal, export and print of patient data. Rows are only ever added."""

import uuid

from django.conf import settings
from django.db import models


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    NOTHING = "nothing", "Nothing changed"
    FAILED = "failed", "Failed"


class AuditEvent(models.Model):
    """What somebody did or tried to do. The database refuses to change or delete a row (see `audit.guards`)."""

    at = models.DateTimeField(db_index=True, help_text="UTC")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200, help_text="The name at that moment; 'system' for tasks")
    action = models.CharField(max_length=60, help_text="noun.verb, for example patient.viewed")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.DONE)
    # A number, not a foreign key: the row outlives what it speaks of.
    patient_pk = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_pk = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict, help_text="Field names and ids; never clinical text")
    address = models.GenericIPAddressField(null=True)
    path = models.CharField(max_length=300, blank=True)
    signature = models.CharField(max_length=32, blank=True, default="", editable=False, help_text="That this program wrote the row")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["patient_pk", "-id"], name="audit_by_patient"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["outcome", "-id"], name="audit_by_outcome"),
            models.Index(fields=["address", "-id"], name="audit_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z {self.actor_name} {self.action}"


class AuditSeal(models.Model):
    """
    One link of the chain over the audit rows, written by the sealer (see `audit.chain`). Positions count from 1 without gaps,
    in the order in which rows were sealed, which on PostgreSQL is not always that of their numbers.
    """

    id = models.BigIntegerField(primary_key=True, help_text="Position in the chain")
    # A number, not a foreign key: the seal outlives a row that somebody took away, and says which it was.
    event_id = models.BigIntegerField(unique=True)
    link = models.CharField(max_length=64, help_text="HMAC-SHA256 over the link before, the position, the row's number and its content")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"Position {self.pk}: row {self.event_id}"


class ErasureOrder(models.Model):
    """
    The order under which one patient's data was erased; outlives the patient and holds numbers, never content.

    While it is open (`pending` = OPEN) the database lets rows of that patient go (see `audit.guards.let_go`). An open order can
    not be committed: its foreign key points nowhere and is checked at the commit. So whoever sees an open one stands in the
    very transaction that made it, and it is closed, once the patient is gone, before that ends.
    """

    OPEN = -1

    class Ground(models.TextChoices):
        RETENTION = "retention", "The retention period is over"
        OVERRIDE = "override", "Earlier, by a named override"

    class Reason(models.TextChoices):
        PERIOD_OVER = "period_over", "Retention period over"
        PATIENT_ASKED = "patient_asked", "The patient asked for it and the law grants it"
        REGISTERED_IN_ERROR = "in_error", "Registered in error; nobody was treated"
        COURT_OR_AUTHORITY = "authority", "A court or an authority ordered it"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # Numbers, not foreign keys: the row outlives what it speaks of.
    patient_pk = models.BigIntegerField(db_index=True)
    patient_number = models.PositiveBigIntegerField(db_index=True)
    patient_key = models.UUIDField(help_text="Made when the patient was registered: never two the same, on any machine")
    site_pk = models.BigIntegerField(null=True)
    ground = models.CharField(max_length=10, choices=Ground)
    reason = models.CharField(max_length=20, choices=Reason)
    reference = models.CharField(max_length=120, blank=True, help_text="Where the request is filed; no names")
    kept_until = models.DateField(null=True, help_text="Last day of the retention period as it was reckoned then")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ordered_by_name = models.CharField(max_length=200, help_text="The name at that moment")
    ordered_at = models.DateTimeField(help_text="UTC")
    erased = models.JSONField(default=dict, help_text="Rows erased by table; counts only")
    is_reapplied = models.BooleanField(default=False, help_text="Carried out again on a restored database")
    pending = models.ForeignKey("self", null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    made_in = models.BigIntegerField(null=True, editable=False, help_text="PostgreSQL's number of the transaction, set by the database")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="erasure_order_open_or_closed", condition=models.Q(pending__isnull=True) | models.Q(pending=-1)),
            models.CheckConstraint(name="erasure_order_is_no_parent", condition=models.Q(id__gt=0)),
        ]

    def __str__(self) -> str:
        return f"Erasure of patient {self.patient_number}"


class ErasedFile(models.Model):
    """A file that goes with an erased patient: removed after the commit, and again until nothing can come back (an outbox)."""

    order = models.ForeignKey(ErasureOrder, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200, help_text="In the storage; where it ends with *, every name that begins so")
    gone_at = models.DateTimeField(null=True, help_text="UTC; set once no worker that began before can write it again")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["order", "name"], name="erased_file_once_per_order")]
        indexes = [models.Index(fields=["id"], name="files_to_go", condition=models.Q(gone_at__isnull=True))]

    def __str__(self) -> str:
        return self.name
