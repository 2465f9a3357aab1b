"""Sheets in the storage: written whole under another name, then renamed, so that a half file never has a sheet's name."""

import hashlib
import os

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


class NotTheFile(Exception):
    """The stored file is gone or is not the one that was made."""


def name_of(sheet_id: int) -> str:
    """Numbers only: a file name says nothing about a patient."""
    return f"sheets/{sheet_id // 1000:04d}/{sheet_id}.pdf"


def part_name(sheet_id: int, attempt: int) -> str:
    return f"sheets/parts/{sheet_id}.{attempt}.part"


def parts_of(sheet_id: int) -> str:
    """Every part of one sheet: whoever tried, however often."""
    return f"sheets/parts/{sheet_id}.*"


def write_part(sheet_id: int, attempt: int, data: bytes) -> str:
    name = part_name(sheet_id, attempt)
    default_storage.delete(name)
    saved = default_storage.save(name, ContentFile(data))
    if saved != name:
        default_storage.delete(saved)
        raise OSError(f"{name} is being written by somebody else")
    with default_storage.open(name) as stored:
        if stored.read() != data:
            raise OSError(f"{name} was not stored whole")
    return name


def promote(part: str, name: str) -> None:
    """Give the part its final name in one step; a storage without renaming takes whole objects anyway."""
    try:
        source, target = default_storage.path(part), default_storage.path(name)
    except NotImplementedError:
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


def drop_part(sheet_id: int, attempt: int) -> None:
    default_storage.delete(part_name(sheet_id, attempt))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(sheet) -> bytes:
    """Return the bytes of a ready sheet. Raises NotTheFile where they are not those that were made."""
    try:
        with default_storage.open(sheet.file) as stored:
            data = stored.read()
    except OSError as error:
        raise NotTheFile("gone") from error
    if sha256(data) != sheet.sha256:
        raise NotTheFile("changed")
    return data
