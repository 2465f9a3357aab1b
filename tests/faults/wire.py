"""A wire between the clinic and its database or its broker, both on unix sockets: it can be cut, be slow, or hang."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

PIECE = 65536
COMMIT = b"COMMIT\0"  # the end of PostgreSQL's message


class Wire:
    """Takes connections on *near* and carries them to *far*, piece by piece, until `stop`."""

    def __init__(self, near: Path, far: Path):
        self.near, self.far = near, far
        self.seconds = 0.0  # that each piece towards the far end waits
        self.whole = threading.Event()  # not set: it takes connections and carries nothing
        self.whole.set()
        self.is_cut = False
        self.watch: Callable[[bytes], bool] | None = None  # of what a connection has said: cut here?
        self.is_carried = False
        self.ends: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(near))
        near.chmod(0o777)
        self.door.listen(64)
        threading.Thread(target=self._take, daemon=True).start()

    # Hurt and mend

    def cut(self) -> None:
        """Every connection ends now and no new one is carried."""
        self.is_cut = True
        self._end_all()

    def cut_at(self, place: Callable[[bytes], bool], *, carried: bool) -> None:
        """
        Cut where *place* is true of what one connection has said since its last commit: before that piece comes to the far end, or
        after it has been *carried* there and was acted upon, so that only its answer is lost.
        """
        self.watch, self.is_carried = place, carried

    def delay(self, seconds: float) -> None:
        self.seconds = seconds

    def hang(self) -> None:
        """Connections stay, new ones are taken, and nothing is carried."""
        self.whole.clear()

    def mend(self) -> None:
        self.is_cut, self.seconds, self.watch = False, 0.0, None
        if not self.whole.is_set():
            self.whole.set()
            self._end_all()

    def stop(self) -> None:
        self.is_cut = True
        self.whole.set()
        self.door.close()
        self._end_all()
        self.near.unlink(missing_ok=True)

    # Carry

    def _take(self) -> None:
        while True:
            try:
                one, _ = self.door.accept()
            except OSError:
                return
            other = socket.socket(socket.AF_UNIX)
            try:
                if self.is_cut:
                    raise ConnectionRefusedError
                other.connect(str(self.far))
            except OSError:
                one.close()
                other.close()
                continue
            with self.lock:
                self.ends |= {one, other}
            threading.Thread(target=self._carry, args=[one, other, True], daemon=True).start()
            threading.Thread(target=self._carry, args=[other, one, False], daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        said = b""
        try:
            while piece := source.recv(PIECE):
                self.whole.wait()
                if not outward:
                    if self.is_cut:
                        break
                    target.sendall(piece)
                    continue
                if self.seconds:
                    time.sleep(self.seconds)
                said += piece
                if self.watch is not None and self.watch(said):
                    self.is_cut = True
                    if self.is_carried:
                        target.sendall(piece)
                        self._wait_for_the_answer(target)
                    self._end_all()
                    break
                said = b"" if said.endswith(COMMIT) else said
                target.sendall(piece)
        except OSError:
            pass
        finally:
            self._end(source)
            self._end(target)

    def _wait_for_the_answer(self, target: socket.socket) -> None:
        """So that what was asked is done; the thread that reads the answer throws it away."""
        until = time.monotonic() + 5
        while target in self.ends and time.monotonic() < until:
            time.sleep(0.01)

    def _end(self, one: socket.socket) -> None:
        with self.lock:
            self.ends.discard(one)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def _end_all(self) -> None:
        with self.lock:
            found = list(self.ends)
        for one in found:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
