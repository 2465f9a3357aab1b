"""
How a text message leaves. `SMS_BACKEND` names the class; a provider's class is a subclass of SmsBackend in a package of its own.

Without a provider none leaves by itself: the texts stand in a list, and the desk sends them by hand or rings.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


class NotTaken(Exception):
    """The provider was not reached or took nothing: it surely did not go, and is tried again. The text says why, in plain words."""


class Refused(Exception):
    """The provider refuses this text for good, the number for example. The text says why, in plain words."""


class SmsBackend:
    leaves = True  # whether what is given to it leaves the clinic by itself

    def send(self, to: str, words: str, *, reminder) -> None:
        """
        Hand *words* for the number *to* to the provider, once. *reminder*: the row it belongs to, for a key of one's own.

        Raises:
            NotTaken, Refused; anything else means that nobody knows whether it went.
        """
        raise NotImplementedError


class OutboxBackend(SmsBackend):
    """No provider: the text waits for the desk."""

    leaves = False

    def send(self, to: str, words: str, *, reminder) -> None:
        from .models import OutboxText

        OutboxText.objects.get_or_create(reminder=reminder, defaults={"to": to, "words": words})


def backend() -> SmsBackend:
    return import_string(settings.SMS_BACKEND)()


def refuse_unknown() -> None:
    """Asked when the clinic starts: a name that leads nowhere would be met by the first reminder, in the middle of a day."""
    try:
        found = import_string(settings.SMS_BACKEND)
    except ImportError:
        found = None
    if not (isinstance(found, type) and issubclass(found, SmsBackend)):
        words = f"SMS_BACKEND={settings.SMS_BACKEND} is no class that can be loaded. Name a subclass of followup.sms.SmsBackend."
        raise ImproperlyConfigured(words)
