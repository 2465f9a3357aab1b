"""The list of patients whose open plan stands on a retired protocol."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from protocols.services import current_version

from ..retired import on_retired

PER_PAGE = 25


@require_safe
@requires("plans.view")
def on_retired_protocols(request):
    everything = on_retired(request.user)
    versions = sorted(set(everything.order_by().values_list("protocol_version__version", flat=True)))
    asked = request.GET.get("version", "")
    rows = everything.without_documents().select_related("patient", "protocol_version", "accepted_by").defer("protocol_version__document")
    if asked:
        rows = rows.filter(protocol_version__version=asked)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    note_read("plan.listed", request=request, detail={"on": "retired protocols", "plans": page.paginator.count})
    current = current_version()
    return render(
        request,
        "plans/on_retired.html",
        {"page": page, "versions": versions, "asked": asked, "current": current if current and current.is_approved else None},
    )
