"""
Who signs, asked on a page: what is shown beside the field, and what becomes of a wrong one. A refused signature is answered with the
page's own address, so that reload and back lead to a page; what was typed, but never the secret, stands there again for a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.desk import services as desk
from accounts.desk import signature
from accounts.desk.views import ended, tries_in_words
from accounts.forms import PasskeyForm

from ..services.signing import WrongPassword

REFUSED = "refused_signature"
KEPT_SECONDS = 300


@dataclass(frozen=True)
class Tried:
    """What came of a signature. answer: what the browser gets where it was refused; None where *act* was done."""

    answer: object = None


def refused_of(request, page: str) -> dict:
    """What was said at the last refused signature of *page*, with what was typed there; {} where there was none lately."""
    kept = request.session.get(REFUSED) or {}
    return kept.get("said", {}) if kept.get("page") == page and time.time() - kept.get("at", 0) < KEPT_SECONDS else {}


def say(request, page: str, **said):
    """Back to *page*, which shows *said*."""
    request.session[REFUSED] = {"page": page, "at": time.time(), "said": said}
    return redirect(page)


def forget(request) -> None:
    request.session.pop(REFUSED, None)


def signed(request, page: str, act: Callable[[str], object], **typed) -> Tried:
    """
    Call *act* with how the person of this session showed who they are ('' where it was nothing of theirs). Tries are counted before
    they are judged: a screen that was left open is no place to guess at somebody's password. Whatever else stands against the
    signature, a right one is no wrong try. typed: kept for the page, should it be refused.
    """
    secret, by_passkey = request.POST.get("password", ""), request.POST.get("credential", "")
    if (secret or by_passkey) and not desk.may_try(request):
        desk.judged(request, right=False)
        return Tried(ended(request))
    how = _shown(request, secret, by_passkey)
    try:
        act(how)
    except WrongPassword:
        if (secret or by_passkey) and desk.judged(request, right=False) is desk.Opening.ENDED:
            return Tried(ended(request))
        return Tried(say(request, page, fault=_fault(request, secret, by_passkey), **typed))
    finally:
        if how:
            desk.judged(request, right=True)
    forget(request)
    return Tried()


def _shown(request, typed: str, by_passkey: str) -> str:
    """How the person of this session showed who they are; empty where it was nothing of theirs."""
    if by_passkey:
        form = PasskeyForm({"credential": by_passkey})
        return (form.is_valid() and signature.shown_by_passkey(request, form.cleaned_data["credential"])) or ""
    return (typed and signature.shown(request, typed)) or ""


def _fault(request, typed: str, by_passkey: str) -> str:
    """What is said beside the field; how many tries are left, and what could be meant where figures did not count."""
    ways = signature.ways(request, ask_passkey=False)
    if not typed and not by_passkey:
        return gettext("Enter your %(ways)s%(ways_2)s") % {"ways": ways.words[0].lower(), "ways_2": ways.words[1:]}
    left = gettext("%(tries_in_words)s left, then you have to sign in in full") % {
        "tries_in_words": tries_in_words(desk.tries_left(request.session.row))
    }
    if by_passkey:
        return gettext("The passkey was not accepted. Use it again, or type your password: %(left)s") % {"left": left}
    if typed.isascii() and typed.replace(" ", "").isdigit() and (ways.pin_elsewhere or ways.app):
        wait = gettext(" A code counts once: wait for the next one.") if ways.app else ""
        pin = gettext(" Your PIN counts only where you signed in by password: type the password.") if ways.pin_elsewhere else ""
        return gettext("This does not match.%(wait)s%(pin)s Type it again: %(left)s") % {"wait": wait, "pin": pin, "left": left}
    return gettext("%(ways)s does not match yours. Type it again: %(left)s") % {"ways": ways.words, "left": left}
