"""Photos as pages show them: rows with the addresses of their pictures, and the one who is found or not."""

from dataclasses import dataclass
from itertools import groupby

from django.shortcuts import get_object_or_404

from audit.services import about
from patients.models import Patient
from sessions.querysets import RECORD_DOCUMENTS, of

from .. import links
from ..models import Photo
from ..standard_views import View


@dataclass(frozen=True)
class Shown:
    photo: Photo
    src: str


def rows_of(user, patient: Patient):
    """The person's photos that stand, newest first, with what a page says of them."""
    rows = Photo.objects.visible_to(user).standing().filter(patient=patient)
    return rows.select_related("session", "site", "patient").defer(*of("session", RECORD_DOCUMENTS)).order_by("-taken_at", "-pk")


def shown(photos, size: str, user) -> list[Shown]:
    return [Shown(photo, links.address(photo, size, user)) for photo in photos]


def sittings(photos) -> list[tuple[Photo, list[Photo]]]:
    """(first, all) of what was taken on one day of one occasion and area, in the order given; within, by view."""
    order = View.values
    found = []
    for _, rows in groupby(photos, key=lambda one: (one.site.day_of(one.taken_at), one.occasion, one.session_id)):
        sitting = sorted(rows, key=lambda one: (one.area, order.index(one.view), one.zone, one.taken_at))
        found.append((sitting[0], sitting))
    return found


def photo_or_404(request, pk: int, *, standing: bool = True) -> Photo:
    rows = Photo.objects.visible_to(request.user).select_related(
        "patient__site", "patient__merged_into", "site", "session", "added_by", "removed_by"
    )
    photo = get_object_or_404(rows.standing() if standing else rows, pk=pk)
    about(photo.patient_id)
    photo.site.set_clock()
    return photo
