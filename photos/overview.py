"""The patient page: one line for the photos of each day on the timeline."""

import datetime as dt

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.overview import Entry
from patients.timeline import Source

from .models import Photo
from .standard_views import area_words


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
        of = (
            _("Session %(number)s") % {"number": row["session__session_number"]}
            if row["session__session_number"]
            else Photo.Occasion(row["occasion"]).label
        )
        count = ngettext("%(n)s picture", "%(n)s pictures", row["count"]) % {"n": row["count"]}
        found.append(Entry(row["day"], _("Photos"), f"{of}, {area_words(row['area_label']).lower()}, {count}", url, "i-camera"))
    return found


PHOTOS = Source("photos", "photos.view", _photos)
