"""The second step of signing in: an authenticator app, a passkey, or one of the recovery codes, stored by django-allauth."""

import hmac
import re

import segno
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.db import transaction
from django.utils import timezone

APP, PASSKEY, CODES = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
HOW = {APP: "app", PASSKEY: "passkey", CODES: "recovery code"}


def is_required(user) -> bool:
    """By role; people of the demo clinic only where the setting for them does not say otherwise."""
    return user.role in settings.SECOND_STEP_ROLES and not (settings.DEMO_WITHOUT_SECOND_STEP and user.is_demo)


def has_one(user) -> bool:
    return Authenticator.objects.filter(user=user, type__in=[APP, PASSKEY]).exists()


def passkeys(user):
    return Authenticator.objects.filter(user=user, type=PASSKEY).order_by("pk")


def app_of(user) -> Authenticator | None:
    return Authenticator.objects.filter(user=user, type=APP).first()


# An authenticator app


def new_secret() -> str:
    return totp.generate_totp_secret()


def picture(user, secret: str) -> str:
    """The QR code as inline SVG: nothing is fetched and no other site draws it."""
    url = get_adapter().build_totp_url(user, secret)
    return segno.make(url, error="m").svg_inline(border=2, omitsize=True)


def grouped(text: str) -> str:
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def counter_of(secret: str, typed: str, *, after: int = 0) -> int | None:
    """The half minute the code belongs to, where it is one of those that count now and later than *after*."""
    code = re.sub(r"\s", "", typed)
    counters = list(totp.yield_hotp_counters_from_time())
    if after > counters[-1]:  # the clock was set back: what it said before keeps nobody out until it has caught up
        after = 0
    for counter in counters:
        expected = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if counter > after and hmac.compare_digest(code.encode(), expected.encode()):
            return counter
    return None


@transaction.atomic
def add_app(user, secret: str, counter: int) -> Authenticator:
    """In the place of the one before, if there is one. The code that proved it is used up."""
    Authenticator.objects.filter(user=user, type=APP).delete()
    made = totp.TOTP.activate(user, secret).instance
    made.data["last_counter"] = counter
    made.last_used_at = timezone.now()
    made.save()
    return made


@transaction.atomic
def accept_app_code(user, typed: str) -> Authenticator | None:
    """The app whose code this is, used up: it counts once, as `accept_code` says."""
    app = Authenticator.objects.select_for_update().filter(user=user, type=APP).first()
    return app if app is not None and _used_up(app, typed) else None


def _used_up(app: Authenticator, typed: str) -> bool:
    counter = counter_of(get_adapter().decrypt(app.data["secret"]), typed, after=app.data.get("last_counter", 0))
    if counter is None:
        return False
    app.data["last_counter"] = counter
    app.last_used_at = timezone.now()
    app.save()
    return True


@transaction.atomic
def accept_code(user, typed: str) -> Authenticator | None:
    """
    The app or the recovery codes whose code this is, used up; None where it is nobody's.

    A code counts once: of the app none is taken that is as old as the last one taken (RFC 6238, 5.2). The row is locked, so of
    two that come with the same code at the same moment one gets in.
    """
    stored = Authenticator.objects.select_for_update().filter(user=user, type__in=[APP, CODES])
    by_type = {row.type: row for row in stored}
    app = by_type.get(APP)
    if app is not None and _used_up(app, typed):
        return app
    codes = by_type.get(CODES)
    if codes is not None and RecoveryCodes(codes).validate_code(re.sub(r"[\s-]", "", typed)):
        codes.refresh_from_db()
        codes.record_usage()
        return codes
    return None


# Recovery codes


@transaction.atomic
def new_recovery_codes(user) -> None:
    """Ten, in the place of those before; shown until `keep_recovery_codes`."""
    Authenticator.objects.filter(user=user, type=CODES).delete()
    RecoveryCodes.activate(user)


def recovery_codes_to_keep(user) -> list[str]:
    """Those that were never confirmed as kept; afterwards they are never shown again."""
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    return [] if row is None or RecoveryCodes(row).did_view else RecoveryCodes(row).get_unused_codes()


def keep_recovery_codes(user) -> None:
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    if row is not None:
        RecoveryCodes(row).mark_as_viewed()


def recovery_codes_left(user) -> int:
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    return 0 if row is None else len(RecoveryCodes(row).get_unused_codes())
