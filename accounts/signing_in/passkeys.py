"""
Passkeys (WebAuthn), as the second step and alone. django-allauth keeps the challenge in the session and checks the answer.

A passkey is bound to the clinic's host name: it works over https, and on http://localhost.
"""

import json
import struct

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from ..models import User
from . import second_steps

# What an answer made by hand can raise on the way through two libraries; each means that it is no passkey of ours.
_WRONG = (
    ValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    struct.error,
    InvalidSignature,
)


def _json(options: dict) -> str:
    return json.dumps(options, cls=DjangoJSONEncoder)


def options_to_add(request, user) -> str:
    """For the browser, as JSON: make a passkey that can also be used alone, so it asks for a finger, a face or a PIN."""
    return _json(auth.begin_registration(user, passwordless=True))


def options_for(request, user) -> str | None:
    """For the browser, as JSON: prove one of this person's passkeys; None where there is none."""
    return _json(auth.begin_authentication(user)) if second_steps.passkeys(user).exists() else None


def options_for_anybody(request) -> str:
    """For the browser, as JSON: sign in with any passkey of this clinic. The same for everybody, so it tells nothing."""
    return _json(auth.begin_authentication(None))


def add(request, user, name: str, credential: dict) -> Authenticator | None:
    """Store the passkey; None where the answer does not fit the challenge or nobody was verified."""
    try:
        auth.parse_registration_response(credential)
        made = auth.complete_registration(credential)
    except _WRONG:
        return None
    if not made.is_user_verified():
        return None
    number = second_steps.passkeys(user).count() + 1
    return auth.WebAuthn.add(user, name.strip() or f"Passkey {number}", credential).instance


def accept(request, user, credential: dict) -> Authenticator | None:
    try:
        auth.parse_authentication_response(credential)
        used = auth.complete_authentication(user, credential)
    except _WRONG:
        return None
    with transaction.atomic():
        used.record_usage()
    return used


def whose(credential: dict) -> User | None:
    """The person whom the passkey itself names; to be trusted only after `accept`."""
    try:
        found = auth.extract_user_from_response(credential)
    except _WRONG:
        return None
    return found if found.is_active else None
