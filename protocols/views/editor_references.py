"""Taking a reference out of a draft, and off the values that rested on it."""

import json

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import requires
from audit.services import note_read

from ..editing import references
from ..editing.changes import applied, row_name
from ..fault_words import said
from ..models import VersionStatus
from ..services.drafts import Change, DraftFaults, edit
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import draft_named, locked, page_url, resting
from .editor_saving import say_saved, whole


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def remove_reference(request, version, reference):
    """Ask, with everything that rests on it; then take the reference out. The draft is kept and cannot be approved until mended."""
    draft = draft_named(version)
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft, status=409 if request.method == "POST" else 200)
    document = json.loads(draft.document)
    row = next((one for one in document["references"] if one["id"] == reference), None)
    if row is None:
        if request.method != "POST":
            raise Http404
        return redirect(page_url(draft, references.SLUG))  # a second click
    stale = False
    if request.method == "POST":
        path = row_name("references", reference)

        def apply(mapping):
            applied(mapping, [{"path": path, "before": row, "after": None}])
            return [Change(path, row, None)]

        try:
            saved = edit(
                draft, lock_version=whole(request.POST.get("lock_version", "")), section=references.TITLE, by=request.user, apply=apply
            )
        except StaleDraft as changed:
            draft, stale = draft_named(changed.version.version), True
            document = json.loads(draft.document)
        except DraftFaults as faults:
            messages.error(request, " ".join(said(str(fault)) for fault in faults.faults))
        except ProtocolRefused as refused:
            return locked(request, draft_named(draft.version), status=409, refused=str(refused))
        else:
            say_saved(request, saved, [path])
            return redirect("protocols:edit", draft.version)
    else:
        note_read("protocol.viewed", request=request, obj=draft, detail={"page": f"edit/remove-reference/{reference}"})
    context = {
        "version": draft,
        "reference": row,
        "resting": resting(draft, document, reference),
        "lock_version": draft.lock_version,
        "back_url": page_url(draft, references.SLUG, reference),
        "stale": stale,
    }
    return render(request, "protocols/editor/remove_reference.html", context, status=409 if stale else 200)


@requires("protocols.edit")
@require_POST
def take_off(request, version, reference):
    """A reference that is gone is taken off every value that has another source."""
    draft = draft_named(version)
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft, status=409)
    found = references.taken_off(json.loads(draft.document), reference)
    if reference in {row["id"] for row in json.loads(draft.document)["references"]}:
        text = _("%(name)s is still in the list of references. Take it out there first.")
        messages.error(request, text % {"name": reference})
        return redirect("protocols:edit", draft.version)

    def apply(mapping):
        applied(mapping, found)
        return [Change(**change) for change in found]

    try:
        saved = edit(
            draft, lock_version=whole(request.POST.get("lock_version", "")), section=references.TITLE, by=request.user, apply=apply
        )
    except StaleDraft:
        messages.error(request, _("Somebody saved this draft after you opened it. Look at what stands now, then press again."))
    except DraftFaults as faults:
        messages.error(request, " ".join(said(str(fault)) for fault in faults.faults))
    except ProtocolRefused as refused:
        return locked(request, draft_named(draft.version), status=409, refused=str(refused))
    else:
        say_saved(request, saved, found)
    return redirect("protocols:edit", draft.version)
