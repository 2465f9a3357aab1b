"""The patient's part of a case, as the case format writes it: what is on file, and nothing that was not asked."""

import datetime as dt

from .models import Asked, Patient, Sex

# The two rules behind the case's own key for pregnancy: answers to them may stand among the screening answers.
_EXPECTING = (("pregnancy", "pregnant"), ("lactation", "breastfeeding"))


def screening_of(patient: Patient) -> dict[str, dict]:
    """
    Return {rule id: answer} from the newest answer to each question. A "no" stands as {"answer": False} for every rule its
    question covered; a rule that no question was asked about is absent, which the planner reads as not asked.
    """
    screening: dict[str, dict] = {}
    asked: set[str] = set()
    for row in patient.screening_answers.all().order_by("-pk"):
        if row.question in asked:
            continue
        asked.add(row.question)
        for rule, answer in row.rules.items():
            screening.setdefault(rule, answer if isinstance(answer, dict) else {"answer": bool(answer)})
    return screening


def _pregnancy(patient: Patient, screening: dict[str, dict]) -> str:
    if patient.sex == Sex.MALE:
        return "none"
    for rule, word in _EXPECTING:
        if screening.get(rule, {}).get("answer") is True:
            return word
    if all(screening.get(rule, {}).get("answer") is False for rule, _ in _EXPECTING):
        return "none"
    return "unknown"


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
        case["medications"] = [
            {"name": row.name, "stopped": row.stopped_on.isoformat() if row.stopped_on else None} for row in patient.medications.all()
        ]
    if patient.allergies_asked != Asked.NOT_ASKED:
        case["allergies"] = [row.substance for row in patient.allergies.all()]
    return case
