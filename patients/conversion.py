"""The patient's part of a case, as the case format writes it: what is on file, and nothing that was not asked."""

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone

from .answers import rules_of, standing, with_merge
from .models import Asked, Medication, Patient, ScreeningAnswer, Sex

# The two rules behind the case's own key for pregnancy: answers to them may stand among the screening answers.
_EXPECTING = (("pregnancy", "pregnant"), ("lactation", "breastfeeding"))


def screening_of(patient: Patient) -> dict[str, dict]:
    """Return {rule id: answer} from the answers that count (see `patients.answers`)."""
    return screening_from(with_merge(patient.screening_answers.all()))


def screening_from(answers: Iterable[ScreeningAnswer]) -> dict[str, dict]:
    """`screening_of`, out of the answers of one person, the newest first."""
    return rules_of(standing(answers))


def _pregnancy(patient: Patient, screening: dict[str, dict]) -> str:
    if patient.sex == Sex.MALE:
        return "none"
    for rule, word in _EXPECTING:
        if screening.get(rule, {}).get("answer") is True:
            return word
    if all(screening.get(rule, {}).get("answer") is False for rule, _ in _EXPECTING):
        return "none"
    return "unknown"


def _said(row) -> dict:
    """A clinician's answer for a name the protocol does not know, as the case format has it."""
    if row.said_classes is None or row.said_at is None:
        return {}
    said = {"classes": row.said_classes, "by": str(row.said_by or "a clinician"), "on": timezone.localdate(row.said_at).isoformat()}
    return {"said": said | ({"ingredient": row.said_ingredient} if row.said_ingredient else {})}


def medications_from(rows: Iterable[Medication]) -> list[dict]:
    """Medicines as the case format has them, out of the lines of one patient."""
    return [{"name": row.name, "stopped": row.stopped_on.isoformat() if row.stopped_on else None, **_said(row)} for row in rows]


def case_of(patient: Patient, *, visit_date: dt.date) -> dict:
    """
    Return what the file knows for a visit on *visit_date*: patient, pregnancy, screening, medicines, allergies, procedures.
    Earlier needling (history), findings and requests are not the file's to say. A list that was not asked for is absent.
    """
    screening = screening_of(patient)
    case: dict = {
        "visit_date": visit_date.isoformat(),
        "patient": {"age": patient.age_on(visit_date), "sex": patient.sex or None, "phototype": patient.phototype},
        "pregnancy_or_breastfeeding": _pregnancy(patient, screening),
        "screening": screening,
        "recent_procedures": [
            {"what": row.what, **({"zone": row.zone} if row.zone else {}), "date": row.performed_on.isoformat()}
            for row in patient.procedures.all()
            if row.performed_on <= visit_date
        ],
    }
    if patient.medicines_asked != Asked.NOT_ASKED:
        case["medications"] = medications_from(patient.medications.select_related("said_by"))
    if patient.allergies_asked != Asked.NOT_ASKED:
        case["allergies"] = [row.substance for row in patient.allergies.all()]
    return case
