"""
"What is Ozempic taken for?": a medicine points to an illness that was answered no. What is written there becomes the note of
that no, with the name of the medicine, and holds for that medicine only.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from planner.errors import CaseFaults
from planner.knowledge import Knowledge
from planner.knowledge.entries import Question
from planner.medicines import key_of
from planner.pointing import Pointer, pointers

from .inputs import Inputs, one


@dataclass(frozen=True)
class ToExplain:
    """One medicine that points to an illness answered no. field: of the form. told: what stands in it."""

    name: str
    rules: tuple[str, ...]
    field: str
    told: str

    @property
    def words(self) -> str:
        return gettext("What is %(name)s taken for?") % {"name": self.name}


PREFIX = "taken_for."


def field_of(knowledge: Knowledge, name: str) -> str:
    """The field of a medicine, whatever its dose; a name in any script makes a plain one."""
    return f"{PREFIX}{hashlib.sha256(key_of(knowledge, name).encode()).hexdigest()[:12]}"


def pointed_at(knowledge: Knowledge, medications: list[dict], day) -> list[Pointer]:
    """The medicines that point to an illness; what the planner cannot read it names itself."""
    try:
        return pointers(knowledge, medications, day) if medications else []
    except CaseFaults:
        return []


def explain(screening: dict[str, dict], inputs: Inputs, medications: list[dict], knowledge: Knowledge, day) -> list[ToExplain]:
    """
    Put what is written about each medicine into the answers it explains, and return every medicine that has to be explained,
    explained or not.
    """
    found = []
    told: dict[str, dict[str, str]] = {}
    for pointer in pointed_at(knowledge, medications, day):
        answers = [screening.get(rule, {}).get("answer") for rule in pointer.rules]
        if False not in answers or True in answers:
            continue
        field = field_of(knowledge, pointer.name)
        item = ToExplain(pointer.name, pointer.rules, field, one(inputs, field))
        found.append(item)
        for rule in pointer.rules if item.told else ():
            if screening.get(rule, {}).get("answer") is False:
                told.setdefault(rule, {})[item.name] = item.told
    for rule, lines in told.items():
        note = "; ".join(f"{name}: {words}" for name, words in lines.items())
        screening[rule] = screening[rule] | {"note": note, "medicines": list(lines)}
    return found


def possible(screening: dict[str, dict], medications: list[dict], knowledge: Knowledge, day) -> list[ToExplain]:
    """Every medicine that would have to be explained if what it points to were answered no, with what was written before."""
    told = on_file(screening, knowledge)
    found = ((pointer, field_of(knowledge, pointer.name)) for pointer in pointed_at(knowledge, medications, day))
    return [ToExplain(pointer.name, pointer.rules, field, one(told, field)) for pointer, field in found]


def on_file(screening: dict[str, dict], knowledge: Knowledge) -> Inputs:
    """The fields as they were filled when the answers of *screening* (case format) were given: what is shown again."""
    inputs: Inputs = {}
    for answer in screening.values():
        names = answer.get("medicines") if answer.get("answer") is False else None
        if not names:
            continue
        note = answer.get("note", "").removeprefix(f"{names[0]}: ")
        for name, following in zip(names, [*names[1:], None], strict=True):
            words, _, note = note.partition(f"; {following}: ") if following else (note, "", "")
            if words:
                inputs[field_of(knowledge, name)] = words
    return inputs


def beside(questions: Iterable[Question], items: Iterable[ToExplain]) -> dict[str, list[ToExplain]]:
    """{question: what is to be explained beside it}; each medicine once, beside the first question it contradicts."""
    found: dict[str, list[ToExplain]] = {}
    left = list(items)
    for question in questions:
        covered = {cover.rule for cover in question.covers}
        found[question.id] = [item for item in left if covered & set(item.rules)]
        left = [item for item in left if item not in found[question.id]]
    return found
