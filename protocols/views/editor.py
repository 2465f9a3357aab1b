"""Editing a draft in the browser: what it holds, its history, and its pages of values."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from audit.services import note_read

from ..editing import SECTIONS, depth, references
from ..editing.faults import named
from ..editing.fields import ident
from ..editing.naming import Naming, address
from ..models import ProtocolVersion, VersionStatus
from ..services.drafts import faults_of
from .editor_pages import begun_by, draft_named, handed_over_meanwhile, link, locked, page_of, page_url, show
from .editor_references import remove_reference, take_off
from .editor_rows import remove_row
from .editor_saving import save

__all__ = ["history", "hub", "remove_reference", "remove_row", "section_page", "take_off"]

HISTORY_ON_HUB = 8
HISTORY_PAGE = 40


@requires("protocols.edit")
@require_safe
def hub(request, version):
    draft = draft_named(version)
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft)
    document = json.loads(draft.document)
    edits = list(draft.edits.select_related("made_by").order_by("-lock_version"))
    naming = Naming(document)
    note_read("protocol.viewed", request=request, obj=draft, detail={"page": "edit"})
    return render(
        request,
        "protocols/editor/hub.html",
        {
            "version": draft,
            "sections": [_section_row(draft, slug, document, edits) for slug in SECTIONS],
            "faults": _faults(draft, document, naming),
            "missing": references.missing(document) if not draft.is_whole else {},
            "history": [_told(edit, document, naming) for edit in edits[:HISTORY_ON_HUB]],
            "edits": len(edits),
            "values": sum(len(edit.changes) for edit in edits),
        },
    )


def _section_row(draft: ProtocolVersion, slug: str, document: dict, edits: list) -> dict[str, Any]:
    module = SECTIONS[slug]
    mine = [edit for edit in edits if edit.section == module.TITLE]
    people = list(dict.fromkeys(edit.made_by.display_name for edit in mine))
    pages = module.items(document) if slug == "depth" else []
    return {
        "url": page_url(draft, slug),
        "title": _(module.TITLE),
        "about": _(module.ABOUT),
        "pages": [(page_url(draft, slug, item), label) for item, label in pages],
        "count": len(module.items(document)),
        "values": sum(len(edit.changes) for edit in mine),
        "people": people,
    }


def _faults(draft: ProtocolVersion, document: dict, naming: Naming) -> list[dict[str, str]]:
    """What keeps the draft from being handed over, each with the place where it is mended."""
    if draft.is_whole:
        return []
    found = []
    for fault in faults_of(draft.document, draft.sha256):
        path = named(document, fault.path)
        found.append(link(draft, document, path, naming(path), fault.message))
    return found


def _told(edit: Any, document: dict, naming: Naming) -> dict[str, Any]:
    """One save in words: value by value, before and after, each with its place."""
    rows = []
    for change in edit.changes:
        section, item = address(document, change["path"])
        rows.append(
            {
                "label": naming(change["path"]),
                "before": naming.value(change["before"]),
                "after": naming.value(change["after"]),
                "url": (section, item, ident(change["path"])),
            }
        )
    return {"edit": edit, "rows": rows}


@requires("protocols.edit")
@require_safe
def history(request, version):
    draft = draft_named(version)
    document = json.loads(draft.document)
    before = request.GET.get("before", "")
    rows = draft.edits.select_related("made_by").order_by("-lock_version")
    if before.isdecimal() and len(before) < 10:
        rows = rows.filter(lock_version__lt=int(before))
    edits = list(rows[: HISTORY_PAGE + 1])
    naming = Naming(document)
    note_read("protocol.viewed", request=request, obj=draft, detail={"page": "edit history"})
    context = {
        "version": draft,
        "history": [_told(edit, document, naming) for edit in edits[:HISTORY_PAGE]],
        "older": edits[HISTORY_PAGE - 1].lock_version if len(edits) > HISTORY_PAGE else None,
    }
    return render(request, "protocols/editor/history.html", context)


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def section_page(request, version, section, item=""):
    draft = draft_named(version)
    if section not in SECTIONS:
        raise Http404
    if draft.status != VersionStatus.DRAFT:
        return handed_over_meanwhile(request, draft, section, item) if request.method == "POST" else locked(request, draft)
    if request.method == "POST":
        return save(request, draft, section, item)
    query = request.GET.get("q", "")[:100]
    document = json.loads(draft.document)
    page = page_of(draft, section, item, document, query=query, begun=begun_by(request.GET))
    if page is None:
        raise Http404
    if section == depth.SLUG and (filled := depth.fill(document, page, item, request.GET.get("copy", "")[:200])):
        text = _("Filled in from %(source)s. Nothing is saved yet: look at each figure and its sources, then save.")
        messages.info(request, text % {"source": filled})
    note_read("protocol.viewed", request=request, obj=draft, detail={"page": f"edit/{section}/{item}".rstrip("/")})
    return show(request, draft, section, item, document, page, query=query)
