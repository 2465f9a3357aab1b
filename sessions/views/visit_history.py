"""What was done with a visit: all of it for its page, and for an open drawer what of it has not been seen there."""

import datetime as dt

from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy

from accounts.templatetags.clinic_format import in_words
from audit.models import AuditEvent

from ..models import Booking
from ..services.hours import clinic_zone

STEP_WORDS = {
    "booking.made": gettext_lazy("Booked"),
    "booking.moved": gettext_lazy("Moved"),
    "booking.resized": gettext_lazy("Length changed"),
    "booking.arrived": gettext_lazy("Marked as here, or back from the room"),
    "booking.numbing_on": gettext_lazy("Numbing on"),
    "booking.numbing_off": gettext_lazy("Numbing taken back"),
    "booking.late": gettext_lazy("Said to be late"),
    "booking.not_late": gettext_lazy("Not late after all"),
    "booking.booked": gettext_lazy("Arrival taken back"),
    "booking.in_room": gettext_lazy("In room"),
    "booking.done": gettext_lazy("Done"),
    "booking.missed": gettext_lazy("Marked as missed"),
    "booking.cancelled": gettext_lazy("Cancelled"),
    "booking.reinstated": gettext_lazy("Brought back"),
    "booking.treated_after_all": gettext_lazy("Treated after all, by a paper record"),
    "booking.made_afterwards": gettext_lazy("Not booked, entered by a paper record"),
    "record.started": gettext_lazy("Record started"),
    "record.entered_late": gettext_lazy("Record entered later"),
}
_BY_WHOM = {
    "booking.resized": gettext_lazy("Given another length"),
    "booking.arrived": gettext_lazy("Marked as here"),
    "booking.numbing_on": gettext_lazy("Numbing put on"),
    "booking.in_room": gettext_lazy("Brought to the room"),
    "booking.done": gettext_lazy("Marked as done"),
}


def steps_of(booking: Booking) -> list[tuple[str, AuditEvent]]:
    return [(STEP_WORDS[row.action], row) for row in _rows(booking)]


def _rows(booking: Booking):
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action__in=STEP_WORDS)
    return rows.order_by("pk")


def news(request, booking: Booking, *, after: int):
    """The line that says what others did with *booking* since the step *after*, which is the last that the drawer shows."""
    rows = list(_rows(booking).filter(pk__gt=after))
    moved = [row for row in rows if row.action == "booking.moved"]
    said: list[tuple[str, str]] = []
    for row in rows:
        where = _where(booking, moved[0].detail["from"]) if moved and row is moved[-1] else ""
        said.append((_by_whom(row, request.user), where))
    # Of many steps the last ones: the visit itself says the rest.
    return render(request, "sessions/calendar/partials/news.html", {"booking": booking, "said": said[-3:]})


def _by_whom(row: AuditEvent, reader) -> str:
    if row.actor_id == reader.pk:
        return gettext("%(what)s by you") % {"what": _word(row)}
    return gettext("%(what)s by %(person)s") % {"what": _word(row), "person": row.actor_name} if row.actor_name else _word(row)


def _word(row: AuditEvent) -> str:
    if row.action == "booking.arrived" and row.detail.get("from") == Booking.Status.IN_ROOM:
        return gettext("Taken back from the room")
    return str(_BY_WHOM.get(row.action, STEP_WORDS[row.action]))


def _where(booking: Booking, before: dict) -> str:
    """What is another than *before* the first of the moves: `to 14:30, with Lena Ortiz, in Room 2`."""
    zone = clinic_zone(booking.site)
    now, was = booking.starts_at.astimezone(zone), dt.datetime.fromisoformat(before["starts_at"]).astimezone(zone)
    parts = []
    if now.date() != was.date():
        parts.append(gettext("to %(day)s, %(clock)s") % {"day": in_words(now.date(), weekday=True), "clock": f"{now:%H:%M}"})
    elif now != was:
        parts.append(gettext("to %(clock)s") % {"clock": f"{now:%H:%M}"})
    if booking.clinician_id != before.get("clinician"):
        words = gettext("with %(clinician)s") if parts else gettext("to %(clinician)s")
        parts.append(words % {"clinician": booking.clinician})
    if booking.room_id != before.get("room") and booking.room_id:
        words = gettext("in %(room)s") if parts else gettext("to %(room)s")
        parts.append(words % {"room": booking.room})
    if booking.device_id != before.get("device") and booking.device_id:
        parts.append(gettext("with %(device)s") % {"device": booking.device})
    return ", ".join(parts)
