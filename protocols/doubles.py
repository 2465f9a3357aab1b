"""Rows that stand twice in a pack: which ones. The planner names the list and the ids; who mends the file needs the places."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from planner.errors import Fault, KnowledgeFaults
from planner.knowledge import Knowledge

from .comparison import NoSuchValue, id_fields, value_at

_TWICE = re.compile(r"(.+) stands twice", re.DOTALL)


def parse(document: Any) -> Knowledge:
    """
    Return *document* as knowledge.

    Raises:
        KnowledgeFaults: every fault with its path, and of a row that stands twice both places.
    """
    try:
        return Knowledge.parse(document)
    except KnowledgeFaults as error:
        raise KnowledgeFaults(pinpointed(error.faults, document)) from error


def pinpointed(faults: Iterable[Fault], document: Any) -> list[Fault]:
    """*faults* with each row that stands twice named by its place, and by the place of the first one."""
    found: list[Fault] = []
    for fault in faults:
        places = _places(document, fault)
        found += [
            Fault(f"{fault.path}[{place}]", f"{fault.message}: here and in {fault.path}[{places[0]}]", fault.kind) for place in places[1:]
        ] or [fault]
    return found


def _places(document: Any, fault: Fault) -> list[int]:
    said = _TWICE.fullmatch(fault.message)
    if said is None or not isinstance(document, Mapping):
        return []
    try:
        rows = value_at(document, fault.path)
    except NoSuchValue:
        return []
    if not isinstance(rows, list):
        return []
    parent, _, name = fault.path.rpartition(".")
    fields = id_fields(parent.rpartition(".")[2], name)
    return [place for place, row in enumerate(rows) if isinstance(row, Mapping) and _ids(row, fields) == said[1]]


def _ids(row: Mapping[str, Any], fields: Iterable[str]) -> str:
    return ", ".join(str(row.get(field)) for field in fields)
