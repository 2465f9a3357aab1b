"""
A pack as one canonical document: read from YAML or JSON, written as JSON in one way only, named by its SHA-256.
"""

import datetime as dt
import hashlib
import json
import math
from collections.abc import Hashable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from planner.errors import Fault, KnowledgeFaults
from planner.knowledge.structure import MOST_LEVELS, walk

from .follow_up import parse

PACKS = Path(__file__).resolve().parent / "packs"
ADDITIONS = PACKS / "additions"  # sections that a draft may be given; none of them is a pack
LARGEST_BYTES = 2_000_000
MOST_NAMES = 1_000  # in one mapping; the longest of a pack holds some seventy
MOST_ROWS = 5_000  # in one list; the longest of a pack holds some four hundred


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML's own loader takes the last of two equal keys without a word; a pack with two is refused."""


def _mapping(loader, node, deep=False):
    seen = {}
    for key_node, value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            problem = "a merge (<<) is not read: write the values out, so that who reads the pack sees them"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, bool):
            key = key_node.value  # `on: 2026-02-01` names a key; only as a value is it a yes
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word or number", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice in one mapping", key_node.start_mark)
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _as_typed(construct):
    """A number or date that is none (2026-02-30, a thousand digits) stays the text it is: its field then names the fault."""

    def read(loader, node):
        try:
            return construct(loader, node)
        except (ValueError, OverflowError):
            return loader.construct_scalar(node)

    return read


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
for _kind in ("int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _as_typed(getattr(yaml.SafeLoader, f"construct_yaml_{_kind}")))


def _readable(text: str) -> None:
    """
    Refuse what the reader itself would break on, event by event: it follows nested values on the processor's own stack. And what
    no pack holds, and would take minutes to list the faults of: thousands of names side by side.

    Raises:
        KnowledgeFaults: nested too deep, or too many side by side. yaml.YAMLError: not YAML.
    """
    held: list[list[int]] = []  # of each mapping or list we are in: how much it holds so far, and how much it may
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            held.pop()
            continue
        if held and isinstance(event, yaml.NodeEvent):
            held[-1][0] += 1
            if held[-1][0] > held[-1][1]:
                problem = f"more than {MOST_NAMES} names in one mapping, or {MOST_ROWS} rows in one list: this is no pack"
                raise KnowledgeFaults([Fault(f"line {event.start_mark.line + 1}", problem)])
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            held.append([0, 2 * MOST_NAMES if isinstance(event, yaml.MappingStartEvent) else MOST_ROWS])
            if len(held) > MOST_LEVELS:
                where = f"line {event.start_mark.line + 1}"
                raise KnowledgeFaults([Fault(where, f"the values are nested more than {MOST_LEVELS} levels deep: this is no pack")])


def read_text(text: str, *, name: str = "the text") -> Any:
    """
    Return what *text* holds, as plain types. name: what a fault calls the whole.

    Raises:
        KnowledgeFaults: the text is not YAML (or JSON, which is YAML too), with the line; or it is too large to be a pack.
    """
    try:
        if len(text) > LARGEST_BYTES:
            raise KnowledgeFaults([Fault(name, f"is larger than {LARGEST_BYTES // 1_000_000} MB: this is no pack")])
        _readable(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except RecursionError as error:
        raise KnowledgeFaults([Fault(name, "the values are nested too deep to be read")]) from error
    except UnicodeEncodeError as error:
        raise KnowledgeFaults([Fault(name, "holds signs that are no text")]) from error
    except yaml.reader.ReaderError as error:
        raise KnowledgeFaults([Fault(name, f"{error.reason}: it is not plain text")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else name
        problem = getattr(error, "problem", None) or str(error)
        if "recursive" in problem:
            problem = "comes back to itself: an anchor may not hold its own alias"
        raise KnowledgeFaults([Fault(where, problem)]) from error


def read_bytes(content: bytes, *, name: str) -> str:
    """
    Return *content* as text.

    Raises:
        KnowledgeFaults: it is too large to be a pack, or not UTF-8 text.
    """
    if len(content) > LARGEST_BYTES:
        raise KnowledgeFaults([Fault(name, f"the file is larger than {LARGEST_BYTES // 1_000_000} MB: this is no pack")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise KnowledgeFaults([Fault(name, f"the file is not UTF-8 text (line {line}). Save it as UTF-8 text.")]) from error


def read_pack(path: Path) -> Any:
    """
    Return what the file holds, as plain types.

    Raises:
        KnowledgeFaults: as `read_text` and `read_bytes`.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise KnowledgeFaults([Fault(path.name, f"the file is larger than {LARGEST_BYTES // 1_000_000} MB: this is no pack")])
    return read_text(read_bytes(path.read_bytes(), name=path.name), name=path.name)


def _plain(value: Any, path: str, faults: list[Fault]) -> Any:
    """JSON types only; 1.0 and 1 are the same number and are written the same."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, (float, Decimal)):
        if not math.isfinite(value):
            faults.append(Fault(path, "must be a number"))
            return None
        return int(value) if value == int(value) else float(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        plain = {}
        for key, item in value.items():
            if not isinstance(key, (str, int)) or isinstance(key, bool):
                faults.append(Fault(f"{path}.{key}".lstrip("."), "a key must be a word; put it in quotes"))
                continue
            plain[str(key)] = _plain(item, f"{path}.{key}".lstrip("."), faults)
        return plain
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]", faults) for index, item in enumerate(value)]
    faults.append(Fault(path, f"a {type(value).__name__} has no place in a pack"))
    return None


def canonical(mapping: Mapping) -> str:
    """
    Return the one way *mapping* is written: JSON, keys sorted, no spaces, UTF-8.

    Raises:
        KnowledgeFaults: it holds something that is not text, a number, true, false, nothing, a list or a mapping.
    """
    faults: list[Fault] = []
    if not isinstance(mapping, Mapping):
        raise KnowledgeFaults([Fault("", "a pack is a mapping of names to values")])
    for _ in walk(mapping):
        pass  # a document without an end is refused here; the faults of single values are listed below, with all others
    plain = _plain(mapping, "", faults)
    if faults:
        parse(mapping)  # lists these and every other fault
        raise KnowledgeFaults(faults)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def packaged_paths() -> list[Path]:
    """The packs that come with the project, oldest first."""

    def order(path: Path) -> list:
        return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in path.stem.split(".")]

    return sorted(PACKS.glob("*.yaml"), key=order)
