"""
Files of patients in the storage: given their name in one step, once they are whole, and read only as they were made. What is named by a
row alone (`keep`) has a random name, which says nothing of a patient and cannot be guessed; what no row names any more is swept away.
"""

import datetime as dt
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

LEFT_FOR = dt.timedelta(hours=1)  # a file that no row names yet may be of a request that is still going on


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


def keep(folder: str, data: bytes, *, ending: str) -> str:
    """Store *data* below *folder* and return its name. Raises OSError where it could not be stored whole; then nothing is left behind."""
    key = secrets.token_hex(16)
    part, name = f"{folder}/parts/{key}.part", f"{folder}/{key[:2]}/{key}.{ending}"
    saved = part
    try:
        saved = default_storage.save(part, ContentFile(data))
        with default_storage.open(saved) as stored:
            if stored.read() != data:
                raise OSError("A file was not stored whole")
        promote(saved, name)
    except OSError:
        remove([saved, name])
        raise
    return name


def remove(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)


def sweep(folder: str, named: Callable[[str], set[str]]) -> int:
    """
    Remove what no row names below *folder*: of a request that was cut off between its files and its row. named: a start of names -> those
    that rows name. Returns how many went.
    """
    before, gone = timezone.now() - LEFT_FOR, 0
    for place in _folders(folder):
        names = {f"{place}/{file}" for file in default_storage.listdir(place)[1]}
        if names and place != f"{folder}/parts":
            names -= named(f"{place}/")
        for name in names:
            if _age_of(name) < before:
                default_storage.delete(name)
                gone += 1
    return gone


def _folders(folder: str) -> list[str]:
    try:
        return [f"{folder}/{one}" for one in default_storage.listdir(folder)[0]]
    except FileNotFoundError:
        return []


def _age_of(name: str) -> dt.datetime:
    try:
        return default_storage.get_modified_time(name)
    except FileNotFoundError:
        return timezone.now()
