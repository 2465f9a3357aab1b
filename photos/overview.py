"""The patient page: one line for the photos of each day on the timeline."""

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from patients.overview import Entry, Section

from .models import Photo

MOST_LINES = 200


def photos(patient, user) -> Section | None:
    if not user.may("photos.view"):
        return None
    section = Section()
    rows = Photo.objects.visible_to(user).standing().filter(patient=patient).order_by()
    rows = rows.annotate(day=TruncDate("taken_at", tzinfo=timezone.get_current_timezone()))
    groups = (
        rows.values("day", "occasion", "session__session_number", "area_label").annotate(count=Count("pk")).order_by("-day", "area_label")
    )
    url = reverse("photos:patient", args=[patient.number])
    for row in groups[:MOST_LINES]:
        of = f"Session {row['session__session_number']}" if row["session__session_number"] else Photo.Occasion(row["occasion"]).label
        count = f"{row['count']} {'picture' if row['count'] == 1 else 'pictures'}"
        section.entries.append(Entry(row["day"], "Photos", f"{of}, {row['area_label'].lower()}, {count}", url, "i-camera"))
    return section
