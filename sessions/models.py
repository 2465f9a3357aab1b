"""Resources and their hours, bookings and what they hold, and the record of each session."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext, gettext_lazy

from accounts.models import Site
from accounts.versioning import VersionedModel
from patients.models import Patient
from patients.person import PersonKey
from plans.models import PlanZone, TreatmentPlan

from .querysets import BookingQuerySet, HoldQuerySet, OfRecordQuerySet, RecordQuerySet, ResourceQuerySet


class Resource(models.Model):
    """
    Something a visit needs and only one visit can have at a time: a clinician, a room, a bay for numbing, a device. A person is one
    row, whatever the number of sites they work at, so that nothing can be booked twice with them: `site` is where they belong, and
    hours at another site make them bookable there as well.
    """

    class Kind(models.TextChoices):
        CLINICIAN = "clinician", gettext_lazy("Clinician")
        ROOM = "room", gettext_lazy("Room")
        DEVICE = "device", gettext_lazy("Device")
        BAY = "bay", gettext_lazy("Numbing bay")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=80)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="resource")
    device_kind = models.CharField(max_length=20, blank=True, help_text="pen or roller")
    device_brand = models.CharField(max_length=80, blank=True, help_text="Brand as in the protocol's device limits; empty = not listed")
    is_active = models.BooleanField(default=True)
    cleaning_minutes = models.PositiveSmallIntegerField(default=0, help_text="Held this long after each use of it, to be made ready")
    retired_on = models.DateField(null=True, blank=True, help_text="Takes no visit from this day on")

    objects = ResourceQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "kind", "name"], name="resource_name_once_per_site"),
            models.CheckConstraint(name="cleaning_within_two_hours", condition=Q(cleaning_minutes__lte=120)),
        ]

    def __str__(self) -> str:
        return self.name


class ResourceHours(models.Model):
    """
    Weekly hours on the wall clock of the site, from valid_from to valid_until, both included; empty = always. A resource without
    hours on a weekday is closed that day. site: another one at which a clinician works too; empty = where the resource belongs.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="hours")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="hours_of_others")
    weekday = models.PositiveSmallIntegerField(help_text="0 = Monday")
    opens = models.TimeField()
    closes = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["resource", "weekday", "opens"]
        constraints = [
            models.CheckConstraint(name="hours_close_after_they_open", condition=Q(closes__gt=F("opens"))),
            models.CheckConstraint(name="hours_of_a_weekday", condition=Q(weekday__lte=6)),
            models.CheckConstraint(
                name="hours_end_after_they_begin",
                condition=Q(valid_from__isnull=True) | Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            ),
        ]

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


