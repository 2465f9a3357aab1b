"""The patient page: one line for the photos of each day on the timeline."""

import datetime as dt

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from patients.overview import Entry
from patients.timeline import Source

from .models import Photo


def _photos(patient, user, until) -> list[Entry]:
    rows = Photo.objects.visible_to(user).standing().filter(patient=patient).order_by()
    if until.moment is not None:  # the line of a day stands at its midnight
        day_after = timezone.localtime(until.moment).date() + dt.timedelta(days=1)
        rows = rows.filter(taken_at__lt=timezone.make_aware(dt.datetime.combine(day_after, dt.time.min)))
    rows = rows.annotate(day=TruncDate("taken_at", tzinfo=timezone.get_current_timezone()))
    groups = rows.values("day", "occasion", "session__session_number", "area_label").annotate(count=Count("pk"))
    url = reverse("photos:patient", args=[patient.number])
    found = []
    for row in groups.order_by("-day", "occasion", "session__session_number", "area_label")[: until.limit]:
        of = f"Session {row['session__session_number']}" if row["session__session_number"] else Photo.Occasion(row["occasion"]).label
        count = f"{row['count']} {'picture' if row['count'] == 1 else 'pictures'}"
        found.append(Entry(row["day"], "Photos", f"{of}, {row['area_label'].lower()}, {count}", url, "i-camera"))
    return found


PHOTOS = Source("photos", "photos.view", _photos)
