"""
One backup file: a tar inside an age envelope, written and read as a stream, so that nothing of it ever lies on a disk in the clear.

`age --decrypt --identity KEY FILE | tar --list` shows what is in it, without any of our software.
"""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyrage

from .problems import Problem

PIECE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written under one name."""

    size: int
    sha256: str


class Writer:
    """Puts entries into the tar and keeps the hash of each."""

    def __init__(self, stream: BinaryIO):
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT, bufsize=PIECE)  # noqa: SIM115 - closed by writing()
        self.entries: dict[str, Entry] = {}

    def put(self, name: str, data: bytes) -> None:
        self._add(name, io.BytesIO(data), len(data))

    def put_file(self, name: str, path: Path) -> Entry:
        """Copy the file at *path*, as long as it is now."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)
        return self.entries[name]

    def _add(self, name: str, source: BinaryIO, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashing = _Hashing(source)
        self._tar.addfile(info, hashing)
        self.entries[name] = Entry(size, hashing.digest.hexdigest())

    def close(self) -> None:
        self._tar.close()

    def abandon(self) -> None:
        """Nothing more is written, not even an end: what is there is thrown away."""
        self._tar.fileobj.closed = True


class _Hashing:
    def __init__(self, source: BinaryIO):
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data


@contextmanager
def writing(path: Path, recipients: list) -> Iterator[Writer]:
    """
    Write the backup at *path*. The name appears when the file is whole and on the disk; until then it is PATH.part, which is
    taken away where anything goes wrong.
    """
    part = path.with_name(f"{path.name}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", PIECE) as out:
            with _threaded(lambda source: pyrage.encrypt_io(source, out, recipients), reads=True) as stream:
                writer = Writer(stream)
                try:
                    yield writer
                    writer.close()
                except BaseException:
                    writer.abandon()
                    raise
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except pyrage.EncryptError as error:
        raise _not_written(path, str(error).rpartition("] ")[2]) from error
    except OSError as error:
        raise _not_written(path, error.strerror) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _not_written(path: Path, why: str) -> Problem:
    return Problem(f"The backup could not be written to {path.parent}: {why}. Nothing of it was kept.")


@contextmanager
def reading(path: Path, identities: list) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """Give (name, its bytes to read once) in the order they were written. Raises Problem where the file is not whole or not ours."""
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK)):
        raise Problem(f"{path} is no file that can be read.")
    try:
        with path.open("rb", PIECE) as file, _threaded(lambda sink: pyrage.decrypt_io(file, sink, identities), reads=False) as stream:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as tar:
                yield ((info.name, tar.extractfile(info)) for info in tar if info.isfile())
            while stream.read(PIECE):  # what follows the last entry: the envelope's own end is checked there
                pass
    except FileNotFoundError as error:
        raise Problem(f"{path} is not there.") from error
    except pyrage.DecryptError as error:
        said = str(error).lower()
        if "no matching" in said:
            raise Problem(f"{path.name} was not encrypted to this key. Give the key that was kept when it was made.") from error
        raise Problem(f"{path.name} is damaged or no backup: it cannot be decrypted to its end. Use an older one.") from error
    except tarfile.TarError as error:
        raise Problem(f"{path.name} is damaged or no backup: it cannot be read to its end. Use an older one.") from error


@contextmanager
def _threaded(work: Callable, *, reads: bool) -> Iterator[BinaryIO]:
    """
    Run *work* on the far end of a pipe in a thread and give the near end. Its error is raised here, over one of ours that only
    followed from it (a pipe that broke, a tar that ended early).
    """
    from_pipe, to_pipe = os.pipe()
    near, far = (to_pipe, from_pipe) if reads else (from_pipe, to_pipe)
    failed: list[BaseException] = []

    def run() -> None:
        with suppress(BrokenPipeError), os.fdopen(far, "rb" if reads else "wb", PIECE) as end:
            try:
                work(end)
            except BaseException as error:
                failed.append(error)

    thread = threading.Thread(target=run, name="backup", daemon=True)
    thread.start()
    ours: BaseException | None = None
    stream = os.fdopen(near, "wb" if reads else "rb", PIECE)
    try:
        yield stream
    except BaseException as error:
        ours = error
    with suppress(OSError):
        stream.close()
    thread.join()
    if ours is not None and not isinstance(ours, (BrokenPipeError, tarfile.TarError, EOFError)):
        raise ours
    if failed:
        raise _plain(failed[0])
    if ours is not None:
        raise ours


def _plain(error: BaseException) -> BaseException:
    """The envelope's library wraps what the disk says in errors of its own; a cut envelope comes as an OSError without a number."""
    if isinstance(error, OSError) and error.errno is None:
        return pyrage.DecryptError(str(error))
    return error


def sync_folder(folder: Path) -> None:
    """Make a rename outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
