"""Deny by default, clinic time, and pages that no cache keeps."""

import zoneinfo
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from audit.services import note_refusal

from .permissions import may

_MISSING = object()
SIGN_IN_HEADER = "X-Sign-In"  # where a page can be signed in again, on the 401 to a live part of it
ENDED = "ended"  # in the address of the sign-in page: what was asked for when the sign-in had ended
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
            return _to_sign_in(request)
        if not may(request.user, permission):
            note_refusal(permission=permission)
            raise PermissionDenied(permission)
        return None


def _to_sign_in(request) -> HttpResponse:
    """In a browser whose sign-in has ended since its last page, the page says so, and that a form was not saved."""
    asked = {"next": request.get_full_path()}
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty():
        asked[ENDED] = "form" if request.method == "POST" else "page"
    return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode(asked, safe='/')}")


class ClinicTimeMiddleware:
    """Pages of no site show the clinic's time, those of one its own (`Site.set_clock`); the database keeps UTC."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.zone = zoneinfo.ZoneInfo(settings.CLINIC_TIME_ZONE)

    def __call__(self, request):
        with timezone.override(self.zone):
            return self.get_response(request)


class PrivatePagesMiddleware:
    """Pages of signed-in people stay out of every cache, whatever the view said of them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if hasattr(request, "user") and request.user.is_authenticated:
            # Over what the view said: "private, max-age" would leave a patient's page in the browser of a shared computer.
            response.headers["Cache-Control"] = "no-store"
        return response
