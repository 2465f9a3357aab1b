"""
A new booking taken back, for three minutes and while nothing hangs on it: one visit, or all of a course. The visits are cancelled, so
their time is free again and the log says both.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from accounts.templatetags.clinic_format import in_words
from audit.models import AuditEvent
from audit.services import gathered

from ..models import Booking
from .booking import UNDO, enter_patients
from .refusals import NotNow
from .visit_status import cancel

TAKEN_BACK = gettext_noop("Taken back right after booking")
CHANGES = {
    "booking.arrived": gettext_lazy("marked as here"),
    "booking.numbing_on": gettext_lazy("numbing on"),
    "booking.late": gettext_lazy("said to be late"),
    "booking.in_room": gettext_lazy("in the room"),
    "booking.done": "done",
    "booking.missed": gettext_lazy("marked as missed"),
    "booking.cancelled": "cancelled",
    "booking.moved": "moved",
    "booking.resized": gettext_lazy("given another length"),
}


def take_back(made: Sequence[tuple[Booking, int]], *, by) -> list[Booking]:
    """
    Cancel visits that one press has just made, all of them or none. made: each with its version when it was made. Sent twice, the second
    changes nothing.

    Raises:
        NotNow: the three minutes are over, or something has become of one of them since.
    """
    with transaction.atomic(), gathered():
        enter_patients(*{visit.patient for visit, _ in made})  # before any row is held, as everybody does
        found = Booking.objects.with_names().select_related("site", "record").in_bulk([visit.pk for visit, _ in made])
        fresh = [(found[visit.pk], version) for visit, version in made]
        if all(visit.status == Booking.Status.CANCELLED and visit.cancel_reason == TAKEN_BACK for visit, _ in fresh):
            return [visit for visit, _ in fresh]
        for visit, version in fresh:
            _refuse_what_hangs_on(visit, version)
        return [cancel(visit, reason=TAKEN_BACK, by=by, version=version) for visit, version in fresh]


def _refuse_what_hangs_on(visit: Booking, version: int) -> None:
    local = visit.on_site(visit.starts_at)
    named = f"{visit.title}, {' '.join(in_words(local.date()).split())}, {local:%H:%M}"
    if visit.version != version or getattr(visit, "record", None) is not None:
        rows = AuditEvent.objects.filter(object_type=visit._meta.label_lower, object_pk=str(visit.pk), action__startswith="booking.")
        last = rows.exclude(action__in=("booking.made", "booking.viewed")).order_by("-pk").first()
        since = (
            gettext(": %(changes)s, by %(actor_name)s at %(at)s")
            % {
                "changes": CHANGES.get(last.action, gettext("changed")),
                "actor_name": last.actor_name,
                "at": f"{visit.on_site(last.at):%H:%M}",
            }
            if last
            else ""
        )
        raise NotNow(
            gettext("%(named)s has been changed since it was booked%(since)s. It stays as it is; open it to cancel it.")
            % {"named": named, "since": since}
        )
    if timezone.now() > visit.created_at + UNDO:
        minutes = int(UNDO.total_seconds() // 60)
        raise NotNow(
            gettext("%(named)s was booked more than %(minutes)s\u00a0minutes ago, so it is not taken back. Open it to cancel it.")
            % {"named": named, "minutes": minutes}
        )
