"""
The wording for patients, filled with dates and figures. No Django here.

The words are a section of the protocol version and signed with it. Versions from before that keep those of `wording/`.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .blocks import LISTS, Block, PrintedBlock, block_id, blocks_of
from .facts import Approval, SheetCannotBeMade, TranslationFacts
from .translation import LANGUAGES, RIGHT_TO_LEFT, State, is_whole, pairs, wording_with

FOLDER = Path(__file__).parent / "wording"
_STRONG = re.compile(r"\*\*(.+?)\*\*")
# Keep a name, a date or a number in one piece and in its own direction inside text that runs the other way.
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True)
class Line:
    """One piece of text with the id of its place in the wording. *parts*: (text, strong)."""

    id: str
    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)

    def __str__(self) -> str:
        return self.text


def plain(id: str, text: str, *, strong: bool = False) -> Line:
    """A line that is not wording but a fact: a name, a date, what the clinician wrote."""
    return Line(id, ((text, strong),))


class _Values(dict):
    def __missing__(self, key: str) -> str:
        raise SheetCannotBeMade(f"The sheet's words ask for “{key}”, which the protocol does not hold. Tell the medical lead.")


@dataclass(frozen=True)
class Words:
    """One language's wording, for one country. calendar: how a translation writes dates; None in English."""

    document: Mapping[str, Any]
    terms: Mapping[str, str]
    calendar: Mapping[str, Any] | None = None
    translation: TranslationFacts | None = None
    used: set[str] = field(default_factory=set)

    @property
    def runs_right_to_left(self) -> bool:
        return self.language in RIGHT_TO_LEFT

    def own(self, text: str) -> str:
        """*text* kept in its own direction: a name, a phone number, what staff typed."""
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}" if text and self.runs_right_to_left else text

    def printed(self, path: str) -> None:
        """The block that holds *path* stands on this sheet."""
        self.used.add(block_id(path))

    def blocks(self, approval: Approval) -> tuple[PrintedBlock, ...]:
        """
        Every block that stands on the sheet, with who approved it: the protocol's approver, or that of the translation. Neither is missing:
        words that nobody approved make no sheet.
        """
        by, on = approval.approved_by, approval.approved_on
        if self.translation:
            by, on = self.translation.approved_by, self.translation.approved_on
        known: Mapping[str, Block] = blocks_of(self.document)
        return tuple(PrintedBlock(name, known[name].version, by, on) for name in sorted(self.used & known.keys()))

    @property
    def version(self) -> str:
        """Of a wording that was not signed with its protocol version; the version is named beside it."""
        return self.document.get("version", "")

    @property
    def language(self) -> str:
        return self.document["language"]

    def block(self, section: str, id: str) -> Mapping[str, Any] | str:
        """
        Return the block *id* of *section*.

        Raises:
            SheetCannotBeMade: the protocol has something the sheet has no words for; leaving it out would be silent.
        """
        try:
            return self.document[section][id]
        except KeyError:
            raise SheetCannotBeMade(
                f"The sheet has no words for “{id}” of the protocol ({section.replace('_', ' ')}). Tell the medical lead."
            ) from None

    def line(self, path: str, template: str | None = None, **values: object) -> Line:
        """Return the text at the dotted *path* (or *template*, which stands there) with its braces filled."""
        if template is None:
            node: Any = self.document
            for key in path.split("."):
                node = node[key]
            template = node
        self.printed(path)
        asked = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        self.used.update(f"terms.{name}" for name in asked if name in self.terms)
        self.used.update(asked & {"factor"})
        known = _Values({**self.terms, **{name: self.own(str(value)) for name, value in values.items()}})
        parts = []
        for index, piece in enumerate(_STRONG.split(template)):
            if piece:
                # Stars are read before the braces are filled, so a value can never turn into markup.
                parts.append((piece.format_map(known), index % 2 == 1))
        return Line(path, tuple(parts))

    def text(self, path: str, template: str | None = None, **values: object) -> str:
        return self.line(path, template, **values).text


@lru_cache
def _of_older_versions(language: str) -> Mapping[str, Any]:
    return yaml.safe_load((FOLDER / f"versions_without_wording.{language}.yaml").read_text(encoding="utf-8"))


def wording_of(protocol: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """
    Return the wording that belongs to the version *protocol* (its document), its ordered lists as blocks by id.

    Raises:
        SheetCannotBeMade: the version's words are in another language.
    """
    if "patient_wording" not in protocol:
        return _of_older_versions(language)
    section = protocol["patient_wording"]
    if section["language"] != language:
        raise SheetCannotBeMade(
            f"The protocol has its words for patients in “{section['language']}”, not in “{language}”. Tell the medical lead."
        )
    return {**section, **{name: {block["id"]: block for block in section[name]} for name in LISTS if name in section}}


def language_name(code: str) -> str:
    return "English" if code == "en" else LANGUAGES.get(code, code)


def words_for(protocol: Mapping[str, Any], language: str, country: str, translation: TranslationFacts | None = None) -> Words:
    """
    The version's own words, or its approved *translation*.

    Raises:
        SheetCannotBeMade: no translation was approved, or its English says something else since.
    """
    document, calendar = wording_of(protocol, "en"), None
    if language != "en":
        name = language_name(language)
        if translation is None or translation.document["language"] != language:
            raise SheetCannotBeMade(f"The words of the sheet in {name} are not approved. Make the sheet again: it is then made in English.")
        if translation.approved_on is None:
            raise SheetCannotBeMade(f"Nobody has approved the words of the sheet in {name}. Ask the medical lead.")
        beside = pairs(translation.document, document)
        if not is_whole(beside):
            first = next(pair for pair in beside if pair.state is not State.WHOLE)
            raise SheetCannotBeMade(
                f"The English words changed since {name} was approved (“{first.id}”), so it is not printed. "
                "Make the sheet again: it is then made in English."
            )
        document, calendar = wording_with(translation.document, document), translation.document["calendar"]
    terms = {name: forms.get(country, forms["default"]) for name, forms in document["terms"].items()}
    return Words(document, terms, calendar, translation if calendar else None)
