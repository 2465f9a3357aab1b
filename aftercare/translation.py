"""
The sheet's words in another language, block by block beside the English they were made from. Pure: no Django, no database.

A translation holds texts and how its language writes dates; everything that steers the sheet (which sign is printed when) stays the
English version's own. Each block names the version of the English block it says the same as (`of`), so a block whose English says
something else now is known, and the translation is not printed until somebody has read that block again.
"""

import string
import unicodedata
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .blocks import LISTS, Block, blocks_of

FOLDER = Path(__file__).parent / "wording"
LANGUAGES: Mapping[str, str] = {"es": "Spanish", "fr": "French", "pl": "Polish", "ar": "Arabic"}
RIGHT_TO_LEFT = frozenset({"ar"})
LONGEST_LINE = 500


class State(Enum):
    WHOLE = "whole"
    CHANGED = "changed"  # the English says something else since
    MISSING = "missing"
    FAULTY = "faulty"


@dataclass(frozen=True)
class Pair:
    """One block in English and in the other language. faults: what is wrong with the translation, in plain words."""

    id: str
    english: Block
    translated: Block | None
    state: State
    faults: tuple[str, ...] = ()

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """(place, English, translated) for each text."""
        said = dict(self.translated.lines()) if self.translated else {}
        for place, text in self.english.lines():
            yield place, text, said.get(place, "")


@lru_cache
def packaged(language: str) -> Mapping[str, Any]:
    """The translation that comes with the program: nobody has approved it yet."""
    return yaml.safe_load((FOLDER / f"sheet.{language}.yaml").read_text(encoding="utf-8"))


def translated_blocks(document: Mapping[str, Any]) -> dict[str, Block]:
    return {name: Block(name, entry["text"]) for name, entry in document["blocks"].items()}


def pairs(document: Mapping[str, Any], wording: Mapping[str, Any]) -> list[Pair]:
    """Every block of the English *wording* beside that of *document*. What the English has no more is left out."""
    said, found = translated_blocks(document), []
    for name, english in blocks_of(wording).items():
        block = said.get(name)
        if block is None:
            found.append(Pair(name, english, None, State.MISSING))
            continue
        faults = tuple(faults_of(block, english))
        state = State.FAULTY if faults else State.WHOLE
        if english.version not in _made_from(document["blocks"][name]):
            state = State.CHANGED
        found.append(Pair(name, english, block, state, faults))
    return found


def _made_from(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The English versions a block says the same as: one, or several that differ in their English alone."""
    return (entry["of"],) if isinstance(entry["of"], str) else tuple(entry["of"])


def _names(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def faults_of(block: Block, english: Block) -> Iterator[str]:
    """What is wrong with a translated block, in plain words: nothing may be lost, and no figure may come in."""
    said, meant = dict(block.lines()), dict(english.lines())
    if said.keys() != meant.keys():
        yield f"It has {len(said)} texts where the English has {len(meant)}."
        return
    for place, text in said.items():
        yield from _faults(text, meant[place])


def _faults(text: str, english: str) -> Iterator[str]:
    if not text.strip():
        yield "Write the text."
        return
    try:
        names, parts = _names(text), list(string.Formatter().parse(text))
    except ValueError:
        yield "A brace stands without its partner."
        return
    if names != _names(english):
        wanted = ", ".join(f"{{{name}}}" for name in _names(english)) or "no name in braces"
        yield f"It must hold exactly {wanted}, as the English does."
    if any(spec or turn for _, name, spec, turn in parts if name is not None):
        yield "A name in braces stands alone, without a sign in it."
    if any(unicodedata.category(letter) in ("Nd", "No", "Nl") for part, *_ in parts for letter in part):
        yield "It holds a figure. Figures come from the protocol, by their names in braces."
    if text.count("**") != english.count("**"):
        yield "Strong words stand between two pairs of stars, as often as in the English."
    if any(unicodedata.category(letter) in ("Cc", "Cf") for letter in text):
        yield "It holds a sign that is not seen. Type the text again."
    if len(text) > LONGEST_LINE:
        yield f"It must be {LONGEST_LINE} letters or fewer."


def is_whole(found: list[Pair]) -> bool:
    return all(pair.state is State.WHOLE for pair in found)


def with_block(document: Mapping[str, Any], english: Block, texts: Mapping[str, str]) -> dict[str, Any]:
    """*document* with one block said anew: *texts* by place, as `Block.lines` gives them. It says the same as *english* from now on."""
    if isinstance(english.texts, str):
        text: Any = texts[""]
    else:
        text = {
            field: texts[field] if isinstance(value, str) else [texts[f"{field}.{number}"] for number in range(1, len(value) + 1)]
            for field, value in english.texts.items()
        }
    return {**document, "blocks": {**document["blocks"], english.id: {"of": english.version, "text": text}}}


def wording_with(document: Mapping[str, Any], wording: Mapping[str, Any]) -> dict[str, Any]:
    """The English *wording* (entries by id) with the texts of *document* in their places: the steering is never the translation's."""
    said = document["blocks"]
    made: dict[str, Any] = {"language": document["language"]}
    for section, value in wording.items():
        if section in ("language", "version"):
            continue
        if isinstance(value, str):
            made[section] = said[section]["text"]
        elif isinstance(value, Mapping):
            made[section] = {name: _turned(entry, said.get(f"{section}.{name}")) for name, entry in value.items()}
        elif section in LISTS:
            made[section] = [_turned(entry, said.get(f"{section}.{entry['id']}")) for entry in value]
        else:
            made[section] = [_turned(entry, said.get(f"{section}.{number}")) for number, entry in enumerate(value, 1)]
    return made


def _turned(entry: Any, block: Mapping[str, Any] | None) -> Any:
    if block is None:  # it only steers
        return deepcopy(entry)
    text = block["text"]
    return text if isinstance(text, str) else {**entry, **text}
