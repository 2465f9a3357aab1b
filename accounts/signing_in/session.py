"""
What a web session has proved, and the way from the password to being signed in.

    password right ─► no second step set up ─► in (the middleware asks for the set-up where the role needs one)
                   └► second step set up ────► pending ─► code or passkey right ─► in

The session gets a new key at every step up. A pending sign-in is nobody: it opens the second step's page and nothing else.
"""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from audit.services import record

from ..models import SignInNotice, User
from ..templatetags.clinic_format import clock, day
from . import second_steps, throttle

PENDING, PROVED, AFTERWARDS = "signing_in", "proved", "after_signing_in"
PASSWORD, SECOND_STEP = "password", "second_step"

CLOCK_SLACK = -60  # seconds; a proof from further ahead was made under another clock


def begin(request, user, *, next_url: str) -> bool:
    """The password was right. Sign in, or wait for the second step (False)."""
    if second_steps.has_one(user):
        request.session.cycle_key()
        request.session[PENDING] = {"user": user.pk, "at": time.time(), "next": next_url, "password": user.get_session_auth_hash()}
        return False
    complete(request, user, PASSWORD)
    return True


def pending(request) -> tuple[User, str] | None:
    """Who is between password and second step, and where they go afterwards. Not for long, and not after a new password."""
    stored = request.session.get(PENDING)
    if not stored or not CLOCK_SLACK < time.time() - stored["at"] < settings.SIGN_IN_STEP_SECONDS:
        return None
    user = User.objects.filter(pk=stored["user"], is_active=True).first()
    if user is None or not constant_time_compare(stored["password"], user.get_session_auth_hash()):
        return None
    return user, stored["next"]


def give_up(request) -> None:
    request.session.pop(PENDING, None)


def complete(request, user, *proofs: str, how: str = "") -> None:
    """Signed in: a new session key, one row in the log, and what others did to this person's way in is told."""
    with transaction.atomic():
        give_up(request)
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        request.session.pop(PROVED, None)
        prove(request, *proofs)
        record("user.signed_in", request=request, obj=user, detail={"second_step": how} if how else None)
        throttle.passed(request, user.username)
        tell(request, user)


def prove(request, *proofs: str) -> None:
    """Note that these were proved in this session, now."""
    request.session[PROVED] = {**request.session.get(PROVED, {}), **dict.fromkeys(proofs, time.time())}


def has_proved(request, proof: str) -> bool:
    return proof in request.session.get(PROVED, {})


def proved_lately(request, *, seconds: float | None = None) -> bool:
    """Whether the person at this session showed who they are within the last *seconds* (setting FRESH_PROOF_SECONDS)."""
    newest = max(request.session.get(PROVED, {}).values(), default=0)
    return CLOCK_SLACK < time.time() - newest < (settings.FRESH_PROOF_SECONDS if seconds is None else seconds)


WORDS = {
    SignInNotice.Kind.SECOND_STEP_RESET: _("{by} took away your second step on {at}."),
    SignInNotice.Kind.PASSWORD_SET: _("{by} gave you a new first password on {at}."),
    SignInNotice.Kind.LINK_MADE: _("{by} made a link that sets a new password for you on {at}."),
    SignInNotice.Kind.ACCESS_CHANGED: _("{by} changed your role, sites or name on {at}."),
    SignInNotice.Kind.TAKEN_BACK: _("{by} gave you access again on {at}."),
}


def said_of(notice: SignInNotice) -> str:
    """What was done, when and by whom, in one sentence to the person."""
    by = notice.by.display_name if notice.by else gettext("Somebody at the server")
    at = gettext("%(day)s at %(time)s") % {"day": day(notice.at), "time": clock(notice.at)}
    return str(WORDS[notice.kind]).format(by=by, at=at)


def _whom_to_tell(user) -> str:
    if user.may("watched.decide"):
        return gettext("If you did not ask for that, tell another manager or medical lead, and the auditor, now.")
    return gettext("If you did not ask for that, tell your medical lead now.")


def tell(request, user) -> None:
    """Say once what others did; the pages of the next minutes show it."""
    for notice in SignInNotice.objects.filter(user=user, told_at=None).select_related("by"):
        with override(user.language or get_language()):  # the pages to come are in the person's own, this one was in the browser's
            messages.warning(request, f"{said_of(notice)} {_whom_to_tell(user)}")
        SignInNotice.objects.filter(pk=notice.pk).update(told_at=timezone.now())
