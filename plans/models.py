"""Consultations, and the plans agreed in them."""

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from accounts.models import Site
from accounts.versioning import VersionedModel
from patients.models import Patient
from patients.person import PersonKey
from protocols.models import ProtocolCase, ProtocolVersion

from .querysets import ConsultationQuerySet, KeptCaseQuerySet, OfPlanQuerySet, PlanQuerySet


class Consultation(VersionedModel):
    """
    One look at the skin (FHIR: Encounter). Holds the inputs as a case of the case format and what the planner made of it.
    Every change saves it: what was typed is never lost.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("state", "Open")
        PLANNED = "planned", gettext_lazy("Plan made")
        CLOSED = "closed", gettext_lazy("Closed without a plan")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="consultations")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    clinician = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consultations")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    visit_date = models.DateField()
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    inputs = models.JSONField(default=dict, help_text="What was typed and chosen on the screen, also where it is not yet whole")
    case = models.JSONField(default=dict, help_text="The case as the planner saw it (case format)")
    proposal = models.JSONField(default=dict, help_text="What the planner answered (case format, 'Out')")
    chosen = models.JSONField(
        default=dict, help_text="The clinician's values and reasons where they differ from the proposal, and decisions on alerts"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(auto_now=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    saved_from = models.CharField(
        max_length=20, blank=True, help_text="The browser page that saved last: it may save again after a lost reply"
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "clinician", "visit_date"], condition=models.Q(status="open"), name="one_open_consultation_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"Consultation of {self.visit_date}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class KeptCase(models.Model):
    """
    That a case of the bench was made from this consultation. The case holds no name, but it came from somebody: it goes when its
    patient is erased.
    """

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="kept_cases")
    case = models.OneToOneField(ProtocolCase, on_delete=models.CASCADE, related_name="+")
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True)

    objects = KeptCaseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Bench case {self.case_id}"


class TreatmentPlan(VersionedModel):
    """
    What clinician and patient agreed (FHIR: CarePlan). Pins protocol version, planner version, case and proposal as they
    were. Superseded, never edited, after acceptance: the database refuses other changes (see `plans.guards`).

    Beyond what the clinician may decide alone it waits for a countersignature: not in force, nothing is booked from it, and
    the plan before it stands until then.
    """

    class Status(models.TextChoices):
        WRITING = "writing", gettext_lazy("Being written")  # only within the transaction that makes it: its rows may be added
        AWAITING = "awaiting", gettext_lazy("Waiting for countersignature")
        RETURNED = "returned", gettext_lazy("Sent back")
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        SUPERSEDED = "superseded", gettext_lazy("Superseded")
        COMPLETED = "completed", gettext_lazy("Completed")
        STOPPED = "stopped", gettext_lazy("Stopped")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="plans")
    consultation = models.OneToOneField(Consultation, on_delete=models.PROTECT, related_name="plan")
    number = models.PositiveIntegerField(help_text="1, 2, 3 ... for this patient")
    status = models.CharField(max_length=12, choices=Status, default=Status.ACCEPTED)
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="plans")
    planner_version = models.CharField(max_length=20)
    case = models.JSONField()
    proposal = models.JSONField()
    device_kind = models.CharField(max_length=20, help_text="pen or roller")
    device_brand = models.CharField(max_length=80, blank=True)
    sessions_count = models.PositiveSmallIntegerField()
    interval_weeks_min = models.PositiveSmallIntegerField()
    interval_weeks_typical = models.PositiveSmallIntegerField()
    interval_weeks_max = models.PositiveSmallIntegerField()
    downtime_days_min = models.PositiveSmallIntegerField()
    downtime_days_max = models.PositiveSmallIntegerField()
    numbing = models.CharField(max_length=60, blank=True)
    adjuvants = models.JSONField(default=list, help_text="Ids of the adjuvants to use in the session")
    decisions = models.JSONField(default=list, help_text="What was decided on each caution, by whom and when")
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accepted_plans")
    accepted_at = models.DateTimeField()
    countersigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    countersigned_at = models.DateTimeField(null=True, blank=True)
    countersign_reason = models.CharField(max_length=300, blank=True)
    needs = models.JSONField(default=list, help_text="What lies beyond the clinician's own right: key, finding, who, subject, choices")
    supersedes = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by")

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-accepted_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["patient", "number"], name="plan_number_once_per_patient")]

    def __str__(self) -> str:
        return f"Plan {self.number}"

    @property
    def taken_back(self) -> bool:
        """Returned by the one who sent it: nobody who was asked to countersign sent it back."""
        return self.status == self.Status.RETURNED and all(row.agreed for row in self.countersignatures.all())

    def get_status_display(self) -> str:
        return gettext("Taken back") if self.taken_back else str(self.Status(self.status).label)

    @property
    def is_awaiting(self) -> bool:
        return self.status == self.Status.AWAITING

    @property
    def in_force_from(self):
        """When it came into force: accepted, or countersigned where it had to be."""
        return self.countersigned_at or self.accepted_at

    @cached_property
    def agreed(self) -> list["PlanCountersignature"]:
        """The countersignatures that agreed, in their order; none counts before the plan is in force."""
        if self.status in (self.Status.WRITING, self.Status.AWAITING, self.Status.RETURNED):
            return []
        return [row for row in self.countersignatures.all() if row.agreed]

    @cached_property
    def countersigned_keys(self) -> frozenset[str]:
        """What of device, zones and depths was countersigned (`plans.competence.Beyond.key`)."""
        at_once = [key for made in self.decisions for key in made.get("keys", ())]
        if any(need.get("keys") for need in self.needs):
            roles = {row.role for row in self.agreed}
            at_once += [key for need in self.needs if need["who"] in roles for key in need.get("keys", ())]
        return frozenset(at_once)

    @property
    def all_decisions(self) -> list[dict]:
        """The clinician's decisions, then those of who countersigned."""
        return [*self.decisions, *(made for row in self.agreed for made in row.decisions)]


