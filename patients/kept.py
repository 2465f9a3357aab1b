"""What this app keeps of patients, for the registry of patient models."""

from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.patient_models import OtherModel, PatientModel, Trace, register

DETAILS = "patients:details"


def declare() -> None:
    register(
        PatientModel(
            "patients.Patient",
            path="",
            section="patient",
            pages=("patients:detail", "patients:edit"),
            logged=("patient.registered", "patient.changed", "patient.phototype_set", "patient.asked"),
            contact="created_at",
            leaves_out=("surname_key", "given_key", "preferred_key", "phone_digits", "phone_reversed"),
        ),
        PatientModel(
            "patients.Allergy",
            path="patient",
            section="allergies",
            pages=(DETAILS,),
            logged=("allergy.recorded", "allergy.taken_back"),
            contact="recorded_at",
        ),
        PatientModel(
            "patients.Medication",
            path="patient",
            section="medications",
            pages=(DETAILS,),
            logged=("medicine.recorded", "medicine.stopped", "medicine.said", "medication.taken_back"),
            contact="recorded_at",
            leaves_out=("said_key",),
        ),
        PatientModel(
            "patients.Procedure",
            path="patient",
            section="procedures",
            pages=(DETAILS,),
            logged=("procedure.recorded", "procedure.taken_back"),
            contact="recorded_at",
        ),
        PatientModel(
            "patients.ScreeningAnswer",
            path="patient",
            section="screening_answers",
            pages=("sessions:ask",),
            logged=("screening.answered",),
            contact="answered_at",
        ),
        PatientModel(
            "patients.EmergencyOpening",
            path="patient",
            section="emergency_openings",
            pages=("patients:review_opening",),
            logged=("emergency.opened", "emergency.closed", "emergency.reviewed"),
        ),
        PatientModel(
            "patients.PatientMerge",
            path="other",
            section="merges",
            pages=("patients:merge_with", "patients:unmerge"),
            logged=("patient.merged", "patient.unmerged"),
        ),
        Trace("merges into this record", "they say what the record of the same person said before", erase=_merges),
        Trace("openings in an emergency", "who opened the record stays reportable, by numbers and times alone", erase=_openings),
        OtherModel("patients.ErasedOpening", "numbers and times of an emergency access; outlives the patient", exported=True),
        Trace("patients.SurnameSlip", "finds mistyped surnames; goes with the last patient who bears the surname", erase=_slips),
        OtherModel("patients.NumberCounter", "the last patient number given", exported=True),
    )


def _openings(patient) -> int:
    """The openings themselves go with the patient's rows."""
    from .models import EmergencyOpening, ErasedOpening

    now = timezone.now()
    for opening in EmergencyOpening.objects.filter(patient=patient).order_by("pk"):
        said = {name: getattr(opening, name) for name in ("user_id", "opened_at", "reviewed_by_id", "reviewed_at")}
        number = {
            "over_at": min(opening.over_at, now),
            "opening_pk": opening.pk,
            "patient_pk": patient.pk,
            "patient_number": patient.number,
            "site_id": patient.site_id,
        }
        ErasedOpening.objects.get_or_create(request_key=opening.request_key, defaults=said | number)
    return 0


def _merges(patient) -> int:
    """
    Those of which *patient* is the kept side. A record that still points here, which only a restored backup holds, says again what it
    said before: it was not erased, and nothing of *patient* stays with it.
    """
    from .merge_services import stand_alone
    from .models import PatientMerge

    for row in PatientMerge.objects.filter(kept=patient.pk, undone_at__isnull=True).select_related("other"):
        stand_alone(row, patient, row.other)
    return PatientMerge.objects.filter(kept=patient.pk).order_by()._raw_delete("default")


def _slips(patient) -> int:
    """Of the surname that only *patient* bears, and of those that nobody bears any more: earlier names of this and other patients."""
    from .models import Patient, SurnameSlip

    others = Patient.objects.exclude(pk=patient.pk).filter(surname_key=OuterRef("surname_key"))
    return SurnameSlip.objects.filter(~Exists(others)).delete()[0]
