"""
The real web server, asked from outside with bytes: what it answers by itself carries the same headers and calm words as a page,
what does not come whole is not taken, and callers who dawdle keep nobody waiting. On the engine at hand.
"""

import contextlib
import re
import socket
import threading
import time

import pytest
from django.db import connection

from microneedle_clinic.web import headers, worker

from .running_server import web_server

pytestmark = pytest.mark.django_db(transaction=True)
HOST = b"Host: 127.0.0.1\r\n"
END = HOST + b"Connection: close\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SIGN_IN = b"/accounts/sign-in/ HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def port(django_db_setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with web_server(folder) as port:
        yield port
    log = (folder / "server.log").read_text(errors="replace")
    assert "Qwxyz" not in log, "what was sent stands in the server's log"
    assert "Traceback" not in log, log[-3000:]


def ask(port: int, sent: bytes, seconds: float = 30) -> bytes:
    """Everything the server says to *sent*, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        with contextlib.suppress(OSError):  # it may have answered and closed before all was sent
            line.sendall(sent)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while part := line.recv(65536):
                said += part
        return said


def read(said: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split(" ")[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


ANSWERS = {
    "a page": (200, b"GET " + SIGN_IN + END),
    "its head": (200, b"HEAD " + SIGN_IN + END),
    "a redirect": (302, b"GET /?q=Qwxyz HTTP/1.1\r\n" + END),
    "health": (None, b"GET /health/ HTTP/1.1\r\n" + END),
    "no such page": (404, b"GET /Qwxyz/ HTTP/1.0\r\n" + END),
    "no such file": (404, b"GET /static/Qwxyz.css HTTP/1.1\r\n" + END),
    "another host": (400, b"GET / HTTP/1.1\r\nHost: qwxyz.example\r\nConnection: close\r\n\r\n"),
    "a form of nobody": (403, b"POST " + SIGN_IN + END + FORM + b"Content-Length: 7\r\n\r\na=Qwxyz"),
    "no request at all": (400, b"\x16\x03\x01\x00Qwxyz\r\n\r\n"),
    "a method in small letters": (400, b"get / HTTP/1.1\r\n" + END),
    "another version": (400, b"GET / HTTP/9.9\r\n" + END),
    "a broken name": (400, b"GET / HTTP/1.1\r\nQw xyz: 1\r\n" + END),
    "two hosts": (400, b"GET / HTTP/1.1\r\n" + HOST + END),
    "a line without end": (414, b"GET /" + b"Q" * 9000 + b" HTTP/1.1\r\n" + END),
    "a long header": (431, b"GET / HTTP/1.1\r\nX: " + b"Q" * 9000 + b"\r\n" + END),
    "many headers": (431, b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + END),
    "an expectation": (417, b"GET / HTTP/1.1\r\nExpect: Qwxyz\r\n" + END),
    "an odd coding": (400, b"POST / HTTP/1.1\r\nTransfer-Encoding: Qwxyz\r\n" + END),
    "two lengths": (400, b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + END),
    "a length below nothing": (400, b"POST / HTTP/1.1\r\nContent-Length: -1\r\n" + END),
    "length and chunks": (400, b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + END),
    "a body of a hundred gigabytes": (413, b"POST " + SIGN_IN + FORM + b"Content-Length: 99999999999\r\n" + END),
    "chunks": (400, b"POST " + SIGN_IN + FORM + b"Transfer-Encoding: chunked\r\n" + END),
    "a body cut short": (400, b"POST " + SIGN_IN + FORM + b"Content-Length: 100\r\n" + END),
    "a NUL in the address": (400, b"GET /%00 HTTP/1.1\r\n" + END),
    "an encoding in disguise": (400, b"POST " + SIGN_IN + b"Content-Type: text/plain; charset*=utf-8''%00\r\nContent-Length: 0\r\n" + END),
    "an encoding that is none": (400, b"POST " + SIGN_IN + b"Content-Type: text/plain; charset=zlib\r\nContent-Length: 0\r\n" + END),
    "a broken cookie": (200, b"GET " + SIGN_IN + b'Cookie: sessionid="\\000\\377"; csrftoken=\xff\xfe; x\r\n' + END),
    "a place in the address of one's own making": (200, b"GET " + SIGN_IN + b"SCRIPT_NAME: /Qwxyz\r\n" + END),
    "broken bytes in the address": (404, b"GET /patients/%ff%fe%ed%a0%80/ HTTP/1.1\r\n" + END),
}


def _wrong(said: bytes) -> list[str]:
    status, found, body = read(said)
    kind = found.get("content-type", "")
    wrong = [f"{name}: {found.get(name.lower())}" for name, value in headers.ALWAYS.items() if found.get(name.lower()) != value]
    policy = found.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        wrong.append(f"policy: {policy}")
    if "no-store" not in found.get("cache-control", ""):
        wrong.append("may be kept")
    if found.get("server", "clinic") != "clinic":
        wrong.append(f"server: {found['server']}")
    if status >= 400 and kind.startswith("text/html") and body and b"<h1>" not in body:
        wrong.append("no words")
    if re.search(rb"(?i)qwxyz|gunicorn|traceback|django", body):
        wrong.append(f"tells too much: {body[:200]!r}")
    return wrong


def test_whatever_is_sent_the_answer_carries_the_headers_and_calm_words(port):
    found = {}
    for name, (status, sent) in ANSWERS.items():
        if name == "a body cut short":
            said = _cut_short(port, sent + b"\r\na=1")
        else:
            said = ask(port, sent if sent.endswith(b"\r\n\r\n") or b"\r\n\r\n" in sent else sent + b"\r\n")
        wrong = _wrong(said) if said.startswith(b"HTTP/1.") else [f"no answer: {said[:100]!r}"]
        if not wrong and status not in (None, read(said)[0]):
            wrong.append(f"status {read(said)[0]}, not {status}")
        if wrong:
            found[name] = wrong
    assert found == {}


def _cut_short(port: int, sent: bytes) -> bytes:
    """Send, say that no more will come, and listen on."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        said = b""
        while part := line.recv(65536):
            said += part
        return said


def test_files_keep_their_name_and_may_be_kept(port):
    _, _, page = read(ask(port, b"GET " + SIGN_IN + END + b"\r\n"))
    address = re.search(rb"/static/css/clinic\.[0-9a-f]+\.css", page)[0]
    status, found, _ = read(ask(port, b"GET " + address + b" HTTP/1.1\r\n" + END + b"\r\n"))
    assert (status, found["cache-control"]) == (200, "max-age=315360000, public, immutable")
    again = b"GET " + address + b" HTTP/1.1\r\nIf-None-Match: " + found["etag"].encode() + b"\r\n" + END + b"\r\n"
    for number, said in ((200, found), (304, read(ask(port, again))[1])):
        assert {name: said.get(name.lower()) for name in headers.ALWAYS} == headers.ALWAYS, number
        assert said["content-security-policy"] == headers.NOTHING
        assert "access-control-allow-origin" not in said


def _dawdle(port: int, first: bytes, stop: threading.Event, told: list) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line, contextlib.suppress(OSError):
        line.sendall(first)
        line.settimeout(0.2)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                if said := line.recv(4096):
                    told.append(said)
                return
            line.sendall(b"a")


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nX: ", b"POST " + SIGN_IN + HOST + FORM + b"Content-Length: 100000\r\n\r\n", b""])
def test_callers_who_dawdle_keep_nobody_waiting(port, first):
    """More of them than there are threads: each gets a page about it, and somebody who asks for a page gets that."""
    stop, told = threading.Event(), []
    slow = [threading.Thread(target=_dawdle, args=(port, first, stop, told), daemon=True) for _ in range(40)]
    for one in slow:
        one.start()
    try:
        began = time.monotonic()
        status, _, _ = read(ask(port, b"GET " + SIGN_IN + END + b"\r\n", seconds=worker.GRACE_SECONDS))
        assert status == 200
        assert time.monotonic() - began < worker.GRACE_SECONDS
    finally:
        stop.set()
        for one in slow:
            one.join(10)
    assert all(_wrong(said) == [] and read(said)[0] == 408 for said in told)


@pytest.mark.both_engines
def test_over_https_cookies_and_answers_are_bound_to_it(django_db_setup, django_db_blocker, tmp_path):
    if connection.vendor == "sqlite":
        pytest.skip("the embedded clinic is not on https")
    with web_server(tmp_path, HTTPS="1", FORWARDED_ALLOW_IPS="127.0.0.1") as port:
        secure = b"X-Forwarded-Proto: https\r\n" + END
        status, found, _ = read(ask(port, b"GET " + SIGN_IN + secure + b"\r\n"))
        assert (status, found["strict-transport-security"]) == (200, "max-age=31536000; includeSubDomains; preload")
        name, *said = found["set-cookie"].split("; ")
        assert name.startswith("__Host-csrf=")
        assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(said)
        assert not [one for one in said if one.startswith("Domain")]
        assert "upgrade-insecure-requests" in found["content-security-policy"]
        status, found, _ = read(ask(port, b"GET /today/ HTTP/1.1\r\n" + END + b"\r\n"))
        assert (status, found["location"]) == (301, "https://127.0.0.1/today/")
        assert "strict-transport-security" not in found  # only what came over https may say so
        refused = ask(port, b"\x00\r\n\r\n")
        assert read(refused)[1]["strict-transport-security"].startswith("max-age=31536000")
