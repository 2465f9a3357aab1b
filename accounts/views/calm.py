"""
The calm pages: what happened, what is safe, what to do. They say nothing about what exists, and nothing of what was sent.

`page` asks neither the database nor the request, because either may be what is broken.
"""

import errno
import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse, UnreadablePostError
from django.http.request import RawPostDataException
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from ..listed import one_of
from ..models import User
from ..permissions import PERMISSIONS, who

FITS_NOW = "X-Fresh-Token"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
DISK_FULL = "53100"  # PostgreSQL's code; its words follow the machine's language
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
# What was sent can be read but not kept: beyond the largest number, not text. Anything else a view raises is our fault.
CANNOT_BE_KEPT = (DataError, OverflowError, UnicodeError, UnreadablePostError, RawPostDataException)
AWAY = (OperationalError, InterfaceError)
AGAIN_IN_SECONDS = 10
SAY = "X-Say"  # what the bar above a page says where a live part of it got this answer
WITH_A_PAGE = frozenset({400, 403, 404, 405, 408, 409, 413, 429, 500, 503})


def page(status: int, *, again_in: int | None = None, **words) -> HttpResponse:
    """The calm page for *status*; *again_in*: after how many seconds to try again."""
    response = HttpResponse(render_to_string(f"{status}.html", words), status=status)
    if again_in is not None:
        response["Retry-After"] = str(again_in)
    return response


def _colleagues(user, permission: str) -> str:
    """Up to three people at the same sites who may do it, so that the page says whom to ask."""
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS[permission], sites__in=user.site_ids()).distinct()
    return one_of(person.display_name for person in people.order_by("last_name", "first_name")[:3])


def denied(request, exception=None):
    """The page says who can do it. *exception* carries the permission, or a sentence of ours."""
    said = str(exception or "")
    context = {"said": said}
    if said in PERMISSIONS:
        context = {"who": who(said)}
        if request.user.is_authenticated:
            context["people"] = _colleagues(request.user, said)
    return render(request, "403.html", context, status=403)


def stale_page(request, reason=""):
    """
    The form's secret did not fit: the page is older than the last sign-in, or was sent from somewhere else.

    A live part gets the secret that fits now, so that what is typed can be sent again after signing in in another tab. Only
    a page of our own can read it: the header HX-Request cannot be sent, nor this reply read, from another host.
    """
    response = render(request, "stale_page.html", status=403)
    if request.htmx and request.user.is_authenticated:
        response[FITS_NOW] = get_token(request)
    return response


def not_found(request, exception=None):
    return page(404)


def bad_request(request, exception=None):
    return page(413) if isinstance(exception, TOO_LARGE) else page(400)


def too_many(request, *, again_in: int | None = None):
    """Too many tries. *again_in*: seconds until the next one is looked at."""
    return page(429, again_in=again_in, minutes=-(-again_in // 60) if again_in else None)


def conflict(request):
    """For a form that nobody can mend by hand because what it changes is gone or another; views with more to say have their own."""
    return page(409)


def unavailable(request, *, why: str = "", again_in: int = AGAIN_IN_SECONDS):
    """The clinic is closed for a while: *why* is a sentence of ours. Nothing that was saved is lost."""
    response = page(503, again_in=again_in, why=why)
    said = why or _("The clinic is closed for a moment.")
    response[SAY] = _("%(why)s What you typed is still here; try again in a minute.") % {"why": said}
    return response


def _wants_room(fault: BaseException | None) -> bool:
    if isinstance(fault, OSError) and fault.errno in NO_ROOM:
        return True
    return "disk is full" in str(fault) or getattr(getattr(fault, "__cause__", None), "pgcode", None) == DISK_FULL


def server_error(request):
    """What a fault nobody expected is answered with: 500, or better where its kind says what was wrong."""
    fault = sys.exc_info()[1]
    if _wants_room(fault):
        return unavailable(request, why=_("There is no room left to save on the clinic's computer."), again_in=60)
    if isinstance(fault, CANNOT_BE_KEPT):
        return page(400)
    if isinstance(fault, AWAY):
        return unavailable(request, why=_("The clinic's computer cannot reach its records for the moment."))
    return page(500)
