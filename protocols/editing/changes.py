"""From what was typed to named changes, and from those to another document; and back, to what a document was before."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from ..comparison import NoSuchValue, join, place, steps, value_at
from .fields import ADDED, Entry, Field, Mistake, Page


def typed(page: Page, posted: Mapping[str, list[str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Read what was typed into the fields of *page*: values by path, and mistakes by path. A field that was not sent was not
    touched. Each field keeps what was typed, also where it is wrong.
    """
    found: dict[str, Any] = {}
    mistakes: dict[str, str] = {}
    for entry in page.entries:
        sent = [one for one in entry.everything if one.path in posted]
        for one in sent:
            _keep(one, posted)
        if entry.fresh and not any(_filled(one) for one in sent if one.path.rpartition(".")[2] in entry.made_by):
            continue
        for one in sent:
            try:
                found[one.path] = one.read(posted[one.path], _added(one, posted))
            except Mistake as mistake:
                mistakes[one.path] = _("%(name)s %(fault)s.") % {"name": one.full, "fault": mistake}
    return found, mistakes


def _added(one: Field, posted: Mapping[str, list[str]]) -> str:
    return " ".join(posted.get(one.path + ADDED, ()))


def _keep(one: Field, posted: Mapping[str, list[str]]) -> None:
    """Leave in the control what was typed into it."""
    texts = posted[one.path]
    if one.kind in ("refs", "picks"):
        one.shown = [text for text in texts if text]
        known = dict(one.options)
        if one.kind == "refs":
            more = [text for text in _added(one, posted).replace(",", " ").replace(";", " ").split() if text in known]
            one.shown = list(dict.fromkeys([*one.shown, *more]))
    else:
        one.shown = texts[-1] if texts else ""


def _filled(one: Field) -> bool:
    return bool(one.shown.strip() if isinstance(one.shown, str) else one.shown)


def changes(page: Page, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What *values* would change, as path, before, after; a row that is not there yet comes whole."""
    found = []
    for entry in page.entries:
        if entry.fresh:
            made = _made(entry, values)
            if made is not None:
                found.append({"path": entry.row, "before": None, "after": made})
            continue
        for one in entry.everything:
            if one.path in values and not one.apart and not same(one.value, values[one.path]):
                found.append({"path": one.path, "before": one.value, "after": values[one.path]})
    return found


def _made(entry: Entry, values: Mapping[str, Any]) -> dict[str, Any] | None:
    mine = {one.path: values[one.path] for one in entry.everything if one.path in values}
    if not mine:
        return None
    row: dict[str, Any] = copy.deepcopy(dict(entry.fresh[1]))
    for path, value in mine.items():
        if value is not None:
            row[path[len(entry.row) + 1 :]] = value
    return row


def same(before: Any, after: Any) -> bool:
    """Whether nothing changed: 1 and 1.0 are the same number, true is none."""
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    return before == after


# Into a document


KEPT = object()  # as `like`: a key that stays though nothing is in it


def put(document: dict[str, Any], path: str, value: Any, *, like: Any = None) -> None:
    """
    Write *value* where *path* says, in place. Nothing (None) takes a row out of its list, and a key out of its mapping unless
    *like* is KEPT. A row that is not there joins its list; a mapping on the way is made, and goes when nothing is left in it.
    """
    kind = steps(path)[-1][0]
    parent = parent_of(path)
    try:
        holder, key = place(document, path)
    except NoSuchValue:
        if value is None:
            return
        if kind == "row":
            _join(value_at(document, parent), parent, copy.deepcopy(value))
            return
        put(document, parent, {})
        holder, key = place(document, path)
    if value is not None or like is KEPT:
        holder[key] = copy.deepcopy(value)
    elif kind == "row":
        del holder[key]
    else:
        holder.pop(key, None)
        if not holder and parent and steps(parent)[-1][0] == "key":
            put(document, parent, None)


# Lists that stand in the order of a figure: a row joins where its own puts it.
_BY_FIGURE = {
    "downtime_bands": lambda row: (row.get("depth_mm") or {}).get("above"),
    "precare": lambda row: row.get("day"),
    "aftercare": lambda row: row.get("from_hour"),
    "normal_course": lambda row: row.get("from_hour"),
    "red_flags": lambda row: row.get("from_hour"),
}


def _join(rows: list[Any], path: str, row: Any) -> None:
    figure = _BY_FIGURE.get(path)
    mine = figure(row) if figure else None
    if mine is None:
        rows.append(row)
        return
    theirs = [figure(other) for other in rows]
    # A band that begins where another does takes the shallower part of it.
    first = path == "downtime_bands"
    after = (place for place, one in enumerate(theirs) if one is not None and (one > mine or (first and one == mine)))
    rows.insert(next(after, len(rows)), row)


def parent_of(path: str) -> str:
    """The name of what holds the value called *path*: its list, or its mapping."""
    found = ""
    for kind, text in steps(path)[:-1]:
        found = f"{found}[{text}]" if kind == "row" else join(found, text)
    return found


def row_name(rows: str, *ids: Any) -> str:
    """The name of the row with *ids* in the list called *rows*."""
    return f"{rows}[{','.join(join('', str(one)) for one in ids)}]"


def applied(document: dict[str, Any], found: Iterable[Mapping[str, Any]], page: Page | None = None) -> None:
    """Write changes into *document*, in place."""
    nulls = {one.path for one in page.fields if one.blank == "null"} if page else set()
    for change in found:
        put(document, change["path"], change["after"], like=KEPT if change["path"] in nulls else None)


def undone(document: Mapping[str, Any], edits: Iterable[Iterable[Mapping[str, Any]]]) -> dict[str, Any]:
    """What *document* was before *edits* (each a list of changes, the oldest first)."""
    before = copy.deepcopy(dict(document))
    for found in reversed(list(edits)):
        for change in reversed(list(found)):
            put(before, change["path"], change["before"])
    return before
