"""
The files a row speaks of. Each kind registers its rows; a backup copies every file in the storage, and these are the ones whose
absence or change it tells of. A file is never changed once its row names it, so files copied after the rows still fit them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# Of the storage: half-made files, which are made again.
PARTS = ("sheets/parts/", "photos/parts/", "papers/parts/")
PIECE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of *table* for which *where* holds name a file in the storage and its SHA-256."""

    table: str
    name: str
    sha256: str
    where: str


_kinds: list[FileRows] = []


def register_files(kind: FileRows) -> None:
    """Called from AppConfig.ready of the clinic."""
    if kind not in _kinds:
        _kinds.append(kind)


def named_by_rows(connection) -> Iterator[tuple[str, str]]:
    """(name in the storage, SHA-256) of every file that a row of this database names."""
    for kind in _kinds:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {kind.name}, {kind.sha256} FROM {kind.table} WHERE {kind.where}")  # noqa: S608 - our own names
            yield from cursor.fetchall()


def in_storage(root: Path | None = None) -> Iterator[tuple[str, Path]]:
    """(name, path) of every whole file in the storage."""
    root = root or Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.is_symlink() and not name.startswith(PARTS):
            yield name, path


def size_of(path: Path) -> int:
    """In bytes; 0 where the file was erased a moment ago."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def not_as_made(connection, root: Path | None = None) -> list[str]:
    """Names of files that a row names and that are gone or are not the bytes that were made."""
    root = root or Path(settings.MEDIA_ROOT)
    wrong = []
    for name, sha256 in named_by_rows(connection):
        path = root / name
        if not path.is_file() or sha256_of(path) != sha256:
            wrong.append(name)
    return wrong
