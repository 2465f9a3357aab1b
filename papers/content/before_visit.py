"""Getting ready for a session: what the plan's own protocol version says, in its words, with the dates worked back from the visit."""

import datetime as dt

from django.utils.translation import gettext

from protocols.knowledge import DocumentChanged, before_visit_of, knowledge_of
from sessions.models import Booking

from ..models import Paper
from .common import CannotBeMade, Subject, calendar_at, head

COMING = (Booking.Status.BOOKED, Booking.Status.ARRIVED)


def dated(visit: dt.date, day: int) -> dt.date:
    """The date *day* days from *visit*, on the calendar: -7 is the same day of the week before."""
    return visit + dt.timedelta(days=day)


def before_visit(booking: Booking) -> Subject:
    """
    Raises:
        CannotBeMade: the visit is no session that is to come, or its protocol version has no approved words for it.
    """
    if booking.kind != Booking.Kind.SESSION or booking.plan is None or booking.status not in COMING:
        raise CannotBeMade(gettext("There is nothing to get ready for: this visit is not a session that is to come."))
    version, site = booking.plan.protocol_version, booking.site
    if version.approved_at is None:
        words = gettext("Protocol %(version)s is not approved, so nothing is printed from it. Ask the medical lead.")
        raise CannotBeMade(words % {"version": version.version})
    try:
        words, knowledge = before_visit_of(version), knowledge_of(version)
    except DocumentChanged as error:
        raise CannotBeMade(gettext("The protocol was changed outside the clinic's own screens. Restore it from a backup first.")) from error
    if words is None:
        told = gettext(
            "Protocol %(version)s, by which this plan was made, has no words for the paper before a visit. The medical lead "
            "adds them to a draft under Protocols, Before a visit; they hold for plans made from then on."
        )
        raise CannotBeMade(told % {"version": version.version})
    if not site.phone:
        raise CannotBeMade(gettext("The paper needs the clinic's phone number. A manager enters it under Settings, Sites."))
    return _subject(booking, words, knowledge)


def _subject(booking: Booking, words, knowledge) -> Subject:
    site, calendar = booking.site, calendar_at(booking.site)
    starts, booked_on = site.local(booking.starts_at), site.day_of(booking.created_at)
    facts = head(booking.patient, site, title=words.title)
    fill = {"phone": site.phone, "clinic": facts["clinic"], "emergency_number": site.emergency_number}
    rows = []
    for entry in sorted(knowledge.precare, key=lambda entry: entry.day):
        day = dated(starts.date(), entry.day)
        heading = words.on_the_day if entry.day == 0 else words.over if day < booked_on else words.since
        said = [line.format_map(fill) for line in words.lines[entry.id]]
        rows.append({"when": heading.format_map({"day": calendar.long(day, weekday=True)}), "say": said})
    facts |= {
        "intro": words.intro.format_map(fill),
        "visit": f"{calendar.long(starts.date(), weekday=True)}, {calendar.clock(starts)}",
        "session": f"Session {booking.session_number} of {booking.plan.sessions_count}" if booking.session_number else "",
        "clinician": booking.clinician.name,
        "rows": rows,
        "closing": [line.format_map(fill) for line in words.closing],
        "protocol": booking.plan.protocol_version.version,
        "demo": booking.plan.protocol_version.is_demo,
    }
    where = {"booking": booking, "plan": booking.plan}
    return Subject(Paper.Kind.BEFORE_VISIT, booking.pk, booking.patient, site, where, words.title, "before_visit", facts)
