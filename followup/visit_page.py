"""What a visit shows of this app: whether it is reminded of, and who could have a time that came free."""

from accounts.templatetags.clinic_format import in_words
from sessions.models import Booking
from sessions.services.hours import clinic_zone
from sessions.visit_sections import VisitSection

from .services import deciding, freed


def reminders(booking: Booking, user) -> VisitSection | None:
    """ "Sent", "goes on", or "not, because": for visits still to come, and what went for those that are over."""
    lines = deciding.verdicts(booking) if user.may("bookings.view") else []
    if not lines:
        return None
    return VisitSection("followup/partials/reminders.html", {"lines": lines, "patient_number": booking.patient.number})


def who_could_come(booking: Booking, user) -> VisitSection | None:
    """Beside a visit that is cancelled, missed or moved: who of the waiting list fits the time, each with one press."""
    found = freed.fits(booking, user) if user.may("bookings.edit") else None
    if found is None:
        return None
    rows = [(fit, _when(fit.time.starts_at, booking)) for fit in found.fits]
    return VisitSection("followup/partials/fits.html", {"found": found, "rows": rows})


def _when(moment, booking: Booking) -> str:
    local = moment.astimezone(clinic_zone(booking.site))
    return f"{in_words(local.date(), weekday=True)}, {local:%H:%M}"
