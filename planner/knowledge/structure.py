"""What must hold of a pack before any of it is read: plain values, plain text, no loops, nothing endless. And the order of faults."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from planner.errors import Fault, KnowledgeFaults

MOST_LEVELS = 40  # a pack needs about ten
MOST_VALUES = 300_000  # a full pack holds about thirty thousand; aliases count each time they are used
LARGEST = 10**12
LONGEST_TEXT = 4000
MOST_FAULTS = 5000

_HTML = re.compile(r"<\s*[/!?a-zA-Z]|&(#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]{1,31});")
# Signs that turn, hide or break text: what a reader sees would not be what was signed.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
_HIDDEN = frozenset("\u200b\u2060\ufeff\u00ad\u2028\u2029")
_PART = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def walk(mapping: object) -> Iterator[Fault]:
    """
    Every value that no pack may hold, whatever section it stands in.

    Raises:
        KnowledgeFaults: the document has no end (a loop, too deep, too many values), so that nothing can be listed.
    """
    todo: list[tuple[Any, str, tuple[int, ...]]] = [(mapping, "", ())]
    seen = 0
    while todo:
        value, path, above = todo.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise KnowledgeFaults([Fault("", f"holds more than {MOST_VALUES} values: this is no pack")])
        if isinstance(value, (Mapping, list, tuple)):
            if id(value) in above:
                raise KnowledgeFaults([Fault(path, "comes back to itself: an anchor may not hold its own alias")])
            if len(above) >= MOST_LEVELS:
                raise KnowledgeFaults([Fault(path, f"is nested more than {MOST_LEVELS} levels deep")])
            inside = (*above, id(value))
            if isinstance(value, Mapping):
                for key in value:
                    if not isinstance(key, str):
                        yield Fault(f"{path}.{short(key)}".lstrip("."), "a key must be a word; put it in quotes")
                    elif (wrong := text_fault(key)) is not None:
                        yield Fault(f"{path}.{short(key)!a}".lstrip("."), f"the key {wrong}")
                todo += [(item, f"{path}.{short(key)}".lstrip("."), inside) for key, item in value.items()]
            else:
                todo += [(item, f"{path}[{index}]", inside) for index, item in enumerate(value)]
            continue
        wrong = _plain_fault(value)
        if wrong is not None:
            yield Fault(path, wrong)


def _plain_fault(value: Any) -> str | None:
    if value is None or value is True or value is False:
        return None
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return f"must be at most {LONGEST_TEXT} characters"
        return text_fault(value)
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        return f"must be a number, not {value}"
    if isinstance(value, (int, float, Decimal)):
        return "is too large a number" if not -LARGEST < value < LARGEST else None
    return None if hasattr(value, "isoformat") else f"a {type(value).__name__} has no place in a pack"


def text_fault(text: str) -> str | None:
    """What keeps a text out of a pack: markup, entities, control signs, signs that turn or hide what follows."""
    if _HTML.search(text):
        return "must be plain text, without HTML"
    if text.isprintable():
        return None
    for letter in text:
        if letter in "\n\t" or letter.isprintable():
            continue
        if letter in _TURNING:
            return "must not hold signs that turn the direction of the text"
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Cs", "Cn", "Co") or letter in _HIDDEN:
            return "must not hold control signs or signs that cannot be seen"
    return None


def short(key: object) -> str:
    """A key as a path names it, never longer than a line."""
    try:
        text = str(key)
    except (ValueError, RecursionError):
        return f"a {type(key).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def in_pack_order(faults: Iterable[Fault], mapping: object) -> list[Fault]:
    """Each fault once, in the order in which the pack names what they are about; what it does not name comes last."""
    places, found = _Places(mapping), set(faults)
    return sorted(found, key=lambda fault: (places.of(fault.path), fault.path, fault.message))[:MOST_FAULTS]


class _Places:
    """Where each path of a document stands. What a mapping or a list holds is read once, however many paths lead through it."""

    def __init__(self, document: object) -> None:
        self._document = document
        self._found: dict[str, tuple[int, ...]] = {}
        self._names: dict[int, dict[str, tuple[int, object]]] = {}  # by the identity of the mapping or list, which the document keeps

    def of(self, path: str) -> tuple[int, ...]:
        found = self._found.get(path)
        if found is None:
            place: list[int] = []
            here = self._document
            for match in _PART.finditer(path):
                position, here = self._step(here, match[1] if match[1] is not None else match[2])
                place.append(position)
            found = self._found[path] = tuple(place)
        return found

    def _step(self, here: object, name: str) -> tuple[int, object]:
        if isinstance(here, (list, tuple)):
            if name.isascii() and name.isdigit() and int(name[:9]) < len(here):
                return int(name), here[int(name)]
        elif not isinstance(here, Mapping):
            return 10**9, None
        names = self._names.get(id(here))
        if names is None:
            names = self._names[id(here)] = {}
            for position, item in enumerate(here):
                if isinstance(here, Mapping):
                    names.setdefault(short(item), (position, here[item]))
                elif isinstance(item, Mapping):
                    for known in _names(item):
                        names.setdefault(known, (position, item))
        return names.get(name, (len(here), None))


def _names(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """What a fault may call this row."""
    depth = ", ".join(str(row.get(key)) for key in ("indication", "level", "zone"))
    return (*(str(row[key]) for key in ("id", "brand", "ingredient", "rule") if key in row), depth)
