"""
Settings as they stand in the environment, read strictly: what cannot be meant stops the start with one sentence that says what to
write instead. A word that is taken for "off" because nobody knows it would open what it was meant to close.
"""

import ipaddress
import os
import re
import zoneinfo

from django.core.exceptions import ImproperlyConfigured

_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}", re.I)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DATABASES = ("postgres://", "postgresql://", "pgsql://")


def said(name: str) -> str:
    """What the environment says of *name*, without space round it; empty where it says nothing."""
    return os.environ.get(name, "").strip()


def whole(name: str, otherwise: int, *, low: int, high: int, why: str = "") -> int:
    """A whole number from *low* to *high*; *why*: the rest of the sentence where it is none."""
    text = said(name)
    if not text:
        return otherwise
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
    if found is None or not low <= found <= high:
        raise ImproperlyConfigured(f"{name} must be {low} to {high}: {why or 'a whole number, without a unit'}.")
    return found


def switch(name: str, otherwise: bool) -> bool:
    """On or off. An empty one says nothing; another word is refused, not taken for off."""
    text = said(name).lower()
    if not text:
        return otherwise
    if text in _ON:
        return True
    if text in _OFF:
        return False
    raise ImproperlyConfigured(f"{name}={said(name)} is neither on nor off. Write 1 or 0.")


def names(name: str, otherwise: list[str]) -> list[str]:
    """A list with commas between. An empty one says nothing."""
    return [one.strip() for one in said(name).split(",") if one.strip()] or otherwise


def clock(name: str, otherwise: str) -> str:
    """The name of a time zone."""
    text = said(name) or otherwise
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(f"{name}={text} is no time zone. Write one as Europe/London.") from error
    return text


def networks(name: str, otherwise: list[str]) -> list[str]:
    """Addresses or networks; an empty list is none at all."""
    found = names(name, [] if name in os.environ else otherwise)
    for text in found:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            words = f"{name} names {text}, which is no address or network. Write the proxy's own, for example 10.0.0.5 or 10.0.0.0/24."
            raise ImproperlyConfigured(words) from error
    return found


def hosts(name: str) -> list[str]:
    """The names a clinic in production answers to; never any name, because the links it makes begin with the one that was asked for."""
    found = names(name, [])
    if not found:
        raise ImproperlyConfigured(f"{name} is not set. List the clinic's host names, comma separated.")
    if "*" in found:
        raise ImproperlyConfigured(f"{name} holds *, so anybody could say what the clinic is called. List its host names.")
    return found


def database(name: str) -> str:
    """The address of a PostgreSQL; without one the clinic brings its own database."""
    text = said(name)
    if text and not text.startswith(DATABASES):
        words = f"{name} must begin with postgres://: production runs on PostgreSQL. Leave it out for the database the clinic brings along."
        raise ImproperlyConfigured(words)
    return text


def age_keys(name: str) -> list[str]:
    """Public keys a backup is encrypted to."""
    found = names(name, [])
    wrong = next((text for text in found if not _AGE_KEY.fullmatch(text)), None)
    if wrong is not None:
        raise ImproperlyConfigured(f"{name}: {wrong[:80]} is no age public key. It begins with age1 and has 62 letters and figures.")
    return found


def level(name: str, otherwise: str) -> str:
    """How much is logged."""
    text = said(name).upper() or otherwise
    if text not in LEVELS:
        raise ImproperlyConfigured(f"{name}={said(name)} is no level. Write one of {', '.join(LEVELS)}.")
    return text
