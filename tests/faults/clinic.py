"""A whole clinic of real processes that can be hurt part by part."""

import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import redis

from scripts import servers
from scripts.supervisor import die_with_parent
from tests import running_clinic

from .wire import Wire

ROOT = Path(__file__).resolve().parent.parent.parent
SOCKET = ".s.PGSQL.5432"  # PostgreSQL's name for it
WORKER_SECONDS = 180  # it warms the sheet renderer first
SECRET = secrets.token_urlsafe(64)
BACK_SECONDS = 90  # for a part to come back on a machine that is busy with other things


@dataclass
class FaultyClinic:
    """
    *engine*: "sqlite" or "postgresql". `database` is None on SQLite, where the database lives in the web's own processes.
    The broker is not the supervisor's, so that a test can start it anew with other settings.
    """

    engine: str
    folder: Path
    port: int
    database: servers.PostgreSQL | None
    broker: servers.Broker
    extra: dict[str, str] = field(default_factory=dict)
    wire: Wire | None = None  # between the clinic and its database, in {folder}/wire
    queue_wire: Wire | None = None  # between the clinic and its broker, in the same folder
    process: subprocess.Popen | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def _output_file(self) -> Path:
        return self.folder / "output.txt"

    @property
    def output(self) -> str:
        """What the supervisor has printed."""
        return self._output_file.read_text(errors="replace") if self._output_file.exists() else ""

    def environment(self) -> dict[str, str]:
        found = {**running_clinic.environment(self.data, self.port), "BROKER_URL": self.broker.url}
        if self.database is not None:
            found |= {"DATABASE_URL": self.database.url, "SECRET_KEY": SECRET, "HTTPS": "0"}
            found |= {"ALLOWED_HOSTS": "127.0.0.1,localhost", "CONN_MAX_AGE": "60"}
        return {**found, **self.extra}

    # Start and stop

    def start(self) -> None:
        said = len(self.output)
        with self._output_file.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.supervisor", "--demo"],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(os.getpid()),
            )
        process = self.process
        self.wait_until(lambda: process.poll() is not None or "The clinic is open" in self.output[said:], 240, "the first page")
        assert process.poll() is None, self.output[-4000:]
        self.wait_until(self.worker_listens, WORKER_SECONDS, "a worker that waits for work")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    # Hurt

    def pid_of(self, part: str) -> int:
        return running_clinic.RunningClinic(self.data, self.port, self.process).state["parts"][part]

    def parts(self) -> list[str]:
        """Everything that can be killed: what the supervisor runs, and the servers beside it."""
        own = list(running_clinic.RunningClinic(self.data, self.port, self.process).state["parts"])
        return [*own, "broker", *(["database"] if self.database is not None else [])]

    def kill(self, part: str) -> None:
        """SIGKILL to the part and all it started. The supervisor starts its own again; the servers are started here."""
        if part == "broker":
            self.broker.stop(signal.SIGKILL)
            self.broker.start()
        elif part == "database":
            assert self.database is not None
            self.database.kill()
            self.database.start()
        else:
            self.wait_until(lambda: self._killed(part), what=f"a {part} to kill")

    def _killed(self, part: str) -> bool:
        """False where it just died by itself, or is only being started again."""
        try:
            os.killpg(self.pid_of(part), signal.SIGKILL)
        except (ProcessLookupError, KeyError):
            return False
        return True

    def mend(self) -> None:
        """Whatever a test did: wires are whole, broker and database run as they should, every part runs, and a page comes."""
        for wire in (self.wire, self.queue_wire):
            if wire is not None:
                wire.mend()
        if self.broker.process is None or self.broker.process.poll() is not None:
            self.broker.start()
        if self.database is not None and (self.database.process is None or self.database.process.poll() is not None):
            self.database.start()
        self.wait_until(self.answers, what="an answer after the fault")
        self.wait_until(self.worker_listens, WORKER_SECONDS, "a worker that waits for work")

    def worker_listens(self) -> bool:
        """Whether somebody waits at the queue for the next task."""
        try:
            with closing(redis.Redis(unix_socket_path=str(self.broker.socket), socket_timeout=5)) as client:
                return any(one["cmd"] == "brpop" for one in client.client_list())
        except redis.RedisError:
            return False

    def answers(self) -> bool:
        """Whether a page that asks the database comes, from outside."""
        try:
            with urllib.request.urlopen(f"{self.url}/accounts/sign-in/", timeout=10) as answer:  # noqa: S310 - our own address
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_until(self, condition: Callable[[], bool], seconds: float = BACK_SECONDS, what: str = "") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what or condition} did not come within {seconds} s\n{self.output[-3000:]}\n{self.logs()}"
            time.sleep(0.05)

    def logs(self, lines: int = 12) -> str:
        found = sorted((self.data / "log").glob("*.log"))
        return "\n".join(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) for path in found)

    # Ask the database, past the clinic

    def rows(self, query: str, parameters: tuple = ()) -> list[tuple]:
        """Rows of a query written with %s, asked past the clinic."""
        if self.database is not None:
            with closing(_connected(self.database, "clinic")) as connection, connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall()
        with closing(sqlite3.connect(self.data / "clinic.sqlite3", timeout=60)) as connection:
            return connection.execute(query.replace("%s", "?"), parameters).fetchall()

    def change(self, query: str, parameters: tuple = ()) -> None:
        """Write into the database, past the clinic."""
        if self.database is not None:
            with closing(_connected(self.database, "clinic")) as connection, connection, connection.cursor() as cursor:
                cursor.execute(query, parameters)
            return
        with closing(sqlite3.connect(self.data / "clinic.sqlite3", timeout=60)) as connection, connection:
            connection.execute(query.replace("%s", "?"), parameters)

    def the_log_holds(self) -> None:
        """The audit chain is whole, from its first row on."""
        checked = self.manage("verify_audit")
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def run(self, *arguments: str, timeout: float | None = None) -> subprocess.CompletedProcess:
        """A Python program of the tests, in the clinic's own environment."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False, timeout=timeout)

    def drafts(self, count: int) -> list[dict]:
        """So many records that wait for amara's signature: see drafts.py."""
        made = self.run("-m", "tests.faults.drafts", str(count))
        assert made.returncode == 0, made.stderr
        return [json.loads(line) for line in made.stdout.splitlines()]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False)


