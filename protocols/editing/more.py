"""Every other section of a version, value by value, as its types allow: devices, phototypes, technique, numbing and the rest."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..comparison import row_keys
from ..reading import words
from .fields import Group, Page
from .leaves import Leaves
from .naming import address

SLUG, TITLE = "more", gettext_noop("Everything else")
ABOUT = gettext_noop("Devices and their labels, phototypes, technique, numbing, combinations, settings.")
_SKIPPED = frozenset({"schema", "pack_version", "status", "status_text", "vocabulary", "medicines"})


def _sections(document: Mapping[str, Any]) -> list[str]:
    return [key for key in document if key not in _SKIPPED and address(document, f"{key}[#0]")[0] in ("", SLUG) and key != "depth_ranges"]


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, words(key)) for key in _sections(document)] + [("medicines", _("Medicine classes and matching"))]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if not item:
        rows = [{"item": key, "label": label, "note": ""} for key, label in items(document)]
        return Page(_(TITLE), [], links=[{"title": "", "rows": rows}])
    if item not in dict(items(document)):
        return None
    making = Leaves(document)
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
    return Page(dict(items(document))[item], [group for group in groups if group.entries], back=("", _(TITLE)))
