"""
A record that is begun on a later day than its visit: of a treatment that is over, by whoever treated or by somebody who enters it for
them. When it was done and when it was written down are two times, and both are in what is signed.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from accounts.permissions import PERMISSIONS
from accounts.templatetags.clinic_format import in_words as day_words
from audit.services import gathered, record
from plans import in_force

from ..models import Booking, Resource, TreatmentSession
from . import opening, visit_status
from .hours import clinic_zone, local_day

Status = Booking.Status
Source = TreatmentSession.Source
# What became of the visit, by what of it a record may be entered: that somebody was treated is marked, or stands on paper.
MAY_BE_ENTERED = {
    Status.DONE: tuple(Source),
    Status.IN_ROOM: tuple(Source),
    Status.ARRIVED: (Source.PAPER,),
    Status.BOOKED: (Source.PAPER,),
}


class NotEntered(Exception):
    """No record was begun; field: what of the form is to be mended, '' where nothing of it is."""

    def __init__(self, message: str, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


@dataclass(frozen=True)
class Entry:
    """What is said when a late record is begun. began: when the needles were in the skin. treated_by: who treated."""

    began: dt.datetime
    treated_by: User
    source: str
    reason: str


def why_not(booking: Booking) -> str:
    """Why no record is entered for *booking* on a later day; '' where one may be."""
    if getattr(booking, "record", None) is not None:
        signed = gettext("is signed: add a correction to it") if booking.record.is_signed else gettext("stands already: open it")
        return gettext("The record of this visit %(signed)s.") % {"signed": signed}
    plan = booking.plan
    if booking.kind != Booking.Kind.SESSION or plan is None:
        return gettext("This visit has no treatment plan, so nothing was treated at it that a session record is for.")
    if plan.status in in_force.NEVER:
        return gettext("Plan %(plan)s is %(status)s. Nothing is treated under it.") % {
            "plan": plan.number,
            "status": plan.get_status_display().lower(),
        }
    if booking.status not in MAY_BE_ENTERED:
        was = booking.get_status_display().lower()
        return gettext(
            "This visit is %(was)s, so no record belongs to it. One that was marked so by mistake is brought back on its own day."
        ) % {"was": was}
    zone, now = clinic_zone(booking.site), timezone.now()
    if booking.starts_at > now:
        return gettext("This visit is on %(local_day)s. Nothing can have been treated yet.") % {
            "local_day": day_words(local_day(booking.starts_at, zone), weekday=True)
        }
    if booking.status != Status.DONE and not visit_status.not_its_day(booking):
        return gettext("This visit can still be begun: start the session, and enter when it began.")
    return ""


def may_be_entered(booking: Booking) -> bool:
    return not why_not(booking)


def people_of(booking: Booking) -> list[User]:
    """Who may have treated: who the visit is with, also where they have left, then everybody who treats at the site."""
    rows = User.objects.filter(is_active=True, role__in=PERMISSIONS["records.sign"], sites=booking.site_id)
    people = {user.pk: user for user in rows.order_by("last_name", "first_name", "pk")}
    guests = Resource.objects.at(booking.site).filter(kind=Resource.Kind.CLINICIAN, user__role__in=PERMISSIONS["records.sign"])
    people |= {row.user_id: row.user for row in guests.filter(user__is_active=True).select_related("user")}
    own = booking.clinician.user
    if own is not None and own.role in PERMISSIONS["records.sign"]:
        people.pop(own.pk, None)
        return [own, *people.values()]
    return list(people.values())


def begin(booking: Booking, entry: Entry, *, by: User, request=None) -> TreatmentSession:
    """
    Begin the record of *booking* on a later day. Begun already: `NotEntered` says so.

    Raises:
        NotEntered: the visit takes none, or what was said of it cannot be.
    """
    try:
        with transaction.atomic(), gathered():
            row = opening.for_opening(booking)
            if words := why_not(row):
                raise NotEntered(words)
            _fits(row, entry)
            visit_status.was_in_room(row, at=entry.began, by=by)
            session = opening.open_record(
                row,
                clinician=entry.treated_by,
                started_at=entry.began,
                entered_at=timezone.now(),
                entered_by=by,
                entered_from=entry.source,
                late_reason=entry.reason,
            )
            detail = {
                "booking": row.pk,
                "plan": row.plan.number,
                "done_at": entry.began.isoformat(timespec="minutes"),
                "treated_by": entry.treated_by.pk,
                "from": entry.source,
            }
            record("record.entered_late", actor=by, patient=row.patient_id, obj=session, detail=detail, request=request)
            return session
    except IntegrityError as clash:
        if not TreatmentSession.objects.filter(booking=booking).exists():
            raise
        raise NotEntered(gettext("The record of this visit stands already: open it.")) from clash


def _fits(booking: Booking, entry: Entry) -> None:
    if entry.source not in MAY_BE_ENTERED[booking.status]:
        words = gettext("The visit is %(status)s: nobody marked that it took place. Only a paper record says that it did") % {
            "status": booking.get_status_display().lower()
        }
        raise NotEntered(words, "source")
    if entry.treated_by not in people_of(booking):
        raise NotEntered(gettext("Choose who treated from the list"), "treated_by")
    if words := began_wrong(booking, entry.began):
        raise NotEntered(words, "began")


def began_wrong(booking: Booking, began: dt.datetime) -> str:
    """Why the treatment of *booking* cannot have begun then; '' where it can."""
    site, plan, now = booking.site, booking.plan, timezone.now()
    if began >= now:
        return gettext("This is still to come. Enter when the needles were in the skin")
    if began < plan.in_force_from.replace(second=0, microsecond=0):
        local = site.local(plan.in_force_from)
        return gettext("Plan %(plan)s holds since %(local)s, %(local_2)s. Nothing was treated under it before then") % {
            "plan": plan.number,
            "local": day_words(local.date()),
            "local_2": f"{local:%H:%M}",
        }
    ended = in_force.ended_at(plan)
    if ended is not None and began >= ended:
        local, done = site.local(ended), gettext("replaced") if plan.status == plan.Status.SUPERSEDED else gettext("stopped")
        return gettext("Plan %(plan)s was %(done)s on %(local)s, %(local_2)s. Nothing was treated under it after that") % {
            "plan": plan.number,
            "done": done,
            "local": day_words(local.date()),
            "local_2": f"{local:%H:%M}",
        }
    return ""
