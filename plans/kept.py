"""What this app keeps of patients, for the registry of patient models."""

from django.utils.translation import gettext_noop

from audit.patient_models import PatientModel, Trace, register


def declare() -> None:
    register(
        PatientModel(
            "plans.Consultation",
            path="patient",
            section="consultations",
            pages=("plans:consultation",),
            logged=("consultation.started", "consultation.saved", "consultation.closed"),
            contact="saved_at",
            open_rows=lambda rows: rows.filter(status="open"),
            open_words=gettext_noop("A consultation is open. Close it first."),
        ),
        PatientModel(
            "plans.KeptCase",
            path="consultation__patient",
            section="kept_cases",
            pages=("plans:keep_case",),
            logged=("protocol.case_added",),
        ),
        PatientModel(
            "plans.TreatmentPlan",
            path="patient",
            section="plans",
            pages=("plans:plan",),
            logged=("plan.accepted", "plan.stopped"),
            contact="accepted_at",
            open_rows=lambda rows: rows.filter(status="awaiting"),
            open_words=gettext_noop("A plan waits for a countersignature. Take it back first."),
        ),
        PatientModel(
            "plans.PlanCountersignature",
            path="plan__patient",
            section="plan_countersignatures",
            pages=("plans:plan",),
            logged=("plan.countersigned", "plan.returned"),
        ),
        PatientModel("plans.PlanZone", path="plan__patient", section="plan_zones", pages=("plans:plan",), logged=("plan.accepted",)),
        PatientModel(
            "plans.PlanOverride", path="plan__patient", section="plan_overrides", pages=("plans:plan",), logged=("plan.accepted",)
        ),
        Trace(
            "protocols.ProtocolCase",
            "a case of the bench holds no name, but one that was made from a patient's consultation goes with the patient",
            erase=_bench_cases,
        ),
        Trace("plans that replaced one of this patient", "one under another record of the same person says no more which", erase=_replaced),
    )


def _bench_cases(patient) -> int:
    from protocols.models import ProtocolCase

    from .models import KeptCase

    kept = KeptCase.objects.filter(consultation__patient__pk=patient.pk)
    numbers = list(kept.values_list("case_id", flat=True))
    kept.delete()
    return ProtocolCase.objects.filter(pk__in=numbers).delete()[0]


def _replaced(patient) -> int:
    """A plan made while two records were one person may have replaced one of the other record, which goes alone here."""
    from .models import TreatmentPlan

    elsewhere = TreatmentPlan.objects.filter(supersedes__patient__pk=patient.pk).exclude(patient__pk=patient.pk)
    elsewhere.update(supersedes=None)
    return 0
