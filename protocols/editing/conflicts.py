"""Two people on one draft: what each of them changed, and where both touched the same value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .changes import same
from .fields import Field, Page


@dataclass(frozen=True)
class Clash:
    """A value that both changed. `theirs`, `mine`: in words; `gone`: they took the row out, so that there is nothing left to write to.
    `taken`: both added a row of this name, and it is theirs."""

    path: str
    label: str
    was: str
    theirs: str
    mine: str
    who: Any
    when: Any
    gone: bool = False
    taken: bool = False


@dataclass(frozen=True)
class Meeting:
    """What a save met that was made from an older state of the draft."""

    clashes: tuple[Clash, ...]
    others: tuple[dict[str, Any], ...]  # path, before, after, who, when of all the rest they changed
    touched: frozenset[str]  # paths of this page that I changed
    only_mine: bool  # nobody else saved in between

    @property
    def harmless(self) -> bool:
        return not self.clashes and self.only_mine


def meet(*, before: Page, now: Page, values: Mapping[str, Any], typed: Mapping[str, Any], since: Sequence[Any], by: Any) -> Meeting:
    """
    before: the page as it was opened. now: as it stands. values: what I typed, read; typed: as typed, where it could not be
    read. since: the edits in between (ProtocolEdit), the oldest first.
    """
    then = {one.path: one for one in before.fields}
    current = {one.path: one for one in now.fields}
    touched = {path for path, one in then.items() if _touched(one, values, typed)}
    clashes = []
    for path in touched:
        was, standing = then[path], current.get(path)
        if standing is not None and same(was.value, standing.value):
            continue
        if standing is not None and path in values and same(values[path], standing.value):
            continue
        edit = _last(since, path)
        clashes.append(
            Clash(
                path=path,
                label=was.full,
                was=was.in_words(was.value),
                theirs=pgettext("entry", "Taken out") if standing is None or _taken_out(edit, path) else standing.in_words(standing.value),
                mine=was.in_words(values[path]) if path in values else str(typed[path]),
                who=edit.made_by if edit else None,
                when=edit.made_at if edit else None,
                gone=standing is None,
            )
        )
    order = list(then)
    clashes.sort(key=lambda clash: order.index(clash.path))
    told = {clash.path for clash in clashes}
    others = [
        change | {"who": edit.made_by, "when": edit.made_at} for edit in since for change in edit.changes if change["path"] not in told
    ]
    only_mine = all(edit.made_by_id == by.pk for edit in since)
    return Meeting(tuple(clashes), tuple(others), frozenset(touched), only_mine)


def both_added(*, theirs: Page, mine: Page, added: str, since: Sequence[Any]) -> Meeting:
    """Both added a row of one name, and they were first. theirs: the page of their row; added: its name; mine: the page I filled in."""
    edit = _last(since, added)
    clashes = []
    for other, own in zip(theirs.fields, mine.fields, strict=False):
        said, typed = other.in_words(other.value), own.shown
        yours = ", ".join(typed) if isinstance(typed, list) else own.in_words(typed) if own.kind in ("choice", "flag") else typed
        yours = {"yes": _("Yes"), "no": _("No")}.get(typed, yours) if own.kind == "flag" and isinstance(typed, str) else yours
        if other.written(other.value) != typed and not (own.kind == "flag" and {typed, other.written(other.value)} == {"", "no"}):
            clashes.append(
                Clash(
                    own.path,
                    own.full,
                    _("Nothing"),
                    said,
                    yours or _("Nothing"),
                    edit.made_by if edit else None,
                    edit.made_at if edit else None,
                    taken=True,
                )
            )
    others = tuple(change | {"who": one.made_by, "when": one.made_at} for one in since for change in one.changes if change["path"] != added)
    return Meeting(tuple(clashes), others, frozenset(), only_mine=False)


def _touched(one: Field, values: Mapping[str, Any], typed: Mapping[str, Any]) -> bool:
    if one.path in values:
        return not same(one.value, values[one.path])
    return one.path in typed


def _taken_out(edit: Any, path: str) -> bool:
    return edit is not None and any(change["after"] is None and path.startswith(change["path"] + ".") for change in edit.changes)


def _last(since: Sequence[Any], path: str) -> Any:
    """The newest edit that changed *path*, or the row or mapping it is in."""
    for edit in reversed(since):
        if any(change["path"] == path or path.startswith((change["path"] + ".", change["path"] + "[")) for change in edit.changes):
            return edit
    return None
