"""A data folder on a disk of a few megabytes: memory that Linux lends, which only root may mount."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MB = 1_000_000


class SmallDisk:
    def __init__(self, folder: Path):
        self.folder = folder
        self._ballast = folder / "ballast"

    @property
    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Until no more than *leave* bytes are free."""
        with self._ballast.open("ab") as ballast:
            while self.free > leave:
                try:
                    ballast.write(b"\0" * max(4096, min(MB, self.free - leave)))
                    ballast.flush()
                except OSError:
                    break
        with contextlib.suppress(OSError):
            os.truncate(self._ballast, self._ballast.stat().st_size)

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[SmallDisk]:
    """*size* in bytes. Where nothing can be mounted the test is skipped."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk is mounted as root on Linux: run this test there, or in a container")
    folder = Path(tempfile.mkdtemp(prefix="faults-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"this machine lets nobody mount a disk: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
        folder.rmdir()
