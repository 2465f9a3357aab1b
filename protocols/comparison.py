"""
What differs between two versions, value by value, and how each value is named.

A value is named by ids, not by its place in a list, so that a name still means the same value after rows were added, removed or
sorted: `depth_ranges[acne_scars,grade_1,cheeks].max`, `contraindications[hsv_active].interval_days.typical`,
`medicines.list[isotretinoin].names`. A row that has no id carries its place, counted from one: `technique.rules[#2].rule`.
A part that holds one of `. , # [ ] "` stands in quotes: `device_limits["A, B",wrinkles,neck].max_set_mm`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Rows that are told apart by other fields than `id`.
_KEYS = {
    "depth_ranges": ("indication", "level", "zone"),
    "device_models": ("brand",),
    "device_limits": ("device", "indication", "area"),
    "use": ("indication",),
    "medicines.list": ("ingredient",),
    "form_decides": ("ingredient",),
    "procedures.list": ("leads_to",),
    "limits": ("unit",),
    "aftercare_by_adjuvant": ("adjuvant",),
    "covers": ("rule",),
    "request": ("indication", "level"),
    "min_interval_exempt": ("indication", "level"),
    "when": ("question",),
}
# Lists of rows that are only ever looked up by what they are about. Of every other list the order says something: what comes first
# on screen, is asked first, or is the first of several that fit.
UNORDERED_ROWS = frozenset({"depth_ranges", "references"})
# Lists of words that mean the same in any order: sources, names, ids.
UNORDERED_WORDS = frozenset(
    {
        *("refs", "words", "names", "classes", "zones", "phototypes", "indications", "regions", "leads_to", "exclude_if", "sign_off"),
        *("unverified_fields", "not_in_zones", "inherits", "bands", "levels", "noise", "units", "separators", "kinds", "refer"),
    }
)
_PLAIN = re.compile(r'[^.,#\[\]"]+')


class NoSuchValue(LookupError):
    """The document has no value of this name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing that differs. kind: "changed", "added", "removed", or "moved" where rows of a list stand in another order (before
    and after are then the names of the rows that both have). An added or removed row comes as one difference with all it holds.
    """

    path: str
    kind: str
    before: Any = None
    after: Any = None


# Names


def _part(value: Any) -> str:
    text = value if isinstance(value, str) else ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def id_fields(parent: str, name: str) -> tuple[str, ...]:
    return _KEYS.get(f"{parent}.{name}") or _KEYS.get(name) or ("id",)


def _rows(value: Any) -> bool:
    """True for a list of entries; a list of words or numbers is one value."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def row_keys(rows: Sequence[Mapping], name: str, parent: str = "") -> list[str]:
    """
    What stands in the brackets for each of *rows*, the list called *name* in the mapping called *parent*. Of several rows with the
    same ids the second carries `#2`.
    """
    fields = id_fields(parent, name)
    counted: Counter[str] = Counter()
    keys = []
    for place, row in enumerate(rows, start=1):
        if not all(field in row and row[field] not in (None, "") for field in fields):
            keys.append(f"#{place}")
            continue
        key = ",".join(_part(row[field]) for field in fields)
        counted[key] += 1
        keys.append(key if counted[key] == 1 else f"{key}#{counted[key]}")
    return keys


def steps(path: str) -> list[tuple[str, str]]:
    """
    *path* in its parts: ("key", name) for a field, ("row", what stands in the brackets) for a row.

    Raises:
        NoSuchValue: *path* is not written as a name.
    """
    found, at = [], 0
    token = re.compile(r'\[((?:"(?:\\.|[^"\\])*"|[^\]"])*)\]|\.?("(?:\\.|[^"\\])*"|[^.\[\]"]+)')
    while at < len(path):
        match = token.match(path, at)
        if match is None:
            raise NoSuchValue(path)
        row, key = match.groups()
        if row is not None:
            found.append(("row", row))
        else:
            found.append(("key", json.loads(key) if key.startswith('"') else key))
        at = match.end()
    return found


def place(document: Any, path: str) -> tuple[Any, Any]:
    """
    Return the mapping or list that holds the value called *path*, and its key or index there: what an edit writes to. The last field
    of a mapping need not be there yet.

    Raises:
        NoSuchValue: there is nothing of this name.
    """
    names = steps(path)
    if not names:
        raise NoSuchValue(path)
    holder, value, parent, name = None, document, "", ""
    key: Any = None
    for number, (kind, text) in enumerate(names):
        holder = value
        if kind == "key":
            if not isinstance(holder, dict) or (text not in holder and number < len(names) - 1):
                raise NoSuchValue(path)
            key, parent, name = text, name, text
            value = holder.get(text)
        else:
            keys = row_keys(holder, name, parent) if _rows(holder) else []
            if text not in keys:
                raise NoSuchValue(path)
            key = keys.index(text)
            value = holder[key]
    return holder, key


def value_at(document: Any, path: str) -> Any:
    """
    Return the value called *path*.

    Raises:
        NoSuchValue: there is nothing of this name.
    """
    holder, key = place(document, path)
    if isinstance(holder, dict) and key not in holder:
        raise NoSuchValue(path)
    return holder[key]


