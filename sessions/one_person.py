"""
When two records become one person's: their coming visits are held by one person from then on, so that the database refuses two at
once (see `sessions.guards`). The visits themselves stay as they were booked.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from accounts.templatetags.clinic_format import in_words
from patients.merge_services import MergeRefused
from patients.merging import Part
from patients.models import Patient

from .models import Booking, Hold, TreatmentSession
from .services import gap
from .services.booking import enter_patients
from .services.hours import clinic_zone, local_day

COMING = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM)
AT_ONCE = gettext_lazy("Both have a visit at the same time. Move or cancel one of them first.")


def obstacles(kept: Patient, other: Patient) -> list[str]:
    now = timezone.now()
    rows = Booking.objects.filter(status__in=COMING, ends_at__gt=now).select_related("site").order_by("starts_at")
    mine, theirs = list(rows.filter(patient=kept)), list(rows.filter(patient=other))
    found = [
        gettext("Both have a visit at the same time on %(one)s. Move or cancel one of them first.") % {"one": _when(one)}
        for one in mine
        if any(one.starts_at < their.ends_at and their.starts_at < one.ends_at for their in theirs)
    ]
    if kept.site_id != other.site_id:
        found += [
            gettext(
                "No. %(other)s is expected at %(site)s on %(their)s, and the record goes to %(site_2)s. Move or cancel that "
                "visit first, or keep the other record."
            )
            % {"other": other.number, "site": their.site, "their": _when(their), "site_2": kept.site}
            for their in theirs
            if their.site_id != kept.site_id
        ]
        # Whoever treated there would no longer reach what is still to be signed.
        drafts = TreatmentSession.objects.filter(patient=other, status=TreatmentSession.Status.DRAFT).select_related("booking__site")
        found += [
            gettext(
                "The record of %(booking)s of no. %(other)s is not signed, and it goes to %(site)s. Sign or close it first, "
                "or keep the other record."
            )
            % {"booking": _when(draft.booking), "other": other.number, "site": kept.site}
            for draft in drafts.without_documents().order_by("started_at")
        ]
    return found


def _when(visit: Booking) -> str:
    local = visit.on_site(visit.starts_at)
    return f"{in_words(local_day(visit.starts_at, clinic_zone(visit.site)), weekday=True)}, {local:%H:%M}"


def join(kept: Patient, other: Patient) -> None:
    """The coming visits of *other* hold *kept*."""
    holds = Hold.objects.filter(patient=other, ends_at__gt=timezone.now())
    try:
        with transaction.atomic():
            holds.update(patient=kept, subject=f"p{kept.pk}")
    except IntegrityError:
        raise MergeRefused([AT_ONCE]) from None


def undo(kept: Patient, other: Patient) -> None:
    """Each visit holds the person again whom it was booked for."""
    holds = Hold.objects.filter(booking__patient=other, patient__isnull=False).exclude(patient=other)
    holds.update(patient=other, subject=f"p{other.pk}")


def look_at(kept: Patient) -> list[str]:
    """Coming sessions that are too soon for what was treated under the other record: nobody could know when they were booked."""
    rows = Booking.objects.with_names().select_related("site").filter(status=Booking.Status.BOOKED, starts_at__gt=timezone.now())
    soon = [(visit, gap.soon_words(visit)) for visit in rows.filter(patient=kept).order_by("starts_at")]
    return [
        gettext("The visit of %(visit)s is too soon now. %(words)s") % {"visit": _when(visit), "words": words}
        for visit, words in soon
        if words
    ]


def stays(kept: Patient, other: Patient, since) -> list[str]:
    count = Booking.objects.filter(patient__pk=kept.pk, created_at__gte=since).count()
    return [ngettext("%(count)s visit", "%(count)s visits", count) % {"count": count}] if count else []


PART = Part("sessions", obstacles, join, undo, enter_patients, look_at, stays)