@dataclass
class Made:
    """A demo clinic that was made once and never opened: those of the tests are copies of it, because the making takes long."""

    engine: str
    folder: Path
    database: servers.PostgreSQL | None = None
    is_shared: bool = False  # others copy from it too: it is not ours to remove


def make(engine: str) -> Made:
    """The clinic of an engine. DEMO_MADE=/folder/of/yours keeps that of SQLite for the next run of the day."""
    if engine == "sqlite":
        return Made(engine, running_clinic.demo_made().parent, is_shared=True)
    folder = Path(tempfile.mkdtemp(prefix="faults-made-"))
    database = servers.PostgreSQL(folder / "pg")
    (folder / "data").mkdir(parents=True)
    folder.chmod(0o755)
    clinic = FaultyClinic(engine, folder, running_clinic.free_port(), database, servers.Broker(folder))
    database.folder.mkdir()
    database.make()
    database.start()
    _create(database)
    try:
        _come_from_sqlite(clinic)
    finally:
        database.stop()
    shutil.copytree(running_clinic.demo_made() / "fonts", folder / "data" / "fonts", dirs_exist_ok=True)
    return Made(engine, folder, database)


def _come_from_sqlite(clinic: FaultyClinic) -> None:
    """The same demo clinic, saved and brought back on the other engine: a demo takes several times as long to make."""
    with tempfile.TemporaryDirectory(prefix="faults-like-") as folder:
        like = Path(folder) / "data"
        shutil.copytree(running_clinic.demo_made(), like)
        save = [sys.executable, "manage.py", "backup"]
        ended = subprocess.run(save, cwd=ROOT, env=running_clinic.environment(like, 1), capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        (backup,) = (like / "backups").glob("clinic-*.age")
        for command in (("restore", str(backup), "--key", str(like / "backup-key.txt")), ("prepare", "--demo")):
            ended = clinic.manage(*command)
            assert ended.returncode == 0, ended.stdout + ended.stderr


@contextmanager
def faulty_clinic(
    made: Made,
    *,
    durable: bool = True,
    folder: Path | None = None,
    extra: dict[str, str] | None = None,
    wired: bool = False,
    queue_wired: bool = False,
    **settings: str,
) -> Iterator[FaultyClinic]:
    """
    A copy of *made*, open, and gone after the block. *settings* go to the PostgreSQL server, *extra* to the environment, with
    {folder} for the clinic's own; *wired* lays a wire to the database, *queue_wired* one to the broker. *durable* off is for
    controls: commits that were answered may then be lost.
    """
    own = folder is None
    folder = folder or Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)
    (folder / "broker").mkdir()
    shutil.copytree(made.folder / "data", folder / "data")
    database = servers.PostgreSQL(folder / "pg", durable=durable, **settings) if made.database is not None else None
    more = {name: value.format(folder=folder) for name, value in (extra or {}).items()}
    broker = servers.Broker(folder / "broker", keeps=True)
    (folder / "wire").mkdir()
    if queue_wired:
        more["BROKER_URL"] = servers.Broker(folder / "wire").url
    clinic = FaultyClinic(made.engine, folder, running_clinic.free_port(), database, broker, more)
    try:
        if database is not None:
            database.make_like(made.database)
            database.start()
            if wired:
                clinic.wire = Wire(folder / "wire" / SOCKET, database.sockets / SOCKET)
        broker.start()
        if queue_wired:
            clinic.queue_wire = Wire(folder / "wire" / broker.socket.name, broker.socket)
        clinic.start()
        yield clinic
    finally:
        clinic.stop()
        broker.stop()
        for wire in (clinic.wire, clinic.queue_wire):
            if wire is not None:
                wire.stop()
        if database is not None:
            database.stop()
        if own:
            shutil.rmtree(folder, ignore_errors=True)


def _connected(database: servers.PostgreSQL, name: str):
    return psycopg2.connect(host=str(database.sockets), user="clinic", dbname=name)


def _create(database: servers.PostgreSQL) -> None:
    with closing(_connected(database, "postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE clinic")
