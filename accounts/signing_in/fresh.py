"""
Asking again who is there before something sensitive: the person at an unlocked screen may be another one.

A page opens after a proof (password or second step) not older than settings.FRESH_PROOF_SECONDS; what is sent from it is
taken for three times as long, so that nobody loses what they typed by reading it over.
"""

from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from .session import AFTERWARDS, proved_lately

FOR_SENDING = 3


def asks_who_it_is(view):
    """To be put under @requires. Who has not proved it lately is asked on the way, and comes back."""

    @wraps(view)
    def asked(request, *args, **kwargs):
        sending = request.method not in ("GET", "HEAD")
        if proved_lately(request, seconds=settings.FRESH_PROOF_SECONDS * (FOR_SENDING if sending else 1)):
            return view(request, *args, **kwargs)
        if sending:
            # Not sent again by itself: what it would do may be the work of whoever found this screen open.
            messages.warning(request, _("Nothing was changed yet. Now that it is you, press it once more."))
        request.session[AFTERWARDS] = _page_of(request) if sending else request.get_full_path()
        return redirect("accounts:confirm")

    return asked


def _page_of(request) -> str:
    """The page of ours that the form stood on."""
    came_from = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return resolve_url("clinic:today")
    parts = urlsplit(came_from)
    page = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A path can begin with two strokes, and then leads to another host.
    return page if page.startswith("/") and url_has_allowed_host_and_scheme(page, None) else resolve_url("clinic:today")
