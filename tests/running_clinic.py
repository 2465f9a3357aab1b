"""A whole clinic for tests: the real supervisor with broker, web, worker and beat on a data folder of its own."""

import atexit
import datetime as dt
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240
LATE_MORNING = 11  # the story of the demo ends then: an hour earlier some of it would be still to come


@cache
def zone_where_it_is_late_morning() -> str:
    """
    A time zone in which the clinic is open now, so that no journey depends on the hour at which the tests run. The same for the
    whole run, of which JOURNEYS_ZONE tells the others: a clinic that was made before the hour struck is opened in the zone in
    which it was made.
    """
    if told := os.environ.get("JOURNEYS_ZONE"):
        return told
    ahead = LATE_MORNING - dt.datetime.now(dt.UTC).hour
    ahead = ahead if ahead >= -12 else ahead + 24
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"  # POSIX counts west as plus


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class RunningClinic:
    data: Path
    port: int
    process: subprocess.Popen

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def state(self) -> dict:
        """Who runs where, as the supervisor says; empty where it runs not."""
        try:
            return json.loads((self.data / "run" / "supervisor.json").read_text())
        except FileNotFoundError:
            return {}

    @property
    def output(self) -> str:
        return (self.data / "output.txt").read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run a management command on this clinic's database and return what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        result = subprocess.run(command, cwd=ROOT, env=environment(self.data, self.port), capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def wait_until(self, condition, seconds: float = 30, what: str = "") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what or condition} did not come within {seconds} s\n{self.output[-3000:]}"
            time.sleep(0.05)


def environment(data: Path, port: int) -> dict[str, str]:
    """Variables of an embedded clinic: what the test run itself uses (PostgreSQL, its broker) stays out."""
    foreign = {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BROKER_URL", "HTTPS", "HOST", "STATIC_ROOT", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "CLINIC_DATA": str(data), "PORT": str(port), "CLINIC_TIME_ZONE": zone_where_it_is_late_morning()}


@cache
def demo_made() -> Path:
    """
    The data folder of a demo clinic that was made and never opened, to be copied: the making takes longer than most journeys.
    DEMO_MADE names a folder which several runs share; without it each run makes its own.
    """
    from . import tables

    shared = os.environ.get("DEMO_MADE")
    folder = Path(shared or tempfile.mkdtemp(prefix="clinic-demo-"))
    if not shared:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder = folder / f"{dt.date.today()}-{zone_where_it_is_late_morning().rpartition('/')[2]}"  # noqa: DTZ011
    folder.mkdir(parents=True, exist_ok=True)
    data, whole = folder / "data", folder / "whole"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir()
            if tables.are_shared():
                tables.copy_into(data / "clinic.sqlite3")
            command = [sys.executable, "manage.py", "prepare", "--demo"]
            ended = subprocess.run(command, cwd=ROOT, env=environment(data, 0), capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stdout + ended.stderr
            cut_fonts_into(data / "fonts")
            whole.touch()
    return data


def cut_fonts_into(folder: Path) -> None:
    """Cut once for all clinics of a run, where its own sheets have them too: each worker would do it anew."""
    from aftercare.fonts import folders

    own = Path(os.environ.get("CLINIC_DATA") or ROOT / "var") / "fonts"
    folders(own)
    shutil.copytree(own, folder, dirs_exist_ok=True)


def start_demo() -> RunningClinic:
    """Start the demo clinic on a data folder of its own."""
    data = Path(tempfile.mkdtemp(prefix="clinic-test-"))
    shutil.copytree(demo_made(), data, dirs_exist_ok=True)
    return start("--demo", data=data)


def start(*arguments: str, data: Path | None = None) -> RunningClinic:
    """Start a supervisor and wait until it says that the clinic is open."""
    data = data or Path(tempfile.mkdtemp(prefix="clinic-test-"))
    data.mkdir(exist_ok=True)
    if not (data / "fonts").exists():
        cut_fonts_into(data / "fonts")
    port = free_port()
    with (data / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.supervisor", *arguments],
            cwd=ROOT,
            env=environment(data, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    clinic = RunningClinic(data, port, process)
    clinic.wait_until(lambda: process.poll() is not None or "The clinic is open" in clinic.output, START_SECONDS, "the first page")
    assert process.poll() is None, clinic.output
    return clinic


def stop(clinic: RunningClinic) -> None:
    if clinic.process.poll() is None:
        clinic.process.terminate()
        try:
            clinic.process.wait(40)
        except subprocess.TimeoutExpired:
            clinic.process.kill()
            clinic.process.wait()


if __name__ == "__main__":  # made before those who share it ask for it; says where it is
    print(demo_made())
