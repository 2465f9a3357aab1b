"""A locked session is answered with the lock, whatever it asks for: page, live part, form, file or head alone."""

from django.contrib.auth import SESSION_KEY
from django.http import HttpResponse
from django.shortcuts import render

from audit.models import Outcome
from audit.services import record

from . import confined, kept, services
from .standing import SAFE, Standing, note_life, standing_of

LOCKED = 423
LOCKED_HEADER = "X-Locked"


def while_locked(view):
    """Mark a view that answers a locked session too: those that open it, end it, or say how it stands."""
    view.open_while_locked = True
    view.open_while_signing_in = True
    return view


def lock_page(request, *, back: str, sealed: str = "", lost: bool = False, said: str = "", status: int = LOCKED):
    """
    The page that asks for PIN or password, at the address that was asked for; it says nothing of what lies there.

    back: where to go on. sealed: a form that waits (`accounts.desk.kept`). lost: something sent could not be kept.
    """
    context = {"back": back, "sealed": sealed, "lost": lost, "said": said, "has_pin": services.has_pin(request.user)}
    response = render(request, "accounts/desk/locked.html", context, status=status)
    response[LOCKED_HEADER] = "1"
    return response


class DeskLockMiddleware:
    """After authentication, before anything that reads for the page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if getattr(view, "open_while_locked", False) or confined.place_of(request):  # the latter was judged before
            return None
        standing = standing_of(request)
        if standing is Standing.OUT:
            if SESSION_KEY in request.session:
                request.session.flush()  # somebody who has left or has another password: never again by this cookie
            return None
        if standing is Standing.OPEN:
            note_life(request)
            return None
        services.lock(request, why="idle")
        return self._refuse(request)

    def _refuse(self, request):
        by_itself = request.htmx or "X-Requested-With" in request.headers
        if not (by_itself and request.method in SAFE):
            record("access.locked", request=request, outcome=Outcome.REFUSED, detail={"method": request.method})
        if by_itself or request.method not in (*SAFE, "POST"):
            return HttpResponse(status=LOCKED, headers={LOCKED_HEADER: "1"})
        if request.method == "POST":
            sealed = kept.seal(request)
            lost = bool(request.FILES) or not sealed
            return lock_page(request, back="", sealed=sealed, lost=lost)
        return lock_page(request, back=request.get_full_path())
