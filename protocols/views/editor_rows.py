"""Taking a row out of a draft, with all that names it."""

import json
from typing import Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import note_read

from ..editing import SECTIONS, at_row, references
from ..editing.changes import applied
from ..editing.naming import Naming
from ..editing.rows import only_for, taken_out
from ..models import VersionStatus
from ..reading import words
from ..services.drafts import Change, DraftFaults, edit, edits_since
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import draft_named, link, locked, page_url
from .editor_saving import say_saved, whole

_TOLD = (
    *("label", "instruction", "when", "signs", "what", "do", "avoid", "text", "action", "until", "interval_days", "rationale", "route"),
    *("region", "max_depth_mm", "depth_mm", "question", "names", "classes", "refs"),
)


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def remove_row(request, version, section, item):
    """Ask, with everything that names the row; then take it out with all of that, in one save."""
    draft = draft_named(version)
    here = at_row(section, item) if section in SECTIONS and section != references.SLUG else None
    if here is None:
        raise Http404
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft, status=409 if request.method == "POST" else 200)
    rows, ident = here
    document = json.loads(draft.document)
    if rows.row(document, ident) is None:
        if request.method != "POST":
            raise Http404
        return redirect(page_url(draft, section))  # a second click
    meanwhile, faults = (), ()
    if request.method == "POST":
        lock = whole(request.POST.get("lock_version", ""))

        def apply(mapping):
            found = taken_out(rows, mapping, ident)
            applied(mapping, found)
            return [Change(**change) for change in found]

        try:
            if only_for(rows, document, ident):
                raise DraftFaults([], document)
            saved = edit(draft, lock_version=lock, section=SECTIONS[section].TITLE[:60], by=request.user, apply=apply)
        except StaleDraft as changed:
            draft = draft_named(changed.version.version)
            document = json.loads(draft.document)
            meanwhile = edits_since(draft, lock) if lock else ()
            if rows.row(document, ident) is None:
                return redirect(page_url(draft, section))  # they took it out too
        except DraftFaults as refused:
            faults = refused.faults
        except ProtocolRefused as refused:
            return locked(request, draft_named(draft.version), status=409, refused=str(refused))
        else:
            say_saved(request, saved, [item])
            return redirect(page_url(draft, section))
    else:
        note_read("protocol.viewed", request=request, obj=draft, detail={"page": f"edit/remove/{section}/{item}"[:200]})
    context = _context(draft, section, rows, ident, document)
    naming = Naming(document)
    context |= {
        "meanwhile": [_told(edit, naming) for edit in meanwhile],
        "stale": request.method == "POST" and not faults and not context["first"],
        "faults": [link(draft, document, fault.path, naming(fault.path), fault.message) for fault in faults],
    }
    status = 200 if request.method != "POST" else 409 if context["stale"] else 422
    return render(request, "protocols/editor/remove_row.html", context, status=status)


def _context(draft, section: str, rows, ident: str, document: dict) -> dict[str, Any]:
    naming, found = Naming(document), taken_out(rows, document, ident)
    row = found[-1]
    along = []
    for change in found[:-1]:
        what = "goes too" if change["after"] is None else "is added" if change["before"] is None else ""
        told = {"after": naming.value(change["after"]), "before": naming.value(change["before"]), "what": what}
        along.append(link(draft, document, change["path"], naming(change["path"]), "") | told)
    held = row["before"]
    return {
        "version": draft,
        "section_title": _(SECTIONS[section].TITLE),
        "section_url": page_url(draft, section),
        "noun": rows.noun,
        "name": held.get("label") or held.get("instruction") or held.get("signs") or held.get("when") or naming.label(ident),
        "holds": [(words(key), naming.value(value)) for key, value in held.items() if key in _TOLD and value not in (None, "", [])],
        "along": along,
        "first": [link(draft, document, path, naming(path), "") for path in only_for(rows, document, ident)],
        "lock_version": draft.lock_version,
        "back_url": page_url(draft, section, ident) if not rows.slug and section != "zones" else page_url(draft, section),
    }


def _told(edit: Any, naming: Naming) -> dict[str, Any]:
    rows = [
        {"label": naming(one["path"]), "before": naming.value(one["before"]), "after": naming.value(one["after"])} for one in edit.changes
    ]
    return {"edit": edit, "rows": rows}
