"""The tab of a patient: every photo by day, and what can be compared."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from .. import permission
from ..standard_views import View, area_words
from .shown import rows_of, shown, sittings

A_PAGE = 48


@require_safe
@requires("photos.view")
def overview(request, number: int):
    patient = patient_or_404(request, number)
    may_see = permission.in_record(patient)
    rows = rows_of(request.user, patient)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    note_read("photos.listed", request=request, patient=patient, detail={"photos": len(page), "pictures": may_see})
    context = {
        "patient": patient,
        "may_see": may_see,
        "allowed": permission.in_words(patient),
        "page": page,
        "sittings": [
            (first, shown(photos, "thumb", request.user) if may_see else [], photos) for first, photos in sittings(page.object_list)
        ],
        "pairs": _pairs(rows) if may_see else [],
    }
    return render(request, "photos/patient.html", context)


def _pairs(rows) -> list[dict]:
    """Each place with two photos or more, in the order of areas and views."""
    found: dict[tuple, dict] = {}
    for area, view, zone, area_label, zone_label in rows.values_list("area", "view", "zone", "area_label", "zone_label"):
        label = f"{View(view).label}, {zone_label.lower()}" if zone_label else View(view).label
        one = found.setdefault(
            (area, view, zone), {"area": area, "view": view, "zone": zone, "area_label": area_words(area_label), "label": label, "count": 0}
        )
        one["count"] += 1
    order = View.values
    several = [one for one in found.values() if one["count"] > 1]
    return sorted(several, key=lambda one: (one["area"] != "face", one["area"], order.index(one["view"]), one["zone"]))
