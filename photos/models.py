"""Clinical photos: what is seen from a fixed view on a day. The row is the truth; the files hold pixels and nothing else."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Site
from patients.models import Patient
from patients.person import PersonKey
from patients.querysets import OfPatientQuerySet
from sessions.models import TreatmentSession

from .querysets import PhotoQuerySet
from .standard_views import View, area_words


class Photo(models.Model):
    """
    One picture (FHIR: Media). What it shows and how it was taken is never changed; one that was entered in error is taken out, with who
    and why (see `photos.guards`). The file that was sent is not kept, only its hash: what is kept was made anew from its pixels.
    """

    class Occasion(models.TextChoices):
        BASELINE = "baseline", pgettext_lazy("photo", "Baseline")
        SESSION = "session", pgettext_lazy("photo", "Session")
        REVIEW = "review", pgettext_lazy("photo", "Review")

    class Light(models.TextChoices):
        LAMP = "lamp", gettext_lazy("Clinic lamp")
        CROSSED = "crossed", gettext_lazy("Polarised lamp")
        FLASH = "flash", gettext_lazy("Flash")
        DAYLIGHT = "daylight", gettext_lazy("Daylight")

    class Way(models.TextChoices):
        CAMERA = "camera", gettext_lazy("Taken here")
        FILE = "file", gettext_lazy("From a file")

    class Kind(models.TextChoices):
        JPEG = "jpeg", "JPEG"
        PNG = "png", "PNG"
        HEIC = "heic", "HEIC"

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="photos")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Where it was added; on its clock it is shown")
    occasion = models.CharField(max_length=8, choices=Occasion)
    session = models.ForeignKey(TreatmentSession, null=True, blank=True, on_delete=models.PROTECT, related_name="photos")
    area = models.CharField(max_length=60, help_text="face, neck, chest, or the id of a zone of the body in the protocol")
    area_label = models.CharField(max_length=120)
    view = models.CharField(max_length=13, choices=View)
    zone = models.CharField(max_length=60, blank=True, help_text="Of a close-up: id of the zone in the protocol")
    zone_label = models.CharField(max_length=120, blank=True)
    taken_at = models.DateTimeField(help_text="Of a file that says only the day: midday")
    way = models.CharField(max_length=6, choices=Way)
    light = models.CharField(max_length=8, choices=Light)
    distance_cm = models.PositiveSmallIntegerField(help_text="From the camera to the skin, by the mark on the floor")
    make_up = models.BooleanField(help_text="Whether make-up was worn")
    lens_mm = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Focal length as on 35 mm film, where the camera said it")
    camera = models.CharField(max_length=60, blank=True, help_text="As the camera called itself")
    width = models.PositiveSmallIntegerField(help_text="Of the largest size, in pixels")
    height = models.PositiveSmallIntegerField()
    original_kind = models.CharField(max_length=4, choices=Kind)
    original_bytes = models.PositiveIntegerField()
    original_sha256 = models.CharField(max_length=64, db_index=True, help_text="Of the file as it was sent, which is not kept")
    full_file = models.CharField(max_length=120, help_text="Name in the storage")
    full_sha256 = models.CharField(max_length=64)
    screen_file = models.CharField(max_length=120)
    screen_sha256 = models.CharField(max_length=64)
    thumb_file = models.CharField(max_length=120)
    thumb_sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    request_key = models.CharField(max_length=60, unique=True, help_text="Made with the form: a double press keeps one")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    removed_reason = models.CharField(max_length=300, blank=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-pk"]
        indexes = [
            models.Index(fields=["patient", "-taken_at"], name="photo_by_patient"),
            models.Index(fields=["patient", "area", "view", "-taken_at"], name="photo_by_view"),
        ]
        constraints = [
            models.CheckConstraint(
                name="photo_of_a_session_names_it",
                condition=models.Q(occasion="session", session__isnull=False)
                | ~models.Q(occasion="session") & models.Q(session__isnull=True),
            ),
            models.CheckConstraint(name="photo_zone_of_a_close_up", condition=models.Q(zone="") | models.Q(view="close_up")),
            models.CheckConstraint(name="photo_distance_within_reach", condition=models.Q(distance_cm__gte=5, distance_cm__lte=400)),
            models.CheckConstraint(
                name="photo_taken_out_says_who_and_why",
                condition=models.Q(removed_at__isnull=True, removed_by__isnull=True, removed_reason="")
                | models.Q(removed_at__isnull=False, removed_by__isnull=False) & ~models.Q(removed_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area_words}, {self.view_label}"

    @property
    def area_words(self) -> str:
        """The area in the language of the page."""
        return area_words(self.area_label)

    @property
    def view_label(self) -> str:
        """`45° right`, `Close-up, chin`."""
        return f"{self.get_view_display()}, {self.zone_label.lower()}" if self.zone_label else self.get_view_display()

    @property
    def occasion_label(self) -> str:
        """`Session 2`, `Baseline`."""
        return _("Session %(number)s") % {"number": self.session.session_number} if self.session_id else self.get_occasion_display()

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is a picture of: only those of one place can be compared."""
        return self.area, self.view, self.zone


class PhotoSkip(models.Model):
    """Why no photos, or not all, were taken at a session. Never changed: the newest reason stands."""

    class Reason(models.TextChoices):
        DECLINED = "declined", gettext_lazy("The patient did not want them")
        NOT_ALLOWED = "not_allowed", gettext_lazy("No permission for photos in the record")
        NO_TIME = "no_time", gettext_lazy("Not enough time")
        NO_CAMERA = "no_camera", gettext_lazy("The camera did not work")
        OTHER = "other", gettext_lazy("Other, say what")

    patient = PersonKey(Patient, on_delete=models.CASCADE, related_name="photo_skips")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="photo_skips")
    reason = models.CharField(max_length=11, choices=Reason)
    note = models.CharField(max_length=300, blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    request_key = models.CharField(max_length=60, unique=True)

    objects = OfPatientQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="photo_skip_other_says_what", condition=~models.Q(reason="other") | ~models.Q(note="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}{f': {self.note}' if self.note else ''}"
