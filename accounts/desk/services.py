"""Locking, opening and ending web sessions; the PIN. Each writes its audit row in the same transaction."""

import itertools
import re
from enum import StrEnum

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, logout
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from audit.models import Outcome
from audit.services import gathered, record

from .models import ReentryPin, WebSession
from .store import SessionStore, is_over

TRIES = 5
PIN_DIGITS = (6, 12)


class Opening(StrEnum):
    OPENED = "opened"
    WRONG = "wrong"
    ENDED = "ended"


# The lock


def lock(request, *, why: str) -> None:
    """Lock the session of *request*; harmless where it is locked already. why: "idle" or "asked"."""
    row, now = request.session.row, timezone.now()
    if row is None:
        return
    with transaction.atomic():
        if WebSession.objects.filter(pk=row.pk, locked_at=None).update(locked_at=now):
            record("session.locked", request=request, obj=row, detail={"why": why})
    row.locked_at = row.locked_at or now


def _take_a_try(row) -> bool:
    """Count a try before it is judged: of a hundred sent at the same moment five are judged."""
    return bool(WebSession.objects.filter(pk=row.pk, tries__lt=TRIES).update(tries=F("tries") + 1))


def tries_left(row) -> int:
    tried = WebSession.objects.filter(pk=row.pk).values_list("tries", flat=True).first()
    return 0 if tried is None else max(0, TRIES - tried)


def _end_after_tries(request) -> Opening:
    with transaction.atomic():
        record("session.ended", request=request, obj=request.session.row, outcome=Outcome.REFUSED, detail={"why": "tries"})
        logout(request)
    return Opening.ENDED


def open_again(request, typed: str) -> Opening:
    """
    Open a locked session for its own user, by PIN or by password. After five wrong ones the session is over: its browser
    has to be signed in in full.
    """
    row = request.session.row
    if not _take_a_try(row):
        return _end_after_tries(request)
    how = "pin" if pin_fits(request.user, typed) else "password" if request.user.check_password(typed) else ""
    if how:
        with transaction.atomic():
            now = timezone.now()
            WebSession.objects.filter(pk=row.pk).update(locked_at=None, seen_at=now, tries=0)
            record("session.opened", request=request, obj=row, detail={"with": how})
        row.locked_at, row.seen_at, row.tries = None, now, 0
        return Opening.OPENED
    record("session.open_failed", request=request, obj=row, outcome=Outcome.REFUSED)
    return Opening.WRONG if tries_left(row) else _end_after_tries(request)


def confirm_password(request, typed: str) -> Opening:
    """The password once more, before something that outlives this session is changed. The same five tries."""
    if not may_try(request):
        return _end_after_tries(request)
    right = request.user.check_password(typed)
    if not right:
        record("session.password_failed", request=request, obj=request.session.row, outcome=Outcome.REFUSED)
    return judged(request, right=right)


def may_try(request) -> bool:
    """For a service that judges the password itself: counts the try beforehand. False where there is none left; say `judged`."""
    return _take_a_try(request.session.row)


def judged(request, *, right: bool) -> Opening:
    """What the try that `may_try` counted comes to: after five wrong ones the session is over."""
    row = request.session.row
    if right:
        WebSession.objects.filter(pk=row.pk).update(tries=0)
        return Opening.OPENED
    return Opening.WRONG if tries_left(row) else _end_after_tries(request)


def hand_over(request) -> None:
    """Somebody else wants to sign in here: the session ends, and who asked for it is not known."""
    with transaction.atomic():
        record("session.ended", request=request, obj=request.session.row, detail={"why": "somebody else signs in"})
        logout(request)


# One's own sessions


def _stands(row: WebSession, user) -> bool:
    """False for a session of an earlier password: Django refuses it at its next request."""
    return constant_time_compare(SessionStore().decode(row.data).get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def sessions_of(user) -> list[WebSession]:
    """Those that can still be used, the last one seen first."""
    return [row for row in user.web_sessions.exclude(is_over(timezone.now())) if _stands(row, user)]


def _end(rows, *, by, request, why: str, user) -> int:
    """Delete *rows* with one audit row each; a session that is deleted is refused at its next request."""
    with transaction.atomic(), gathered():
        ended = list(rows)
        for row in ended:
            record("session.ended", actor=by, request=request, obj=row, detail={"why": why, "user": user.pk})
        WebSession.objects.filter(pk__in=[row.pk for row in ended]).delete()
    return len(ended)


def end_one(user, pk: int, *, request) -> bool:
    return bool(_end(user.web_sessions.filter(pk=pk), by=user, request=request, why="signed out from the list", user=user))


def end_others(user, *, request) -> int:
    """Sign *user* out everywhere but in the browser of *request*."""
    rows = user.web_sessions.exclude(pk=request.session.row.pk)
    return _end(rows, by=user, request=request, why="signed out from the list", user=user)


def end_all(user, *, by=None, request=None, why: str) -> int:
    """Sign *user* out everywhere, for example because they leave. A page that stands open is covered within seconds."""
    return _end(user.web_sessions.all(), by=by, request=request, why=why, user=user)


# The PIN


def _keyed(user, pin: str, secret: str | None = None) -> str:
    """A stolen database alone does not tell a PIN, however few there are: the clinic's secret is part of what is hashed."""
    return salted_hmac("accounts.desk.pin", f"{user.pk}:{pin}", secret=secret, algorithm="sha256").hexdigest()


def easily_guessed(pin: str) -> bool:
    """One figure only, a run up or down, or a part of at most half its length again and again."""
    steps = {int(after) - int(before) for before, after in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return True
    return any(re.fullmatch(rf"(?:{pin[:length]})+", pin) for length in range(1, len(pin) // 2 + 1))


def has_pin(user) -> bool:
    return ReentryPin.objects.filter(user=user).exists()


def pin_fits(user, typed: str) -> bool:
    pin = ReentryPin.objects.filter(user=user).first()
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return pin is not None and any(check_password(_keyed(user, typed.strip(), secret), pin.digest) for secret in secrets)


def set_pin(user, pin: str, *, request) -> None:
    with transaction.atomic():
        values = {"digest": make_password(_keyed(user, pin)), "set_at": timezone.now()}
        ReentryPin.objects.update_or_create(user=user, defaults=values)
        record("user.pin_set", request=request, obj=user)


def remove_pin(user, *, request) -> None:
    with transaction.atomic():
        if ReentryPin.objects.filter(user=user).delete()[0]:
            record("user.pin_removed", request=request, obj=user)


# Signing in


def begin(sender, request, user, **kwargs) -> None:
    """Receiver of `user_logged_in`: the clocks of the session start; what has run out is swept away."""
    WebSession.objects.filter(is_over(timezone.now())).delete()
    address = request.META.get("REMOTE_ADDR") or None
    request.session.begin(address=address, browser=request.headers.get("User-Agent", "")[:300])
