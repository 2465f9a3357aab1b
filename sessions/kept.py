"""What this app keeps of patients, for the registry of patient models."""

from django.utils import timezone
from django.utils.translation import gettext_noop

from audit.patient_models import OtherModel, PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "treatment_sessions.Booking",
            path="patient",
            section="bookings",
            pages=("sessions:booking",),
            logged=(
                "booking.made",
                "booking.moved",
                "booking.resized",
                "booking.reinstated",
                "course.booked",
                "booking.numbing_on",
                "booking.numbing_off",
                "booking.late",
                "booking.not_late",
            ),
            contact="starts_at",
            open_rows=lambda rows: rows.filter(status__in=("booked", "arrived", "in_room"), ends_at__gt=timezone.now()),
            open_words=gettext_noop("A visit is booked. Cancel it first, so that nobody comes for nothing."),
        ),
        PatientModel(
            "treatment_sessions.Hold",
            path="booking__patient",
            section="holds",
            pages=("sessions:booking",),
            logged=("booking.made",),
            is_inner=True,
        ),
        PatientModel(
            "treatment_sessions.TreatmentSession",
            path="patient",
            section="records",
            pages=("sessions:record",),
            logged=(
                "record.started",
                "record.entered_late",
                "record.saved",
                "record.decided",
                "record.signed",
                "record.closed",
                "record.taken_over",
            ),
            contact="started_at",
            open_rows=lambda rows: rows.filter(status="draft"),
            open_words=gettext_noop("A record is not signed. Sign it or close it first."),
        ),
        PatientModel(
            "treatment_sessions.SessionZone",
            path="session__patient",
            section="record_zones",
            pages=("sessions:record",),
            logged=("record.saved",),
        ),
        PatientModel(
            "treatment_sessions.UsedLot",
            path="session__patient",
            section="record_lots",
            pages=("sessions:record",),
            logged=("record.saved",),
            leaves_out=("key",),
        ),
        PatientModel(
            "treatment_sessions.TubeCheck",
            path="session__patient",
            section="record_tube_checks",
            pages=("sessions:record",),
            logged=("tube.checked",),
            leaves_out=("key",),
        ),
        PatientModel(
            "treatment_sessions.SessionCorrection",
            path="session__patient",
            section="record_corrections",
            pages=("sessions:record",),
            logged=("record.corrected",),
        ),
        PatientModel(
            "treatment_sessions.RecordCountersignature",
            path="session__patient",
            section="record_countersignatures",
            pages=("sessions:record", "sessions:countersign"),
            logged=("record.countersigned", "record.countersign_refused"),
        ),
        PatientModel(
            "treatment_sessions.SkinSeen",
            path="session__patient",
            section="skin_seen",
            pages=("sessions:skin_seen",),
            logged=("skin.seen",),
        ),
        OtherModel("treatment_sessions.Resource", "a clinician, room or device", exported=True),
        OtherModel("treatment_sessions.ResourceHours", "opening hours", exported=True),
        OtherModel("treatment_sessions.Absence", "when a resource is away", exported=True),
        OtherModel("treatment_sessions.ServiceTime", "how long a visit takes", exported=True),
        OtherModel("treatment_sessions.NumbingTime", "how long a numbing product stays on", exported=True),
        OtherModel("treatment_sessions.Holiday", "a day a site is closed", exported=True),
        OtherModel("treatment_sessions.Product", "what the clinic uses and gets in lots", exported=True),
        OtherModel("treatment_sessions.Lot", "a lot of a product, and whether it is blocked", exported=True, leaves_out=("key",)),
        OtherModel("treatment_sessions.StockMove", "what came in and went of a lot", exported=True),
        OtherModel("treatment_sessions.DeviceFile", "serial number and label of a device", exported=True),
        OtherModel("treatment_sessions.DeviceLog", "service and cleaning of a device", exported=True),
        OtherModel("treatment_sessions.DeviceUse", "who uses a device", exported=True),
    )
