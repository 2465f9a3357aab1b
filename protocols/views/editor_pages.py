"""The editor's pages: the draft, its addresses, a page of values on screen, and what a save has met."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..comparison import value_at
from ..editing import SECTIONS, adding, at_row, depth, references, rows_of
from ..editing.changes import typed
from ..editing.conflicts import Meeting
from ..editing.fields import Page, ident
from ..editing.naming import Naming, address
from ..editing.rows import Fresh, copied, fresh
from ..models import ProtocolEdit, ProtocolVersion


def draft_named(version: str) -> ProtocolVersion:
    rows = ProtocolVersion.objects.select_related("based_on", "edited_by", "created_by")
    return get_object_or_404(rows.defer("based_on__document"), version=version)


def locked(request, draft: ProtocolVersion, *, status: int = 200, refused: str = "", lost: Page | None = None):
    """The version is no draft: what that means, and how a draft of it is made. lost: a page with what was typed and is not saved."""
    context = {"version": draft, "refused": refused, "unsaved": _unsaved(lost) if lost else []}
    return render(request, "protocols/editor/locked.html", context, status=status)


def handed_over_meanwhile(request, draft: ProtocolVersion, section: str, item: str, *, refused: str = ""):
    """The page was saved after the draft had stopped being one: what was typed into it is shown, to be taken along."""
    page = page_of(draft, section, item, json.loads(draft.document), begun=begun_by(request.POST))
    if page is not None:
        typed(page, {key: request.POST.getlist(key) for key in request.POST})
    return locked(request, draft, status=409, refused=refused, lost=page)


def _unsaved(page: Page) -> list[tuple[str, str]]:
    """(name, what was typed) of each field in which something else stands than in the version."""
    differing = [one for one in page.fields if one.shown != one.written(one.value)]
    return [(one.full, ", ".join(one.shown) if isinstance(one.shown, list) else one.shown or _("nothing")) for one in differing]


def page_url(draft: ProtocolVersion, section: str, item: str = "") -> str:
    if item:
        return reverse("protocols:edit_item", args=[draft.version, section, item])
    return reverse("protocols:edit_section", args=[draft.version, section])


@dataclass(frozen=True)
class Begun:
    """What a new row began as. copy: the id of the row it is a copy of; back: the number of the save that took it out."""

    copy: str = ""
    back: int = 0


def begun_by(sent: Any) -> Begun:
    back = sent.get("back", "")
    return Begun(sent.get("copy", "")[:200], int(back) if back.isdecimal() and len(back) < 10 else 0)


@dataclass
class Saving:
    """One try to save a page: what was sent, and what it met."""

    request: Any
    section: str
    item: str
    posted: dict[str, list[str]]
    lock: int
    first: int
    new_id: str = ""
    new_id_error: str = ""
    meeting: Meeting | None = None
    fresh: Fresh | None = None
    begun: Begun = Begun()
    gone: Any = None  # the save that took the row out while it was being changed (ProtocolEdit)
    choices: dict[str, str] = field(default_factory=dict)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)

    @property
    def removed(self) -> str:
        return self.posted.get("remove", [""])[-1]


def fresh_of(draft: ProtocolVersion, section: str, item: str, document: dict, begun: Begun) -> Fresh | None:
    """The row that the page *item* adds, as it begins; None where the page adds none."""
    rows = adding(section, item)
    if rows is None:
        return None
    base, beside = None, {}
    if begun.back:
        base, beside = taken_out_by(draft, begun.back, rows)
    elif begun.copy:
        base, beside = copied(rows, document, begun.copy)
    return fresh(rows, document, base, beside)


def taken_out_by(draft: ProtocolVersion, lock_version: int, rows: Any) -> tuple[Any, dict]:
    """The row of the list that this save took out, and the words that stood beside it."""
    edit = ProtocolEdit.objects.filter(protocol_version=draft, lock_version=lock_version).first()
    for change in edit.changes if edit else ():
        if change["after"] is None and change["path"].startswith(f"{rows.path}[") and isinstance(change["before"], dict):
            ident = change["before"].get(rows.ident)
            if change["path"] == rows.name(ident):
                gone = {one["path"]: one["before"] for one in edit.changes if one["after"] is None}
                return change["before"] | rows.asked({}, ident, edit.changes), {
                    path: gone[f"{path}.{ident}"] for path in rows.beside if f"{path}.{ident}" in gone
                }
    return None, {}


def page_of(draft: ProtocolVersion, section: str, item: str, document: dict, *, query: str = "", begun: Begun = Begun()) -> Page | None:
    module = SECTIONS.get(section)
    if module is None:
        return None
    added = fresh_of(draft, section, item, document, begun)
    if added is not None:
        return added.page
    if hasattr(module, "found"):
        return module.page(document, item, query)
    return module.page(document, item)


def show(request, draft, section, item, document, page, *, saving: Saving | None = None, query="", status=200, removal=""):
    module = SECTIONS[section]
    begun = saving.begun if saving else begun_by(request.GET)
    _with_urls(draft, section, page)
    errors = [(one.ident, one.error) for one in page.fields if one.error]
    context = {
        "version": draft,
        "page": page,
        "section": section,
        "section_title": _(module.TITLE),
        "section_url": page_url(draft, section),
        "item": item,
        "query": query,
        "searchable": hasattr(module, "found") and not item,
        "adding": adding(section, item),
        "adds": [
            {"url": page_url(draft, section, rows.new_item), "words": rows.add_words}
            for rows in rows_of(section)
            if not rows.slug and not item
        ],
        "free": (adding(section, item).among or (lambda document: []))(document) if adding(section, item) else [],
        "chooses": bool(adding(section, item) and adding(section, item).among),
        "begun": begun,
        "back_url": (page_url(draft, section, page.back[0]) if page.back else ""),
        "links": [
            {"title": group["title"], "rows": [row | {"url": page_url(draft, section, row["item"])} for row in group["rows"]]}
            for group in page.links
        ],
        "references": [(ref["id"], ref.get("citation", "")) for ref in document.get("references", ())],
        "grid_urls": {row.item: page_url(draft, section, row.item) for row in page.grid.rows} if page.grid else {},
        "missing_urls": [(page_url(draft, section, name), label) for name, label in page.grid.missing] if page.grid else [],
        "errors": errors,
        "lock_version": draft.lock_version,
        "first_lock": draft.lock_version,
        "removal": removal,
        "fills": depth.sources(document, page, item) if section == depth.SLUG else [],
        "filled": request.GET.get("copy", ""),
        "siblings": [(page_url(draft, section, name), label, name == item.partition("/")[0]) for name, label in module.items(document)]
        if section == "depth"
        else [],
    }
    if saving is not None:
        naming = Naming(document)
        context |= {
            "new_id": saving.new_id,
            "gone": saving.gone,
            "new_id_error": saving.new_id_error,
            "first_lock": saving.first,
            "elsewhere": [link(draft, document, path, naming(path), message) for path, message in saving.elsewhere],
            "errors_on_page": bool(errors or saving.elsewhere or saving.new_id_error or status == 422),
        }
        if saving.meeting is not None:
            context["meeting"] = _meeting_rows(draft, document, saving, naming)
    if section == references.SLUG and at_row(section, item):
        context["resting"] = resting(draft, document, item)
    return render(request, "protocols/editor/section.html", context, status=status)


def _with_urls(draft, section: str, page: Page) -> None:
    """Where the rows of the page are copied, taken out and added."""
    by_slug = {rows.slug: rows for rows in rows_of(section)}
    for one in [page, *page.entries]:
        if one.copied and one.copied[0] in by_slug:
            slug, ident = one.copied
            one.copy_url = f"{page_url(draft, section, by_slug[slug].new_item)}?{urlencode({'copy': ident})}"
            if not getattr(one, "removable", ""):
                one.remove_url = remove_url(draft, section, f"{slug}/{ident}" if slug else ident)
    for one in page.entries:
        if one.link:
            one.page_url = page_url(draft, section, one.link)
    for group in page.groups:
        if group.adds:
            group.add_url = page_url(draft, section, by_slug[group.adds[0]].new_item)


def remove_url(draft: ProtocolVersion, section: str, item: str) -> str:
    if section == references.SLUG:
        return reverse("protocols:edit_remove_reference", args=[draft.version, item])
    return reverse("protocols:edit_remove_row", args=[draft.version, section, item])


def link(draft, document, path: str, label: str, message: str) -> dict[str, str]:
    section, item = address(document, path)
    return {"label": label, "message": message, "url": f"{page_url(draft, section, item)}#{ident(path)}" if section else ""}


def _meeting_rows(draft, document, saving: Saving, naming: Naming) -> dict[str, Any]:
    meeting = saving.meeting
    clashes = [{"clash": clash, "ident": ident(clash.path), "choice": saving.choices.get(clash.path, "")} for clash in meeting.clashes]
    others = [
        change | {"label": naming(change["path"]), "before": naming.value(change["before"]), "after": naming.value(change["after"])}
        for change in meeting.others
    ]
    people = list(dict.fromkeys(clash.who.display_name for clash in meeting.clashes if clash.who))
    people += [name for name in dict.fromkeys(change["who"].display_name for change in others) if name not in people]
    return {"clashes": clashes, "others": others, "people": people}


def resting(draft: ProtocolVersion, document: dict, reference: str) -> list[dict[str, str]]:
    """The values that rest on *reference*, each with its place."""
    naming = Naming(document)
    rows = []
    for path in references.resting(document).get(reference, ()):
        others = [name for name in value_at(document, f"{path}.refs") if name != reference]
        rows.append(
            link(
                draft,
                document,
                f"{path}.refs",
                naming(path),
                ngettext("%(n)s other source", "%(n)s other sources", len(others)) % {"n": len(others)} if others else "",
            )
            | {"alone": not others}
        )
    return rows
