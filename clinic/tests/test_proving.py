"""The long proof, in small: it counts, it goes on where it was killed, and it fails where the engine does."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from clinic import proving
from planner.tests.mutants import MUTANTS

SMALL = ["--size", "20", "--workers", "1", "--seed", "7"]


@pytest.fixture
def run(tmp_path, capsys):
    def run(*arguments: str) -> tuple[int, str]:
        status = proving.main([*SMALL, "--folder", str(tmp_path), *arguments])
        return status, capsys.readouterr().out

    return run


def test_it_runs_every_case_and_says_how_many(run, tmp_path):
    status, said = run("--cases", "70")
    assert status == 0
    assert "Generated cases: 70, each answered, answered again in another order and with one change for the worse" in said
    assert "Checked on all: answers, limits" in said
    assert re.search(r"byte for byte on (8|9)\.", said)  # one in eight
    assert "0 broken" in said
    (done,) = tmp_path.glob("*.done.jsonl")
    assert sum(json.loads(line)["cases"] for line in done.read_text().splitlines() if line) == 70


def test_it_goes_on_where_it_was(run, tmp_path):
    run("--cases", "60")
    (done,) = tmp_path.glob("*.done.jsonl")
    lines = [line for line in done.read_text().splitlines() if line]
    progress = tmp_path / done.name.replace(".done.jsonl", ".jsonl")
    progress.write_text("\n".join(lines[:2]) + '\n{"chunk": 2, "ca')  # killed in the middle of a line
    status, said = run("--cases", "100")
    assert status == 0
    assert "40 of 100 were run before" in said
    assert "Generated cases: 100, each" in said
    assert "; 60 in " in said


def test_a_killed_run_loses_no_finished_part(run, tmp_path):
    command = [sys.executable, "-m", "clinic.proving", *SMALL, "--cases", "1000000", "--folder", str(tmp_path)]
    running = subprocess.Popen(command, cwd=proving.ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while sum(path.read_text().count('"chunk"') for path in tmp_path.glob("*.jsonl")) < 2:
            assert time.monotonic() < deadline
            assert running.poll() is None
            os.sched_yield()
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    (path,) = tmp_path.glob("*.jsonl")
    kept = sum(entry["cases"] for entry in proving.done_before(path).values())
    status, said = run("--cases", str(kept + 20))
    assert status == 0
    assert f"{kept} of {kept + 20} were run before" in said


@pytest.mark.parametrize("name", ["operator's limit forgotten", "unanswered counts as no"])
def test_an_engine_without_a_protection_fails_the_proof(run, name):
    """The seed that is named shows it again; the real engine holds there, and nothing is called done."""
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    with mutant.engine():
        status, said = run("--cases", "240")
        assert status == 1
        again = next(line for line in said.splitlines() if "again: python -m clinic.proving --seed 7" in line)
        case = again.rsplit(" ", 1)[1]
        status, said = run("--case", case)
        assert status == 1
        assert f"Case {case} of seed 7: {mutant.caught_by}" in said
    status, said = run("--case", case)
    assert (status, said.strip()) == (0, f"Case {case} of seed 7: everything holds.")


def test_progress_of_another_engine_is_no_progress(run, tmp_path, monkeypatch):
    run("--cases", "20")
    (done,) = tmp_path.glob("*.done.jsonl")
    done.rename(tmp_path / done.name.replace(".done.jsonl", ".jsonl"))
    monkeypatch.setattr(proving, "what_is_proved", lambda: "another")
    _, said = run("--cases", "20")
    assert "were run before" not in said
