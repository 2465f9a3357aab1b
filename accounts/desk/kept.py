"""
A form that was sent from a locked screen: kept for its owner, sealed, in the page that asks for the PIN.

Nothing of it can be read on that screen and nothing of it is stored; opened again, the same form is sent once more and goes
through all that any form goes through. Passwords and codes are never kept: they are typed anew.
"""

import base64
import hashlib
import json
import re
import zlib
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac

LONGEST = 2_000_000  # characters of the sealed form; it comes back as one field
FIELD = "kept"
_SECRET = re.compile(r"(^|[-._])(password\d?|pin|code|csrfmiddlewaretoken|credential)($|[-._])")
_TWICE = "again"  # the box for typing it a second time


@dataclass(frozen=True)
class KeptForm:
    address: str
    fields: tuple[tuple[str, str], ...]


def _seal() -> Fernet:
    key = salted_hmac("accounts.desk.kept", "form", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key).digest()))


def seal(request) -> str:
    """The form of *request*, for its user alone; empty where there is none, or it is too long to come back."""
    if request.method != "POST":
        return ""
    secret = {name for name in request.POST if _SECRET.search(name)}
    if secret - {"csrfmiddlewaretoken"}:
        secret.add(_TWICE)
    fields = [(name, value) for name, values in request.POST.lists() if name not in secret for value in values]
    said = json.dumps({"user": request.user.pk, "address": request.get_full_path(), "fields": fields})
    sealed = _seal().encrypt(zlib.compress(said.encode())).decode()
    return sealed if len(sealed) <= LONGEST else ""


def unseal(text: str, user) -> KeptForm | None:
    """The form that was kept for *user*; None for anything else."""
    try:
        said = json.loads(zlib.decompress(_seal().decrypt(text.encode(), ttl=settings.SESSION_COOKIE_AGE)))
    except (InvalidToken, ValueError, zlib.error):
        return None
    if said["user"] != user.pk:
        return None
    return KeptForm(said["address"], tuple((name, value) for name, value in said["fields"]))
