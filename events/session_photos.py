"""The clinic's own photos in the file of an event: those of its session, and those taken since it began."""

import datetime as dt

from django.db.models import Q
from django.urls import reverse

from photos import permission
from photos.models import Photo as Picture

from .models import AdverseEvent
from .photos import Photo

MOST = 60


def of_event(event: AdverseEvent, user) -> list[Photo]:
    """None where the patient does not let photos be used in the record, or *user* may not see them."""
    if not user.may("photos.view") or not permission.in_record(event.patient):
        return []
    begun = dt.datetime.combine(event.onset_on, dt.time(), tzinfo=event.site.zone)
    wanted = Q(taken_at__gte=begun) | (Q(session=event.session_id) if event.session_id else Q())
    rows = Picture.objects.visible_to(user).standing().filter(wanted, patient=event.patient).order_by("taken_at", "pk")
    return [
        Photo(f"{row.area_label}, {row.view_label}", row.taken_at, reverse("photos:photo", args=[row.pk]), row.original_sha256)
        for row in rows[:MOST]
    ]
