"""
The words of the sheet in blocks. A block is what is read, changed and approved as one: a line, or the texts of one entry
("red_flags.infection").

Its version is the fingerprint of its texts, so a block that says something else is another version, whoever changed it. Pure.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

# Lists whose entries carry their own id; a stored protocol version keeps them so.
LISTS = ("three", "resume", "normal_by_phototype", "season")
# What steers the sheet and is never translated.
STEERING = frozenset({"id", "fields", "needs", "regions", "extends", "quiet", "classes", "phototypes", "months"})
NOT_WORDS = frozenset({"language", "version"})


@dataclass(frozen=True)
class Block:
    """texts: a line, or the texts by field: one or a list of them."""

    id: str
    texts: str | Mapping[str, Any]

    @property
    def version(self) -> str:
        told = json.dumps(self.texts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def lines(self) -> Iterator[tuple[str, str]]:
        """(place, text), for example ("do.2", "Pat dry."); the place of a block that is one line is ""."""
        if isinstance(self.texts, str):
            yield "", self.texts
            return
        for field, value in self.texts.items():
            if isinstance(value, str):
                yield field, value
            else:
                yield from ((f"{field}.{number}", text) for number, text in enumerate(value, 1))


@dataclass(frozen=True)
class PrintedBlock:
    """A block as it stands on one sheet, with who approved its words in the language printed, and when."""

    id: str
    version: str
    approved_by: str
    approved_on: date | None


def block_id(path: str) -> str:
    """The block that holds the line at the dotted *path*: `red_flags.infection`, `steps.title`, `title`."""
    return ".".join(path.split(".")[:2])


def entries(section: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The entries of one section of the wording, whether it is kept as a list or by id."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif section in LISTS:
        yield from ((entry["id"], entry) for entry in value)
    else:
        yield from ((str(number), entry) for number, entry in enumerate(value, 1))


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return {field: text for field, text in value.items() if field not in STEERING}


def blocks_of(wording: Mapping[str, Any]) -> dict[str, Block]:
    """Every block of *wording* by its id, in the order in which the wording holds them."""
    found: dict[str, Block] = {}
    for section, value in wording.items():
        if section in NOT_WORDS:
            continue
        if isinstance(value, str):
            found[section] = Block(section, value)
            continue
        for name, entry in entries(section, value):
            if name in STEERING and section == "medicines":
                continue
            texts = _texts(entry)
            if texts:
                found[f"{section}.{name}"] = Block(f"{section}.{name}", texts)
    return found


def wording_sha256(wording: Mapping[str, Any]) -> str:
    """One fingerprint over all blocks and their versions: the version of the whole wording."""
    told = "\n".join(f"{block.id} {block.version}" for block in sorted(blocks_of(wording).values(), key=lambda block: block.id))
    return hashlib.sha256(told.encode()).hexdigest()
