"""Files of patients in the storage: given their name in one step, once they are whole, and read only as they were made."""

import hashlib
import os

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


class NotTheFile(Exception):
    """The stored file is gone or is not the one that was made."""


def promote(part: str, name: str) -> None:
    """Give the part its final name in one step; a storage without renaming takes whole objects anyway."""
    try:
        source, target = default_storage.path(part), default_storage.path(name)
    except NotImplementedError:  # what Django's storages without a local path answer
        with default_storage.open(part) as stored:
            data = stored.read()
        default_storage.delete(name)
        default_storage.save(name, ContentFile(data))
        default_storage.delete(part)
        return
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    with open(source, "rb") as stored:
        os.fsync(stored.fileno())
    os.replace(source, target)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(name: str, digest: str) -> bytes:
    """The bytes of *name*. Raises NotTheFile where they are not those whose SHA-256 is *digest*."""
    try:
        with default_storage.open(name) as stored:
            data = stored.read()
    except OSError as error:
        raise NotTheFile("gone") from error
    if sha256(data) != digest:
        raise NotTheFile("changed")
    return data
