"""The words of the patient's sheet, text by text. A figure is never typed: it is a name in braces which the sheet fills."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.knowledge.wording_section import EVERYWHERE, LINES, PARTS

from ..comparison import join, row_keys
from ..reading import words
from .fields import Entry, Field, Group, Page
from .naming import PLACEHOLDER

SLUG, TITLE = "wording", gettext_noop("Words of the sheet")
ABOUT = gettext_noop("Every sentence of the aftercare sheet that the patient takes home.")
SECTION = "patient_wording"
# Parts a version may do without; they come with the program.
BY_SKIN_AND_SEASON = ("normal_by_phototype", "season")
# Names of rows and switches: what the sheet is built by, not what it says.
_FIXED = frozenset({"id", "fields", "regions", "needs", "classes", "extends", "quiet", "language", "phototypes", "months"})


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    wording = document.get(SECTION)
    if not isinstance(wording, Mapping):
        return Page(_(TITLE), [], intro=_("This version keeps no words of the sheet: it was made before they became part of the protocol."))
    top, order = [], list(dict.fromkeys(path.partition(".")[0] for path in (*LINES, *PARTS)))
    groups = []
    keys = sorted(wording, key=lambda key: (order.index(key) if key in order else len(order), key))
    terms = tuple(wording.get("terms") or ())
    for key in keys:
        if key in _FIXED:
            continue
        value = wording[key]
        if isinstance(value, str):
            top.append(_text(f"{SECTION}.{key}", words(key), value, _names(key, value, terms)))
            continue
        fields = list(_texts(value, f"{SECTION}.{key}", key, "", terms))
        if fields:
            groups.append(Group(words(key), [Entry(words(key), fields)]))
    head = [Group(_("Head and foot"), [Entry(_("Head and foot"), top)])] if top else []
    everywhere = ", ".join(f"{{{name}}}" for name in (*EVERYWHERE, *terms))
    intro = _("A figure is never typed here: write its name in braces and the sheet fills it in from this version. Everywhere: %(names)s.")
    intro %= {"names": everywhere}
    offers = "sheet-words" if any(name not in wording for name in BY_SKIN_AND_SEASON) else ""
    return Page(_(TITLE), head + groups, intro=intro, offers=offers)


def _names(dotted: str, value: str, terms: tuple[str, ...]) -> list[str]:
    """The names in braces that the text may use beside those that fit everywhere."""
    return list(
        dict.fromkeys([*LINES.get(dotted, ()), *PARTS.get(dotted, ()), *(found.strip("{}") for found in PLACEHOLDER.findall(value))])
    )


def _text(path: str, label: str, value: str, names: list[str]) -> Field:
    hint = _("Can fill: %(names)s") % {"names": ", ".join(f"{{{name}}}" for name in names)} if names else ""
    return Field(path, label, "text" if len(value) > 60 else "line", value, hint=hint, width="l" if len(value) > 60 else "m")


def _texts(value: Any, path: str, dotted: str, label: str, terms: tuple[str, ...]) -> Iterator[Field]:
    if isinstance(value, str):
        one = _text(path, label, value, _names(dotted, value, terms))
        one.full = f"{words(dotted.partition('.')[0])}, {label}"
        yield one
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _FIXED:
                yield from _texts(
                    item, join(path, key), f"{dotted}.{key}", f"{label}: {words(key).lower()}" if label else words(key), terms
                )
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield Field(path, label, "lines", value, full=f"{words(dotted.partition('.')[0])}, {label}", hint=_("One per line."))
    elif isinstance(value, list):
        for key, row in zip(row_keys(value, dotted.rpartition(".")[2]), value, strict=True):
            yield from _texts(row, f"{path}[{key}]", dotted, words(row.get("id") or _(" and ").join(row.get("fields", ())) or key), terms)
