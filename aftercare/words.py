"""
The wording for patients, filled with dates and figures. No Django here.

The words are a section of the protocol version and signed with it. Versions from before that keep those of `wording/`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .facts import SheetCannotBeMade

FOLDER = Path(__file__).parent / "wording"
_STRONG = re.compile(r"\*\*(.+?)\*\*")


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
    """One language's wording, for one country."""

    document: Mapping[str, Any]
    terms: Mapping[str, str]

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
        known = _Values({**self.terms, **{name: str(value) for name, value in values.items()}})
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
    return {**section, **{name: {block["id"]: block for block in section[name]} for name in ("three", "resume")}}


def words_for(protocol: Mapping[str, Any], language: str, country: str) -> Words:
    document = wording_of(protocol, language)
    return Words(document, {name: forms.get(country, forms["default"]) for name, forms in document["terms"].items()})
