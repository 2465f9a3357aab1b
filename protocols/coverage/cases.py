"""Cases made straight from a protocol's own entries: one for every depth row and every name, so that none goes untried."""

from collections.abc import Iterable
from typing import Any

from planner.knowledge import Knowledge

AT_ONCE = 40  # names of medicines in one case


def direct_cases(knowledge: Knowledge) -> Iterable[dict[str, Any]]:
    """Every row at its level, and every name of a medicine; nothing else is against treatment."""
    levels: dict[tuple[str, str], list[str]] = {}
    for indication, level, zone in knowledge.depth_rows:
        levels.setdefault((indication, level), []).append(zone)
    for (indication, level), zones in levels.items():
        yield _case(knowledge, indication, level, zones)
    indication, level = next(iter(levels))
    names = [name for medicine in knowledge.medicines for name in (medicine.ingredient, *medicine.names)]
    sold_as = [name for medicine in knowledge.medicines if medicine.ingredient in knowledge.matching.forms for name in medicine.names]
    in_forms = [*knowledge.matching.forms, *sold_as]  # Kenalog is an injection, and an ointment
    names += [f"{name} {word}" for name in in_forms for word in ("cream", "gel", "ointment", "tablet", "")]
    names += list(knowledge.matching.ambiguous)
    for start in range(0, len(names), AT_ONCE):
        taken = [{"name": name.strip(), "stopped": None} for name in names[start : start + AT_ONCE]]
        yield {**_case(knowledge, indication, level, levels[indication, level][:1]), "medications": taken}


def _case(knowledge: Knowledge, indication: str, level: str, zones: list[str]) -> dict[str, Any]:
    shape = next((s.id for s in knowledge.indications[indication].morphology if s.action is None), None)
    request: dict[str, Any] = {"indication": indication, "level": level, "zones": zones}
    if shape:
        request["morphology"] = shape
    device = next(device.id for device in knowledge.devices.values() if device.allowed)
    return {
        "visit_date": "2026-03-02",
        "patient": {"age": 30, "sex": "F", "phototype": "II"},
        "pregnancy_or_breastfeeding": "none",
        "screening_default": False,
        "requests": [request],
        "devices": [device],
    }
