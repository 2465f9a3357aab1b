"""Why a booking was not made, in words for the screen. `field` names the input the words belong beside."""

import datetime as dt

from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words


class BookingRefused(Exception):
    """Nothing was written. The message says what must be true, or what to do."""

    field = ""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message = message
        self.field = field or self.field


class SlotTaken(BookingRefused):
    """
    Somebody holds a part of that time. `nearest` are free times for the same visit, soonest first; `booking` is the unsaved
    one that the database refused.
    """

    field = "time"

    def __init__(self, message: str, *, nearest=(), booking=None):
        super().__init__(message)
        self.nearest = list(nearest)
        self.booking = booking


class OutsideHours(BookingRefused):
    field = "time"


class InThePast(BookingRefused):
    field = "day"


class ResourceAbsent(BookingRefused):
    """Leave, service or closure."""

    field = "day"


class NotSuitable(BookingRefused):
    """This clinician, room or device cannot take this visit at any time."""


class GapRefused(BookingRefused):
    """
    Too close to the session before or after. `first_day` is the first day the plan allows, where there is one;
    `may_be_overridden`: a reason by somebody who may say so lets it through.
    """

    field = "day"

    def __init__(self, message: str, *, first_day: dt.date | None = None, may_be_overridden: bool = False):
        super().__init__(message)
        self.first_day = first_day
        self.may_be_overridden = may_be_overridden


class AlreadyBooked(BookingRefused):
    """This session of the plan has its visit already. `booking` is that visit."""

    def __init__(self, message: str, *, booking=None):
        super().__init__(message)
        self.booking = booking


class KeyUsed(BookingRefused):
    """The form was sent before with other content, or what it made no longer stands. `booking` is what it made then."""

    def __init__(self, booking):
        local = booking.on_site(booking.starts_at)
        stands = (
            gettext("It stands.")
            if booking.is_live
            else gettext("It is %(status)s now.") % {"status": booking.get_status_display().lower()}
        )
        super().__init__(
            gettext(
                "This form was sent before and booked: %(title)s, %(local)s, %(local_2)s. %(stands)s What is typed here is "
                "not booked. Look at that visit, or press again to book this as well."
            )
            % {"title": booking.title, "local": in_words(local.date(), weekday=True), "local_2": f"{local:%H:%M}", "stands": stands}
        )
        self.booking = booking


class ComesTwice(BookingRefused):
    """The clock shows that time twice on that day, and nobody has said which is meant. `booking` is the visit it is asked of."""

    field = "time"

    def __init__(self, message: str, *, booking=None):
        super().__init__(message)
        self.booking = booking


class NotNow(BookingRefused):
    """The visit is not in a state that allows this step."""
