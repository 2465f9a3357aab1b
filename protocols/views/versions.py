"""The list of versions, one version with where it stands, and the steps of its life."""

import json
from functools import lru_cache

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import may, requires
from audit.services import note_read
from planner.errors import KnowledgeFaults

from .. import services
from ..before_visit import SECTION as BEFORE_VISIT
from ..follow_up import SECTION
from ..forms import ApproveForm, DraftForm, RetireForm, ReviewForm, SendBackForm
from ..knowledge import DocumentChanged, knowledge_of
from ..models import ProtocolVersion
from ..reading import Reading
from ..registry import in_use
from ..services import ApprovalBlocked, ChangedMeanwhile, ProtocolRefused, VersionTaken, current_version
from ..standing import grouped, standing

_PEOPLE = ("approved_by", "created_by", "edited_by", "submitted_by", "retired_by", "based_on")


@lru_cache(maxsize=4)
def reading_of(sha256: str, version_pk: int) -> Reading:
    """Look-ups of a version, made once per process; the hash in the key means that the content cannot be another."""
    stored = ProtocolVersion.objects.get(pk=version_pk)
    # What the planner knows, and the sections that stand beside it.
    document = json.loads(stored.document)
    return Reading({**knowledge_of(stored).document, **{name: document.get(name) for name in (SECTION, BEFORE_VISIT)}})


def version_named(name: str) -> ProtocolVersion:
    rows = ProtocolVersion.objects.select_related(*_PEOPLE).defer("document", "based_on__document")
    return get_object_or_404(rows, version=name)


@requires("protocols.view")
@require_safe
def version_list(request):
    versions = list(ProtocolVersion.objects.select_related(*_PEOPLE).defer("document", "based_on__document"))
    current, used = current_version(), in_use(request.user)
    return render(
        request,
        "protocols/list.html",
        {
            "rows": [(version, used.get(version.pk, [])) for version in versions],
            "current_pk": current.pk if current else None,
            "none_approved": bool(versions) and not any(version.is_approved for version in versions),
            "today": timezone.localdate(),
            "may_edit": may(request.user, "protocols.edit"),
            "may_approve": may(request.user, "protocols.approve"),
        },
    )


@requires("protocols.view")
@require_safe
def version_page(request, version):
    stored = version_named(version)
    note_read("protocol.viewed", request=request, obj=stored)
    return _page(request, stored)


def _page(request, stored: ProtocolVersion, *, status: int = 200, form=None, trouble=(), faults=()):
    """The page of *stored*. form: the one that was sent and is not done; trouble: why; faults: every fault, grouped."""
    try:
        reading = reading_of(stored.sha256, stored.pk)
    except (KnowledgeFaults, DocumentChanged):
        reading = None  # a draft that lost a source cannot be read as a whole: its faults stand on the page instead
    here = standing(stored, request.user)
    approved = here.approved
    forms = {
        "review": ReviewForm(initial={"seen": stored.sha256}),
        "back": SendBackForm(),
        "approve": ApproveForm(initial={"seen": stored.sha256, "replaces": approved.pk if approved else None}),
        "retire": RetireForm(),
        "draft": DraftForm(),
    }
    if form is not None:
        forms[next(name for name, one in forms.items() if type(one) is type(form))] = form
    return render(
        request,
        "protocols/version.html",
        {
            "version": stored,
            "reading": reading,
            "today": timezone.localdate(),
            "here": here,
            "in_use": in_use(request.user).get(stored.pk, []),
            "forms": forms,
            "form": form,
            "trouble": trouble,
            "trouble_faults": faults,
            "errors_on_page": form is not None,
        },
        status=status,
    )


def _step(request, version: str, form_class, take, done: str):
    """Take one step with what *form_class* holds, or show the page again with what is in the way."""
    stored = version_named(version)
    form = form_class(request.POST)
    if not form.is_valid():
        return _page(request, stored, status=422, form=form)
    try:
        after = take(stored, form.cleaned_data)
    except (ChangedMeanwhile, DocumentChanged) as error:
        return _page(request, version_named(version), status=409, form=_seen_again(form, version), trouble=[str(error)])
    except ApprovalBlocked as error:
        return _page(request, stored, status=422, form=form, trouble=error.blocks)
    except KnowledgeFaults as error:
        faults = grouped(error.faults, json.loads(stored.document))
        return _page(request, stored, status=422, form=form, trouble=[_count(len(error.faults))], faults=faults)
    except ProtocolRefused as error:
        return _page(request, version_named(version), status=409, form=form, trouble=[str(error)])
    messages.success(request, done % {"version": after.version})
    return redirect("protocols:version", after.version)


def _seen_again(form, version: str):
    """The same form with what was typed, but bound to what stands now: the person reads it, then sends it again."""
    data = form.data.copy()
    now = version_named(version)
    approved = ProtocolVersion.objects.filter(status="approved").exclude(pk=now.pk).first()
    if "seen" in form.fields:
        data[form.add_prefix("seen")] = now.sha256
    if "replaces" in form.fields:
        data[form.add_prefix("replaces")] = approved.pk if approved else ""
    again = type(form)(data)
    again.is_valid()
    return again


def _count(faults: int) -> str:
    text = ngettext(
        "The version holds %(n)s fault. They are listed below.", "The version holds %(n)s faults. They are listed below.", faults
    )
    return text % {"n": faults}


@requires("protocols.edit")
@require_POST
def submit(request, version):
    def take(stored, given):
        return services.submit(stored, by=request.user, seen=given["seen"])

    return _step(request, version, ReviewForm, take, _("Protocol %(version)s is in review. A medical lead approves it or sends it back."))


@requires("protocols.edit")
@require_POST
def send_back(request, version):
    def take(stored, given):
        return services.send_back(stored, by=request.user, reason=given["reason"])

    return _step(request, version, SendBackForm, take, _("Protocol %(version)s is a draft again and can be edited."))


@requires("protocols.approve")
@require_POST
def approve(request, version):
    def take(stored, given):
        return services.approve(
            stored,
            by=request.user,
            reason=given["reason"],
            next_review_on=given["next_review_on"],
            seen=given["seen"],
            replaces=given["replaces"],
        )

    return _step(request, version, ApproveForm, take, _("Protocol %(version)s is approved. New plans are made from it."))


@requires("protocols.approve")
@require_POST
def retire(request, version):
    def take(stored, given):
        return services.retire(stored, by=request.user, reason=given["reason"])

    return _step(
        request, version, RetireForm, take, _("Protocol %(version)s is retired. Until another is approved no plan can be accepted.")
    )


@requires("protocols.edit")
@require_POST
def make_draft(request, version):
    """A draft with everything this version holds, under a new name; then its editor."""
    stored = version_named(version)
    form = DraftForm(request.POST)
    if form.is_valid():
        try:
            draft = services.create_draft(stored, name=form.cleaned_data["name"], by=request.user, note=form.cleaned_data["note"])
        except VersionTaken as error:
            form.add_error("name", str(error))
        except ProtocolRefused as error:
            return _page(request, stored, status=409, form=form, trouble=[str(error)])
        else:
            text = _("Draft %(draft)s holds everything of %(version)s. Change what has to change.")
            messages.success(request, text % {"draft": draft.version, "version": stored.version})
            return redirect("protocols:edit", draft.version)
    return _page(request, stored, status=422, form=form)
