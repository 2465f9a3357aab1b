"""Every other section of a version, value by value, as its types allow: devices, phototypes, technique, numbing and the rest."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..comparison import join, row_keys
from ..reading import words
from .fields import Entry, Field, Group, Making, Page
from .naming import Naming, address

SLUG, TITLE = "more", "Everything else"
ABOUT = "Devices and their labels, phototypes, technique, numbing, combinations, settings."
# Changing what other values are found by, or what the planner knows by name, is done by importing a pack.
_IDS = frozenset({"id", "brand", "indication", "level", "zone", "ingredient", "adjuvant", "rule", "leads_to", "device", "kind"})
_SKIPPED = frozenset({"schema", "pack_version", "status", "status_text", "vocabulary", "medicines"})


def _sections(document: Mapping[str, Any]) -> list[str]:
    return [key for key in document if key not in _SKIPPED and address(document, f"{key}[#0]")[0] in ("", SLUG) and key != "depth_ranges"]


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, words(key)) for key in _sections(document)] + [("medicines", "Medicine classes and matching")]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if not item:
        rows = [{"item": key, "label": label, "note": ""} for key, label in items(document)]
        return Page(TITLE, [], links=[{"title": "", "rows": rows}])
    if item not in dict(items(document)):
        return None
    making = _Leaves(document)
    value = document[item]
    if item == "medicines":
        value = {key: part for key, part in value.items() if key != "list"}
    groups = []
    if isinstance(value, list):
        for key, row in zip(row_keys(value, item), value, strict=True):
            path = f"{item}[{key}]"
            groups.append(Group(making.naming(path).partition(": ")[2] or words(key), making.entries(path, row, "")))
    else:
        groups.append(Group(words(item), making.entries(item, value, "")))
    return Page(dict(items(document))[item], [group for group in groups if group.entries], back=("", TITLE))


class _Leaves:
    """Makes a field for each value below a mapping, and an entry for each mapping."""

    def __init__(self, document: Mapping[str, Any]):
        self.make, self.naming = Making(document), Naming(document)

    def entries(self, path: str, holder: Mapping[str, Any], title: str) -> list[Entry]:
        fields, deeper = [], []
        for key, value in holder.items():
            there = join(path, key)
            if key in ("refs", "evidence", "unverified") or key in _IDS:
                continue
            if isinstance(value, Mapping):
                deeper += self.entries(there, value, words(key))
            elif isinstance(value, list) and value and isinstance(value[0], Mapping):
                for name, row in zip(row_keys(value, key, path.rpartition(".")[2]), value, strict=True):
                    deeper += self.entries(f"{there}[{name}]", row, f"{words(key)} {name.lstrip('#')}")
            else:
                fields += self._field(there, key, value)
        source = (
            self.make.source(
                path, holder, title or self.naming(path), only=[key for key in ("refs", "evidence", "unverified") if key in holder]
            )
            if "refs" in holder
            else []
        )
        if fields or source:
            deeper.insert(0, Entry(title or "Values", fields, source, note=""))
        return deeper

    def _field(self, path: str, key: str, value: Any) -> Iterator[Field]:
        full, label = self.naming(path), words(key)
        if isinstance(value, bool):
            yield Field(path, label, "flag", value, full=full, width="m")
        elif isinstance(value, (int, float)):
            unit = next(
                (unit for ending, unit in (("_mm", "mm"), ("_days", "days"), ("_weeks", "weeks"), ("_hours", "h")) if key.endswith(ending)),
                "",
            )
            yield Field(path, label, "number", value, full=full, unit=unit, signed=value < 0 or key.endswith("step_mm"), width="s")
        elif isinstance(value, str):
            yield Field(path, label, "text" if len(value) > 60 else "line", value, full=full, width="l" if len(value) > 60 else "m")
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield Field(path, label, "lines", value, full=full, hint="One per line.", width="m")
