"""Deny by default, clinic time, and pages that no cache keeps."""

import zoneinfo
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from audit.models import Outcome
from audit.services import record

from .permissions import may

_MISSING = object()
SIGN_IN_HEADER = "X-Sign-In"  # where a page can be signed in again, on the 401 to a live part of it
NO_PERMISSION_NAMED = "This page names no permission, so nobody can open it."


class DenyByDefaultMiddleware:
    """
    Every view must carry `required_permission` (see accounts.permissions). None means public; no mark means nobody.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        permission = getattr(view, "required_permission", getattr(getattr(view, "view_class", None), "required_permission", _MISSING))
        if permission is None:
            return None
        if permission is _MISSING:
            raise PermissionDenied(NO_PERMISSION_NAMED)
        if not request.user.is_authenticated:
            if request.htmx and request.method != "GET":
                # No redirect: it would drop what is typed. The page itself says how to go on (static/js/clinic.js).
                return HttpResponse(status=401, headers={SIGN_IN_HEADER: reverse(settings.LOGIN_URL)})
            if request.htmx:
                # Back to the page the person is on, not to the fragment it asked for.
                back = urlencode({"next": request.htmx.current_url_abs_path or "/"})
                return HttpResponse(status=401, headers={"HX-Redirect": f"{reverse(settings.LOGIN_URL)}?{back}"})
            return redirect_to_login(request.get_full_path())
        if not may(request.user, permission):
            record("access.refused", request=request, outcome=Outcome.REFUSED, detail={"permission": permission})
            raise PermissionDenied(permission)
        return None


class ClinicTimeMiddleware:
    """Screens show the clinic's time; the database keeps UTC."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.zone = zoneinfo.ZoneInfo(settings.CLINIC_TIME_ZONE)

    def __call__(self, request):
        with timezone.override(self.zone):
            return self.get_response(request)


class PrivatePagesMiddleware:
    """Pages of signed-in people stay out of every cache, and the browser gets no features it does not need."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=(), usb=()")
        if hasattr(request, "user") and request.user.is_authenticated:
            # Over what the view said: "private, max-age" would leave a patient's page in the browser of a shared computer.
            response.headers["Cache-Control"] = "no-store"
        return response


class NoNulMiddleware:
    """
    Take NUL characters out of what was sent. Nobody types one, PostgreSQL cannot store one, and a page that meets one
    would fail; everything else that was typed stays as it is.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\0" in request.path_info:
            raise SuspiciousOperation("A NUL character in the address.")
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        request.GET = _without_nul(request.GET)
        if request.method == "POST":
            request.POST = _without_nul(request.POST)


def _without_nul(sent: QueryDict) -> QueryDict:
    if not any("\0" in text for name, values in sent.lists() for text in (name, *values)):
        return sent
    clean = QueryDict(mutable=True)
    for name, values in sent.lists():
        clean.setlist(name.replace("\0", ""), [value.replace("\0", "") for value in values])
    clean._mutable = False
    return clean
