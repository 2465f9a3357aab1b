"""
What cannot change a proposal, each with its reason. The sections stand in one table; the single entries are worked out from
the protocol itself, so that a protocol in which one of them can change something has it among those that must be reached.
"""

from collections.abc import Iterable

from planner.knowledge import Knowledge

from .entries import Entry

# Sections of a pack without any entry the planner computes with.
SECTIONS = {
    "schema": "names the format",
    "pack_version": "names the document",
    "status": "says whether the version may be used, not what it proposes",
    "status_text": "says the same in words",
    "vocabulary": "explains the words and grades of the document",
    "references": "what values cite; without one a value cannot be approved, and no value is computed from it",
    "downtime_rule": "says how a band is picked; no other way is accepted when a pack is read",
    "sun_protection": "printed on the aftercare sheet",
    "normal_course": "printed on the aftercare sheet",
    "red_flags": "printed on the aftercare sheet",
    "patient_wording": "printed on the aftercare sheet",
    "lists": "when the lists of the file are gone through again: asked at check-in, before the planner",
}


def cannot_change(knowledge: Knowledge) -> dict[str, str]:
    """Path to reason, of single entries that can't change a proposal of this very protocol."""
    return dict(
        [
            *_hardware(knowledge),
            *_foreign_labels(knowledge),
            *_intervals(knowledge),
            *_facts(knowledge),
            *_ceilings(knowledge),
        ]
    )


def _hardware(k: Knowledge) -> Iterable[Entry]:
    deepest = max((row.depth_mm.max for row in k.depth_rows.values()), default=None)
    for model in k.device_models.values():
        if deepest is not None and deepest <= model.max_set_mm:
            yield f"device_models.{model.brand}.max_set_mm", "no row of the protocol is deeper than this device can be set"


def _foreign_labels(k: Knowledge) -> Iterable[Entry]:
    for line in k.device_limits:
        if line.indication not in k.indications:
            path = f"device_limits.{line.device}.{line.indication}.{line.area}"
            reason = "the label is for an indication that the protocol does not treat"
            yield path, reason
            yield f"{path}.max_evaluated_mm", reason


def _intervals(k: Knowledge) -> Iterable[Entry]:
    for rule in k.phototype_rules:
        exempt = {(indication, level) for indication, level, _ in rule.min_interval_exempt}
        shorter = [
            (indication.id, level.id)
            for indication in k.indications.values()
            for level in indication.levels.values()
            if level.interval_weeks.span.min < rule.min_interval_weeks and (indication.id, level.id) not in exempt
        ]
        if not shorter:
            reason = f"every severity keeps {rule.min_interval_weeks} weeks itself, or is exempt"
            yield f"phototype_rules.{rule.id}.min_interval_weeks", reason


def _facts(k: Knowledge) -> Iterable[Entry]:
    lists = k.numbing
    named = {*lists.facts_always, *lists.facts_shallow, *lists.facts_large_area, *lists.facts_blocked}
    for fact in k.anaesthesia:
        if fact not in named:
            yield f"anaesthesia.{fact}", "no list under numbing names it: kept for the reader of the protocol"


def _ceilings(k: Knowledge) -> Iterable[Entry]:
    treated = {zone for _, _, zone in k.depth_rows}
    for zone in k.zones:
        if zone not in treated:
            yield f"zones.{zone}.max_depth_mm", "no row treats this zone"
