"""What the tests of reminders share."""

from followup.services import deciding
from sessions.models import Booking
from sessions.services import visit_status

EMAIL, SMS = "email", "sms"


def verdict(visit, channel=EMAIL):
    fresh = Booking.objects.select_related("site", "patient").get(pk=visit.pk)
    return dict(deciding.verdicts(fresh)).get({EMAIL: "Email", SMS: "Text message"}[channel])


def cancel(visit, desk):
    visit_status.cancel(visit, reason="Wish", by=desk)
