"""What was done with a visit: all of it for its page, and for an open drawer what of it has not been seen there."""

import datetime as dt

from django.shortcuts import render

from audit.models import AuditEvent
from planner import wording

from ..models import Booking
from ..services.hours import clinic_zone

STEP_WORDS = {
    "booking.made": "Booked",
    "booking.moved": "Moved",
    "booking.resized": "Length changed",
    "booking.arrived": "Marked as here, or back from the room",
    "booking.numbing_on": "Numbing on",
    "booking.numbing_off": "Numbing taken back",
    "booking.late": "Said to be late",
    "booking.not_late": "Not late after all",
    "booking.booked": "Arrival taken back",
    "booking.in_room": "In room",
    "booking.done": "Done",
    "booking.missed": "Marked as missed",
    "booking.cancelled": "Cancelled",
    "booking.reinstated": "Brought back",
    "booking.treated_after_all": "Treated after all, by a paper record",
    "booking.made_afterwards": "Not booked, entered by a paper record",
    "record.started": "Record started",
    "record.entered_late": "Record entered later",
}
_BY_WHOM = {
    "booking.resized": "Given another length",
    "booking.arrived": "Marked as here",
    "booking.numbing_on": "Numbing put on",
    "booking.in_room": "Brought to the room",
    "booking.done": "Marked as done",
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
        by = "you" if row.actor_id == request.user.pk else row.actor_name
        where = _where(booking, moved[0].detail["from"]) if moved and row is moved[-1] else ""
        said.append((f"{_word(row)}{f' by {by}' if by else ''}", where))
    # Of many steps the last ones: the visit itself says the rest.
    return render(request, "sessions/calendar/partials/news.html", {"booking": booking, "said": said[-3:]})


def _word(row: AuditEvent) -> str:
    if row.action == "booking.arrived" and row.detail.get("from") == Booking.Status.IN_ROOM:
        return "Taken back from the room"
    return _BY_WHOM.get(row.action, STEP_WORDS[row.action])


def _where(booking: Booking, before: dict) -> str:
    """What is another than *before* the first of the moves: `to 14:30, with Lena Ortiz, in Room 2`."""
    zone = clinic_zone(booking.site)
    now, was = booking.starts_at.astimezone(zone), dt.datetime.fromisoformat(before["starts_at"]).astimezone(zone)
    parts = []
    if now.date() != was.date():
        parts.append(f"to {wording.day(now.date(), weekday=True)}, {now:%H:%M}")
    elif now != was:
        parts.append(f"to {now:%H:%M}")
    if booking.clinician_id != before.get("clinician"):
        parts.append(f"to {booking.clinician}" if not parts else f"with {booking.clinician}")
    if booking.room_id != before.get("room") and booking.room_id:
        parts.append(f"to {booking.room}" if not parts else f"in {booking.room}")
    if booking.device_id != before.get("device") and booking.device_id:
        parts.append(f"with {booking.device}")
    return ", ".join(parts)
