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

PACKS = Path(__file__).resolve().parent / "packs"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML's own loader takes the last of two equal keys without a word; a pack with two is refused."""


def _mapping(loader, node, deep=False):
    seen = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word or number", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice in one mapping", key_node.start_mark)
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_pack(path: Path) -> Any:
    """
    Return what the file holds, as plain types.

    Raises:
        KnowledgeFaults: the text is not YAML (or JSON, which is YAML too), with the line.
        OSError: the file cannot be read.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else path.name
        raise KnowledgeFaults([Fault(where, getattr(error, "problem", None) or str(error))]) from error
    except UnicodeDecodeError as error:
        raise KnowledgeFaults([Fault(path.name, "the file is not UTF-8 text")]) from error


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
    plain = _plain(mapping, "", faults)
    if faults:
        raise KnowledgeFaults(faults)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def packaged_paths() -> list[Path]:
    """The packs that come with the project, oldest first."""

    def order(path: Path) -> list:
        return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in path.stem.split(".")]

    return sorted(PACKS.glob("*.yaml"), key=order)
