"""
The demo's one public password. Checking a password takes long on purpose, and the demo's people sign forty records while it is
made: until the clinic is whole their password is hashed lightly, then the real hash is stored, in the same transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import make_password
from django.test.utils import override_settings

from accounts.models import User

from .sign_ins import PASSWORD

LIGHT = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@contextmanager
def hashed_lightly() -> Iterator[None]:
    """Run a block in which passwords cost nothing. Never to be used where other people work in the same process."""
    with override_settings(PASSWORD_HASHERS=LIGHT):
        yield


def hash_for_good() -> None:
    """Store the clinic's own kind of hash for everybody of the demo; one for all, since the password is one and known."""
    User.objects.filter(is_demo=True).update(password=make_password(PASSWORD))
