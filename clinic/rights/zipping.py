"""A zip archive that is sent while it is made: nothing is laid down on the disk, and no more than one piece is in memory."""

import hashlib
import io
import zipfile
from collections.abc import Iterator

PIECE = 256 * 1024


class _Sent(io.RawIOBase):
    """Where the archive is written to; what was written is taken away at once."""

    def __init__(self):
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


class Archive:
    """Yields the bytes of the archive from each call; `sums` holds the SHA-256 of every entry, in their order."""

    def __init__(self, when: tuple[int, int, int, int, int, int]):
        self.sums: dict[str, str] = {}
        self._sent = _Sent()
        self._zip = zipfile.ZipFile(self._sent, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._when = when

    def add(self, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        about = zipfile.ZipInfo(name, self._when)
        about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        digest = hashlib.sha256()
        with self._zip.open(about, "w", force_zip64=True) as entry:
            for piece in pieces:
                digest.update(piece)
                entry.write(piece)
                if sent := self._sent.take():
                    yield sent
        self.sums[name] = digest.hexdigest()
        yield self._sent.take()

    def drop(self) -> None:
        """Give it up half made: there is no directory to write, and nobody to write it to."""
        self._zip.fp = None

    def end(self) -> Iterator[bytes]:
        """The checksums of all entries as the last one, in the form `sha256sum -c` reads, and the archive's directory."""
        text = "".join(f"{digest}  {name}\n" for name, digest in self.sums.items())
        yield from self.add("SHA256SUMS", iter([text.encode()]))
        self._zip.close()
        yield self._sent.take()
