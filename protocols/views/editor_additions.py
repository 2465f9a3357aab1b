"""Giving a draft a section that comes with the program."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.permissions import requires

from ..editing import wording
from ..fault_words import said
from ..models import VersionStatus
from ..services.additions import BEFORE_VISIT, FOLLOW_UP, add
from ..services.additions import add_sheet_words as give_sheet_words
from ..services.drafts import DraftFaults
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import draft_named, locked, page_url
from .editor_saving import whole

READ_IT = gettext_lazy("Added to this draft. Read it against its sources: it holds once this version is approved.")


@requires("protocols.edit")
@require_POST
def add_follow_up(request, version):
    return _add(request, version, partial(add, FOLLOW_UP), page=FOLLOW_UP.slug, words=READ_IT)


@requires("protocols.edit")
@require_POST
def add_before_visit(request, version):
    return _add(request, version, partial(add, BEFORE_VISIT), page=BEFORE_VISIT.slug, words=READ_IT)


@requires("protocols.edit")
@require_POST
def add_sheet_words(request, version):
    words = _("Added to this draft. Read them: they are printed once this version is approved.")
    return _add(request, version, give_sheet_words, page=wording.SLUG, words=words)


def _add(request, version: str, give: Callable, *, page: str, words: str):
    draft = draft_named(version)
    if draft.status != VersionStatus.DRAFT:
        return locked(request, draft, status=409)
    try:
        give(draft, lock_version=whole(request.POST.get("lock_version", "")), by=request.user)
    except StaleDraft:
        messages.error(request, _("Somebody saved this draft after you opened it. Look at what stands now, then press again."))
    except DraftFaults as faults:
        named = " ".join(f"{said(str(fault))}." for fault in faults.faults[:10])
        messages.error(request, _("It does not fit this version, and nothing was added. %(faults)s") % {"faults": named})
    except ProtocolRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, words)
    return redirect(page_url(draft, page))
