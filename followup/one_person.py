"""When two records become one person's: a wish for no reminders counts whichever record it was said under (see `ContactChoice.of`)."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.merging import Part
from patients.models import Patient

from .models import WaitingEntry


def obstacles(kept: Patient, other: Patient) -> list[str]:
    """Whoever waits under the other record goes on waiting, and takes a time as the same person: at the same site."""
    if kept.site_id == other.site_id:
        return []
    rows = WaitingEntry.objects.filter(patient=other, ended_at__isnull=True).select_related("site")
    words = _(
        "No. %(number)s is on the waiting list of %(site)s, and the record goes to %(kept)s. "
        "Take it off that list first, or keep the other record."
    )
    return [words % {"number": other.number, "site": row.site, "kept": kept.site} for row in rows.order_by("pk")]


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = WaitingEntry.objects.filter(patient__pk=kept.pk, created_at__gte=since).count()
    words = ngettext("%(count)s place on the waiting list", "%(count)s places on the waiting list", count)
    return [words % {"count": count}] if count else []


PART = Part("followup", obstacles, stays=stays)
