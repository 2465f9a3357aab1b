"""The search box in the bar: patients first, then bookings, then protocols."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from patients import names, search
from patients.querysets import starting
from protocols.models import ProtocolVersion
from sessions.models import Booking

MOST_PATIENTS, MOST_OTHERS = 10, 6


@dataclass(frozen=True)
class Hit:
    title: str
    facts: str
    url: str


def bookings(user, text: str) -> list[Hit]:
    """Bookings by their number, and today's by surname or given name."""
    if not user.may("bookings.view"):
        return []
    today = timezone.localdate()
    start = timezone.make_aware(dt.datetime.combine(today, dt.time.min))
    name = names.key(text)
    meant = Q(pk=int(text)) if text.isdecimal() and len(text) < 16 else Q(pk__in=[])
    if name and not text.isdecimal():
        of_today = Q(starts_at__gte=start, starts_at__lt=start + dt.timedelta(days=1))
        meant |= of_today & (starting("patient__surname_key", name) | starting("patient__given_key", name))
    rows = Booking.objects.visible_to(user).filter(meant).select_related("site", "patient", "clinician").order_by("starts_at")[:MOST_OTHERS]
    return [
        Hit(
            f"{row.patient}",
            _("%(kind)s, %(day)s, %(time)s, %(clinician)s, booking %(number)s")
            % {
                "kind": row.get_kind_display(),
                "day": in_words(row.on_site(row.starts_at).date(), weekday=True),
                "time": f"{row.on_site(row.starts_at):%H:%M}",
                "clinician": row.clinician,
                "number": row.pk,
            },
            reverse("sessions:booking", args=[row.pk]),
        )
        for row in rows
    ]


def protocols(user, text: str) -> list[Hit]:
    """Indications of the current protocol whose label has a word that starts with the text; versions by their number."""
    if not user.may("protocols.view"):
        return []
    # Imported here: the engine is read with the first search, not at the start of every command.
    from protocols.services import current_version

    hits = [
        Hit(
            _("Protocol %(version)s") % {"version": version},
            version.get_status_display(),
            reverse("protocols:version", args=[version.version]),
        )
        for version in ProtocolVersion.objects.filter(version__startswith=text)[:MOST_OTHERS]
    ]
    current = current_version()
    wanted = names.key(text)
    if current is not None and wanted:
        for indication in _indications(current):
            label = names.key(indication["label"])
            if label.startswith(wanted) or f" {wanted}" in label:
                url = reverse("protocols:indication", args=[current.version, indication["id"]])
                hits.append(Hit(indication["label"], _("Protocol %(version)s") % {"version": current}, url))
    return hits[:MOST_OTHERS]


def _indications(version: ProtocolVersion) -> list[dict]:
    from protocols.knowledge import knowledge_of

    return knowledge_of(version).document["indications"]


def patients(user, text: str):
    return search.find(user, text, limit=MOST_PATIENTS)
