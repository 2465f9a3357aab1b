"""What `make run` promises: what dies comes back, and when it stops nothing is left."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from scripts.supervisor import FAST_DEATH_SECONDS, Part

from . import running_clinic

PARTS = ("broker", "web", "worker", "beat", "sealer", "backups")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")


@pytest.fixture(scope="module")
def empty_clinic():
    """A clinic without people: quick to prepare."""
    running = running_clinic.start()
    yield running
    running_clinic.stop(running)
    shutil.rmtree(running.data, ignore_errors=True)


def copy_of(clinic, data: Path) -> Path:
    """The prepared data of *clinic* in the empty folder *data*: making it anew takes longest."""
    with (
        contextlib.closing(sqlite3.connect(clinic.data / "clinic.sqlite3")) as prepared,
        contextlib.closing(sqlite3.connect(data / "clinic.sqlite3")) as copy,
    ):
        prepared.backup(copy)  # what lies in the log beside the file comes along
    if (clinic.data / "secret_key").exists():
        shutil.copy(clinic.data / "secret_key", data / "secret_key")
    for name in ("static", "audit"):
        if (clinic.data / name).exists():
            shutil.copytree(clinic.data / name, data / name)
    return data


@pytest.fixture
def own_clinic(empty_clinic):
    """One clinic for one test that ends it, on a copy of a prepared data folder; its path is longer than that of a socket may be."""
    folder = Path(running_clinic.tempfile.mkdtemp(prefix="clinic-test-"))
    data = folder / ("a-folder-with-a-long-name-" * 4)
    data.mkdir()
    running = running_clinic.start(data=copy_of(empty_clinic, data))
    yield running
    running_clinic.stop(running)
    shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def family(pids) -> set[int]:
    """*pids* and all their descendants."""
    children: dict[int, list[int]] = {}
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        pid, parent = map(int, line.split())
        children.setdefault(parent, []).append(pid)
    found, waiting = set(), list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def answers(clinic) -> bool:
    try:
        with urllib.request.urlopen(f"{clinic.url}/accounts/sign-in/", timeout=5) as answer:  # noqa: S310 - our own address
            return answer.status == 200
    except OSError:
        return False


def test_all_parts_run_and_the_first_page_answers(empty_clinic):
    assert set(empty_clinic.state["parts"]) == set(PARTS)
    assert answers(empty_clinic)


@linux
def test_the_broker_listens_on_no_network_port(empty_clinic):
    assert listening_ports(empty_clinic.state["parts"]["web"]) == {empty_clinic.port}
    assert listening_ports(empty_clinic.state["parts"]["broker"]) == set()


def listening_ports(pid: int) -> set[int]:
    """TCP ports on which the process itself listens, as the kernel tells (state 0A)."""
    mine = {os.readlink(entry).partition("[")[2].rstrip("]") for entry in Path(f"/proc/{pid}/fd").iterdir()}
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in mine:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_killed_comes_back(empty_clinic, name):
    before = empty_clinic.state["parts"][name]
    os.kill(before, signal.SIGKILL)
    empty_clinic.wait_until(lambda: empty_clinic.state["parts"].get(name) not in (None, before), what=f"a new {name}")
    assert f"{name} ended (signal 9); starting it again" in empty_clinic.output
    empty_clinic.wait_until(lambda: answers(empty_clinic), what="the first page")


def test_a_second_supervisor_on_the_same_data_is_refused(empty_clinic):
    again = subprocess.run(
        [sys.executable, "-m", "scripts.supervisor"],
        cwd=running_clinic.ROOT,
        env=running_clinic.environment(empty_clinic.data, running_clinic.free_port()),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert again.returncode == 1
    assert "A clinic already runs from" in again.stderr
    assert str(empty_clinic.state["supervisor"]) in again.stderr
    assert answers(empty_clinic)


def test_a_busy_port_is_named_with_another_to_use(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "scripts.supervisor"],
            cwd=running_clinic.ROOT,
            env=running_clinic.environment(tmp_path, port),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert f"make run PORT={port + 1}" in refused.stderr


@linux
def test_nothing_survives_when_the_supervisor_is_killed(own_clinic):
    everybody = family(own_clinic.state["parts"].values())
    assert len(everybody) > len(PARTS)  # gunicorn's and celery's own children are among them
    own_clinic.process.kill()
    own_clinic.process.wait()
    own_clinic.wait_until(lambda: not any(map(alive, everybody)), seconds=10, what="the end of all parts")


def test_a_long_data_path_gets_a_broker_and_ctrl_c_stops_everything_in_order(own_clinic):
    socket_path = own_clinic.state["broker_url"].removeprefix("redis+socket://").partition("?")[0]
    assert len(socket_path) < 100
    assert not socket_path.startswith(str(own_clinic.data))
    everybody = family(own_clinic.state["parts"].values())
    own_clinic.process.send_signal(signal.SIGINT)
    assert own_clinic.process.wait(40) == 0
    assert not any(map(alive, everybody))
    assert own_clinic.output.rstrip().endswith("Stopped.")
    assert own_clinic.state == {}
    assert not Path(socket_path).parent.exists()


def test_a_part_that_keeps_dying_waits_longer_each_time(monkeypatch):
    part = Part("web", [], grace=1)
    part.started = running_clinic.time.monotonic()
    assert [part.next_pause() for _ in range(8)] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    part.started -= FAST_DEATH_SECONDS + 1
    assert part.next_pause() == 0.0
