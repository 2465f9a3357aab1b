"""
Photos in the storage: written whole under another name, then renamed, and only then named by a row. A name is random: it says nothing of
a patient and cannot be guessed. What no row names any more is swept away.
"""

import datetime as dt
import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from patients.stored import NotTheFile, promote, read, sha256

__all__ = ["NotTheFile", "read", "remove", "sha256", "sweep", "write"]
FOLDER, PARTS = "photos", "photos/parts"
LEFT_FOR = dt.timedelta(hours=1)  # a file that no row names yet may be of a request that is still going on


def write(data: bytes) -> str:
    """Store *data* and return its name. Raises OSError where it could not be stored whole; then nothing is left behind."""
    key = secrets.token_hex(16)
    part, name = f"{PARTS}/{key}.part", f"{FOLDER}/{key[:2]}/{key}.jpg"
    saved = part
    try:
        saved = default_storage.save(part, ContentFile(data))
        with default_storage.open(saved) as stored:
            if stored.read() != data:
                raise OSError("A photo was not stored whole")
        promote(saved, name)
    except OSError:
        remove([saved, name])
        raise
    return name


def remove(names) -> None:
    for name in names:
        default_storage.delete(name)


def sweep() -> int:
    """Remove what no row names: of a request that was cut off between its files and its row. Returns how many went."""
    from .models import Photo

    before, gone = timezone.now() - LEFT_FOR, 0
    for folder in _folders():
        names = [f"{folder}/{file}" for file in default_storage.listdir(folder)[1]]
        named: set[str] = set()
        if folder != PARTS and names:
            for column in ("full_file", "screen_file", "thumb_file"):
                start = {f"{column}__gte": f"{folder}/", f"{column}__lt": f"{folder}0"}  # "0" comes after "/"
                named |= set(Photo.objects.filter(**start).values_list(column, flat=True))
        for name in set(names) - named:
            if _age_of(name) < before:
                default_storage.delete(name)
                gone += 1
    return gone


def _folders() -> list[str]:
    try:
        return [f"{FOLDER}/{folder}" for folder in default_storage.listdir(FOLDER)[0]]
    except FileNotFoundError:
        return []


def _age_of(name: str) -> dt.datetime:
    try:
        return default_storage.get_modified_time(name)
    except FileNotFoundError:
        return timezone.now()
