"""Giving a draft a section that comes with the program."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.permissions import requires

from ..models import VersionStatus
from ..services.additions import BEFORE_VISIT, FOLLOW_UP, Addition, add
from ..services.drafts import DraftFaults
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import draft_named, locked, page_url
from .editor_saving import whole


@requires("protocols.edit")
@require_POST
def add_follow_up(request, version):
    return _add(request, version, FOLLOW_UP)


@requires("protocols.edit")
@require_POST
def add_before_visit(request, version):
    return _add(request, version, BEFORE_VISIT)


def _add(request, version, addition: Addition):
    draft = draft_named(version)
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft, status=409)
    try:
        add(addition, draft, lock_version=whole(request.POST.get("lock_version", "")), by=request.user)
    except StaleDraft:
        messages.error(request, "Somebody saved this draft after you opened it. Look at what stands now, then press again.")
    except DraftFaults as faults:
        named = " ".join(f"{fault}." for fault in faults.faults[:10])
        messages.error(request, f"It does not fit this version, and nothing was added. {named}")
    except ProtocolRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Added to this draft. Read it against its sources: it holds once this version is approved.")
    return redirect(page_url(draft, addition.slug))
