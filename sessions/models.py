"""Resources and their hours, bookings and what they hold, and the record of each session."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Site
from accounts.versioning import VersionedModel
from patients.models import Patient
from patients.querysets import OfPatientQuerySet
from plans.models import PlanZone, TreatmentPlan


class Resource(models.Model):
    """Something a visit needs and only one visit can have at a time: a clinician, a room, a device."""

    class Kind(models.TextChoices):
        CLINICIAN = "clinician", "Clinician"
        ROOM = "room", "Room"
        DEVICE = "device", "Device"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=80)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="resource")
    device_kind = models.CharField(max_length=20, blank=True, help_text="pen or roller")
    device_brand = models.CharField(max_length=80, blank=True, help_text="Brand as in the protocol's device limits; empty = not listed")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "kind", "name"], name="resource_name_once_per_site")]

    def __str__(self) -> str:
        return self.name


class ResourceHours(models.Model):
    """Weekly hours on the clinic's wall clock. A resource without hours on a weekday is closed that day."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 = Monday")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["resource", "weekday", "opens"]
        constraints = [models.CheckConstraint(name="hours_close_after_they_open", condition=Q(closes__gt=F("opens")))]

    def __str__(self) -> str:
        return f"{self.resource} {self.weekday} {self.opens} to {self.closes}"


class Absence(models.Model):
    """Leave, service, closure: no booking in [starts_at, ends_at)."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120)

    class Meta:
        ordering = ["starts_at"]
        constraints = [models.CheckConstraint(name="absence_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at")))]

    def __str__(self) -> str:
        return self.reason


class Booking(VersionedModel):
    """One visit in the diary (FHIR: Appointment)."""

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", "Consultation"
        SESSION = "session", "Session"
        REVIEW = "review", "Review"

    class Status(models.TextChoices):
        BOOKED = "booked", "Booked"
        ARRIVED = "arrived", "Here"
        IN_ROOM = "in_room", "In room"
        DONE = "done", "Done"
        MISSED = "missed", "Missed"
        CANCELLED = "cancelled", "Cancelled"

    # These hold their resources; missed and cancelled visits do not.
    LIVE = (Status.BOOKED, Status.ARRIVED, Status.IN_ROOM, Status.DONE)

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="bookings")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="bookings")
    plan = models.ForeignKey(TreatmentPlan, null=True, blank=True, on_delete=models.PROTECT, related_name="bookings")
    kind = models.CharField(max_length=14, choices=Kind)
    session_number = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    clinician = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True, help_text="For the desk; nothing clinical")
    arrived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click books once")

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["site", "starts_at"], name="booking_by_day"),
            models.Index(fields=["patient", "starts_at"], name="booking_by_patient"),
        ]
        constraints = [
            models.CheckConstraint(name="booking_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.UniqueConstraint(
                fields=["plan", "session_number"],
                condition=Q(kind="session", status__in=["booked", "arrived", "in_room", "done"]),
                name="session_of_a_plan_booked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M}"


class Hold(models.Model):
    """
    One resource, or the patient, taken from starts_at to ends_at (half open). The database refuses two live holds of one
    subject that share a minute, on both engines (see `sessions.guards`).
    """

    class Segment(models.TextChoices):
        NUMBING = "numbing", "Numbing"
        NEEDLING = "needling", "Needling"
        CLEAN_DOWN = "clean_down", "Clean-down"
        VISIT = "visit", "Visit"

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="holds")
    resource = models.ForeignKey(Resource, null=True, on_delete=models.PROTECT, related_name="holds")
    patient = models.ForeignKey(Patient, null=True, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=24, editable=False, help_text="r12 for resource 12, p7 for patient 7: what is held")
    segment = models.CharField(max_length=10, choices=Segment, default=Segment.VISIT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_live = models.BooleanField(default=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["subject", "starts_at"], name="hold_by_subject", condition=Q(is_live=True))]
        constraints = [
            models.CheckConstraint(name="hold_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="hold_is_of_one_subject",
                condition=Q(resource__isnull=False, patient__isnull=True) | Q(resource__isnull=True, patient__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.starts_at:%Y-%m-%d %H:%M}"


class TreatmentSession(VersionedModel):
    """
    The record of one treatment (FHIR: Procedure). Signed means locked: from then on the database refuses any change, and
    corrections are dated additions.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"

    class Reaction(models.TextChoices):
        NONE = "none", "None"
        EXPECTED = "expected", "As expected"
        ADVERSE = "adverse", "Adverse event"

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="record")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="records")
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="records")
    session_number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    clinician = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="records")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    identity_checked = models.BooleanField(default=False)
    skin_checked = models.BooleanField(default=False)
    consent_confirmed = models.BooleanField(default=False)
    device = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    needle_lot = models.CharField(max_length=40, blank=True, help_text="As printed, letters kept")
    needle_expires_on = models.DateField(null=True, blank=True)
    numbing = models.CharField(max_length=120, blank=True)
    adjuvants = models.JSONField(default=list, help_text="[{id, product, lot}]")
    reaction = models.CharField(max_length=10, choices=Reaction, blank=True)
    reaction_note = models.CharField(max_length=1000, blank=True)
    note = models.TextField(blank=True)
    deviations = models.JSONField(default=list, help_text="Computed at signing: planned against done")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_content = models.TextField(blank=True, help_text="Canonical JSON of what was signed")
    signed_sha256 = models.CharField(max_length=64, blank=True)

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                name="signed_record_names_its_signer",
                condition=~Q(status="signed") | Q(signed_by__isnull=False, signed_at__isnull=False, ended_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Session {self.session_number}"

    @property
    def is_locked(self) -> bool:
        return self.status == self.Status.SIGNED


class SessionZone(models.Model):
    """Planned beside done for one zone. `done` is empty until somebody says so."""

    class State(models.TextChoices):
        NOT_RECORDED = "not_recorded", "Not recorded"
        DONE = "done", "Done"
        NOT_TREATED = "not_treated", "Not treated"

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="zones")
    plan_zone = models.ForeignKey(PlanZone, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=40)
    zone_label = models.CharField(max_length=120)
    planned_depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    state = models.CharField(max_length=12, choices=State, default=State.NOT_RECORDED)
    done_depth_mm = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    passes = models.PositiveSmallIntegerField(null=True, blank=True)
    endpoint = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it differs from the plan")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "zone"], name="zone_once_per_session"),
            models.CheckConstraint(name="done_zone_has_a_depth", condition=~Q(state="done") | Q(done_depth_mm__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.zone_label


class SessionCorrection(models.Model):
    """A dated addition to a signed record. Added, never changed."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="corrections")
    text = models.TextField()
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Correction of {self.made_at:%Y-%m-%d}"
