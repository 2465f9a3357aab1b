"""
Who has to wait before the next password or code is looked at; kept in the database, in the tables of django-axes.

Three measures over sliding windows (settings.SIGN_IN_TRIES): wrong tries of one name from one place, of one place for any
names, of one name from anywhere. What is tried while somebody waits is neither looked at nor counted, so nobody can be kept
out for good by going on. A browser in which a person has signed in before is a place of its own, judged by its own tries
alone: a stranger's tries, from the next desk or from a thousand machines, never stop a colleague at the usual computer.

An unknown name is counted as a known one is. Names are kept as a keyed hash: people type passwords into the wrong box.
"""

import datetime as dt
import ipaddress
import secrets

from axes.handlers.base import AxesHandler
from axes.models import AccessFailureLog
from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.models import Outcome
from audit.services import record

from ..models import User

# Wrong passkeys are counted under this name, which nobody has, and for their place alone: it is everybody's at once, and a
# stranger's hundred tries would keep the whole clinic from its passkeys.
PASSKEY = "a passkey"
COOKIE = "__Host-known_browser" if settings.SESSION_COOKIE_SECURE else "known_browser"
COOKIE_SECONDS = 180 * 86400
PEOPLE_OF_ONE_BROWSER = 12
CLOCK_SLACK = dt.timedelta(seconds=60)  # several hosts are never quite of one mind
_SALT = "accounts.signing_in.throttle"
A_LINK = "a link"  # where a browser's mark stands: wrong links are counted apart from wrong passwords, and stop nobody who signs in


def name_key(username: str) -> str:
    return salted_hmac(_SALT, username or "", algorithm="sha256").hexdigest()


def _place(request) -> str | None:
    """The address; of IPv6 its network, since one machine has as many of those as it likes."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "")
    except ValueError:
        return None
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address) if address.version == 6 else str(address)


def _known(request) -> dict[str, str]:
    """{key of a name: mark} of the people who signed in in this browser before."""
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=COOKIE_SECONDS)
    except signing.BadSignature:
        return {}


def _mark(request, name: str) -> str:
    mark = _known(request).get(name, "")
    return f"known:{mark}" if mark else ""


def waits_until(request, username: str) -> dt.datetime | None:
    """When this person may try again from here; None where they may now."""
    now, name, place, tries = timezone.now(), name_key(username), _place(request), settings.SIGN_IN_TRIES
    mark, failures = _mark(request, name), AccessFailureLog.objects.order_by("-attempt_time")
    of_name = failures.filter(username=name)
    if mark:
        own = of_name.filter(user_agent=mark)
        waits = [_over(own, tries["name_and_place"], now), _over(own, tries["name"], now)]
    else:
        strangers = of_name.filter(user_agent="")
        waits = [
            _over(strangers.filter(ip_address=place), tries["name_and_place"], now),
            _over(failures.filter(ip_address=place, user_agent=""), tries["place"], now),
            _over(strangers, tries["name"], now) if username != PASSKEY else None,
        ]
    return max((until for until in waits if until), default=None)


def _over(failures, limit: tuple[int, int], now) -> dt.datetime | None:
    """The end of the wait where the newest *most* failures all lie within the window."""
    most, seconds = limit
    window = dt.timedelta(seconds=seconds)
    # None from the future: a clock that was set back keeps nobody out until it has caught up.
    found = failures.filter(attempt_time__gt=now - window, attempt_time__lte=now + CLOCK_SLACK).values_list("attempt_time", flat=True)[
        most - 1 : most
    ]
    return next((oldest + window for oldest in found), None)


def wrong_link(request) -> int:
    """
    Count a link that opens nothing, for its place. Seconds until the next one from there is answered; 0 where it is now. What is
    asked for meanwhile is not counted.
    """
    now, place = timezone.now(), _place(request)
    until = _over(AccessFailureLog.objects.filter(ip_address=place, user_agent=A_LINK).order_by("-attempt_time"), settings.WRONG_LINKS, now)
    if until is not None:
        return max(1, int((until - now).total_seconds()))
    AccessFailureLog.objects.create(username=name_key(A_LINK), ip_address=place, user_agent=A_LINK, path_info="", http_accept="")
    return 0


def failed(request, username: str) -> None:
    """Count a wrong password or code; the log gets one row when that begins a wait."""
    name = name_key(username)
    AccessFailureLog.objects.create(
        username=name, ip_address=_place(request), user_agent=_mark(request, name), path_info=request.path[:255], http_accept=""
    )
    until = waits_until(request, username)
    if until is not None:
        detail = {**who_was_meant(username), "until": until.isoformat(timespec="seconds")}
        record("user.sign_in_paused", request=request, outcome=Outcome.REFUSED, detail=detail)


def who_was_meant(username: str) -> dict:
    """For the log, which nobody can erase: the name where it is somebody's; what else was typed may have been a password."""
    return {"user_name": username if User.objects.filter(username=username).exists() else "nobody's"}


def passed(request, username: str) -> None:
    """The right person is here: this place's wrong tries of this name are forgotten, and everything grown old."""
    name = name_key(username)
    mark = _mark(request, name)
    AccessFailureLog.objects.filter(username=name, ip_address=_place(request), user_agent__in={"", mark}).delete()
    oldest = timezone.now() - dt.timedelta(seconds=max(seconds for _, seconds in settings.SIGN_IN_TRIES.values()))
    AccessFailureLog.objects.filter(attempt_time__lt=oldest).delete()


def wrong_tries(username: str) -> int:
    """How many of this name are remembered, from anywhere."""
    return AccessFailureLog.objects.filter(username=name_key(username)).count()


def let_in_again(username: str) -> int:
    """Forget every wrong try of this name; how many there were."""
    return AccessFailureLog.objects.filter(username=name_key(username)).delete()[0]


def remember_browser(request, response, username: str) -> None:
    """Mark the browser as one in which this person has signed in."""
    known = _known(request)
    name = name_key(username)
    mark = known.pop(name, "") or secrets.token_hex(8)
    newest = dict([*list(known.items())[-(PEOPLE_OF_ONE_BROWSER - 1) :], (name, mark)])
    response.set_cookie(
        COOKIE,
        signing.dumps(newest, salt=_SALT, compress=True),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


class SignInThrottle(AxesHandler):
    """What django-axes asks: whether to look at a password at all, and to count the wrong ones."""

    def is_locked(self, request, credentials=None) -> bool:
        until = waits_until(request, (credentials or {}).get("username") or "")
        request.sign_in_waits_until = until
        return until is not None

    def get_failures(self, request, credentials=None) -> int:
        return AccessFailureLog.objects.filter(username=name_key((credentials or {}).get("username") or "")).count()

    def user_login_failed(self, sender, credentials, request=None, **kwargs) -> None:
        if request is not None and not request.axes_locked_out:
            failed(request, credentials.get("username") or "")
