"""A field for each value below a mapping, as its type allows: for what has no page of its own making."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from ..comparison import join, row_keys
from ..reading import words
from .fields import Entry, Field, Making
from .naming import Naming

# Changing what other values are found by, or what the planner knows by name, is done by importing a pack.
_IDS = frozenset({"id", "brand", "indication", "level", "zone", "ingredient", "adjuvant", "rule", "leads_to", "device", "kind"})


class Leaves:
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
            deeper.insert(0, Entry(title or _("Values"), fields, source, note=""))
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
            yield Field(path, label, "lines", value, full=full, hint=_("One per line."), width="m")