class Holiday(models.Model):
    """A day on which a whole site is closed."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="holiday_once_per_site_and_day")]

    def __str__(self) -> str:
        return self.name


class DeviceUse(models.Model):
    """That a clinician was trained on a device. A device nobody is named for may be used by everybody; else only by these."""

    device = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="users")
    clinician = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="devices")

    class Meta:
        ordering = ["device", "clinician"]
        constraints = [models.UniqueConstraint(fields=["device", "clinician"], name="device_use_once")]

    def __str__(self) -> str:
        return f"{self.clinician} uses {self.device}"


class ServiceTime(models.Model):
    """
    How long each part of a visit takes at a site, in minutes: the clinic's own diary setting, not a clinical value.
    `needling_minutes` is the part with the clinician, whatever the kind of visit. A kind without a row has STARTING.
    A session takes `minutes_per_zone` more for each zone of its plan beyond `zones_included`.
    """

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", gettext_lazy("Consultation")
        SESSION = "session", gettext_lazy("Session")
        REVIEW = "review", gettext_lazy("Review")

    # What a new site starts with: (numbing, with the clinician, clean-down).
    STARTING = {"consultation": (0, 45, 0), "session": (30, 50, 10), "review": (0, 30, 0)}

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="service_times")
    kind = models.CharField(max_length=14, choices=Kind)
    numbing_minutes = models.PositiveSmallIntegerField(default=0)
    needling_minutes = models.PositiveSmallIntegerField(help_text="The part with the clinician")
    clean_down_minutes = models.PositiveSmallIntegerField(default=0)
    zones_included = models.PositiveSmallIntegerField(default=1)
    minutes_per_zone = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["site", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["site", "kind"], name="service_time_once_per_kind"),
            models.CheckConstraint(
                name="service_time_within_a_day",
                condition=Q(numbing_minutes__lte=240, needling_minutes__gte=5, needling_minutes__lte=480, clean_down_minutes__lte=120),
            ),
            models.CheckConstraint(name="minutes_per_zone_within_an_hour", condition=Q(minutes_per_zone__lte=60, zones_included__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.numbing_minutes} + {self.needling_minutes} + {self.clean_down_minutes} min"


class NumbingTime(models.Model):
    """How long a site leaves one numbing product on: instead of the session's usual minutes where the plan names that product."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="numbing_times")
    product = models.CharField(max_length=60, help_text="As the plan names it")
    minutes = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["site", "product"]
        constraints = [
            models.UniqueConstraint(fields=["site", "product"], name="numbing_time_once_per_product"),
            models.CheckConstraint(name="numbing_within_four_hours", condition=Q(minutes__lte=240)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.minutes} min"


class Booking(VersionedModel):
    """One visit in the diary (FHIR: Appointment)."""

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", gettext_lazy("Consultation")
        SESSION = "session", gettext_lazy("Session")
        REVIEW = "review", gettext_lazy("Review")

    class Status(models.TextChoices):
        BOOKED = "booked", gettext_lazy("Booked")
        ARRIVED = "arrived", gettext_lazy("Here")
        IN_ROOM = "in_room", gettext_lazy("In room")
        DONE = "done", gettext_lazy("Done")
        MISSED = "missed", gettext_lazy("Missed")
        CANCELLED = "cancelled", gettext_lazy("Cancelled")

    # These hold their resources; missed and cancelled visits do not.
    LIVE = (Status.BOOKED, Status.ARRIVED, Status.IN_ROOM, Status.DONE)

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="bookings")
    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="bookings")
    plan = models.ForeignKey(TreatmentPlan, null=True, blank=True, on_delete=models.PROTECT, related_name="bookings")
    kind = models.CharField(max_length=14, choices=Kind)
    session_number = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    clinician = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    bay = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Where the numbing is; empty = in the room"
    )
    note = models.CharField(max_length=300, blank=True, help_text="For the desk; nothing clinical")
    cancel_reason = models.CharField(max_length=120, blank=True)
    gap_reason = models.CharField(max_length=300, blank=True, help_text="Why it is sooner than the healing gap allows")
    gap_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    gap_at = models.DateTimeField(null=True, blank=True)
    gap_first_day = models.DateField(null=True, blank=True, help_text="The first day the gap allowed when that was said")
    arrived_at = models.DateTimeField(null=True, blank=True)
    numbing_started_at = models.DateTimeField(null=True, blank=True, help_text="When it was marked that the numbing is on")
    late_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How late the patient said to be, in minutes from the start of the visit"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click books once")

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["site", "starts_at"], name="booking_by_day"),
            models.Index(fields=["patient", "starts_at"], name="booking_by_patient"),
        ]
        constraints = [
            models.CheckConstraint(name="booking_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="late_by_some_minutes_of_the_day",
                condition=Q(late_minutes__isnull=True) | Q(late_minutes__gte=1, late_minutes__lte=720),
            ),
            models.CheckConstraint(
                name="sooner_visit_says_who_and_why",
                condition=Q(gap_reason="", gap_by__isnull=True, gap_at__isnull=True, gap_first_day__isnull=True)
                | ~Q(gap_reason="") & Q(gap_by__isnull=False, gap_at__isnull=False, gap_first_day__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["plan", "session_number"],
                condition=Q(kind="session", status__in=["booked", "arrived", "in_room", "done"]),
                name="session_of_a_plan_booked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_live(self) -> bool:
        """Whether it holds its resources."""
        return self.status in self.LIVE

    def on_site(self, moment: dt.datetime) -> dt.datetime:
        """*moment* on the wall clock of the site the visit is at, whatever the clock of the page."""
        return self.site.local(moment)

    @property
    def title(self) -> str:
        """`Session 2 of 4`, `Review after session 4`, `Consultation`."""
        if self.kind == self.Kind.SESSION and self.session_number and self.plan:
            return gettext("Session %(session_number)s of %(sessions_count)s") % {
                "session_number": self.session_number,
                "sessions_count": self.plan.sessions_count,
            }
        if self.kind == self.Kind.REVIEW and self.session_number:
            return gettext("Review after session %(session_number)s") % {"session_number": self.session_number}
        return self.get_kind_display()


class Hold(models.Model):
    """
    One resource, or the patient, taken from starts_at to ends_at (half open). The database refuses two live holds of one
    subject that share a minute, on both engines (see `sessions.guards`).
    """

    class Segment(models.TextChoices):
        NUMBING = "numbing", gettext_lazy("Numbing")
        NEEDLING = "needling", gettext_lazy("Needling")
        CLEAN_DOWN = "clean_down", gettext_lazy("Clean-down")
        VISIT = "visit", gettext_lazy("Visit")

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="holds")
    resource = models.ForeignKey(Resource, null=True, on_delete=models.PROTECT, related_name="holds")
    patient = models.ForeignKey(Patient, null=True, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=24, editable=False, help_text="r12 for resource 12, p7 for patient 7: what is held")
    segment = models.CharField(max_length=10, choices=Segment, default=Segment.VISIT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_live = models.BooleanField(default=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["subject", "starts_at"], name="hold_by_subject", condition=Q(is_live=True))]
        constraints = [
            models.CheckConstraint(name="hold_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="hold_is_of_one_subject",
                condition=Q(resource__isnull=False, patient__isnull=True) | Q(resource__isnull=True, patient__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_subject_names_what_is_held",
                condition=Q(resource__isnull=True) | Q(subject=Concat(Value("r"), Cast("resource_id", CharField()))),
            ),
            models.CheckConstraint(
                name="hold_subject_names_who_is_held",
                condition=Q(patient__isnull=True) | Q(subject=Concat(Value("p"), Cast("patient_id", CharField()))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.starts_at:%Y-%m-%d %H:%M}"


class TreatmentSession(VersionedModel):
    """
    The record of one treatment (FHIR: Procedure). A draft is saved with every change, also where it is not yet whole. Signed
    or closed means locked: from then on the database refuses any change (see `sessions.record_guards`), and corrections are
    dated additions.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", gettext_lazy("Draft")
        SIGNED = "signed", gettext_lazy("Signed")
        CLOSED = "closed", gettext_lazy("Closed without treatment")

    class Decided(models.TextChoices):
        """Why a session goes ahead where the planner is more careful today than the plan."""

        LIGHTER = "lighter", gettext_lazy("Treated at the depth proposed today")
        DONE = "done", gettext_lazy("What is asked for was already done")
        PLANNED = "planned", gettext_lazy("Weighed today: treated as planned")
        OTHER = "other", gettext_lazy("Other, say what was decided")

    class Source(models.TextChoices):
        """What a record is entered from on a later day."""

        PAPER = "paper", gettext_lazy("A paper record of that day")
        MEMORY = "memory", gettext_lazy("What the person who treated remembers")

    class Reaction(models.TextChoices):
        NONE = "none", gettext_lazy("None")
        EXPECTED = "expected", gettext_lazy("As expected")
        ADVERSE = "adverse", gettext_lazy("Adverse event")

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="record")
    patient = PersonKey(Patient, on_delete=models.PROTECT, related_name="records")
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="records")
    session_number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    clinician = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="records", help_text="Who treats, and so who signs"
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True, help_text="When it was begun, where that was not at the visit")
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Who entered it then"
    )
    entered_from = models.CharField(max_length=8, choices=Source, blank=True)
    late_reason = models.CharField(max_length=300, blank=True, help_text="Why it was not recorded at the visit")
    late_said = models.CharField(
        max_length=500, blank=True, help_text="Of a late record: what is said about what was not in order that day"
    )
    identity_checked = models.BooleanField(default=False)
    skin_checked = models.BooleanField(default=False)
    consent_confirmed = models.BooleanField(default=False, help_text="A tick, from before consent was signed here")
    consent_reason = models.CharField(max_length=300, blank=True, help_text="Why consent signed on an older text holds today")
    consent_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    consent_at = models.DateTimeField(null=True, blank=True)
    gap_reason = models.CharField(max_length=300, blank=True, help_text="Why the session is sooner than the plan's shortest interval")
    gap_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    gap_at = models.DateTimeField(null=True, blank=True)
    start_check = models.JSONField(
        default=dict, blank=True, help_text="What the gate and the planner said on the day, kept from the moment the first zone is recorded"
    )
    decided_today = models.JSONField(
        default=list,
        blank=True,
        help_text="What was decided where the planner was more careful than the plan: [{changes, reason, note, by, by_name, at}]",
    )
    device = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device_reason = models.CharField(
        max_length=300, blank=True, help_text="Why the device was used although its label or its log speaks against it"
    )
    needle_lot = models.CharField(max_length=40, blank=True, help_text="As printed, letters kept")
    needle_expires_on = models.DateField(null=True, blank=True)
    numbing = models.CharField(max_length=120, blank=True, help_text="Product; empty where none was used")
    numbing_on_at = models.DateTimeField(null=True, blank=True)
    numbing_off_at = models.DateTimeField(null=True, blank=True)
    adjuvants = models.JSONField(default=list, blank=True, help_text="[{id, label, product, lot}] of what was used")
    pain = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Worst pain of the needling, 0 to 10; empty = not asked")
    reaction = models.CharField(max_length=10, choices=Reaction, blank=True)
    reaction_note = models.CharField(max_length=1000, blank=True)
    note = models.TextField(blank=True)
    unread = models.JSONField(
        default=dict, blank=True, help_text="What was typed and cannot be read as a value yet, by field: shown again beside its message"
    )
    saved_at = models.DateTimeField(null=True, blank=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    saved_page = models.CharField(
        max_length=40, blank=True, help_text="The page that saved last: its own repeated save after a lost answer is not a clash"
    )
    saved_turn = models.PositiveIntegerField(default=0, help_text="Counts that page's saves, so that a late one never undoes a newer one")
    deviations = models.JSONField(default=list, blank=True, help_text="Computed at signing: planned against done")
    needs = models.JSONField(
        default=list, blank=True, help_text="Set at signing: what went beyond the right of who treated: [{key, who, subject}]"
    )
    roles_asked = models.PositiveSmallIntegerField(default=0, help_text="How many roles must countersign that")
    closed_reason = models.CharField(max_length=300, blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_content = models.TextField(blank=True, help_text="Canonical JSON of what was signed")
    signed_sha256 = models.CharField(max_length=64, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["patient", "-started_at"], name="record_by_patient"),
            models.Index(fields=["device", "-started_at"], name="record_by_device"),  # when a device was used last
            models.Index(fields=["started_at"], name="record_that_asks", condition=Q(roles_asked__gt=0)),
        ]
        constraints = [
            models.CheckConstraint(
                name="signed_record_names_its_signer",
                condition=~Q(status="signed")
                | Q(signed_by__isnull=False, signed_at__isnull=False, ended_at__isnull=False) & ~Q(signed_sha256=""),
            ),
            models.CheckConstraint(
                name="session_ends_after_it_starts", condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("started_at"))
            ),
            models.CheckConstraint(name="pain_from_0_to_10", condition=Q(pain__isnull=True) | Q(pain__lte=10)),
            models.CheckConstraint(name="closed_record_says_why", condition=~Q(status="closed") | ~Q(closed_reason="")),
            models.CheckConstraint(
                name="late_record_says_who_and_why",
                condition=Q(entered_at__isnull=True, entered_by__isnull=True)
                | Q(entered_at__gt=F("started_at"), entered_by__isnull=False) & ~Q(late_reason="") & ~Q(entered_from=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Session {self.session_number}"

    @property
    def site(self) -> Site:
        """Where it is done; on its clock times are typed, shown and printed."""
        return self.booking.site

    @property
    def day(self) -> dt.date:
        """The day of treatment, at the site."""
        return self.site.day_of(self.started_at)

    @property
    def is_late(self) -> bool:
        """Whether it was begun on a later day, of a treatment that was over (see `services.late`)."""
        return self.entered_at is not None

    @property
    def has_begun(self) -> bool:
        """Whether the needle was in the skin already: from then on the record says what was done, and holds nothing back."""
        return bool(self.start_check) or self.is_late

    @property
    def is_locked(self) -> bool:
        return self.status != self.Status.DRAFT

    @property
    def is_signed(self) -> bool:
        return self.status == self.Status.SIGNED


class SessionZone(models.Model):
    """Planned beside done for one zone. `done` is empty until somebody says so."""

    class State(models.TextChoices):
        NOT_RECORDED = "not_recorded", gettext_lazy("Not recorded")
        DONE = "done", gettext_lazy("Done")
        NOT_TREATED = "not_treated", gettext_lazy("Not treated")

    class Reason(models.TextChoices):
        PAIN = "pain", gettext_lazy("Pain")
        REACTED = "reacted", gettext_lazy("Skin reacted early")
        ENDPOINT_EARLY = "endpoint_early", gettext_lazy("Endpoint reached sooner")
        ENDPOINT_LATE = "endpoint_late", gettext_lazy("Endpoint not reached")
        SKIN = "skin", gettext_lazy("Skin not fit here today")
        WISH = "wish", gettext_lazy("Patient asked for it")
        DEVICE = "device", gettext_lazy("Device or needle")
        OTHER = "other", gettext_lazy("Other, say why")

    class Bleeding(models.TextChoices):
        NONE = "none", gettext_lazy("None")
        PINPOINT = "pinpoint", gettext_lazy("Pinpoint")
        OOZING = "oozing", gettext_lazy("Oozing")
        HEAVY = "heavy", gettext_lazy("More than oozing")

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="zones")
    plan_zone = models.ForeignKey(PlanZone, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=40)
    zone_label = models.CharField(max_length=120)
    planned_depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    ceiling_mm = models.DecimalField(max_digits=4, decimal_places=2, help_text="Deepest setting the pinned protocol allows in this zone")
    planned_passes = models.PositiveSmallIntegerField()
    planned_endpoint = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State, default=State.NOT_RECORDED)
    done_depth_mm = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    passes = models.PositiveSmallIntegerField(null=True, blank=True)
    confirmed_mm = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="A depth far beyond the plan's that was asked again, and confirmed"
    )
    endpoint = models.CharField(max_length=200, blank=True, help_text="In the protocol's words")
    bleeding = models.CharField(max_length=10, choices=Bleeding, blank=True, help_text="Empty = not recorded")
    reason = models.CharField(max_length=20, choices=Reason, blank=True, help_text="Why it differs from the plan")
    note = models.CharField(max_length=500, blank=True)

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "zone"], name="zone_once_per_session"),
            models.CheckConstraint(
                name="done_zone_has_a_depth",
                condition=Q(state="done", done_depth_mm__isnull=False) | ~Q(state="done") & Q(done_depth_mm__isnull=True),
            ),
            models.CheckConstraint(
                name="done_depth_within_ceiling",
                condition=Q(done_depth_mm__isnull=True) | Q(done_depth_mm__gt=0, done_depth_mm__lte=F("ceiling_mm")),
            ),
        ]

    def __str__(self) -> str:
        return self.zone_label


class SessionCorrection(models.Model):
    """A dated addition to a signed record. Added, never changed."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="corrections")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 ...: the record's version is this plus one")
    text = models.TextField()
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double click adds once")
    sha256 = models.CharField(max_length=64, help_text="Over the text, who, when, and the hash of what stood before")

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="correction_number_once_per_record")]

    def __str__(self) -> str:
        return f"Correction {self.number}"


class RecordCountersignature(models.Model):
    """
    What somebody entitled said of a signed record that went beyond the right of who treated, or who treated of one that was entered for
    them. Bound to the hash of what was signed; added, never changed. A role that refused is asked again once a correction was added.
    """

    class Role(models.TextChoices):
        MEDICAL_LEAD = "medical_lead", gettext_lazy("Medical lead")
        PRESCRIBER = "prescriber", gettext_lazy("Prescriber")
        TREATED = "treated", gettext_lazy("Who treated")

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="countersignatures")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 ... of this record")
    role = models.CharField(max_length=20, choices=Role)
    agreed = models.BooleanField()
    meaning = models.CharField(max_length=200)
    words = models.CharField(max_length=300, blank=True, help_text="Why it was refused, or what is said with it")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    record_sha256 = models.CharField(max_length=64, help_text="Of the record as it was read")
    record_version = models.PositiveSmallIntegerField(help_text="Of what was read: 1 as signed, one more for each correction")
    sha256 = models.CharField(max_length=64, help_text="Over all of this")

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="countersignature_number_once_per_record"),
            models.CheckConstraint(name="countersign_refusal_says_why", condition=Q(agreed=True) | ~Q(words="")),
        ]

    def __str__(self) -> str:
        if self.role == self.Role.TREATED:
            said = gettext("%(role)s, confirmed") if self.agreed else gettext("%(role)s, not confirmed")
        else:
            said = gettext("%(role)s, countersigned") if self.agreed else gettext("%(role)s, not countersigned")
        return said % {"role": self.get_role_display()}


