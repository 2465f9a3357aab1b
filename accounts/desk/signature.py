"""
Who signs, shown once more at the signature: by password, PIN, the code of an authenticator app, or a passkey.

A PIN signs where its owner signed in to this very session by password; nowhere else does it stand for a person. Tries are
counted as those of the lock are: after five wrong ones the session is over.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from ..signing_in import passkeys, second_steps, session
from . import services

_FIGURES = re.compile(r"\d{6,12}", re.ASCII)


class How(StrEnum):
    PASSWORD = "password"  # noqa: S105 - a word for it
    PIN = "pin"
    APP = "app"
    PASSKEY = "passkey"


@dataclass(frozen=True)
class Ways:
    """What the person of this session may sign with. pin_elsewhere: a PIN is set, and does not count in this session."""

    pin: bool
    app: bool
    pin_elsewhere: bool = False
    passkey: str | None = None  # what the browser is asked, as JSON

    @property
    def words(self) -> str:
        """`Password, PIN or code of the app`."""
        if self.pin:
            return _("Password, PIN or code of the app") if self.app else _("Password or PIN")
        return _("Password or code of the app") if self.app else _("Password")


def pin_counts(request) -> bool:
    """Whether this session was signed in by password: only then does a short number stand for the person who typed it."""
    return session.has_proved(request, session.PASSWORD)


def ways(request, *, ask_passkey: bool = True) -> Ways:
    user = request.user
    has_pin, counts = services.has_pin(user), pin_counts(request)
    return Ways(
        pin=has_pin and counts,
        pin_elsewhere=has_pin and not counts,
        app=second_steps.app_of(user) is not None,
        passkey=passkeys.options_for(request, user) if ask_passkey else None,
    )


def shown(request, typed: str) -> How | None:
    """
    What *typed* is of the person of this session; None where it is nothing of theirs. A code is used up by it. A recovery code
    does not sign: it is for a telephone that is lost. Count the try before (`services.may_try`).
    """
    user, figures = request.user, re.sub(r"\s", "", typed)
    if _FIGURES.fullmatch(figures):
        if pin_counts(request) and services.pin_fits(user, figures):
            return How.PIN
        if second_steps.accept_app_code(user, figures) is not None:
            return How.APP
    return How.PASSWORD if user.check_password(typed) else None


def shown_by_passkey(request, credential: dict) -> How | None:
    return How.PASSKEY if passkeys.accept(request, request.user, credential) is not None else None
