"""Reading what the clinic knows: one indication of one version."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from planner.errors import KnowledgeFaults

from .versions import reading_of, version_named


@requires("protocols.view")
@require_safe
def indication_page(request, version, indication):
    stored = version_named(version)
    try:
        reading = reading_of(stored.sha256, stored.pk)
    except KnowledgeFaults:  # a draft that lost a source: its page lists what is in the way
        return redirect("protocols:version", version)
    page = reading.indication(indication.replace("-", "_"))
    if page is None:
        raise Http404
    if "_" in indication:
        return redirect("protocols:indication", version, indication.replace("_", "-"), permanent=True)
    note_read("protocol.viewed", request=request, obj=stored, detail={"indication": page["id"]})
    others = reading.indications()
    return render(
        request,
        "protocols/indication.html",
        {"version": stored, "page": page, "reading": reading, "indications": others, "slug": indication, "today": timezone.localdate()},
    )
