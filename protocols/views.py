"""Reading what the clinic knows: the list of versions, one version, one indication of it."""

from functools import lru_cache

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import record

from .knowledge import knowledge_of
from .models import ProtocolVersion
from .reading import Reading
from .services import current_version


@lru_cache(maxsize=4)
def _reading(sha256: str, version_pk: int) -> Reading:
    """Look-ups of a version, made once per process; the hash in the key means that the content cannot be another."""
    return Reading(knowledge_of(ProtocolVersion.objects.get(pk=version_pk)).document)


def _version(name: str) -> ProtocolVersion:
    return get_object_or_404(ProtocolVersion.objects.select_related("approved_by").defer("document"), version=name)


@requires("protocols.view")
@require_safe
def version_list(request):
    versions = list(ProtocolVersion.objects.select_related("approved_by").defer("document"))
    current = current_version()
    return render(
        request,
        "protocols/list.html",
        {"versions": versions, "current_pk": current.pk if current else None, "today": timezone.localdate()},
    )


@requires("protocols.view")
@require_safe
def version_page(request, version):
    stored = _version(version)
    reading = _reading(stored.sha256, stored.pk)
    record("protocol.viewed", request=request, obj=stored)
    return render(request, "protocols/version.html", {"version": stored, "reading": reading, "today": timezone.localdate()})


@requires("protocols.view")
@require_safe
def indication_page(request, version, indication):
    stored = _version(version)
    reading = _reading(stored.sha256, stored.pk)
    page = reading.indication(indication.replace("-", "_"))
    if page is None:
        raise Http404
    if "_" in indication:
        return redirect("protocols:indication", version, indication.replace("_", "-"), permanent=True)
    record("protocol.viewed", request=request, obj=stored, detail={"indication": page["id"]})
    others = reading.indications()
    return render(
        request,
        "protocols/indication.html",
        {"version": stored, "page": page, "reading": reading, "indications": others, "slug": indication, "today": timezone.localdate()},
    )
