"""
Files of cases as people and tools write them: JSON or YAML; one case, a list, or a library file that wraps one as `case:` beside `expect:`.
"""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from planner.case import Case
from planner.errors import CaseFaults, Fault


@dataclass(frozen=True)
class CaseFile:
    """The cases of one file in order. `is_list`: whether a list came in, so that a list goes out."""

    cases: tuple[Case, ...]
    is_list: bool


MOST_DIGITS = 40  # of a whole number; more is a slip of the keyboard, and slow


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Dates stay text, so that a wrong one is named with its path; a key that stands twice is a fault, not the last one's victory."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _json_mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise CaseFaults([Fault("", f"the key {next(n for n in names if names.count(n) > 1)} stands twice in one mapping")])
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise CaseFaults([Fault("", f"{text[:10]}... has more than {MOST_DIGITS} digits: not a value")])
    return int(text)


def _yaml_whole(loader: Any, node: Any) -> int:
    if len(node.value) > MOST_DIGITS:
        raise yaml.constructor.ConstructorError(None, None, f"a number of more than {MOST_DIGITS} digits", node.start_mark)
    found: int = loader.construct_yaml_int(node)
    return found


_Loader.add_constructor("tag:yaml.org,2002:int", _yaml_whole)


def _no_constant(name: str) -> Any:
    raise CaseFaults([Fault("", f"{name} is not a number")])


def parse_text(text: str) -> Any:
    """
    Return what the text holds, as plain types.

    Raises:
        CaseFaults: it is neither JSON nor YAML; with the line.
    """
    content = _parsed(text)
    if "\\u" in text.lower():
        try:
            json.dumps(content, ensure_ascii=False, default=str).encode()
        except (UnicodeEncodeError, ValueError) as error:
            raise CaseFaults([Fault("", "holds half a character (a lone surrogate)")]) from error
    return content


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_json_mapping, parse_constant=_no_constant, parse_int=_whole)
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] in ("{", "[") and "\n" not in text.strip():
            fault = Fault(f"line {error.lineno}, column {error.colno}", f"is not JSON: {error.msg}")
        else:
            fault = None
    except RecursionError as error:
        raise CaseFaults([Fault("", "is nested too deeply")]) from error
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error) or "is nested too deeply"
        raise CaseFaults([fault or Fault(where, f"is not YAML: {problem}")]) from error


def read_cases(text: str) -> CaseFile:
    """
    Return the cases in *text*.

    Raises:
        CaseFaults: every fault of every case, with its path (`[3].patient.age` in a list).
    """
    content = parse_text(text)
    is_list = isinstance(content, list)
    items = content if is_list else [content]
    faults: list[Fault] = []
    cases: list[Case] = []
    for index, item in enumerate(items):
        place = f"[{index}]" if is_list else ""
        case, prefix = _unwrapped(item, place, faults)
        try:
            cases.append(Case.parse(case))
        except CaseFaults as error:
            faults += [Fault(".".join(part for part in (prefix, fault.path) if part), fault.message) for fault in error.faults]
    if faults:
        raise CaseFaults(faults)
    return CaseFile(tuple(cases), is_list)


def _unwrapped(item: Any, place: str, faults: list[Fault]) -> tuple[Any, str]:
    """A library file's `case:`; what stands beside it and is no part of the library's format is unknown."""
    if not isinstance(item, Mapping) or "case" not in item:
        return item, place
    prefix = f"{place}.case" if place else "case"
    for key in item:
        if key not in ("name", "why", "must_hold", "case", "expect", "exact"):
            faults.append(Fault(f"{place}.{key}" if place else str(key), "is not a key of this format"))
    return item["case"], prefix
