"""
A case of somebody into a case of nobody: for the bench, where it may stay for years.

Names, numbers and addresses never are in a case. What could still lead to a person is the calendar and free text: every
date is moved by the same number of days, so that all sums stay what they were, and every free text is kept back unless
somebody has read it and says that it may stay.
"""

import copy
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.reading import as_day

REFERENCE_DAY = dt.date(2026, 3, 2)  # the visit of every kept case, as in the project's own
OLDEST = 90  # whoever is older is rare enough to be known by it
KEPT_BACK = "text kept back"
MOST_WORDS = 8  # of a name with dose and frequency; more is a sentence


@dataclass(frozen=True)
class FreeText:
    """A free text of the case: where it stands, and what it says."""

    path: str
    text: str


def free_texts(case: Mapping[str, Any], known: Collection[str]) -> list[FreeText]:
    """Every free text, in the order of the case; nothing of it is kept without being confirmed. *known*: ids of rules."""
    found: list[FreeText] = []

    def note(path: str, text: str) -> str:
        found.append(FreeText(path, text))
        return text

    _each_text(copy.deepcopy(dict(case)), known, note)
    return found


def anonymous(case: Mapping[str, Any], known: Collection[str], keep: Iterable[str] = ()) -> dict[str, Any]:
    """
    The case without anything that leads to a person.

    known: ids of the protocol's rules, which are no free texts; keep: paths of the free texts that were read and may stay.
    """
    kept = set(keep)
    out: dict[str, Any] = copy.deepcopy(dict(case))
    _each_text(out, known, lambda path, text: text if path in kept else KEPT_BACK)
    operator = out.get("operator")
    if isinstance(operator, dict):
        for cover in operator.get("covers") or []:
            cover.pop("name", None)  # of a certificate: it says who treats
    patient = out.get("patient")
    if isinstance(patient, dict) and isinstance(patient.get("age"), int):
        patient["age"] = min(patient["age"], OLDEST)
    visit = as_day(out.get("visit_date"))
    if visit is not None:
        out = _moved(out, REFERENCE_DAY - visit)
    return out


def _moved(value: Any, by: dt.timedelta) -> Any:
    if isinstance(value, Mapping):
        return {key: _moved(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    day = as_day(value) if isinstance(value, (str, dt.date)) else None
    if day is None:
        return value
    try:
        return (day + by).isoformat()
    except OverflowError:
        return None


def _each_text(case: dict[str, Any], known: Collection[str], change: Callable[[str, str], str]) -> None:
    """Give every free text of the case, with its path, to *change*, and put what it returns in its place."""

    def at(holder: Any, key: Any, path: str) -> None:
        text = holder.get(key) if isinstance(holder, dict) else holder[key]
        if isinstance(text, str) and text.strip():
            holder[key] = change(path, text)

    for rule, answer in (case.get("screening") or {}).items():
        if isinstance(answer, dict):
            for key in ("note", "cleared_by"):
                at(answer, key, f"screening.{rule}.{key}")
            if isinstance(answer.get("override"), dict):
                at(answer["override"], "reason", f"screening.{rule}.override.reason")
    for index, finding in enumerate(case.get("findings_today") or []):
        path = f"findings_today[{index}]"
        if isinstance(finding, str):
            if finding not in known:
                at(case["findings_today"], index, path)
        elif isinstance(finding, dict):
            at(finding, "note", f"{path}.note")
            if finding.get("id") not in known:
                at(finding, "id", f"{path}.id")
    for key in ("allergies", "adjuvants_requested"):
        for index, text in enumerate(case.get(key) or []):
            if isinstance(text, str) and len(text.split()) > MOST_WORDS:
                at(case[key], index, f"{key}[{index}]")
    for key, field in (("medications", "name"), ("recent_procedures", "what")):
        for index, entry in enumerate(case.get(key) or []):
            if isinstance(entry, dict) and len(str(entry.get(field)).split()) > MOST_WORDS:
                at(entry, field, f"{key}[{index}].{field}")
