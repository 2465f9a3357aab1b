"""The line of photos at the record of a session: how many of the set there are, and the way to take them."""

from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection

from . import permission
from .services import progress_of


def line(session: TreatmentSession, user) -> RecordSection | None:
    if not user.may("photos.view") or session.status == TreatmentSession.Status.CLOSED:
        return None
    context = {
        "progress": progress_of(session),
        "patient": session.patient,
        "allowed": permission.in_record(session.patient),
        "may_take": user.may("photos.take"),
    }
    return RecordSection("photos/partials/_record_line.html", context)


def section(session: TreatmentSession, user) -> RecordSection | None:
    """The same on the page of a signed record."""
    found = line(session, user)
    return found and RecordSection("photos/partials/_record_section.html", found.context)
