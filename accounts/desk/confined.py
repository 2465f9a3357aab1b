"""
A signed-in browser that is handed to a patient: it opens the one thing it was handed over for, and nothing else, until a member of
staff takes it back with their PIN or password.

What it is confined to is a word of the app above ("intake:42"), which says in AppConfig.ready where that is. The server refuses
everything else before any view is asked: pages, live parts, files, forms, addresses that lead nowhere. The idle limit is the one of
every screen; the absolute one (`HANDED_OVER_MINUTES`) ends the sign-in.
"""

import datetime as dt

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from audit.models import Outcome
from audit.services import record

from . import services
from .models import WebSession
from .services import Opening
from .standing import SAFE, left_idle, note_life
from .store import CLOCKS_DIFFER

CONFINED_HEADER = "X-Confined"
_homes: dict[str, str] = {}


def register_home(word: str, name: str) -> None:
    """*name*: the address of what a browser confined to `word:...` opens."""
    _homes[word] = name


def while_confined(view):
    """Mark a view that answers a confined browser; it judges itself whether it is the one."""
    view.open_while_confined = True
    return view


def place_of(request) -> str:
    """What the browser of *request* is confined to; empty where it opens everything."""
    row = request.session.row
    return row.confined_to if row is not None else ""


def confine(request, place: str) -> None:
    """From the next request on this browser opens *place* and nothing else. Stands inside the transaction of what is handed over."""
    row, now = request.session.row, timezone.now()
    WebSession.objects.filter(pk=row.pk).update(confined_to=place, confined_at=now, seen_at=now, locked_at=None, tries=0)
    row.confined_to, row.confined_at, row.seen_at = place, now, now


def is_left(request) -> bool:
    """Nobody has touched the tablet for as long as any screen may be left. It stays so until staff have taken it back."""
    return left_idle(request.session.row, timezone.now())


def touched(request) -> None:
    """A sign of life of the patient; none where the tablet was left before."""
    if not is_left(request):
        note_life(request)


def take_back(request, typed: str) -> Opening:
    """Open the browser again for its own user, by PIN or password. After five wrong ones the sign-in is over."""
    row = request.session.row
    if not services.may_try(request):
        return services.judged(request, right=False)
    right = services.pin_fits(request.user, typed) or request.user.check_password(typed)
    if not right:
        record("session.open_failed", request=request, obj=row, outcome=Outcome.REFUSED)
        return services.judged(request, right=False)
    now = timezone.now()
    WebSession.objects.filter(pk=row.pk).update(confined_to="", confined_at=None, seen_at=now, locked_at=None, tries=0)
    row.confined_to, row.confined_at, row.seen_at, row.locked_at, row.tries = "", None, now, None, 0
    return Opening.OPENED


def _is_over(row) -> bool:
    limit = dt.timedelta(minutes=settings.HANDED_OVER_MINUTES)
    return row.confined_at is None or not -CLOCKS_DIFFER <= timezone.now() - row.confined_at < limit


class ConfinedMiddleware:
    """Asked before the address is looked up for its view: what leads nowhere is refused like anything else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        place = place_of(request)
        if not place:
            return self.get_response(request)
        if not request.user.is_authenticated:  # another password since, or they have left: never again by this cookie
            if SESSION_KEY in request.session:
                request.session.flush()
            return self.get_response(request)
        if _is_over(request.session.row):
            return self._end(request)
        if self._opens(request):
            response = self.get_response(request)
        else:
            response = self._refuse(request, place)
            response.headers["Cache-Control"] = "no-store"
        response[CONFINED_HEADER] = "1"
        return response

    def _opens(self, request) -> bool:
        try:
            view = resolve(request.path_info).func
        except Resolver404:
            return False
        return getattr(view, "open_while_confined", False)

    def _refuse(self, request, place: str):
        by_itself = request.htmx or "X-Requested-With" in request.headers or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        if not (by_itself and request.method in SAFE):
            record("access.confined", request=request, outcome=Outcome.REFUSED, detail={"method": request.method})
        if by_itself or request.method not in ("GET", "POST"):
            return HttpResponse(status=403)
        home = reverse(_homes[place.partition(":")[0]])
        return redirect(home) if request.method == "GET" else render(request, "accounts/desk/confined.html", {"home": home}, status=403)

    def _end(self, request):
        with transaction.atomic():
            record("session.ended", request=request, obj=request.session.row, detail={"why": "handed over too long"})
            logout(request)
        response = render(request, "accounts/desk/confined_over.html", status=403)
        response.headers["Cache-Control"] = "no-store"
        return response
