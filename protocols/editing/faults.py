"""Where a fault of the parser stands on a page of the editor: its path names places in a list, a field names ids."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _

from planner.errors import Fault

from ..comparison import join, row_keys
from ..fault_words import said
from .fields import Field, Page

_PART = re.compile(r"\[([^\]]*)\]|\.?([^.\[\]]+)")


def named(document: Mapping[str, Any], path: str) -> str:
    """
    The name by ids of what a fault calls `zones[6].max_depth_mm`, `depth_ranges[acne_scars, grade_1, chin].max` or
    `adjuvants.prp.sign_off`. What *document* does not hold keeps its wording.
    """
    value: Any = document
    parent = name = written = ""
    for match in _PART.finditer(path):
        bracket, key = match.groups()
        text = key if bracket is None else bracket
        if isinstance(value, list):
            rows = bool(value) and all(isinstance(row, Mapping) for row in value)
            keys = row_keys(value, name, parent) if rows else [f"#{number}" for number in range(1, len(value) + 1)]
            spelled = re.sub(r",\s+", ",", text)
            if text.isdigit() and int(text) < len(keys):
                index = int(text)
            elif spelled in keys:
                index = keys.index(spelled)
            else:
                return written + path[match.start() :]
            written, value = f"{written}[{keys[index]}]", value[index]
        elif isinstance(value, Mapping) and bracket is None:
            written = join(written, text)
            parent, name, value = name, text, value.get(text)
        else:
            return written + path[match.start() :]
    return written


def placed(
    page: Page, document: Mapping[str, Any], faults: Iterable[Fault], renamed: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[str, str]]:
    """
    Put each fault beside the field of *page* that it is about, and return those that stand nowhere on it, as (name, message).
    *document*: the one that has the faults. renamed: what a row is called there -> what it is called on the page.
    """
    fields = list(page.fields)
    elsewhere = []
    for fault in faults:
        name = named(document, fault.path)
        for there, here in renamed.items():
            if name == there or name.startswith((there + ".", there + "[")):
                name = here + name[len(there) :]
        found = _field(fields, name)
        if found is None:
            elsewhere.append((name, fault.message))
        elif not found.error:
            about = {"name": found.full if name.startswith(found.path) else _head(found), "fault": said(fault.message)}
            found.error = _("%(name)s %(fault)s.") % about if name.startswith(found.path) else "{name}: {fault}.".format(**about)
    return elsewhere


def _head(found: Field) -> str:
    return found.full.rpartition(":")[0] or found.full


def _field(fields: list[Field], name: str) -> Field | None:
    """The field itself, else the one that holds the value (one word of a list), else the first within it (a whole row)."""
    for one in fields:
        if one.path == name:
            return one
    for one in fields:
        if name.startswith((one.path + "[", one.path + ".")):
            return one
    return next((one for one in fields if name and one.path.startswith((name + ".", name + "["))), None)
