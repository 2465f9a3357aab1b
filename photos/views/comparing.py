"""Two dates of one view beside each other."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from .. import links, permission
from ..comparing import judge, pair_of
from ..standard_views import View
from .shown import rows_of


@require_safe
@requires("photos.view")
def compare(request, number: int):
    """The view that is asked for, and two of its dates; without dates the newest and the oldest that fits."""
    patient = patient_or_404(request, number)
    places = _places(rows_of(request.user, patient))
    asked = tuple(request.GET.get(name, "") for name in ("area", "view", "zone"))
    place = asked if asked in places else next((one for one, rows in places.items() if len(rows) > 1), next(iter(places), None))
    photos = places.get(place, [])
    pair = _chosen(request, photos) or pair_of(photos)
    may_see = permission.in_record(patient)
    detail = {"photos": [one.pk for one in pair] if pair and may_see else []}
    note_read("photos.compared", request=request, patient=patient, detail=detail)
    context = {
        "patient": patient,
        "may_see": may_see,
        "allowed": permission.in_words(patient),
        "places": [(one, rows[-1], one == place) for one, rows in places.items()],
        "place": place,
        "photos": photos,
        "pair": pair,
        "comparison": judge(*pair) if pair else None,
        "others": _others(photos, pair) if pair else [],
        "sides": [(one, links.address(one, "screen", request.user)) for one in pair]
        if pair and may_see and judge(*pair).comparable
        else [],
    }
    return render(request, "photos/compare.html", context)


def _places(rows) -> dict[tuple[str, str, str], list]:
    """{place: its photos, oldest first}, the face first, then in the order of the views."""
    order = View.values
    found: dict[tuple, list] = {}
    for photo in reversed(rows):
        found.setdefault(photo.place, []).append(photo)
    return dict(sorted(found.items(), key=lambda row: (row[0][0] != "face", row[0][0], order.index(row[0][1]), row[0][2])))


def _chosen(request, photos):
    """The two that are asked for by number, the earlier first; None where one is not there."""
    numbers = {request.GET.get("first", ""), request.GET.get("then", "")}
    found = [photo for photo in photos if str(photo.pk) in numbers]
    return (found[0], found[-1]) if found and len(found) == len(numbers) else None


def _others(photos, pair) -> list:
    """Those that can be compared with the newer of the pair, where the pair itself cannot."""
    return [] if judge(*pair).comparable else [one for one in photos if judge(one, pair[1]).comparable]
