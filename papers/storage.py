"""Papers in the storage (see `patients.stored`)."""

from patients import stored
from patients.stored import NotTheFile, read, remove, sha256

__all__ = ["NotTheFile", "read", "remove", "sha256", "sweep", "write"]
FOLDER = "papers"


def write(data: bytes) -> str:
    """Store *data* and return its name. Raises OSError where it could not be stored whole; then nothing is left behind."""
    return stored.keep(FOLDER, data, ending="pdf")


def sweep() -> int:
    """Remove papers that no row names. Returns how many went."""
    return stored.sweep(FOLDER, _named)


def _named(start: str) -> set[str]:
    from .models import Paper

    return set(Paper.objects.filter(file__gte=start, file__lt=f"{start[:-1]}0").values_list("file", flat=True))  # "0" comes after "/"