def stable(document: Any, path: str) -> str:
    """
    Return the name by ids of what a fault calls by place: `zones[6].max_depth_mm` as `zones[cheeks].max_depth_mm`. What cannot be
    found in *document* keeps its wording.
    """
    value, parent, name, written = document, "", "", ""
    for match in re.finditer(r"\[([^\]]*)\]|\.?([^.\[\]]+)", path):
        place_text, key = match.groups()
        if place_text is not None:
            if not place_text.isdecimal() or not isinstance(value, list) or int(place_text) >= len(value):
                return written + path[match.start() :]
            index = int(place_text)
            written += f"[{row_keys(value, name, parent)[index]}]" if _rows(value) else f"[#{index + 1}]"
            value = value[index]
        else:
            if not isinstance(value, Mapping):
                return written + path[match.start() :]
            written = join(written, key)
            parent, name, value = name, key, value.get(key)
    return written


def join(path: str, key: str) -> str:
    """The name of the field *key* of the mapping called *path*."""
    return f"{path}.{_part(key)}" if path else _part(key)


def values(document: Any, path: str = "", *, parent: str = "", name: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of *document* with its name: numbers, texts, true and false, nothing, and whole lists of words or numbers."""
    if isinstance(document, Mapping):
        for key, item in document.items():
            yield from values(item, join(path, key), parent=name, name=key)
    elif _rows(document):
        for key, row in zip(row_keys(document, name, parent), document, strict=True):
            yield from values(row, f"{path}[{key}]", parent=name, name="")
    else:
        yield path, document


def rows(document: Any, path: str = "", *, parent: str = "", name: str = "") -> Iterator[tuple[str, Mapping]]:
    """Each entry of each list of entries, with its name."""
    if isinstance(document, Mapping):
        for key, item in document.items():
            yield from rows(item, join(path, key), parent=name, name=key)
    elif _rows(document):
        for key, row in zip(row_keys(document, name, parent), document, strict=True):
            yield f"{path}[{key}]", row
            yield from rows(row, f"{path}[{key}]", parent=name, name="")


# Comparing


def _same(before: Any, after: Any, name: str) -> bool:
    if name in UNORDERED_WORDS and isinstance(before, list) and isinstance(after, list):
        try:
            return Counter(before) == Counter(after)
        except TypeError:
            return before == after
    return (type(before) is type(after) and before == after) or (_number(before) and _number(after) and before == after)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(before: Any, after: Any) -> list[Difference]:
    """Every difference between two documents, in the order of the first and then of the second."""
    return list(_compare(before, after, "", "", ""))


def _compare(before: Any, after: Any, path: str, parent: str, name: str) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            there = join(path, key)
            if key not in after:
                yield Difference(there, "removed", before=before[key])
            elif key not in before:
                yield Difference(there, "added", after=after[key])
            else:
                yield from _compare(before[key], after[key], there, name, key)
    elif (_rows(before) and (_rows(after) or after == [])) or (_rows(after) and before == []):
        yield from _compare_rows(before, after, path, parent, name)
    elif not _same(before, after, name):
        yield Difference(path, "changed", before, after)


def _compare_rows(before: list, after: list, path: str, parent: str, name: str) -> Iterator[Difference]:
    pairs, gone, come = _pairs(before, after, name, parent)
    keys = row_keys(before, name, parent)
    for old, new in pairs:
        yield from _compare(before[old], after[new], f"{path}[{keys[old]}]", name, "")
    for old in gone:
        yield Difference(f"{path}[{keys[old]}]", "removed", before=before[old])
    new_keys = row_keys(after, name, parent)
    for new in come:
        yield Difference(f"{path}[{new_keys[new]}]", "added", after=after[new])
    if name not in UNORDERED_ROWS:
        was = [keys[old] for old, _ in sorted(pairs)]
        now = [keys[old] for old, _ in sorted(pairs, key=lambda pair: pair[1])]
        if was != now:
            yield Difference(path, "moved", was, now)


def _pairs(before: list, after: list, name: str, parent: str) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """
    Which row of *before* is which of *after*: by ids, and rows without any first by what they say, the rest in their order.
    """
    keys, new_keys = row_keys(before, name, parent), row_keys(after, name, parent)
    places = {key: index for index, key in enumerate(new_keys) if not key.startswith("#")}
    pairs = [(old, places[key]) for old, key in enumerate(keys) if key in places]
    taken = {new for _, new in pairs}
    left = [old for old, key in enumerate(keys) if key.startswith("#")]
    free = [new for new, key in enumerate(new_keys) if key.startswith("#")]
    for old in list(left):
        same = next((new for new in free if after[new] == before[old]), None)
        if same is not None:
            pairs.append((old, same))
            left.remove(old)
            free.remove(same)
    together = min(len(left), len(free))
    pairs += list(zip(left[:together], free[:together], strict=True))
    gone = [old for old, key in enumerate(keys) if not key.startswith("#") and key not in places] + left[together:]
    come = [new for new, key in enumerate(new_keys) if not key.startswith("#") and new not in taken] + free[together:]
    return sorted(pairs), sorted(gone), sorted(come)
