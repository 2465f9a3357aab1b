"""What django-allauth asks of us: secrets encrypted in the database, names for authenticator apps, no mail and no messages."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ..models import ClinicSettings


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"accounts.second_steps").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _keys() -> MultiFernet:
    """The first one writes; all read, so that SECRET_KEY can be changed."""
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


class AccountAdapter(DefaultAccountAdapter):
    """The clinic has no sign-up, no mail and words of its own."""

    def is_open_for_signup(self, request) -> bool:
        return False

    def send_mail(self, template_prefix, email, context) -> None:
        return None

    def send_notification_mail(self, *args, **kwargs) -> None:
        return None

    def add_message(self, *args, **kwargs) -> None:
        return None


class SecondStepAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A second step was stored under another SECRET_KEY. Set that one again, or add it to SECRET_KEY_FALLBACKS."
            ) from error

    def get_totp_issuer(self) -> str:
        return ClinicSettings.current().name

    def get_totp_label(self, user) -> str:
        return user.username

    def _get_user_identifier(self, user) -> str:
        return user.username

    def _get_site_name(self) -> str:
        return ClinicSettings.current().name