class SkinSeen(models.Model):
    """
    What was seen of the skin after a signed session: whether it healed, whether dark marks came. Added, never changed; the newest
    row of a session counts.
    """

    class Seen(models.TextChoices):
        YES = "yes", gettext_lazy("Yes")
        NO = "no", gettext_lazy("No")
        UNKNOWN = "unknown", gettext_lazy("Not known")

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="skin_seen")
    healed = models.CharField(max_length=7, choices=Seen)
    dark_marks = models.CharField(max_length=7, choices=Seen)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField()
    request_key = models.CharField(max_length=60, help_text="Made with the form: a double click adds once")

    objects = OfRecordQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "request_key"], name="skin_seen_once_per_form"),
            models.CheckConstraint(
                name="skin_seen_is_said",
                condition=Q(healed__in=("yes", "no", "unknown"), dark_marks__in=("yes", "no", "unknown")),
            ),
        ]

    def __str__(self) -> str:
        return f"{_HEALED[self.healed]}, {_MARKS[self.dark_marks]}"


_HEALED = {"yes": gettext_lazy("healed"), "no": gettext_lazy("not healed"), "unknown": gettext_lazy("healing not known")}
_MARKS = {"yes": gettext_lazy("dark marks"), "no": gettext_lazy("no dark marks"), "unknown": gettext_lazy("marks not known")}


from .devices.models import DeviceFile, DeviceLog  # noqa: E402, F401 - one door to all models of the app
from .lots.models import Lot, Product, StockMove, UsedLot  # noqa: E402, F401
from .tubes.models import TubeCheck  # noqa: E402, F401
