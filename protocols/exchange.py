"""A version as YAML that people read and send: the sections and fields in the order of the packs, and back to the same document."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml
from django.utils import translation

from .documents import ADDITIONS, packaged_paths, read_pack
from .models import ProtocolVersion

WIDTH = 110  # a list of words that fits one line stands on one line
_FIRST = ("schema", "pack_version", "status", "status_text", "id", "label", "short_label")
_LAST = ("note", "refs", "evidence", "unverified", "unverified_fields")

Order = dict[tuple[str, ...], list[str]]


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Never writes anchors: each value stands where it belongs."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _list(dumper, items):
    words = all(not isinstance(item, (Mapping, list)) for item in items)
    return dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=words and sum(len(str(item)) + 2 for item in items) <= WIDTH
    )


_Dumper.add_representer(list, _list)


def _learn(value: Any, shape: tuple[str, ...], order: Order) -> None:
    if isinstance(value, Mapping):
        known = order.setdefault(shape, [])
        for place, key in enumerate(value):
            if key not in known:
                before = list(value)[place - 1] if place else None
                known.insert(known.index(before) + 1 if before else 0, key)
        for key, item in value.items():
            _learn(item, (*shape, key), order)
    elif isinstance(value, list):
        for item in value:
            _learn(item, shape, order)


@lru_cache(maxsize=1)
def _learned() -> Order:
    """The order of the fields in the packs that come with the project, the newest first; a stored document has them by letter."""
    order: Order = {}
    for path in [*reversed(packaged_paths()), *sorted(ADDITIONS.glob("*.yaml"))]:
        _learn(read_pack(path), (), order)
    return order


def _rank(key: str, known: list[str]) -> tuple:
    if key in known:
        return (1, known.index(key), key)
    if key in _FIRST:
        return (0, _FIRST.index(key), key)
    return (3, _LAST.index(key), key) if key in _LAST else (2, 0, key)


def in_order(value: Any, shape: tuple[str, ...] = ()) -> Any:
    """*value* with the fields of each mapping in the order of the packs; lists keep theirs."""
    if isinstance(value, Mapping):
        known = _learned().get(shape, [])
        return {key: in_order(value[key], (*shape, key)) for key in sorted(value, key=lambda key: _rank(key, known))}
    return [in_order(item, shape) for item in value] if isinstance(value, list) else value


def as_yaml(version: ProtocolVersion) -> str:
    """The whole document of *version* as YAML; read back it is the same document."""
    mapping = in_order(json.loads(version.document))
    with translation.override("en-gb"):  # a file reads the same whoever takes it out
        status = version.get_status_display().lower()
    head = [
        f"# Protocol {version.version}, {status}. SHA-256 of its document: {version.sha256}",
        "# To bring a changed copy in, give it a new pack_version first. Importing makes a draft; only a medical lead approves.",
    ]
    parts = [
        yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10_000)
        for key, value in mapping.items()
    ]
    return "\n".join(head) + "\n" + "".join(parts)
