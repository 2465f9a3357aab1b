"""Photos in the storage (see `patients.stored`)."""

from patients import stored
from patients.stored import NotTheFile, read, remove, sha256

__all__ = ["NotTheFile", "read", "remove", "sha256", "sweep", "write"]
FOLDER = "photos"


def write(data: bytes) -> str:
    """Store *data* and return its name. Raises OSError where it could not be stored whole; then nothing is left behind."""
    return stored.keep(FOLDER, data, ending="jpg")


def sweep() -> int:
    """Remove photos that no row names. Returns how many went."""
    return stored.sweep(FOLDER, _named)


def _named(start: str) -> set[str]:
    from .models import Photo

    named: set[str] = set()
    for column in ("full_file", "screen_file", "thumb_file"):
        among = {f"{column}__gte": start, f"{column}__lt": f"{start[:-1]}0"}  # "0" comes after "/"
        named |= set(Photo.objects.filter(**among).values_list(column, flat=True))
    return named
