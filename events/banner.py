"""What a page says above everything while an alert of a call waits."""

from django.utils import timezone

from accounts.reach import known_reach

from .services.alerts import alerts_for

MOST = 3
ALERTS_WAIT = "calls that wait for a clinician"


def banner_of(user) -> dict:
    # Only pages that show patients have asked what the reader reaches; no other page asks anything for this.
    reach = known_reach(user)
    if reach is None or ALERTS_WAIT not in reach.flags:
        return {}
    waiting, now = alerts_for(user), timezone.now()
    return {
        "alerts": [(alert, alert.words(now), alert.is_late(now)) for alert in waiting[:MOST]],
        "more": max(0, len(waiting) - MOST),
    }
