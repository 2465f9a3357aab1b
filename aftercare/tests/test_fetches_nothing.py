"""Drawing a sheet asks nobody and reads no file, whatever stands in its markup: one that could would hand out the server's files."""

import http.server
import threading

import pytest

from aftercare import render
from aftercare.tests.test_content import make

SECRET = "secret-of-the-server-7731"


@pytest.fixture
def listener():
    """A server on this machine that notes who asks it."""
    asked = []

    class Note(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"body::after { content: '" + SECRET.encode() + b"' }")

        def log_message(self, *arguments): ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Note)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def _places(address: str, file) -> list[str]:
    return [f"{address}/x", f"file://{file}"]


def _hostile(places: list[str]) -> str:
    parts = [
        f'<link rel="stylesheet" href="{where}"><img src="{where}"><embed src="{where}"><object data="{where}"></object>'
        f'<link rel="attachment" href="{where}"><a rel="attachment" href="{where}">a</a><iframe src="{where}"></iframe>'
        f"<style>@import url({where}); p {{ background: url({where}) }} @font-face {{ font-family: x; src: url({where}) }}</style>"
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{where}"/><use href="{where}#a"/></svg>'
        for where in places
    ]
    return f'<html lang="en"><title>t</title><body><p style="font-family: x">text</p>{"".join(parts)}</body></html>'


def test_nothing_is_fetched_and_no_file_is_read(listener, tmp_path, monkeypatch):
    address, asked = listener
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    places = [*_places(address, file), f"ftp://{address.removeprefix('http://')}/x"]
    monkeypatch.setattr(render, "markup", lambda content, **more: _hostile(places))
    document = render._layout(make())
    data = document.write_pdf(pdf_variant=render.VARIANT, uncompressed_pdf=True)
    assert asked == []
    assert SECRET.encode() not in data
    assert b"/EmbeddedFile" not in data


def test_weasyprints_own_way_would_fetch(listener, tmp_path):
    """The control: the same markup without our fetcher asks the server and takes the file in."""
    address, asked = listener
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    weasyprint, _ = render._engine()
    data = weasyprint.HTML(string=_hostile(_places(address, file))).write_pdf(uncompressed_pdf=True)
    assert asked
    assert SECRET.encode() in data
