"""The real web server of production on the database of the tests: gunicorn as gunicorn.conf.py has it, without the rest of the clinic."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

READY_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def web_server(folder: Path, *options: str, **more: str) -> Iterator[int]:
    """Run it with its data in *folder*, *options* on its command line and *more* in its environment; gives the port."""
    environment = {**os.environ, "CLINIC_DATA": str(folder), "SECRET_KEY": settings.SECRET_KEY, "HTTPS": "0", **more}
    environment["ALLOWED_HOSTS"] = "127.0.0.1"
    if connection.vendor == "sqlite":
        # The embedded database is always called the same, so the server is given the tests' one under that name.
        (folder / "clinic.sqlite3").symlink_to(connection.settings_dict["NAME"])
    else:
        at = connection.settings_dict
        user = ":".join(part for part in (at["USER"], at["PASSWORD"]) if part)
        host = f"/{at['HOST']}" if at["HOST"].startswith("/") else f"{at['HOST']}:{at['PORT'] or 5432}"
        environment["DATABASE_URL"] = f"postgres://{user}@{host}/{at['NAME']}"
    manage = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(manage, cwd=settings.BASE_DIR, env=environment, check=True)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "microneedle_clinic.wsgi", "--bind", f"127.0.0.1:{port}", *options]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, folder / "server.log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(process, port: int, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        browser = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            browser.request("GET", "/accounts/sign-in/")
            if browser.getresponse().status < 500:
                return
        except OSError:
            threading.Event().wait(0.05)
        finally:
            browser.close()
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")