class PlanCountersignature(models.Model):
    """What one role said of a plan that waited: agreed with a reason, or sent back. Written once."""

    class Role(models.TextChoices):
        MEDICAL_LEAD = "medical_lead", gettext_lazy("Medical lead")
        PRESCRIBER = "prescriber", gettext_lazy("Prescriber")

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="countersignatures")
    role = models.CharField(max_length=20, choices=Role)
    agreed = models.BooleanField()
    reason = models.CharField(max_length=300)
    decisions = models.JSONField(default=list, help_text="What was decided on each need, as in the plan's decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "role"], name="one_countersignature_per_role")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, plan {self.plan_id}"


class PlanZone(models.Model):
    """One zone of a plan with the depth that was agreed. Written once, with the plan."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="zones")
    position = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=40, help_text="Zone id of the protocol")
    zone_label = models.CharField(max_length=120)
    indication = models.CharField(max_length=40)
    level = models.CharField(max_length=40)
    depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    proposed_depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    min_depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    max_depth_mm = models.DecimalField(max_digits=4, decimal_places=2)
    passes_min = models.PositiveSmallIntegerField()
    passes_typical = models.PositiveSmallIntegerField()
    passes_max = models.PositiveSmallIntegerField()
    endpoint = models.CharField(max_length=200)

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "zone"], name="zone_once_per_plan"),
            models.CheckConstraint(name="plan_depth_above_zero", condition=models.Q(depth_mm__gt=0)),
        ]

    def __str__(self) -> str:
        return self.zone_label


class PlanOverride(models.Model):
    """A value that differs from the proposal, with the reason. Written once, with the plan."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="overrides")
    field = models.CharField(max_length=60, help_text="depth_mm.cheeks, sessions, device ...")
    proposed = models.CharField(max_length=40)
    chosen = models.CharField(max_length=40)
    reason = models.CharField(max_length=40, help_text="Code from the reason list")
    reason_text = models.CharField(max_length=300, blank=True)
    patient_told = models.BooleanField(default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.field}: {self.proposed} to {self.chosen}"
