"""
A record that is begun on a later day than its visit: of a treatment that is over, by whoever treated or by somebody who enters it for
them. When it was done and when it was written down are two times, and both are in what is signed. Of a visit that was marked as missed
or cancelled, or that nobody booked, it is begun from paper, and the visit stands in the diary as it was really held.
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
from . import afterwards, gap, opening, visit_status
from .afterwards import Held
from .hours import clinic_zone, day_bounds, local_day
from .refusals import BookingRefused

Status = Booking.Status
Source = TreatmentSession.Source
# What became of the visit, by what of it a record may be entered: that somebody was treated is marked, or stands on paper.
MAY_BE_ENTERED = {
    Status.DONE: tuple(Source),
    Status.IN_ROOM: tuple(Source),
    Status.ARRIVED: (Source.PAPER,),
    Status.BOOKED: (Source.PAPER,),
    Status.MISSED: (Source.PAPER,),
    Status.CANCELLED: (Source.PAPER,),
}
GONE = (Status.MISSED, Status.CANCELLED)


class NotEntered(Exception):
    """No record was begun; field: what of the form is to be mended, '' where nothing of it is. visit: the one that stands against it."""

    def __init__(self, message: str, field: str = "", visit: Booking | None = None):
        super().__init__(message)
        self.message, self.field, self.visit = message, field, visit


@dataclass(frozen=True)
class Entry:
    """
    What is said when a late record is begun. began: when the needles were in the skin. treated_by: who treated. ended, room, device:
    how the visit was really held, where the diary does not have it.
    """

    began: dt.datetime
    treated_by: User
    source: str
    reason: str
    ended: dt.datetime | None = None
    room: Resource | None = None
    device: Resource | None = None


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
    zone, now = clinic_zone(booking.site), timezone.now()
    if booking.starts_at > now:
        return gettext("This visit is on %(local_day)s. Nothing can have been treated yet.") % {
            "local_day": day_words(local_day(booking.starts_at, zone), weekday=True)
        }
    if booking.status in GONE:
        return _why_not_back(booking)
    if booking.status != Status.DONE and not visit_status.not_its_day(booking):
        return gettext("This visit can still be begun: start the session, and enter when it began.")
    return ""


def _why_not_back(booking: Booking) -> str:
    was = booking.get_status_display().lower()
    if not visit_status.is_over(booking):
        return gettext("This visit is %(was)s and its time is not over: bring it back, then start the session.") % {"was": was}
    other = gap.placed(booking.plan).get(booking.session_number)
    if other is None:
        return ""
    on = day_words(local_day(other.starts_at, clinic_zone(other.site)), weekday=True)
    if other.status in (Status.IN_ROOM, Status.DONE):
        words = gettext(
            "Session %(session_number)s was treated on %(day)s. If this one was treated as well, enter it from the plan, as a session that "
            "was not booked."
        )
    else:
        words = gettext(
            "Session %(session_number)s was booked again, on %(day)s. Cancel that visit first: what was treated takes its place in the "
            "course."
        )
    return words % {"session_number": booking.session_number, "day": on}


def what_changes(booking: Booking) -> list[str]:
    """What entering its record does to a visit that is marked as missed or cancelled, in sentences; none for any other."""
    if booking.status not in GONE:
        return []
    was, plan = booking.get_status_display().lower(), booking.plan
    said = f" ({gettext(booking.cancel_reason)})" if booking.cancel_reason else ""
    lines = [
        gettext(
            "This visit is marked as %(was)s. That is taken back: it stands in the diary as it was really held, and is done as of then "
            "once the record is signed."
        )
        % {"was": f"{was}{said}"}
    ]
    if booking.session_number and plan.status == plan.Status.ACCEPTED:
        words = gettext("Session %(session_number)s is then no longer to be booked again.")
        lines.append(words % {"session_number": booking.session_number})
    return lines


def may_be_entered(booking: Booking) -> bool:
    return not why_not(booking)


def people_of(booking: Booking) -> list[User]:
    """Who may have treated: who the visit is with, also where they have left, then everybody who treats at the site."""
    people = _people_at(booking.site)
    own = booking.clinician.user
    if own is not None and own.role in PERMISSIONS["records.sign"]:
        people.pop(own.pk, None)
        return [own, *people.values()]
    return list(people.values())


def _people_at(site) -> dict[int, User]:
    rows = User.objects.filter(is_active=True, role__in=PERMISSIONS["records.sign"], sites=site)
    people = {user.pk: user for user in rows.order_by("last_name", "first_name", "pk")}
    return people | {row.user_id: row.user for row in _in_diary(site) if row.user.is_active}


def _in_diary(site) -> list[Resource]:
    """Who takes visits at *site* and may sign a record."""
    rows = Resource.objects.at(site).filter(kind=Resource.Kind.CLINICIAN, user__role__in=PERMISSIONS["records.sign"])
    return list(rows.select_related("user"))


def people_at(site) -> list[User]:
    """Who may have treated at a visit that nobody booked: who takes visits there, also where they have left."""
    return [row.user for row in _in_diary(site)]


def begin(booking: Booking, entry: Entry, *, by: User, request=None) -> TreatmentSession:
    """
    Begin the record of *booking* on a later day. Begun already: `NotEntered` says so.

    Raises:
        NotEntered: the visit takes none, or what was said of it cannot be.
    """
    try:
        with transaction.atomic(), gathered():
            if entry.ended is not None:
                afterwards.wait_for_turn(booking, entry.began, entry.ended)
            row = opening.for_opening(booking)
            if words := why_not(row):
                raise NotEntered(words)
            is_gone = row.status in GONE
            if is_gone is (entry.ended is None):
                raise NotEntered(gettext("The visit was changed while you looked at it. Open it again, and enter its record from there."))
            _fits(row, entry)
            if is_gone:
                afterwards.bring_back(row, _held(row, entry), by=by)
            visit_status.was_in_room(row, at=entry.began, by=by)
            return _open(row, entry, by=by, request=request)
    except BookingRefused as refused:
        raise NotEntered(refused.message, refused.field or "began") from refused
    except IntegrityError as clash:
        if not TreatmentSession.objects.filter(booking=booking).exists():
            raise
        raise NotEntered(gettext("The record of this visit stands already: open it.")) from clash


def begin_unbooked(plan, entry: Entry, *, by, request_key: str, request=None) -> TreatmentSession:
    """
    Begin the record of a session of *plan* that nobody booked, and make its visit. The same *request_key* begins once.

    Raises:
        NotEntered: it cannot be, with the words for it.
    """
    key = f"late-{plan.pk}-{request_key}"
    try:
        with transaction.atomic(), gathered():
            unbooked = unbooked_of(plan, entry.began, entry.ended)
            afterwards.wait_for_turn(unbooked)
            made = TreatmentSession.objects.filter(booking__request_key=key).first()
            if made is not None:
                return made
            if words := why_not_unbooked(plan):
                raise NotEntered(words)
            if entry.treated_by not in people_at(unbooked.site):
                raise NotEntered(gettext("Choose who treated from the list"), "treated_by")
            if words := began_wrong(unbooked, entry.began):
                raise NotEntered(words, "began")
            _check_that_day(unbooked)
            number = afterwards.number_then(plan, entry.began)
            row = afterwards.make(plan, _held(unbooked, entry), number=number, by=by, request_key=key)
            return _open(row, entry, by=by, request=request)
    except BookingRefused as refused:
        raise NotEntered(refused.message, refused.field or "began", getattr(refused, "booking", None)) from refused


def why_not_unbooked(plan) -> str:
    """Why no session of *plan* can have been done that nobody booked; '' where one can."""
    if plan.status in in_force.NEVER:
        said = {"plan": plan.number, "status": plan.get_status_display().lower()}
        return gettext("Plan %(plan)s is %(status)s. Nothing is treated under it.") % said
    return ""


def unbooked_of(plan, began: dt.datetime, ended: dt.datetime) -> Booking:
    """The visit that nobody booked, as far as it is known before it is made."""
    patient = plan.patient
    return Booking(site=patient.site, patient=patient, plan=plan, kind=Booking.Kind.SESSION, starts_at=began, ends_at=ended)


def _check_that_day(unbooked: Booking) -> None:
    """Raises NotEntered where a visit of the plan stands on that day: its record is to be entered instead."""
    site = unbooked.site
    start, end = day_bounds(site.day_of(unbooked.starts_at), site.zone)
    rows = Booking.objects.filter(plan=unbooked.plan, kind=Booking.Kind.SESSION, starts_at__gte=start, starts_at__lt=end)
    for row in rows.filter(record__isnull=True).order_by("starts_at"):
        local = site.local(row.starts_at)
        words = gettext(
            "%(title)s stands on that day at %(clock)s, %(status)s and without a record. Open that visit and enter its record there"
        ) % {"title": row.title, "clock": f"{local:%H:%M}", "status": row.get_status_display().lower()}
        raise NotEntered(words, "began", row)


def _held(booking: Booking, entry: Entry) -> Held:
    """How the visit was really held. Raises NotEntered, BookingRefused."""
    own = [] if booking.clinician_id is None else [booking.clinician]
    who = next((row for row in (*_in_diary(booking.site), *own) if row.user_id == entry.treated_by.pk), None)
    if who is None:
        words = gettext("%(person)s takes no visits at %(site)s. Add them to its diary first")
        raise NotEntered(words % {"person": entry.treated_by, "site": booking.site}, "treated_by")
    held = Held(entry.began, entry.ended, who, entry.room, entry.device)
    afterwards.check_lasts(held)
    return held


def _open(row: Booking, entry: Entry, *, by, request) -> TreatmentSession:
    session = opening.open_record(
        row,
        clinician=entry.treated_by,
        started_at=entry.began,
        ended_at=entry.ended,
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
