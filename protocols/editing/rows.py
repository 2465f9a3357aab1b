"""
Rows that are added, copied and taken out in the browser: which lists they stand in, what a new one begins with, and what is
written beside it.

A new row is edited on the page it will have later: the page is made from the draft with the row in it, under the name `new`. So
nothing that can be edited is missing from what can be added.
"""

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..comparison import NoSuchValue, row_keys, value_at
from ..comparison import values as all_values
from .changes import applied, changes, put, row_name
from .fields import Entry, Field, Group, Making, Page

NEW = "new"
_ID = re.compile(r"[a-z0-9_]{2,60}")


def id_problem(name: str) -> str:
    """What keeps *name* from being the short name of a row."""
    if not _ID.fullmatch(name):
        return "must be 2 to 60 small letters, numbers or low lines, for example harris2015"
    return f"cannot be the word {name}: the address of another page ends with it" if name == NEW else ""


def _nothing(document: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _no_more(document: Mapping[str, Any], ident: str, gone: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Rows:
    """
    One list of a version whose rows come and go.

    slug       in addresses, where a page of the editor has several such lists
    path       the list in the document; ident: the field its rows are told apart by
    noun       "a screening rule"
    page       from a document and an id to the page of that row
    begins     what a new row holds from the start
    own        what a copy does not take over: names that two rows cannot share
    named_by   the field whose words make the id where none is typed
    beside     mappings by the row's id that belong to it: its words on the patient's sheet;
               beside_too: those that come with a row about it, and go with it
    among      where the id is the id of another row: those that are still free, with their words
    also       what else a save of its page changes, elsewhere in the version; finish: completes a row nobody typed all of;
               asked: what the form of a copy, or of a row put back (gone: the changes that took it out), asks beside the row
               gone: what else changes where the row is taken out
    takes      ids that other rows name it by stand under these keys: lists of words, and rows that go with it
    """

    path: str
    noun: str
    page: Callable[[Mapping[str, Any], str], Page | None]
    slug: str = ""
    ident: str = "id"
    id_label: str = gettext_noop("Identifier")
    id_hint: str = gettext_noop("What other values name it by: small letters, numbers and low lines.")
    problem: Callable[[str], str] = id_problem
    begins: Callable[[Mapping[str, Any]], dict[str, Any]] = _nothing
    own: tuple[str, ...] = ()
    named_by: str = ""
    beside: tuple[str, ...] = ()
    beside_too: tuple[str, ...] = ()
    among: Callable[[Mapping[str, Any]], list[tuple[str, str]]] | None = None
    also: Callable[[Mapping[str, Any], str, Page, Mapping[str, Any]], Iterable[dict[str, Any]]] | None = None
    finish: Callable[[dict[str, Any]], None] | None = None
    asked: Callable[[Mapping[str, Any], str, Iterable[Mapping[str, Any]]], dict[str, Any]] = _no_more
    gone: Callable[[Mapping[str, Any], str], Iterable[dict[str, Any]]] | None = None
    takes: "Takes" = field(default_factory=lambda: Takes())

    @property
    def new_item(self) -> str:
        """Where a row is added, within the section."""
        return f"{NEW}/{self.slug}" if self.slug else NEW

    @property
    def add_words(self) -> str:
        return _("Add %(noun)s") % {"noun": _(self.noun)}

    def ids(self, document: Mapping[str, Any]) -> list[str]:
        return [str(row.get(self.ident)) for row in value_at(document, self.path)]

    def row(self, document: Mapping[str, Any], ident: str) -> Mapping[str, Any] | None:
        return next((row for row in value_at(document, self.path) if row.get(self.ident) == ident), None)

    def name(self, ident: str) -> str:
        return row_name(self.path, ident)


@dataclass(frozen=True)
class Takes:
    """
    Where other rows name a row. words: keys of lists of ids, each taken off the list; rows: (list, field) of rows that are about
    it and go with it.
    """

    words: frozenset[str] = frozenset()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass
class Fresh:
    """A row that is being added: the draft with it in it under the name `new`, and its page."""

    rows: Rows
    document: dict[str, Any]
    page: Page
    beside: tuple[str, ...]

    @property
    def path(self) -> str:
        return self.rows.name(NEW)


def fresh(rows: Rows, document: Mapping[str, Any], base: Mapping[str, Any] | None = None, beside: Mapping[str, Any] | None = None) -> Fresh:
    """
    The page on which a row is added. base: the row it is a copy of, or what somebody took out; beside: what stood beside that,
    by the name of the mapping.
    """
    within = copy.deepcopy(dict(document))
    row = copy.deepcopy(dict(base)) if base is not None else copy.deepcopy(rows.begins(document))
    row[rows.ident] = NEW
    put(within, rows.name(NEW), row)
    there = tuple(path for path in rows.beside if _is_mapping(document, path))
    for path in there:
        if beside and path in beside:
            put(within, f"{path}.{NEW}", beside[path])
    page = rows.page(within, NEW)
    if page is None:
        raise LookupError(rows.path)
    page.title, page.removable, page.copied = rows.add_words, "", None
    for entry in page.entries:
        entry.removable = ""
    return Fresh(rows, within, page, there)


def _is_mapping(document: Mapping[str, Any], path: str) -> bool:
    try:
        return isinstance(value_at(document, path), Mapping)
    except NoSuchValue:
        return False


def copied(rows: Rows, document: Mapping[str, Any], ident: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The row *ident* as the beginning of another, without the names that two rows cannot share, and what stands beside it."""
    row = rows.row(document, ident)
    if row is None:
        return None, {}
    base = {key: value for key, value in row.items() if key not in rows.own and key != rows.ident}
    asked = {
        name: {key: value for key, value in held.items() if key not in rows.own} for name, held in rows.asked(document, ident, ()).items()
    }
    return copy.deepcopy(base) | asked, standing_beside(rows, document, ident)


def standing_beside(rows: Rows, document: Mapping[str, Any], ident: str) -> dict[str, Any]:
    found = {}
    for path in rows.beside:
        if _is_mapping(document, path) and ident in value_at(document, path):
            found[path] = copy.deepcopy(value_at(document, path)[ident])
    return found


def made(one: Fresh, ident: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes that add the row as it was typed, under the name *ident*, and what stands beside it."""
    within = copy.deepcopy(one.document)
    typed = changes(one.page, values)
    applied(within, typed, one.page)
    row = dict(value_at(within, one.path))
    row[one.rows.ident] = ident
    if one.rows.finish:
        one.rows.finish(row)
    found = [{"path": one.rows.name(ident), "before": None, "after": row}]
    for path in one.beside:
        words = value_at(within, path).get(NEW)
        if words not in (None, "", [], {}):
            found.append({"path": f"{path}.{ident}", "before": None, "after": words})
    if one.rows.also:
        found += one.rows.also(within, ident, one.page, values)
    return found


def taken_out(rows: Rows, document: Mapping[str, Any], ident: str) -> list[dict[str, Any]]:
    """
    The changes that take the row *ident* out: what named it does so no longer, what is about it goes too. The row itself comes last,
    so that the history of the draft reads backwards into what it was.
    """
    found = list(rows.gone(document, ident)) if rows.gone else []
    whole = [change["path"] for change in found if change["after"] is None]
    for path, field_name in rows.takes.rows:
        for name, row in _rows_of(document, path):
            if row.get(field_name) == ident:
                found.append({"path": name, "before": row, "after": None})
                whole.append(name)
    # A row among several with the same ids is named by its number: the last goes first, so that no name moves.
    found.reverse()
    whole.append(rows.name(ident))
    for path, value in all_values(document):
        key = path.rpartition(".")[2]
        if key in rows.takes.words and isinstance(value, list) and ident in value and not _within(path, whole):
            found.append({"path": path, "before": value, "after": [one for one in value if one != ident]})
    for path in rows.beside + rows.beside_too:
        if _is_mapping(document, path) and ident in value_at(document, path):
            found.append({"path": f"{path}.{ident}", "before": value_at(document, path)[ident], "after": None})
    return [*found, {"path": rows.name(ident), "before": rows.row(document, ident), "after": None}]


# Lists that say "only these": with nothing in them their row would hold everywhere.
_ONLY = frozenset({"zones", "bands"})


def only_for(rows: Rows, document: Mapping[str, Any], ident: str) -> list[str]:
    """The values that are about this row alone and would be about all of them without it: they are changed first, by hand."""
    gone = [rows.name(ident), *(name for path, key in rows.takes.rows for name, row in _rows_of(document, path) if row.get(key) == ident)]
    return [
        path
        for path, value in all_values(document)
        if path.rpartition(".")[2] in rows.takes.words & _ONLY and value == [ident] and not _within(path, gone)
    ]


def _within(path: str, whole: list[str]) -> bool:
    return any(path.startswith((one + ".", one + "[")) for one in whole)


def _rows_of(document: Mapping[str, Any], path: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        held = value_at(document, path)
    except NoSuchValue:
        return []
    parent, _sep, name = path.rpartition(".")
    keys = row_keys(held, name, parent.rpartition(".")[2]) if held else []
    return [(f"{path}[{key}]", row) for key, row in zip(keys, held, strict=True)]


def words_of(row: Mapping[str, Any], key: str, ident: str) -> str:
    """A short name out of the first words of *key*."""
    return re.sub(r"[^a-z0-9]+", "_", str(row.get(key) or ident).casefold()).strip("_")[:40].strip("_")


def beside_entry(make: Making, rows_beside: str, ident: str, parts: list[tuple[str, str, str, dict]]) -> Entry | None:
    """
    The words of the patient's sheet that belong to a row: an entry of fields below `<mapping>.<id>`. parts: (key, label, kind, more);
    an empty key is the words themselves. Nothing where the version keeps no words of the sheet.
    """
    if not _is_mapping(make.document, rows_beside):
        return None
    held, sheet = value_at(make.document, rows_beside).get(ident), _("On the patient's sheet")
    fields = []
    for key, label, kind, more in parts:
        path = f"{rows_beside}.{ident}" + (f".{key}" if key else "")
        value = held if not key else held.get(key) if isinstance(held, Mapping) else None
        label, hint = _(label), more.get("hint", "")
        more = {**more, "hint": _(hint) if hint else ""}
        fields.append(Field(path, label, kind, value, full=f"{sheet}: {label.lower()}", **more))
    return Entry(sheet, fields)


def sheet_group(entry: Entry | None) -> list[Group]:
    note = _("No figure is typed here: the sheet fills figures in from this version.")
    return [Group(_("On the patient's sheet"), [entry], note=note)] if entry else []
