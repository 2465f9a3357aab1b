"""Names of medicines as the protocol knows them: what a typed one stands for, and what comes up while it is typed."""

import re
from dataclasses import dataclass

from planner.knowledge import Knowledge
from planner.medicines import key_of, look_up
from planner.words import fold

from .models import Medication

OFFERED = 8
_KEPT = 4
_finders: dict[int, tuple[Knowledge, list["Name"]]] = {}


@dataclass(frozen=True)
class Name:
    """One name of the table. `words`: ingredient and classes, `apixaban, anticoagulant`."""

    folded: str
    shown: str
    words: str


@dataclass(frozen=True)
class Reading:
    """What the protocol makes of one line. `words`: what is known; `unknown`: what a class answers; `doubts`: whether it is taken."""

    words: str = ""
    unknown: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def current_knowledge() -> Knowledge | None:
    """What the current protocol knows; None while none is loaded."""
    # Imported here: the engine is read when the first name is needed, not at the start of every command.
    from protocols.knowledge import knowledge_of
    from protocols.services import current_version

    version = current_version()
    return knowledge_of(version) if version else None


def class_words(knowledge: Knowledge, classes) -> str:
    known = knowledge.medicine_classes
    return ", ".join(known[name].label.lower() if name in known else name for name in classes)


def _names(knowledge: Knowledge) -> list[Name]:
    """Every name, by its folded spelling; made once per protocol version and process."""
    kept = _finders.get(id(knowledge.medicines))
    if kept is not None and kept[0].medicines is knowledge.medicines:
        return kept[1]
    names = []
    for medicine in knowledge.medicines:
        classes = class_words(knowledge, medicine.classes)
        for name in (medicine.ingredient, *medicine.names):
            own = name == medicine.ingredient
            names.append(Name(fold(name), name[:1].upper() + name[1:], classes if own else f"{medicine.ingredient}, {classes}"))
    names.sort(key=lambda name: (name.folded, name.shown))
    while len(_finders) >= _KEPT:
        _finders.pop(next(iter(_finders)))
    _finders[id(knowledge.medicines)] = knowledge, names
    return names


def offer(knowledge: Knowledge, typed: str) -> list[Name]:
    """At most eight names for what is being typed: those that begin so, then those with a word that does, then one slip away."""
    query = fold(re.split(r"\d", typed, maxsplit=1)[0])
    if len(query) < 2:
        return []
    names = _names(knowledge)
    found = [name for name in names if name.folded.startswith(query)]
    if len(found) < OFFERED:
        inside = f" {query}"
        found += [name for name in names if inside in name.folded]
    if not found:
        near = {name for name, _ in knowledge.names.spellings.near(query)}
        found = [name for name in names if name.folded in near]
    return found[:OFFERED]


def reading_of(knowledge: Knowledge, name: str, stopped=None) -> Reading:
    look = look_up(knowledge, name, stopped)
    words = "; ".join(dict.fromkeys(f"{row.ingredient}, {class_words(knowledge, row.classes)}" for row in look.taken))
    return Reading(words, look.unknown, look.doubts)


def said_before(knowledge: Knowledge, name: str, user) -> Medication | None:
    """The newest answer a clinician gave for this name, for any patient *user* may see: what the medicine is, not whose it was."""
    key = key_of(knowledge, name)[:200]
    if not key:
        return None
    return (
        Medication.all_rows.visible_to(user)
        .filter(said_key=key)
        .exclude(said_classes=None)
        .select_related("said_by")
        .order_by("-said_at", "-pk")
        .first()
    )
