"""
The screen's fields into a case of the case format, for the planner. What cannot be read is left out of the case, so that
it counts as not asked, and is named in the faults with the field it stands in: nothing is guessed and nothing is lost.
"""

import re
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext

from planner.knowledge.entries import Cover, Question
from planner.medicines import key_of

from . import typed
from .catalogue import BREASTFEEDING, PREGNANT, Catalogue
from .inputs import Inputs, many, one, rows
from .taken_for import ToExplain, explain

MOST_MEDICINES = 200  # more is a list pasted twice
_DAYS = re.compile(r"\d{1,3}$", re.ASCII)


@dataclass
class Reading:
    """
    A case, and what could not be read on the way: field name to the words to show beside it. to_explain: medicines that point to an
    illness answered no.
    """

    case: dict
    faults: dict[str, str] = field(default_factory=dict)
    to_explain: list[ToExplain] = field(default_factory=list)


def age_on(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def case_of(
    inputs: Inputs,
    *,
    patient,
    visit_date: date,
    catalogue: Catalogue,
    lifted: dict | None = None,
    operator=None,
    history=None,
    said: dict | None = None,
) -> Reading:
    """
    Return the case of a consultation.

    lifted: {rule id: {"by": role, "reason": text}} for deferrals that somebody entitled has lifted.
    operator: the clinician's competence limit, as the case format has it; history: earlier needling.
    said: {name without dose: {"classes", "ingredient", "by_name", "on"}} for medicines the protocol does not know.
    """
    age = age_on(patient.birth_date, visit_date)
    reading = Reading(case={"visit_date": visit_date.isoformat()})
    case, faults = reading.case, reading.faults
    shade = one(inputs, "phototype")
    case["patient"] = {
        "age": age,
        "sex": patient.sex or None,
        "phototype": int(shade) if shade in {"1", "2", "3", "4", "5", "6"} else None,
    }
    past = {"latest": visit_date, "born": patient.birth_date}
    case["screening"] = _screening(inputs, catalogue, patient.sex, age, past, faults)
    case["pregnancy_or_breastfeeding"] = _pregnancy(catalogue, case["screening"], patient.sex, age)
    for rule, lift in (lifted or {}).items():
        case["screening"].setdefault(rule, {"answer": True})["override"] = {"by": lift["by"], "reason": lift["reason"]}
    _medicines(inputs, case, past, faults, catalogue, said or {})
    reading.to_explain = explain(case["screening"], inputs, case.get("medications", []), catalogue.knowledge, visit_date)
    _allergies(inputs, case, past, faults)
    case["recent_procedures"] = _procedures(inputs, past, faults)
    case["findings_today"] = [
        _without_empty({"id": fields.get("id") or fields.get("note", ""), "zone": fields.get("zone"), "note": fields.get("note")})
        for _, fields in rows(inputs, "seen")
        if fields.get("id") or fields.get("note")
    ]
    case["labs"] = _labs(inputs, past, faults)
    case["requests"] = _requests(inputs, catalogue)
    case["wishes"] = _wishes(inputs, visit_date, faults)
    case["devices"] = many(inputs, "device")
    asked_for = many(inputs, "adjuvant")
    other = one(inputs, "adjuvant_other")
    case["adjuvants_requested"] = asked_for + [part.strip() for part in other.split(",") if part.strip()]
    if operator:
        case["operator"] = operator
    if history:
        case["history"] = history
    return reading


def _without_empty(mapping: dict) -> dict:
    return {key: value for key, value in mapping.items() if value not in (None, "")}


def _day(inputs: Inputs, name: str, label: str, faults: dict, **limits) -> date | None:
    text = one(inputs, name)
    if not text:
        return None
    try:
        return typed.day(text, label, **limits)
    except ValueError as fault:
        faults[name] = str(fault)
        return None


def answered(inputs: Inputs, question: Question) -> bool:
    return one(inputs, f"q.{question.id}") in {"yes", "no"}


def rules_marked(inputs: Inputs, question: Question) -> list[str]:
    """Rules that a "yes" to *question* stands for; a question that covers one rule needs no further mark."""
    if len(question.covers) == 1:
        return [question.covers[0].rule]
    marked = many(inputs, f"rule.{question.id}")
    return [cover.rule for cover in question.covers if cover.rule in marked]


def _screening(inputs, catalogue, sex, age, past: dict, faults) -> dict:
    """A "no" is recorded for every rule a question covers; a "yes" for those marked, and "no" for the others."""
    screening: dict[str, dict] = {}
    for question in catalogue.questions:
        if not question.asked(sex=sex or None, age=age):
            continue
        answer = one(inputs, f"q.{question.id}")
        if answer == "no":
            for cover in question.covers:
                screening.setdefault(cover.rule, {"answer": False})
        elif answer == "yes":
            marked = rules_marked(inputs, question)
            if not marked:
                faults[f"q.{question.id}"] = gettext("Mark which of these apply")
                continue
            for cover in question.covers:
                if cover.rule in marked:
                    screening[cover.rule] = _yes(inputs, f"rule.{question.id}.{cover.rule}", cover, past, faults)
                else:
                    screening.setdefault(cover.rule, {"answer": False})
    return screening


def _yes(inputs, prefix, cover: Cover, past: dict, faults) -> dict:
    entry: dict = {"answer": True}
    zone = one(inputs, f"{prefix}.zone")
    if cover.zone and zone:
        entry["zone"] = zone
    for key, name in (("note", "note"), ("cleared_by", "cleared")):
        if one(inputs, f"{prefix}.{name}"):
            entry[key] = one(inputs, f"{prefix}.{name}")
    if cover.date_field:
        day = _day(inputs, f"{prefix}.date", cover.date_label or gettext("Date"), faults, **past)
        if day:
            entry[cover.date_field] = day.isoformat()
    return entry


def _pregnancy(catalogue: Catalogue, screening: dict, sex: str, age: int) -> str:
    """What the case format keeps as a field of its own, out of the question that covers it."""
    question = catalogue.knowledge.question_of.get(PREGNANT)
    if question is None or not question.asked(sex=sex or None, age=age):
        return "none"
    if screening.get(PREGNANT, {}).get("answer"):
        return "pregnant"
    if screening.get(BREASTFEEDING, {}).get("answer"):
        return "breastfeeding"
    return "none" if PREGNANT in screening else "unknown"


def _medicines(inputs, case, past: dict, faults, catalogue: Catalogue, said: dict) -> None:
    found = []
    for number, fields in rows(inputs, "medicine"):
        if not fields.get("name"):
            faults[f"medicine.{number}.name"] = gettext("Enter the name of the medicine")
            continue
        if len(found) == MOST_MEDICINES:
            faults[f"medicine.{number}.name"] = gettext("At most %(most)s medicines. Remove those that are listed twice") % {
                "most": MOST_MEDICINES
            }
            continue
        stopped = _day(inputs, f"medicine.{number}.stopped", gettext("Last taken"), faults, **past)
        entry = {"name": fields["name"], "stopped": stopped.isoformat() if stopped else None}
        answer = said.get(key_of(catalogue.knowledge, fields["name"]))
        if answer:
            entry["said"] = {
                "classes": answer["classes"],
                "ingredient": answer.get("ingredient", ""),
                "by": answer["by_name"],
                "on": answer["on"],
            }
        found.append(entry)
    if found or one(inputs, "medicines_asked") == "none":
        case["medications"] = found


def _allergies(inputs, case, past: dict, faults) -> None:
    found = []
    for number, fields in rows(inputs, "allergy"):
        if not fields.get("substance"):
            faults[f"allergy.{number}.substance"] = gettext("Enter what the patient is allergic to")
            continue
        if fields.get("year"):
            try:
                year = typed.amount(fields["year"], gettext("Year"))
                if not past["born"].year <= year <= past["latest"].year:
                    raise ValueError
            except ValueError:
                years = {"first": past["born"].year, "last": past["latest"].year}
                faults[f"allergy.{number}.year"] = gettext("Year must be from %(first)s to %(last)s") % years
        found.append(fields["substance"])
    if found or one(inputs, "allergies_asked") == "none":
        case["allergies"] = found


def _procedures(inputs, past: dict, faults) -> list[dict]:
    found = []
    for number, fields in rows(inputs, "procedure"):
        if not fields.get("what"):
            faults[f"procedure.{number}.what"] = gettext("Enter what was done")
            continue
        done = _day(inputs, f"procedure.{number}.date", gettext("Date of the procedure"), faults, **past)
        entry = {"what": fields["what"], "date": done.isoformat() if done else None}
        if fields.get("zone"):
            entry["zone"] = fields["zone"]
        found.append(entry)
    return found


def _labs(inputs, past: dict, faults) -> list[dict]:
    found = []
    for number, fields in rows(inputs, "lab"):
        name, value = fields.get("name"), fields.get("value")
        if not name or not value:
            faults[f"lab.{number}.{'value' if name else 'name'}"] = (
                gettext("Enter the value") if name else gettext("Choose what was measured")
            )
            continue
        try:
            measured = typed.amount(value, name)
        except ValueError as fault:
            faults[f"lab.{number}.value"] = str(fault)
            continue
        day = _day(inputs, f"lab.{number}.date", gettext("Measured on"), faults, **past)
        found.append({"name": name, "value": str(measured), "unit": fields.get("unit", ""), "date": day.isoformat() if day else None})
    return found


def _requests(inputs, catalogue: Catalogue) -> list[dict]:
    found = []
    for indication in many(inputs, "concern"):
        entry = {
            "indication": indication,
            "level": one(inputs, f"level.{indication}") or None,
            "zones": many(inputs, f"zones.{indication}"),
        }
        morphology = one(inputs, f"morphology.{indication}")
        if morphology:
            entry["morphology"] = morphology
        found.append(entry)
    return found


def _wishes(inputs, visit_date, faults) -> dict:
    days = one(inputs, "downtime_days")
    visits = one(inputs, "visits")
    wishes: dict = {"downtime_days": int(days) if _DAYS.match(days) else None, "event_date": None, "visits": None}
    event = _day(inputs, "event_date", gettext("Event date"), faults, earliest=visit_date)
    if event:
        wishes["event_date"] = event.isoformat()
    if visits:
        try:
            wishes["visits"] = typed.count(visits, gettext("Visits possible"), low=1, high=20)
        except ValueError as fault:
            faults["visits"] = str(fault)
    return wishes
