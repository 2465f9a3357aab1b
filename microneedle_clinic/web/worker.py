"""
gunicorn's threaded worker with three things of ours: its own answers are the calm pages with every header, what it logs
about a refused request is the kind of fault and never a piece of the request, and a caller who sends or reads at a trickle
does not hold a thread for ever.
"""

import contextlib
import errno
import socket
import time
import weakref

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from microneedle_clinic.logs import PrivateFormatter

# A request may take this long, and longer as its bytes come in: 8 KB a second is slower than any line a clinic has.
GRACE_SECONDS = 15
LEAST_BYTES_PER_SECOND = 8_000
# Where others wait for a thread, a request that has not come whole by then gives up its own.
PATIENCE_SECONDS = 2
# How long a thread waits for the first byte of a new connection; browsers open some in advance.
FIRST_BYTE_SECONDS = 0.02
# One stretch of an answer that nobody takes.
SEND_SECONDS = 30

_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
}
_STATUS = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.ForbiddenProxyRequest, 403),
    ((errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem), 500),
    ((errors.ParseException, errors.InvalidProxyHeader), 400),
)
# One page for what differs only in the server's words.
_PAGE = {414: 413, 417: 400, 431: 413}


class CalmLogger(Logger):
    """gunicorn's own, written as all logs of the clinic are."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(PrivateFormatter(self.error_fmt, self.datefmt))


class PatientSocket:
    """
    A socket that waits for a request as a whole, not for each byte anew: a trickle would outlive any wait for one. Who is too
    slow is told so and cut off; whoever was reading meets a connection that is gone, as with any other break.
    """

    def __init__(self, sock):
        self._sock = sock
        self._waits = False
        self.next_request()

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def next_request(self) -> None:
        self._began = time.monotonic()
        self._received = 0

    def recv(self, *arguments):
        left = self._began + GRACE_SECONDS + self._received / LEAST_BYTES_PER_SECOND - time.monotonic()
        self._waits = True
        try:
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            data = self._sock.recv(*arguments)
        except TimeoutError:
            self.cut_off()
            raise ConnectionResetError(errno.ECONNRESET, "The request came too slowly") from None
        finally:
            self._waits = False
        self._sock.settimeout(SEND_SECONDS)
        self._received += len(data)
        return data

    def keeps_others_waiting(self) -> bool:
        """A thread waits here for more of a request that should long have come."""
        return self._waits and time.monotonic() - self._began > PATIENCE_SECONDS

    def cut_off(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.settimeout(1)
            self._sock.sendall(answer(408))
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


class CalmWorker(ThreadWorker):
    def init_process(self):
        self.sockets_open = weakref.WeakSet()
        super().init_process()

    def handle(self, conn):
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(FIRST_BYTE_SECONDS):
            return _DEFER  # the main loop waits for its first byte, not a thread
        if isinstance(conn.sock, PatientSocket):
            conn.sock.next_request()
        else:
            conn.sock = PatientSocket(conn.sock)
            self.sockets_open.add(conn.sock)
        return super().handle(conn)

    def murder_pending(self):
        """Once a second: where requests wait for a thread, those that hold one without sending give it up."""
        super().murder_pending()
        if self.tpool._work_queue.qsize():
            for held in [one for one in list(self.sockets_open) if one.keeps_others_waiting()]:
                held.cut_off()

    def handle_error(self, req, client, addr, exc):
        status = next((number for kind, number in _STATUS if isinstance(exc, kind)), 500)
        if status == 500:
            self.log.exception("A request failed outside the application")
        else:
            self.log.warning("Refused a request from %s: %s", (addr or ("",))[0], type(exc).__name__)
        with contextlib.suppress(OSError):
            client.sendall(answer(status, body=getattr(req, "method", "") != "HEAD"))


def answer(status: int, *, body: bool = True) -> bytes:
    """The whole answer, as bytes, without any request: this one could not even be read."""
    from django.template.loader import render_to_string

    from .headers import wanted
    from .middleware import hsts

    kind = "text/html; charset=utf-8"
    try:
        page = render_to_string(f"{_PAGE.get(status, status)}.html").encode()
    except Exception:  # the pages themselves cannot be made: the status still can
        kind, page = "text/plain; charset=utf-8", b"Something went wrong on our side. Nothing that was saved is lost.\n"
    fields = {"Date": util.http_date(), "Connection": "close", "Content-Type": kind, "Content-Length": str(len(page))}
    fields |= wanted(kind, hsts=hsts())
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\n{head}\r\n".encode("latin-1") + (page if body else b"")
