"""Sheets in the storage: written whole under another name, then renamed, so that a half file never has a sheet's name."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from patients import stored
from patients.stored import NotTheFile, promote, sha256

__all__ = ["NotTheFile", "drop_all", "drop_part", "name_of", "part_name", "parts_of", "promote", "read", "sha256", "write_part"]


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
    with default_storage.open(name) as written:
        if written.read() != data:
            raise OSError(f"{name} was not stored whole")
    return name


def drop_part(sheet_id: int, attempt: int) -> None:
    default_storage.delete(part_name(sheet_id, attempt))


def drop_all(sheet_id: int) -> None:
    """What a sheet that was never finished may have left behind, whoever tried."""
    folder = "sheets/parts"
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        names = []
    for name in names:
        if name.startswith(f"{sheet_id}."):
            default_storage.delete(f"{folder}/{name}")
    default_storage.delete(name_of(sheet_id))


def read(sheet) -> bytes:
    """Return the bytes of a ready sheet. Raises NotTheFile where they are not those that were made."""
    return stored.read(sheet.file, sheet.sha256)
