"""A version out as YAML, a pack in, and two versions side by side."""

import json
import re
from functools import lru_cache

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from audit.services import note_read
from planner.errors import KnowledgeFaults

from ..comparison_words import Comparison
from ..documents import read_text
from ..exchange import as_yaml
from ..fault_words import said
from ..forms import ImportForm
from ..models import ProtocolVersion, VersionStatus
from ..services import ProtocolRefused, VersionTaken, import_pack
from ..standing import grouped

MOST_OF_GROUP = 60  # lines of a group while others are shown too


@requires("protocols.view")
@require_safe
def pack(request, version):
    stored = get_object_or_404(ProtocolVersion, version=version)
    note_read("protocol.exported", request=request, obj=stored, detail={"version": stored.version, "sha256": stored.sha256})
    name = re.sub(r"[^\w.-]+", "-", stored.version)
    response = HttpResponse(as_yaml(stored), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="protocol-{name.encode("ascii", "replace").decode()}.yaml"'.replace("?", "-")
    return response


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def bring_in(request):
    """A pack from a file or the box: whole and as a draft, or not at all, with every fault."""
    if request.method != "POST":
        return render(request, "protocols/import.html", {"form": ImportForm()})
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _again(request, form)
    try:
        text = form.content()
    except KnowledgeFaults as error:
        for fault in error.faults:
            form.add_error("file", f"{fault.path}: {said(fault.message)}")
        return _again(request, form)
    given = form.cleaned_data
    try:
        stored, is_new = import_pack(text, by=request.user, name=given["name"], note=given["note"], source=form.source)
    except VersionTaken as error:
        advice = _("Enter a new name for what you import.")
        form.add_error("name", f"{error.taken} {advice}")
        return _again(request, form, text=text)
    except KnowledgeFaults as error:
        return _again(request, form, text=text, faults=error.faults)
    except ProtocolRefused as error:
        form.add_error(None, str(error))
        return _again(request, form, text=text)
    if is_new:
        text = _("Protocol %(version)s is stored as a draft.")
    else:
        text = _("Protocol %(version)s is there already with this very content. Nothing was changed.")
    messages.success(request, text % {"version": stored.version})
    return redirect("protocols:version", stored.version)


def _again(request, form: ImportForm, *, text: str | None = None, faults=()):
    """The form with everything typed; a file cannot be chosen again by us, so its text stands in the box."""
    if text is not None:
        data = form.data.copy()
        data[form.add_prefix("text")] = text
        form.data = data
    document = None
    if faults:
        try:
            document = read_text(text or "")
        except KnowledgeFaults:
            document = None
    groups = grouped(list(faults), document)
    context = {"form": form, "fault_groups": groups, "fault_count": len(faults), "errors_on_page": True}
    return render(request, "protocols/import.html", context, status=422)


# Side by side


@lru_cache(maxsize=8)
def _compared(before_pk: int, before_sha: str, after_pk: int, after_sha: str, language: str) -> Comparison:
    """Compared once per process and language; the hashes in the key mean that neither content can be another."""
    rows = ProtocolVersion.objects.in_bulk([before_pk, after_pk])
    return Comparison(json.loads(rows[before_pk].document), json.loads(rows[after_pk].document))


def _pair(request, versions: list[ProtocolVersion]) -> tuple[ProtocolVersion | None, ProtocolVersion | None]:
    """The two versions asked for; where one is not named, the approved one against the newest other."""
    by_name = {one.version: one for one in versions}
    approved = next((one for one in versions if one.status == VersionStatus.APPROVED), None)
    after = by_name.get(request.GET.get("to", "")) if "to" in request.GET else next((one for one in versions if one is not approved), None)
    if "from" in request.GET:
        return by_name.get(request.GET["from"]), after
    return (approved if approved is not after else (after.based_on if after else None)), after


@requires("protocols.view")
@require_safe
def compare(request):
    versions = list(ProtocolVersion.objects.defer("document").order_by("-pk"))
    before, after = _pair(request, versions)
    context = {"versions": versions, "before": before, "after": after, "section": "", "q": "", "unknown": []}
    context["unknown"] = [name for key in ("from", "to") if (name := request.GET.get(key)) and name not in {v.version for v in versions}]
    if before is not None and after is not None and before.pk != after.pk:
        comparison = _compared(before.pk, before.sha256, after.pk, after.sha256, get_language())
        section, q = request.GET.get("section", ""), request.GET.get("q", "").strip()[:100]
        groups = comparison.groups(only=section, containing=q)
        whole = bool(section or request.GET.get("all"))
        context |= {
            "comparison": comparison,
            "counts": comparison.counts(),
            "groups": [(group, group.lines if whole else group.lines[:MOST_OF_GROUP]) for group in groups],
            "found": sum(len(group.lines) for group in groups),
            "is_whole": whole,
            "is_cut": not whole
            and any(len(group.lines) > MOST_OF_GROUP or any(line.more_facts for line in group.lines) for group in groups),
            "section": section,
            "q": q,
        }
        detail = {"from": before.version, "to": after.version}
        note_read("protocol.compared", request=request, obj=after, detail=detail)
    return render(request, "protocols/compare.html", context)
